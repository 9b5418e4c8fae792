"""`teleosce rehearse`: synthetic people through a real server, and a report that says go or no-go."""

import asyncio
import os
import platform
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from teleosce import __version__
from teleosce.app import add_account
from teleosce.core.clock import Clock
from teleosce.core.errors import Invalid, NotFound
from teleosce.core.paths import STATIONS
from teleosce.core.settings import Settings
from teleosce.invariants import Acknowledgement, check
from teleosce.rehearsal.aftermath import Aftermath
from teleosce.rehearsal.conduct import Conductor
from teleosce.rehearsal.facts import Facts
from teleosce.rehearsal.own_server import OwnServer, settings_for
from teleosce.rehearsal.picture import FORMATS
from teleosce.rehearsal.stage import Cast, Plan, Stage, make_cast
from teleosce.rehearsal.ticker import ticker
from teleosce.rehearsal.trouble import KINDS, Trouble, timed
from teleosce.rehearsal.usage import Meter
from teleosce.rehearsal.visitor import Visitor
from teleosce.stations import StationVersion, read

EMAIL = "rehearsal@localhost.invalid"


@dataclass(frozen=True)
class Wanted:
    """What was asked for. server: a running one, with `email` and `password` of an organiser; else one is started.

    data: where our own server keeps what it makes; a throwaway folder when None.
    """

    sessions: int
    minutes: float
    troubles: Sequence[Trouble] = ()
    station: str = "chest-pain-video"
    server: str | None = None
    email: str = ""
    password: str = ""
    data: Path | None = None
    transcribe: bool = False
    whisper_model: str = "base"
    seed: int | None = None
    picture: str = "full"
    stations: Path | None = None
    """Folder of station folders for our own server; those that come with teleosce when None."""


async def rehearse(wanted: Wanted, say: Callable[[str], None]) -> Facts:
    """Rehearses. Raises Invalid for what cannot be, Unavailable when the server does not play along."""
    version = station_of(wanted.station)
    seed = seed_of(wanted.seed)
    if wanted.server is not None and any(KINDS[one.kind].server for one in wanted.troubles):
        raise Invalid("Only a server that the rehearsal started itself is killed: leave --server out.", code="fault")
    seconds = wanted.minutes * 60
    assert version.rehearsal is not None
    plan = Plan(
        sessions=wanted.sessions,
        seconds=seconds,
        station=version.slug,
        station_hash=version.hash,
        encounter_s=version.timings.encounter_s,
        lines=version.rehearsal.lines,
        troubles=timed(wanted.troubles, seconds, seed, people=2 * wanted.sessions),
        seed=seed,
        form=FORMATS[wanted.picture],
    )
    if wanted.server is not None:
        return await _rehearse(plan, wanted, None, say)
    with tempfile.TemporaryDirectory(prefix="teleosce-rehearsal-", ignore_cleanup_errors=True) as folder:
        async with own_server(wanted, wanted.data or Path(folder) / "data", say) as server:
            return await _rehearse(plan, wanted, server, say)


def seed_of(given: int | None) -> int:
    """The seed of chance: the one that was given, or a new one."""
    return given if given is not None else secrets.randbits(31)


def station_of(slug: str) -> StationVersion:
    """A station of ours with its dialogue. Raises NotFound."""
    folder = STATIONS / slug
    if not (folder / "station.yaml").is_file():
        known = ", ".join(sorted(one.parent.name for one in STATIONS.glob("*/rehearsal.yaml")))
        raise NotFound(f"There is no station “{slug}” to rehearse. There are: {known}.")
    version = read(folder)
    if version.rehearsal is None:
        raise NotFound(f"The station “{slug}” has no dialogue to rehearse: it needs a rehearsal.yaml.")
    return version


async def _rehearse(plan: Plan, wanted: Wanted, server: OwnServer | None, say: Callable[[str], None]) -> Facts:
    base, email, password = wanted.server or "", wanted.email, wanted.password
    if server is not None:
        base, email, password = server.url, EMAIL, server.password
    organiser = Visitor(base, "organiser")
    facts = first_facts(plan, organiser, plan.troubles)
    stage = Stage(organiser, plan)
    conductor = Conductor(stage, facts, server, say)
    try:
        await organiser.sign_in(email, password)
        say("The voices are spoken and the pictures drawn.")
        cast = await asyncio.to_thread(make_cast, plan)
        say(f"An exam is made for {plan.sessions} candidates and their patients.")
        await stage.build(cast)
        facts.people = [actor.facts for actor in stage.actors]
        await stage.open_pages(conductor.mishap)
        await _encounters(conductor, server)
        await look_back(conductor, server, say, cast if wanted.transcribe else None)
        return facts
    except (asyncio.CancelledError, KeyboardInterrupt):
        if server is not None:
            server.end()
        raise
    finally:
        await conductor.abandon()
        await organiser.close()


def first_facts(plan: Plan, organiser: Visitor, troubles: Sequence[Trouble]) -> Facts:
    """What is known before it begins."""
    return Facts(
        version=__version__,
        server=organiser.base,
        station=plan.station,
        began_ms=Clock().now_ms(),
        sessions=plan.sessions,
        seconds=plan.seconds,
        troubles=[str(one) for one in troubles],
        machine=machine(plan.seed),
    )


async def look_back(
    conductor: Conductor,
    server: OwnServer | None,
    say: Callable[[str], None],
    cast: Cast | None = None,
    *,
    over: bool = True,
) -> None:
    """What is left on the server, when all is over. cast: compares the transcripts with what they said."""
    stage, facts = conductor.stage, conductor.facts
    with tempfile.TemporaryDirectory(prefix="teleosce-takes-") as folder:
        aftermath = Aftermath(stage, facts, Path(folder), say)
        await aftermath.alarms()
        await aftermath.recordings()
        aftermath.losses(conductor.killed)
        if cast is not None:
            await aftermath.words(cast)
    facts.machine["load average at the end"] = _load()
    facts.kept_waiting_s = round(ticker().longest_s, 2)
    if server is not None:
        facts.usage = server.meter.usage()
        noted = [Acknowledgement(**one.__dict__) for scribe in stage.scribes for one in scribe.acknowledged]
        breaches = await check(server.settings, acknowledged=noted, over=over)
        facts.breaches = [f"{one.rule}, {one.where}: {one.said}" for one in breaches]
        if server.deaths:
            conductor.mishap(f"The server ended by itself {server.deaths} times.")


async def _encounters(conductor: Conductor, server: OwnServer | None) -> None:
    if server is None:
        await conductor.ring()
        await conductor.hold()
        await conductor.finish()
        return
    server.meter.begin()
    await conductor.ring()
    await conductor.hold()
    await server.meter.end()
    await conductor.finish()


def machine(seed: int) -> dict[str, object]:
    """Where a rehearsal is held."""
    return {
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "load average at the start": _load(),
        "seed of chance": seed,
    }


def _load() -> float:
    return round(os.getloadavg()[0], 1)


@asynccontextmanager
async def own_server(
    wanted: Wanted,
    data: Path,
    say: Callable[[str], None],
    prepare: Callable[[Settings], Awaitable[None]] | None = None,
) -> AsyncIterator[OwnServer]:
    """Started on a free port with an organiser's account; gone afterwards, whatever happened.

    prepare: what is done with its settings before it starts.
    """
    settings = settings_for(
        data, worker=wanted.transcribe, whisper_model=wanted.whisper_model, stations=wanted.stations
    )
    password = secrets.token_urlsafe(16)
    await add_account(settings, email=EMAIL, name="Rehearsal", role="organiser", password=password)
    if prepare is not None:
        await prepare(settings)
    server = OwnServer(settings, password, Meter(settings.data))
    say("A server is started.")
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
