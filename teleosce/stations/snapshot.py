"""All files of a folder, read once: what is checked, hashed and copied are the same bytes."""

import hashlib
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from teleosce.stations.findings import Finding, Severity

TEXT_LIMIT = 256 * 1024
STIMULUS_LIMIT = 20 * 1024 * 1024
TOTAL_LIMIT = 100 * 1024 * 1024
FILES_LIMIT = 200
MESSAGE_LIMIT = 400


@dataclass
class Snapshot:
    """`files` maps a path in the folder (POSIX, Unicode NFC) to its bytes; `refused` could not be taken."""

    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def add(self, name: str, line: int, message: str, severity: Severity = Severity.error) -> None:
        """Notes a finding on a file of the folder; an empty name is the folder itself."""
        file = str(self.folder / name) if name else str(self.folder)
        said = printable(message)
        said = said if len(said) <= MESSAGE_LIMIT else said[:MESSAGE_LIMIT] + " …"
        self.findings.append(Finding(printable(file), line, severity, said))

    def refuse(self, name: str, message: str) -> None:
        """Notes that a file is there but is not taken."""
        self.refused.add(name)
        self.add(name, 1, message)


def take(folder: Path) -> Snapshot:
    """Reads a folder; never raises, whatever lies in it. Passes over names that begin with a dot. Blocks."""
    snapshot = Snapshot(folder)
    try:
        _walk(folder, "", snapshot)
    except FileNotFoundError:
        snapshot.add("", 1, "There is no such folder.")
    except NotADirectoryError:
        snapshot.add("", 1, "This is not a folder. A station is a folder with a station.yaml in it.")
    except OSError as error:
        snapshot.add("", 1, f"The folder cannot be read: {error.strerror}.")
    return snapshot


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 in hex over paths and bytes, in the order of the paths.

    Each path and each content is preceded by its length in 8 bytes, so that no two folders run together.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        for piece in (name.encode(), files[name]):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    return digest.hexdigest()


def printable(text: str) -> str:
    """Text that any terminal can print: what a file system allows in a name may not be text at all."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in plain)


def _walk(folder: Path, prefix: str, snapshot: Snapshot) -> None:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if len(snapshot.files) + len(snapshot.refused) >= FILES_LIMIT:
            snapshot.add("", 1, f"The folder holds more than {FILES_LIMIT} files. Is it a station?")
            return
        name = unicodedata.normalize("NFC", prefix + path.name)
        try:
            _take_one(path, name, snapshot)
        except OSError as error:
            snapshot.refuse(name, f"This cannot be read: {error.strerror}.")


def _take_one(path: Path, name: str, snapshot: Snapshot) -> None:
    status = path.lstat()
    if printable(path.name) != path.name:
        snapshot.refuse(name, "The name has characters that not every system knows. Rename it.")
    elif stat.S_ISLNK(status.st_mode):
        snapshot.refuse(name, "This is a symbolic link. Put the file itself into the folder.")
    elif stat.S_ISDIR(status.st_mode):
        if name.count("/") >= 3:
            snapshot.refuse(name, "Folders are nested too deeply here.")
        else:
            _walk(path, f"{name}/", snapshot)
    elif not stat.S_ISREG(status.st_mode):
        snapshot.refuse(name, "This is not a file.")
    elif name in snapshot.files:
        snapshot.refuse(name, "Two files have this name, written differently in Unicode. Rename one.")
    else:
        _take_file(path, name, snapshot)


def _take_file(path: Path, name: str, snapshot: Snapshot) -> None:
    limit = STIMULUS_LIMIT if "/" in name else TEXT_LIMIT
    with path.open("rb") as file:
        content = file.read(limit + 1)
    taken = sum(map(len, snapshot.files.values()))
    if len(content) > limit:
        snapshot.refuse(name, f"The file is larger than {limit // 1024} KiB.")
    elif taken + len(content) > TOTAL_LIMIT:
        snapshot.refuse(name, f"With this file the station is larger than {TOTAL_LIMIT // 1024 // 1024} MiB.")
    else:
        snapshot.files[name] = content
