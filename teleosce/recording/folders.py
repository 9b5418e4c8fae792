"""What lies in an encounter's folder. All calls block."""

import time
from pathlib import Path

from teleosce.core.blobs import write_durably
from teleosce.core.ids import is_id
from teleosce.recording import journal
from teleosce.recording.models import MANIFEST, POSTER, Take, journal_name, outcome_name, poster_name, take_of

HALF_DONE_S = 120.0
"""A file that is being written has another name for a moment; one that keeps it for so long was left behind."""


def encounters(root: Path) -> list[Path]:
    """The folders of all encounters."""
    return sorted(path for path in root.iterdir() if is_id(path.name) and path.is_dir()) if root.is_dir() else []


def takes(folder: Path) -> list[str]:
    """The ids of all takes of which there is a raw file, a journal, or at least an outcome."""
    if not folder.is_dir():
        return []
    return sorted(
        {
            take_of(path.name)
            for end in ("*.raw.webm", "*.jsonl", "*.take.json")
            for path in folder.glob(end)
            if is_id(take_of(path.name))
        }
    )


def header(folder: Path, take_id: str) -> journal.Header | None:
    """Whose take it is; None when that cannot be read."""
    try:
        return journal.read(folder / journal_name(take_id)).header
    except (OSError, ValueError):
        return None


def outcome(folder: Path, take_id: str) -> Take | None:
    """How sealing the take ended; None when it has not."""
    try:
        return Take.model_validate_json((folder / outcome_name(take_id)).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def outcomes(folder: Path) -> dict[str, Take | None]:
    """How sealing ended for each take of the encounter."""
    return {take_id: outcome(folder, take_id) for take_id in takes(folder)}


def last_written_ms(folder: Path) -> int | None:
    """When the youngest raw file was written to, by the machine's clock; None when there is none."""
    times = [path.stat().st_mtime for path in folder.glob("*.raw.webm")] if folder.is_dir() else []
    return round(1000 * max(times)) if times else None


def is_finished(folder: Path) -> bool:
    """Whether every take has its outcome and the manifest is there."""
    return (folder / MANIFEST).is_file() and all(outcomes(folder).values())


def choose_poster(folder: Path, found: list[Take]) -> None:
    """The best picture of all takes stands for the encounter, if there is any."""
    # A picture that somebody removed is not worth a recording that waits to be sealed for ever.
    there = (take for take in found if take.poster_score is not None and (folder / poster_name(take.id)).is_file())
    best = max(there, key=_score, default=None)
    if best is None:
        (folder / POSTER).unlink(missing_ok=True)
    else:
        picture = (folder / poster_name(best.id)).read_bytes()
        if not (folder / POSTER).is_file() or (folder / POSTER).read_bytes() != picture:
            write_durably(folder / POSTER, picture)


def _score(take: Take) -> float:
    return take.poster_score or 0.0


def tidy(folder: Path) -> None:
    """Removes what a killed process left half written: it had not got its name yet, so nobody knows of it."""
    for path in (*folder.glob(".*"), *folder.glob("*.part")):
        # Files carry the machine's own time, not the exam's.
        if path.is_file() and time.time() - path.stat().st_mtime > HALF_DONE_S:
            path.unlink(missing_ok=True)
