"""`teleosce backup`: a copy of all that a school cannot make again, taken while the server runs.

First all files are copied, which may take long; then the databases, and at once the files that came or grew meanwhile.
So whatever the database speaks of is in the backup too. Contents that are there already are not copied again, and an
interrupted backup goes on where it was.
"""

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from teleosce import __version__
from teleosce.core.alone import LOCK_FILE
from teleosce.core.blobs import sync_folder
from teleosce.core.clock import CLOCK_FILE
from teleosce.core.errors import Conflict, Fault, Invalid, Unavailable
from teleosce.keeping.backup_list import FILES, JOURNAL, LIST, RESTORING, Backup, Copied, read_list, write_list
from teleosce.keeping.store import copy_database, faults_of
from teleosce.recording import deleted_files, is_growing, read_manifest

DATABASES = ("jobs.db", "teleosce.db")
"""In this order: a job must never look further than the transcript that it makes."""
LEFT_OUT = {"models", "worker.lock", LOCK_FILE, "reserve", "reels", CLOCK_FILE}
"""Of the data folder's top: weights can be had again, room is held back anew, and the clock is this machine's own.
Reels can be cut again, and an erasure must reach every one."""
_PIECE = 1 << 20

Told = Callable[[int, int], None]
"""Hears how many bytes are done, and of how many."""


def back_up(data: Path, target: Path, *, sqlite: bool, now_ms: int, told: Told) -> tuple[Backup, int]:
    """Makes the backup in `target` that of `data` as it is now; returns it, and how many bytes were copied for it.

    sqlite: whether the database lies in the data folder. Raises Invalid for folders that cannot be used, Conflict when
    another backup is under way, Unavailable when the disk does not let it: then the backup before is still whole, and
    the next call goes on. Blocks.
    """
    _refuse(data, target, sqlite=sqlite)
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        (target / FILES).mkdir(exist_ok=True)
        with _alone(target):
            return _Run(data, target, told).run(sqlite=sqlite, now_ms=now_ms)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(
            f"The backup could not be finished ({getattr(error, 'strerror', None) or error}). What was copied is kept: "
            f"see to the cause and run `teleosce backup {target}` again."
        ) from error


def _refuse(data: Path, target: Path, *, sqlite: bool) -> None:
    if (data / RESTORING).exists():
        raise Invalid(f"{data} is not fully restored yet, so there is nothing to back up. Finish the restore first.")
    if not (data / ("teleosce.db" if sqlite else "secret.key")).is_file():
        raise Invalid(f"There is no teleosce data in {data}. Name its folder with --data.")
    one, other = data.resolve(), target.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise Invalid("The backup and the data must be two folders, neither in the other: best on two disks.")
    strange = target.is_dir() and not (target / FILES).exists() and any(target.iterdir())
    if strange or (target.exists() and not target.is_dir()):
        raise Invalid(f"{target} is not empty and no backup of teleosce, so nothing was written. Name a new folder.")


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    with (target / ".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another backup into {target} is under way. Wait until it is done.") from None
        yield


class _Run:
    """One backup: what is known of the contents there, and what was found so far."""

    def __init__(self, data: Path, target: Path, told: Told) -> None:
        self.data, self.target, self.told = data, target, told
        self.before = _known(target)
        self.found: dict[str, Copied] = {}
        self.copied = self.done = self.total = 0

    def run(self, *, sqlite: bool, now_ms: int) -> tuple[Backup, int]:
        with (self.target / JOURNAL).open("a", encoding="utf-8") as journal:
            self._files(journal)
            if sqlite:
                for name in DATABASES:
                    self._database(name, journal)
            self._files(journal)
        self._keep_lost()
        backup = Backup(
            teleosce=__version__,
            made_ms=now_ms,
            database="sqlite" if sqlite else "postgresql",
            files=sorted(self.found.values(), key=lambda one: one.path),
            faults=list(self._faults()),
        ).sealed()
        sync_folder(self.target / FILES)
        write_list(self.target, backup)
        self._sweep()
        return backup, self.copied

    def _files(self, journal: IO[str]) -> None:
        paths = list(_paths(self.data))
        sizes = {}
        for path in paths:
            with suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
        self.done, self.total = 0, sum(sizes.values())
        for path in paths:
            # What is gone meanwhile was deleted or replaced, and its successor has its own turn.
            with suppress(FileNotFoundError):
                self._file(path, path.relative_to(self.data).as_posix(), journal)
            self.told(self.done, self.total)

    def _file(self, path: Path, name: str, journal: IO[str]) -> None:
        growing = is_growing(path)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            known = self.found.get(name) or self.before.get(name)
            same = known and (known.size, known.changed_ns) == (status.st_size, status.st_mtime_ns)
            if known and same and self._holds(known):
                self.done += known.size
                one = known.model_copy(update={"growing": growing, "lost": False})
            else:
                sha256 = self._put(file, status.st_size)
                one = Copied(
                    path=name, size=status.st_size, changed_ns=status.st_mtime_ns, sha256=sha256, growing=growing
                )
                journal.write(one.model_dump_json() + "\n")
                journal.flush()
        self.found[name] = one

    def _holds(self, known: Copied) -> bool:
        path = self.target / FILES / known.sha256
        return path.is_file() and path.stat().st_size == known.size

    def _put(self, file: IO[bytes], size: int) -> str:
        """Copies the first `size` bytes; returns their hash, under which they lie when this returns."""
        part = self.target / FILES / ".part"
        digest = hashlib.sha256()
        left = size
        with part.open("wb") as copy:
            while left and (piece := file.read(min(left, _PIECE))):
                digest.update(piece)
                copy.write(piece)
                left -= len(piece)
                self.done += len(piece)
                self.told(self.done, max(self.total, self.done))
            if left:
                raise OSError(f"{file.name} became shorter while it was read")
            copy.flush()
            os.fsync(copy.fileno())
        part.replace(self.target / FILES / digest.hexdigest())
        self.copied += size
        return digest.hexdigest()

    def _database(self, name: str, journal: IO[str]) -> None:
        source, copy = self.data / name, self.target / ".database"
        if not source.is_file():
            return
        copy.unlink(missing_ok=True)
        try:
            copy_database(source, copy)
            if faults := faults_of(copy):
                raise Unavailable(
                    f"The database {source} is damaged ({faults[0]}), so it was not backed up; the backup before is "
                    "kept. Stop the server, keep a copy of the folder, and restore the last good backup elsewhere."
                )
            self._file(copy, name, journal)
        finally:
            copy.unlink(missing_ok=True)

    def _keep_lost(self) -> None:
        """What the backup before had, the data folder has no longer, and nobody deleted on purpose."""
        gone: dict[Path, set[str]] = {}
        for name, known in self.before.items():
            if name in self.found or known.growing or name in DATABASES or not self._holds(known):
                continue
            folder = (self.data / name).parent
            if folder not in gone:
                gone[folder] = deleted_files(folder)
            if Path(name).name not in gone[folder]:
                self.found[name] = known.model_copy(update={"lost": True})

    def _faults(self) -> Iterator[str]:
        for name, one in self.found.items():
            if one.lost:
                yield f"{name} is no longer in the data folder; the backup keeps it."
        for name in self.found:
            if name.startswith("encounters/") and name.endswith("/manifest.json"):
                yield from self._faults_of_recording((self.data / name).parent)

    def _faults_of_recording(self, folder: Path) -> Iterator[str]:
        manifest = read_manifest(folder)
        for take in manifest.takes if manifest else []:
            if take.file:
                name = f"encounters/{folder.name}/{take.file}"
                copied = self.found.get(name)
                if copied is None:
                    yield f"{name} is missing in the data folder."
                elif copied.sha256 != take.sha256:
                    yield f"{name} is not what was sealed: it was changed or damaged since."

    def _sweep(self) -> None:
        """Lets go of contents that this backup does not name."""
        named = {one.sha256 for one in self.found.values()}
        for path in (self.target / FILES).iterdir():
            if path.name not in named:
                path.unlink()


def _paths(data: Path) -> Iterator[Path]:
    """All files but the databases, what begins with a dot, and what is being written under a passing name."""
    for top in sorted(data.iterdir()):
        if top.name in LEFT_OUT or top.name.startswith((*DATABASES, ".")) or top.is_symlink():
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            passing = path.name.startswith(".") or path.suffix == ".part"
            if path.is_file() and not path.is_symlink() and not passing:
                yield path


def _known(target: Path) -> dict[str, Copied]:
    """What the backup before holds, and what one that was interrupted has copied since."""
    known: dict[str, Copied] = {}
    if (target / LIST).exists():
        # A damaged list is no reason to make no backup: everything is read again, and what is there is used.
        with suppress(Fault):
            known = {one.path: one for one in read_list(target).files}
    with suppress(FileNotFoundError):
        for line in (target / JOURNAL).read_text("utf-8").splitlines():
            with suppress(ValueError):
                one = Copied.model_validate(json.loads(line))
                known[one.path] = one
    return known
