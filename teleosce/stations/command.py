"""What `teleosce station check` does, without the printing."""

from collections.abc import Iterable
from pathlib import Path

from teleosce.stations.findings import Finding, Severity
from teleosce.stations.reader import FILES, check
from teleosce.stations.snapshot import printable


def check_paths(paths: Iterable[Path]) -> list[Finding]:
    """All findings on station folders and folders of stations; never raises for what lies there. Blocks."""
    return [finding for path in paths for folder in station_folders(path) for finding in _check(folder)]


def station_folders(path: Path) -> list[Path]:
    """`path` itself if it is a station or not readable, else the folders in it, by name."""
    try:
        if any((path / file).exists() for file in FILES):
            return [path]
        inside = [one for one in path.iterdir() if one.is_dir() and not one.name.startswith(".")]
    except OSError:
        return [path]
    return sorted(inside) or [path]


def _check(folder: Path) -> list[Finding]:
    try:
        return check(folder)
    except OSError as error:
        message = f"This cannot be read: {error.strerror}."
        return [Finding(printable(str(folder)), 1, Severity.error, message)]
