"""The school's data: the database, who may read the folder, and what is left over."""

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.migrations import newest, present
from teleosce.core.settings import Settings
from teleosce.doctor.finding import Finding, Verdict
from teleosce.exams import Exams
from teleosce.keeping import RESTORING, faults_of
from teleosce.recording import TakeState, folders
from teleosce.transcripts import State, Transcripts

LATE_MS = 15 * 60_000
"""A phase that should have ended so long ago has no server that ends it."""


async def database(settings: Settings) -> list[Finding]:
    """Sound, and of this version."""
    if (settings.data / RESTORING).exists():
        do = "Run the same `teleosce restore` again."
        return [Finding("database", "wrong", f"{settings.data} is not fully restored", do)]
    file = settings.data / "teleosce.db"
    if settings.database_url is None:
        if not file.is_file():
            return [Finding("database", "ok", "none yet: the first start makes it")]
        if faults := faults_of(file):
            do = "Stop the server, keep a copy of the folder, and restore the last good backup into a new one."
            return [Finding("database", "wrong", f"{file} is damaged: {faults[0]}", do)]
    held = Database(settings.database)
    try:
        there = await present(held)
        if there != newest():
            return [_other_version(there)]
        return [Finding("database", "ok", f"sound, revision {there}"), *await _leftovers(settings, held)]
    finally:
        await held.close()


def _other_version(there: str | None) -> Finding:
    if there is None:
        return Finding("database", "ok", "empty: the first start makes its tables")
    if there > newest():
        do = "Run the version of teleosce that wrote it, or a newer one."
        return Finding("database", "wrong", f"a newer teleosce wrote it (revision {there}, not {newest()})", do)
    do = "Make a backup; the next start brings it up to date."
    return Finding("database", "warning", f"an older teleosce wrote it (revision {there}, not {newest()})", do)


def permissions(settings: Settings) -> Iterator[Finding]:
    """Nobody but the server's user reads recordings and keys."""
    if not settings.data.is_dir():
        yield Finding("folder", "ok", f"{settings.data.resolve()} is made at the first start")
        return
    if not os.access(settings.data, os.R_OK | os.W_OK | os.X_OK):
        do = "Start teleosce as the user who owns it."
        yield Finding("folder", "wrong", f"{settings.data} cannot be written by this user", do)
        return
    key = settings.data / "secret.key"
    open_to_all = [path for path in (settings.data, key) if path.exists() and _others(path)]
    for path in open_to_all:
        mode = stat.S_IMODE(path.stat().st_mode)
        do = f"chmod go= {path}"
        verdict: Verdict = "wrong" if path == key else "warning"
        yield Finding("folder", verdict, f"other users of this machine may read {path} ({mode:o})", do)
    if not open_to_all:
        yield Finding("folder", "ok", f"{settings.data.resolve()} is closed to other users of this machine")


def _others(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


async def _leftovers(settings: Settings, held: Database) -> list[Finding]:
    found = [*_recordings(settings, {one.id for one in await Exams(held, Clock()).running()})]
    found += await _encounters(held)
    found += await _transcripts(settings, held)
    return found or [Finding("leftovers", "ok", "every recording is sealed, nothing waits or was given up")]


def _recordings(settings: Settings, running: set[str]) -> Iterator[Finding]:
    waiting, damaged = [], []
    for folder in folders.encounters(settings.data / "encounters"):
        outcomes = folders.outcomes(folder)
        damaged += [f"{folder.name}/{take_id}" for take_id, take in outcomes.items() if _is_quarantined(take)]
        if folder.name not in running and outcomes and not folders.is_finished(folder):
            waiting.append(folder.name)
    if waiting:
        do = "The server seals them when it starts; if it runs, make room on the disk and look at its log."
        yield Finding("recordings", "warning", f"{len(waiting)} are not sealed: {_some(waiting)}", do)
    if damaged:
        do = "What can be played of them is played; the raw files are kept. Make a backup, then ask for help."
        yield Finding("recordings", "warning", f"{len(damaged)} takes are damaged: {_some(damaged)}", do)


def _is_quarantined(take: object) -> bool:
    return getattr(take, "state", None) is TakeState.quarantined


async def _encounters(held: Database) -> list[Finding]:
    clock = Clock()
    late = [
        one.id
        for one in await Exams(held, clock).running()
        if one.paused_ms is None and one.phase_ends_ms is not None and one.phase_ends_ms < clock.now_ms() - LATE_MS
    ]
    if not late:
        return []
    do = "Start the server: it goes on with them at once."
    return [Finding("encounters", "warning", f"{len(late)} should have ended long ago: {_some(late)}", do)]


async def _transcripts(settings: Settings, held: Database) -> list[Finding]:
    exams, transcripts = Exams(held, Clock()), Transcripts(held, Clock())
    failed, waiting = [], []
    for exam in await exams.exams():
        for encounter in await exams.encounters(exam.id):
            progress = await transcripts.status(encounter.id)
            asked = (settings.data / "encounters" / encounter.id / "manifest.json").is_file()
            if progress.state is State.failed:
                failed.append(encounter.id)
            elif progress.state is not State.ready and asked:
                waiting.append(encounter.id)
    found = []
    if failed:
        do = "The log says why; the next start of the server does not try again by itself."
        found.append(Finding("transcripts", "warning", f"{len(failed)} could not be made: {_some(failed)}", do))
    if waiting and not _worker_runs(settings.data):
        do = "Start the server, or `teleosce worker` where workers run by themselves."
        found.append(Finding("transcripts", "warning", f"{len(waiting)} wait, and no worker runs here", do))
    return found


def _worker_runs(data: Path) -> bool:
    try:
        with (data / "worker.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


CHECKS = (permissions, database)
