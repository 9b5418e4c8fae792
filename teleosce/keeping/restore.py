"""`teleosce restore`: a data folder out of a backup, every byte of it proved by its hash."""

import hashlib
import os
import shutil
from pathlib import Path

from teleosce.core.blobs import sync_folder
from teleosce.core.errors import Invalid, Unavailable
from teleosce.keeping.backup import Told
from teleosce.keeping.backup_list import FILES, RESTORING, Backup, Copied, read_list
from teleosce.keeping.store import faults_of

NAMED = 10
"""So many damaged files are named one by one."""
_PIECE = 1 << 20


def restore(source: Path, data: Path, *, told: Told) -> Backup:
    """Writes the backup in `source` to the new folder `data`, and returns what it was.

    Raises NotFound or Invalid when it is no finished backup, or when a file is missing, cut short or changed, which is
    then named; Unavailable when the disk does not let it. A folder that is not wholly restored is refused by the
    server; the next call goes on with it. Blocks.
    """
    backup = read_list(source)
    begun = (data / RESTORING).exists()
    if data.exists() and not begun and (not data.is_dir() or any(data.iterdir())):
        raise Invalid(f"{data} is not empty, so nothing was restored. Name a new folder with --data.")
    _look(source, backup)
    try:
        _write(source, data, backup, told)
    except OSError as error:
        raise Unavailable(
            f"The backup could not be restored ({error.strerror or error}). Nothing was changed in the backup: see to "
            "the cause and run the same command again."
        ) from error
    return backup


def _look(source: Path, backup: Backup) -> None:
    """Before anything is written: is everything there, and as long as it was?"""
    wrong = []
    for one in backup.files:
        path = source / FILES / one.sha256
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            wrong.append(f"{one.path} is missing ({path})")
        elif size != one.size:
            wrong.append(f"{one.path} has {size} of {one.size} bytes ({path})")
    if wrong:
        raise _damaged(wrong)


def _write(source: Path, data: Path, backup: Backup, told: Told) -> None:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / RESTORING).write_text("This folder is being restored from a backup.\n")
    sync_folder(data)
    total, done = sum(one.size for one in backup.files), 0
    if total > shutil.disk_usage(data).free + _already(data):
        raise Unavailable(
            f"The backup needs {total / (1 << 30):.1f} GiB, and {data} has less room. Choose another disk."
        )
    for one in backup.files:
        if not _same(data / one.path, one):
            _copy(source / FILES / one.sha256, data / one.path, one)
        done += one.size
        told(done, total)
    if backup.database == "sqlite" and (faults := faults_of(data / "teleosce.db")):
        raise Invalid(f"The restored database is damaged ({faults[0]}). Use another copy of the backup.")
    (data / RESTORING).unlink()
    sync_folder(data)


def _already(data: Path) -> int:
    return sum(path.stat().st_size for path in data.rglob("*") if path.is_file())


def _same(path: Path, one: Copied) -> bool:
    """Whether an interrupted restore has written this file: it got its time of change last of all."""
    return path.is_file() and (path.stat().st_size, path.stat().st_mtime_ns) == (one.size, one.changed_ns)


def _copy(content: Path, path: Path, one: Copied) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    digest = hashlib.sha256()
    with content.open("rb") as file, part.open("wb") as copy:
        while piece := file.read(_PIECE):
            digest.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != one.sha256:
        part.unlink()
        raise _damaged([f"{one.path} was changed since it was copied ({content})"])
    part.chmod(0o600)
    os.utime(part, ns=(one.changed_ns, one.changed_ns))
    part.replace(path)
    sync_folder(path.parent)


def _damaged(wrong: list[str]) -> Invalid:
    more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    return Invalid(
        f"The backup is damaged: {'; '.join(wrong[:NAMED])}{more}. No server will use the folder as it is. Use another "
        "copy of the backup, or make a new one if the data folder is still there."
    )
