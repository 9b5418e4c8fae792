"""Eight candidates of one station, to be marked and decided on."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events
from teleosce.core.ids import new_id
from teleosce.exams import Day, Exams, Timings
from teleosce.exams.store_tables import slots
from teleosce.people import People, Principal, Role, Seat
from teleosce.recording import Recordings
from teleosce.reports import ResultRules, Results, Run, Sources
from teleosce.scoring import Change, Forms, Kind, Marking, State, layout_of
from teleosce.stations import StationStore, StationVersion, read
from teleosce.transcripts import Transcripts
from tests.begun import begin

STATION = Path(__file__).parents[2] / "stations" / "inhaler-technique"
GRADES = ("fail", "borderline", "pass", "good", "excellent")


@dataclass
class House:
    results: Results
    sources: Sources
    forms: Forms
    people: People
    exams: Exams
    database: Database
    day: Day
    marking: Marking
    exam_id: str
    candidates: list[Seat]
    examiner: Seat
    station: str
    items: list[str]
    organiser: Principal

    async def mark(self, number: int, done: int, grade: str, by: Seat | None = None) -> None:
        """Marks a candidate's encounter: the first items done, the others not."""
        (encounter,) = await self.exams.of_seat(self.candidates[number].id)
        seat = (by or self.examiner).id
        form = await self.forms.open(Kind.mark, encounter.id, seat)
        wanted = {f"item.{name}": "done" if at < done else "not_done" for at, name in enumerate(self.items)}
        changes = [
            Change(field, value, version.version if (version := form.fields.get(field)) else 0, new_id())
            for field, value in {**wanted, "global": grade}.items()
        ]
        layout = layout_of(read(STATION))
        await self.forms.save(form.id, changes, seat, layout)
        await self.forms.submit(form.id, seat, layout)

    async def amend(self, number: int) -> None:
        (encounter,) = await self.exams.of_seat(self.candidates[number].id)
        forms = await self.forms.of_encounter(encounter.id)
        form = next(one for one in forms if one.author_id == self.examiner.id)
        assert form.state in (State.submitted, State.amended)
        await self.forms.amend(form.id, "looked again", self.examiner.id)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    await begin(tmp_path)
    database, clock, events = Database(sqlite_url(tmp_path)), Clock(), Events()
    exams, people = Exams(database, clock), People(database, clock, events)
    stations, forms = StationStore(database, tmp_path, clock), Forms(database, clock, events)
    recordings = Recordings(tmp_path, database, clock, events)
    marking = Marking(database, clock, events, exams=exams, people=people, stations=stations)
    sources = Sources(exams, people, stations, recordings, Transcripts(database, clock), forms, marking)
    version = read(STATION)
    station = await stations.freeze(version, STATION)
    exam = await exams.create("Finals", "Europe/London")
    examiner = await people.add_seat(exam.id, Role.examiner, "Dr Examiner")
    organiser = await people.add_seat(exam.id, Role.organiser, "Olive")
    candidates = [await people.add_seat(exam.id, Role.candidate, f"Candidate {n}", f"C{n}") for n in range(8)]
    for number, candidate in enumerate(candidates):
        await exams.add_slot(
            exam.id, position=1, rotation=number + 1, station_hash=station, timings=Timings(0, 480, 0, 0, 0),
            candidate=candidate.id, sp=None, examiner=examiner.id,
        )  # fmt: skip
    yield House(
        Results(database, clock, sources), sources, forms, people, exams, database, Day(exams, clock, events), marking,
        exam.id, candidates, examiner, station,
        [item.id for item in version.mark_sheet.items],
        Principal(new_id(), Role.organiser, exam.id, organiser.id, None, "Olive"),
    )  # fmt: skip
    await recordings.close()
    await database.close()


def renamed(folder: Path, number: int) -> StationVersion:
    """The same station; “history” has another key and the same title, “communication” another title."""
    shutil.copytree(STATION, folder)
    for file in ("station.yaml", "mark-sheet.yaml"):
        text = (folder / file).read_text().replace("domain: history", "domain: anamnesis")
        text = text.replace("  history: ", "  anamnesis: ").replace(": Communication", f": Talking {number}")
        (folder / file).write_text(text)
    return read(folder)


async def apart(house: House, folder: Path) -> list[str]:
    """Sends candidates 3 to 7 each to a `renamed` station of their own; all stations in the order of the ring."""
    found = [house.station]
    for number in range(3, 8):
        at = folder / str(number) / "inhaler-technique"
        found.append(await house.sources.stations.freeze(await asyncio.to_thread(renamed, at, number), at))
        mine = slots.c.candidate == house.candidates[number].id
        async with house.database.write() as connection:
            await connection.execute(update(slots).where(mine).values(station_hash=found[-1], position=number))
    return found


async def decided(house: House, **rules: object) -> Run:
    return await house.results.run(house.exam_id, ResultRules.model_validate(rules), house.organiser)
