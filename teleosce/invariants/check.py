"""Looks at everything: the database's records here, the folders on disk by `folder`."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from teleosce.core.clock import CLOCK_FILE, Clock
from teleosce.core.db import Database
from teleosce.core.errors import Fault, Invalid, NotFound
from teleosce.core.events import Events
from teleosce.core.settings import Settings
from teleosce.exams import RUNNING, CircuitState, Encounter, Exams, Phase, PhaseEntry
from teleosce.invariants.breach import Breach
from teleosce.invariants.folder import look_at
from teleosce.people import People
from teleosce.recording import Recordings, folders
from teleosce.reports import altered_runs
from teleosce.scoring import Forms
from teleosce.transcripts import State, Transcripts

LATE_MS = 15_000
"""A phase may be so late: a database that another program holds keeps the clock waiting."""

SEALING_MS = 600_000
"""How long after its consultation a recording may wait to be sealed, while the exam goes on."""


class Acknowledgement(BaseModel):
    """What a client was told is saved: the `version` that the field of a form got, and the value it then held."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    form: str
    field: str = Field(max_length=200)
    version: int
    value: Any = None


@dataclass(frozen=True)
class _House:
    """The rooms, for reading."""

    settings: Settings
    clock: Clock
    exams: Exams
    people: People
    forms: Forms
    recordings: Recordings
    transcripts: Transcripts
    over: bool


def read_acknowledgements(path: Path) -> list[Acknowledgement]:
    """JSON lines. Raises Invalid, naming the line. A last line cut short by a kill was never noted: it is left out."""
    found = []
    lines = path.read_text().split("\n")
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                found.append(Acknowledgement.model_validate_json(line))
        except ValidationError as error:
            if number < len(lines):
                raise Invalid(f"Line {number} of {path} is no acknowledgement.", code="acknowledgements") from error
    return found


async def check(
    settings: Settings, *, acknowledged: Iterable[Acknowledgement] = (), over: bool = False
) -> list[Breach]:
    """Every breach in a data folder; empty when all is as it must be. Reads only.

    over: the exams are over, so that every encounter must be done, sealed and its transcript asked for. Without it,
    what is still under way is only held to its deadlines. Raises NotFound when there is no database.
    """
    if not settings.database_url and not (settings.data / "teleosce.db").is_file():
        raise NotFound(f"There is no database in {settings.data.resolve()}. Name the data folder with --data.")
    database, events = Database(settings.database), Events()
    # A server that goes on with the exam's own time says where it stands.
    clock = await asyncio.to_thread(Clock.kept, settings.data / CLOCK_FILE) or Clock()
    house = _House(
        settings,
        clock,
        Exams(database, clock),
        People(database, clock, events),
        Forms(database, clock, events),
        Recordings(settings.data, database, clock, events),
        Transcripts(database, clock),
        over,
    )
    try:
        return [
            breach
            for part in (_audit(house), _runs(house, database), _marks(house, acknowledged), _encounters(house))
            async for breach in part
        ]
    finally:
        await database.close()


async def _audit(house: _House) -> AsyncIterator[Breach]:
    report = await house.people.verify_audit()
    if report.broken_at is not None:
        yield Breach(
            "audit", f"row {report.broken_at}", "The audit log was changed or cut off here after it was written."
        )


async def _runs(house: _House, database: Database) -> AsyncIterator[Breach]:
    """Decisions are what they were when they were made."""
    for exam in await house.exams.exams():
        for run, said in await altered_runs(database, house.people, exam.id):
            yield Breach("decision", run, said)


async def _marks(house: _House, acknowledged: Iterable[Acknowledgement]) -> AsyncIterator[Breach]:
    """What was acknowledged is there, in the version and with the content that was acknowledged."""
    written: dict[str, dict[tuple[str, int], Any]] = {}
    for one in acknowledged:
        where = f"{one.form} {one.field}"
        if one.form not in written:
            try:
                entries = (await house.forms.history(one.form)).entries
            except NotFound:
                yield Breach("mark-lost", where, "A change was acknowledged, and its form does not exist.")
                entries = []
            written[one.form] = {(entry.field, entry.version): entry.value for entry in entries}
        if (one.field, one.version) not in written[one.form]:
            yield Breach("mark-lost", where, f"Version {one.version} was acknowledged as saved, and is not there.")
        elif written[one.form][one.field, one.version] != one.value:
            yield Breach("mark-lost", where, f"Version {one.version} holds something else than was acknowledged.")


async def _encounters(house: _House) -> AsyncIterator[Breach]:
    every = [encounter for exam in await house.exams.exams() for encounter in await house.exams.encounters(exam.id)]
    for breach in _two_rooms(every):
        yield breach
    for encounter in every:
        for said in _phase(house, encounter):
            yield Breach("phase", encounter.id, said)
        for said in _log(encounter, await house.exams.phase_log(encounter.id)):
            yield Breach("phase-log", encounter.id, said)
        async for breach in _recording(house, encounter):
            yield breach
    async for breach in _circuits(house, every):
        yield breach
    known = {encounter.id for encounter in every}
    for folder in await asyncio.to_thread(folders.encounters, house.settings.data / "encounters"):
        if folder.name not in known:
            yield Breach("orphan", folder.name, "A folder of recordings belongs to no encounter.")


async def _circuits(house: _House, every: list[Encounter]) -> AsyncIterator[Breach]:
    left = {(one.exam_id, one.circuit) for one in every if one.phase is not Phase.done}
    for exam in await house.exams.exams():
        for circuit in await house.exams.circuits(exam.id):
            where = f"{exam.id} {circuit.name}"
            if circuit.state is CircuitState.finished and (exam.id, circuit.name) in left:
                yield Breach("circuit", where, "It is finished, and not all of its encounters are done.")
            if circuit.turns and house.over:
                yield Breach("circuit", where, f"The exam is over, and this circuit is still {circuit.state}.")


def _two_rooms(every: list[Encounter]) -> Iterator[Breach]:
    running = [encounter for encounter in every if encounter.phase in RUNNING]
    seats = Counter(seat for one in running for seat in one.people)
    for seat, count in seats.items():
        if count > 1:
            yield Breach("two-rooms", seat, f"This seat is in {count} running encounters at once.")


def _phase(house: _House, encounter: Encounter) -> Iterator[str]:
    if (encounter.phase is Phase.done) != (encounter.outcome is not None):
        yield f"It is {encounter.phase}, and its outcome is {encounter.outcome or 'missing'}."
    if encounter.phase in RUNNING and encounter.paused_ms is None:
        # A changeover without an end waits for one whose clock stands.
        ends_ms = encounter.phase_ends_ms
        late_ms = house.clock.now_ms() - ends_ms if ends_ms is not None else 0
        if late_ms > LATE_MS:
            yield f"Its phase {encounter.phase} should have ended {late_ms / 1000:.0f} s ago. Does the server run?"
        if encounter.phase_started_ms > house.clock.now_ms() + LATE_MS:
            yield f"Its phase {encounter.phase} begins in the future. Was the machine's clock set back?"
    if house.over and encounter.phase is not Phase.done:
        yield f"The exam is over, and this encounter is still {encounter.phase}."


def _log(encounter: Encounter, entries: list[PhaseEntry]) -> Iterator[str]:
    """A phase only moves forward, and the log tells of each move."""
    order = list(Phase)
    for before, after in pairwise(entries):
        if order.index(after.phase) < order.index(before.phase):
            yield f"It went back from {before.phase} to {after.phase}."
    if not entries or (entries[-1].phase, entries[-1].ends_ms) != (encounter.phase, encounter.phase_ends_ms):
        yield "Its phase log does not end where it stands."


async def _recording(house: _House, encounter: Encounter) -> AsyncIterator[Breach]:
    ended = encounter.phase in (Phase.note, Phase.changeover, Phase.done)
    rested = house.over or house.clock.now_ms() - encounter.phase_started_ms > SEALING_MS
    takes = await house.recordings.takes(encounter.id)
    folder = house.settings.data / "encounters" / encounter.id
    if not await asyncio.to_thread(folder.is_dir):
        for take in takes:
            yield Breach("take-missing", encounter.id, f"The take {take.id} is in the database; its folder is gone.")
        return
    is_over = ended and rested
    for breach in await asyncio.to_thread(lambda: list(look_at(folder, takes, is_over=is_over))):
        yield breach
    if is_over and any(take.file for take in takes):
        async for breach in _transcript(house, encounter.id):
            yield breach


async def _transcript(house: _House, encounter_id: str) -> AsyncIterator[Breach]:
    """There is a transcript, or a job that waits or failed and says why."""
    try:
        asked = await house.transcripts.asked_for(encounter_id)
        progress = await house.transcripts.status(encounter_id)
    except Fault as fault:
        yield Breach("transcript", encounter_id, fault.message)
        return
    if not asked:
        yield Breach("transcript", encounter_id, "The recording is sealed, and nobody asked for its transcript.")
    elif progress.state is State.ready:
        if await house.transcripts.get(encounter_id) is None:
            yield Breach("transcript", encounter_id, "The transcript is said to be ready, and cannot be read.")
    elif not progress.message:
        yield Breach("transcript", encounter_id, f"The transcript is {progress.state}, and nobody says why.")
