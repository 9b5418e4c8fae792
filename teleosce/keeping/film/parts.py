"""Parts of a long rendering, kept beside its target until all are done: an interrupted one goes on with the missing."""

import os
import shutil
from pathlib import Path

from teleosce.core.blobs import sync_folder

_KEY = "made-of"


def begin(parts: Path, key: str) -> None:
    """A folder for the parts of what `key` stands for; parts of anything else are of no use and go. Blocks."""
    note = parts / _KEY
    if parts.exists() and not (note.is_file() and note.read_text() == key):
        shutil.rmtree(parts)
    parts.mkdir(mode=0o700, exist_ok=True)
    note.write_text(key)


def promise(unfinished: Path, target: Path) -> None:
    """Gives a file its name once it is wholly on the disk. Blocks."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(target)
    sync_folder(target.parent)
