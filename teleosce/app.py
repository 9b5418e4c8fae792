"""Joins the rooms into a server: the only place that knows them all."""

import asyncio
import os
import secrets
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web
from sqlalchemy.exc import DBAPIError

from teleosce.core.alone import alone
from teleosce.core.blobs import write_durably
from teleosce.core.clock import CLOCK_FILE, Clock
from teleosce.core.db import Database
from teleosce.core.disk import MIB, Disk
from teleosce.core.errors import Fault, Invalid, Unavailable
from teleosce.core.events import Events
from teleosce.core.handles import raise_limit
from teleosce.core.port import QUEUE, take
from teleosce.core.settings import Settings
from teleosce.exams import Day, Exams, Ledger
from teleosce.keeping import RESTORING
from teleosce.people import STAFF, People, Role
from teleosce.recording import Recordings
from teleosce.reports import Analyses, ResultRules, Results, Sources
from teleosce.reports.basis import Basis, basis_of
from teleosce.reports.plots import Pictures
from teleosce.rtc import MediaServer, self_test
from teleosce.scoring import Calibration, Desks, Forms, Marking
from teleosce.stage import Stage
from teleosce.stations import StationStore, read
from teleosce.stations.command import station_folders
from teleosce.transcripts import Transcripts
from teleosce.watching import Watching
from teleosce.web import HEAD_S, IDLE_S, Door, Rooms, application
from teleosce.web.keeping import reels_of, retention_of
from teleosce.web.large_model import LargeModel

log = structlog.get_logger(__name__)

WORKER_RESTART_S = 2.0
CLOCK_CHANGED_MS = 2000


@dataclass(frozen=True)
class Server:
    """A running server: its address as people reach it, and its rooms."""

    url: str
    rooms: Rooms


def build(settings: Settings, clock: Clock | None = None, disk: Disk | None = None) -> Rooms:
    """Makes the rooms; nothing is started yet."""
    clock, events, database = clock or Clock(), Events(), Database(settings.database)
    exams = Exams(database, clock)
    day = Day(exams, clock, events)
    people = People(database, clock, events)
    stations = StationStore(database, settings.data, clock)
    recordings = Recordings(settings.data, database, clock, events, disk=disk)
    forms, transcripts = Forms(database, clock, events), Transcripts(database, clock)

    async def cuts(exam_id: str, stations: Collection[str]) -> Mapping[str, float]:
        return await results.sheet_cuts(exam_id, stations)

    marking = Marking(database, clock, events, exams=exams, people=people, stations=stations, cuts=cuts)
    sources = Sources(exams, people, stations, recordings, transcripts, forms, marking)
    results = Results(database, clock, sources, partial(_read_basis, settings, clock, sources))
    secret = _secret(settings.data / "secret.key")
    return Rooms(
        settings=settings,
        secret=secret,
        clock=clock,
        events=events,
        database=database,
        people=people,
        stations=stations,
        exams=exams,
        day=day,
        ledger=Ledger(exams, day, clock, events),
        media=MediaServer(secret, clock, events, addresses=settings.media_addresses),
        recordings=recordings,
        transcripts=transcripts,
        watching=Watching(database, clock, events),
        large_model=LargeModel(settings, database, clock),
        forms=forms,
        marking=marking,
        desks=Desks(database, clock),
        calibration=Calibration(database, clock, forms, marking, exams, people, stations, recordings),
        results=results,
        analyses=Analyses(results, database, clock),
        pictures=Pictures(),
    )


async def _read_basis(settings: Settings, clock: Clock, sources: Sources, exam_id: str, rules: ResultRules) -> Basis:
    """What an exam's results rest on, read over a database of its own: for a loop that is not the server's."""
    database, events = Database(settings.database), Events()
    try:
        exams, people = Exams(database, clock), People(database, clock, events)
        stations = StationStore(database, settings.data, clock)
        marking = Marking(database, clock, events, exams=exams, people=people, stations=stations)
        forms = Forms(database, clock, events)
        own = replace(sources, exams=exams, people=people, stations=stations, forms=forms, marking=marking)
        return await basis_of(own, exam_id, rules)
    finally:
        await database.close()


def _secret(path: Path) -> str:
    """The key that signs tickets: made once, readable by the server's user only."""
    if not path.exists():
        write_durably(path, secrets.token_urlsafe(32).encode())
        path.chmod(0o600)
    return path.read_text()


async def freeze_stations(rooms: Rooms) -> dict[str, str]:
    """Puts the station folders of the settings into the bank: slug → version hash.

    A folder with faults is left out and logged; the station bank shows what is wrong with it.
    """
    found = {}
    for folder in await asyncio.to_thread(station_folders, rooms.settings.stations):
        try:
            version = await asyncio.to_thread(read, folder)
            found[version.slug] = await rooms.stations.freeze(version, folder)
        except Fault as fault:
            log.warning("a station is left out of the bank", folder=folder.name, reason=fault.message)
    return found


@asynccontextmanager
async def running(settings: Settings, taken: Sequence[socket.socket] = ()) -> AsyncIterator[Server]:
    """A server that answers while the block runs. Raises Unavailable or Invalid with what keeps it from starting.

    taken: the sockets of `core.port.take` to listen at; by default they are taken when all else is ready.
    """
    self_test()
    _make_folder(settings.data)
    async with alone(settings.data), _running(settings, taken) as server:
        yield server


@asynccontextmanager
async def _running(settings: Settings, taken: Sequence[socket.socket]) -> AsyncIterator[Server]:
    await _migrate(settings)
    disk = Disk(settings.data, settings.reserve_mb * MIB)
    rooms = build(settings, await _clock(settings), disk)
    # People in the middle of a consultation come first; their stations are in the bank already.
    consulting = await rooms.exams.any_running()
    if not consulting:
        await freeze_stations(rooms)
    # The pages hear of everything first: they only note it, while the stage takes its time with rooms and recordings.
    pages = application(rooms)
    stage = Stage(rooms)
    await rooms.media.start()
    runner = web.AppRunner(pages, access_log=None, shutdown_timeout=5, keepalive_timeout=IDLE_S, lingering_time=3)
    await runner.setup()
    listening: list[asyncio.Server] = []
    worker: asyncio.Task[None] | None = None
    watching_disk = asyncio.create_task(disk.watch(), name="disk")
    try:
        listening = await _listen(runner, settings, taken or take(settings.host, settings.port))
        await stage.note_outage()
        await rooms.day.start()
        # Encounters that go on are attended again before the others are sealed from what a killed server left.
        await rooms.day.heard()
        if consulting:
            await freeze_stations(rooms)
        reconciling = asyncio.create_task(stage.reconcile(), name="reconcile")
        watch = asyncio.create_task(rooms.transcripts.watch(rooms.events), name="transcripts")
        sweeping = asyncio.create_task(retention_of(rooms).watch(), name="retention")
        cutting = asyncio.create_task(reels_of(rooms).watch(), name="reels")
        if settings.worker:
            worker = asyncio.create_task(_keep_worker(settings), name="worker")
        yield Server(_url(settings, listening), rooms)
        watch.cancel()
        sweeping.cancel()
        cutting.cancel()
        await asyncio.wait([cutting])  # its process is gone then
        reconciling.cancel()
    finally:
        watching_disk.cancel()
        if worker:
            worker.cancel()
            await asyncio.wait([worker])
        for one in listening:
            one.close()
        await rooms.day.close()
        await runner.cleanup()
        await rooms.large_model.close()
        await rooms.watching.close()
        await rooms.media.close()
        await stage.finish()
        await rooms.recordings.close()
        await rooms.database.close()


async def _migrate(settings: Settings) -> None:
    try:
        await Database(settings.database).migrate()
    except (OSError, DBAPIError) as error:
        why = getattr(error, "orig", error)
        raise Unavailable(
            f"The database cannot be used ({why}). Nothing was started and nothing was changed; "
            "`teleosce doctor` says more.",
            code="database",
        ) from error


async def _clock(settings: Settings) -> Clock:
    """The time of an exam goes on across a restart, whatever was done to the machine's clock meanwhile.

    With nothing running no deadline hangs on it, and the machine's clock is believed afresh.
    """
    database, wall, path = Database(settings.database), Clock(), settings.data / CLOCK_FILE
    try:
        running = await Exams(database, wall).any_running()
    finally:
        await database.close()
    kept = await asyncio.to_thread(Clock.kept, path) if running else None
    clock = kept or wall
    if abs(clock.now_ms() - wall.now_ms()) > CLOCK_CHANGED_MS:
        log.warning("the machine's clock was changed; the exam keeps its own", by_ms=wall.now_ms() - clock.now_ms())
    with suppress(OSError):  # a full disk: the one before is still there
        await asyncio.to_thread(clock.keep, path)
    return clock


def _make_folder(folder: Path) -> None:
    if (folder / RESTORING).exists():
        raise Invalid(f"The restore into {folder} was not finished. Run the same `teleosce restore` again, then this.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".writable").touch()
    except OSError as error:
        raise Invalid(
            f"The data folder {folder} cannot be written ({error.strerror}). Choose another with --data."
        ) from error


async def _listen(runner: web.AppRunner, settings: Settings, taken: Sequence[socket.socket]) -> list[asyncio.Server]:
    # aiohttp's sites have no place for a door that counts connections and ends the slow ones.
    assert runner.server is not None
    tls = _tls(settings)
    door = Door(runner.server, raise_limit(), settings.trusted_proxies)
    patience = HEAD_S if tls else None
    serve = asyncio.get_running_loop().create_server
    return [await serve(door, sock=one, ssl=tls, backlog=QUEUE, ssl_handshake_timeout=patience) for one in taken]


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(f"The certificate {settings.tls_cert} and its key cannot be used: {error}.") from error
    return context


def _url(settings: Settings, listening: Sequence[asyncio.Server]) -> str:
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host, port = listening[0].sockets[0].getsockname()[:2]
    shown = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0", "::") else host  # noqa: S104 compared, not bound
    return f"{'https' if settings.tls_cert else 'http'}://{shown}:{port}"


async def _keep_worker(settings: Settings) -> None:
    """Runs the transcription worker as a process of its own and starts it again when it dies."""
    environment = os.environ | {
        "TELEOSCE_DATA": str(settings.data.resolve()),
        "TELEOSCE_DATABASE_URL": settings.database,
        "TELEOSCE_WHISPER_MODEL": settings.whisper_model,
        "TELEOSCE_LOG_LEVEL": settings.log_level,
    }
    while True:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "teleosce", "worker", "--parent", str(os.getpid()), env=environment
            )
        except OSError as error:
            # No memory or no handle left for it just now.
            log.error("the transcription worker cannot be started; it is tried again", reason=error.strerror)
            await asyncio.sleep(WORKER_RESTART_S)
            continue
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        log.warning("the transcription worker ended and is started again", code=code)
        await asyncio.sleep(WORKER_RESTART_S)


async def add_account(settings: Settings, *, email: str, name: str, role: str, password: str) -> None:
    """Adds a staff account. Raises Invalid for an unknown role or a short password, Conflict for a taken e-mail."""
    async with at_rest(settings) as rooms:
        await rooms.people.add_account(email, name, password, _staff(role))


async def check_account(settings: Settings, *, email: str, role: str) -> None:
    """What can be known before a password is asked for. Raises as `add_account`."""
    async with at_rest(settings) as rooms:
        await rooms.people.free_email(email, _staff(role))


def _staff(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise Invalid(f"There is no role “{role}”. Use one of: {', '.join(sorted(STAFF))}.") from None


@asynccontextmanager
async def at_rest(settings: Settings) -> AsyncIterator[Rooms]:
    """The rooms with their database, without a server; one may run beside."""
    _make_folder(settings.data)
    rooms = build(settings)
    await rooms.database.migrate()
    try:
        yield rooms
    finally:
        await rooms.database.close()
