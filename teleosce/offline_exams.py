"""What the exam commands do with the rooms, without a server: it may run beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teleosce import planning
from teleosce.app import at_rest, freeze_stations
from teleosce.core.blobs import write_durably
from teleosce.core.errors import Conflict, Fault, Invalid, NotFound
from teleosce.core.settings import Settings
from teleosce.exams import Exam
from teleosce.people import Role, Seat
from teleosce.planning import (
    Bank,
    Candidate,
    Draft,
    Link,
    Schedule,
    Sent,
    bank_of,
    calendar_of,
    calendar_of_all,
    links_csv,
    links_xlsx,
    read_candidates,
    read_plan,
    timetable_xlsx,
    window,
)
from teleosce.planning.schedule import ROLES
from teleosce.stations import Finding, Severity, read
from teleosce.stations.command import station_folders
from teleosce.web import Rooms
from teleosce.web.plans import invitations_of, plans_of, schedule_in

TIMETABLES = (".xlsx", ".pdf", ".ics")
LINKS = (".xlsx", ".csv", ".pdf")


@dataclass(frozen=True)
class Looked:
    """What a plan's file and the list of candidates come to, with all findings in words."""

    draft: Draft
    findings: list[str]
    errors: int

    @property
    def sound(self) -> bool:
        """Whether an exam can be made of it."""
        return self.draft.sound and not self.errors


def check(settings: Settings, plan: Path, candidates: Path | None) -> Looked:
    """Reads a plan and looks up its stations in the settings' folder; writes nothing. Blocks."""
    return _look(plan, candidates, _folders(settings.stations))


def _folders(folder: Path) -> Bank:
    found = {}
    for one in station_folders(folder):
        try:
            version = read(one)
        except (Fault, OSError):
            continue
        found[version.hash] = version
    return bank_of(found)


def _look(plan: Path, candidates: Path | None, bank: Bank) -> Looked:
    listed: Sequence[Candidate] | None = None
    said: list[str] = []
    errors = 0
    if candidates is not None:
        imported = read_candidates(candidates.name, _bytes(candidates))
        listed = imported.candidates
        for row in imported.findings:
            severity = Severity.error if row.blocks else Severity.warning
            said.append(f"{candidates}: {severity}: {row}")
            errors += row.blocks
    draft, found = read_plan(plan, bank, listed)
    errors += sum(one.severity is Severity.error for one in found)
    return Looked(draft, [*said, *map(_said, found)], errors)


def _said(finding: Finding) -> str:
    return str(finding)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True)
class Made:
    """An exam that was made."""

    exam: Exam
    people: int
    slots: int
    schedule: Schedule


async def load(settings: Settings, plan: Path, candidates: Path | None, *, another: bool) -> tuple[Looked, Made | None]:
    """Makes an exam of a plan; None when it has conflicts: then nothing was made.

    Raises Conflict when there is an exam of this title already (not `another`).
    """
    async with at_rest(settings) as rooms:
        await freeze_stations(rooms)
        plans = plans_of(rooms)
        looked = await asyncio.to_thread(_look, plan, candidates, await plans.bank())
        if not looked.sound or looked.draft.plan is None:
            return looked, None
        title = looked.draft.plan.title
        if not another and any(exam.title == title for exam in await rooms.exams.exams()):
            raise Conflict(
                f"There is an exam “{title}” already, so nothing was made. Give --another to make a second one, or "
                "another title.",
                code="exam-there",
            )
        kept = await plans.create(looked.draft.plan.model_dump(mode="json", by_alias=True))
        table = await plans.build(kept.exam_id, kept.version)
        schedule = await schedule_in(rooms, kept.exam_id)
        return looked, Made(schedule.exam, len(schedule.seats), len(table.visits), schedule)


@asynccontextmanager
async def _exam(settings: Settings, said: str) -> AsyncIterator[tuple[Rooms, Schedule]]:
    """The rooms and the exam meant by an id or a title. Raises NotFound, Invalid when several have the title."""
    if settings.database_url is None and not (settings.data / "teleosce.db").is_file():
        raise NotFound(f"There is no teleosce data in {settings.data}. Name its folder with --data.")
    async with at_rest(settings) as rooms:
        found = [exam for exam in await rooms.exams.exams() if said in (exam.id, exam.title)]
        if not found:
            raise NotFound(f"There is no exam “{said}”. `teleosce encounters` lists them.")
        if len(found) > 1:
            listed = "".join(f"\n  {exam.id}" for exam in found)
            raise Invalid(f"{len(found)} exams are called “{said}”. Give the id of the right one:{listed}")
        schedule = await schedule_in(rooms, found[0].id)
        if not schedule.entries:
            raise Invalid(f"“{found[0].title}” is only a plan yet: make the exam of it first.")
        yield rooms, schedule


def _new(target: Path, kinds: Sequence[str]) -> str:
    suffix = target.suffix.lower()
    if suffix not in kinds:
        raise Invalid(f"{target} is no name for this: it ends in {', '.join(kinds)}.")
    if target.exists():
        raise Invalid(f"{target} is there already. Nothing was written: choose a new name.")
    return suffix


def _write(target: Path, content: bytes) -> None:
    try:
        write_durably(target, content)
    except OSError as error:
        raise Invalid(f"{target} cannot be written ({error.strerror}). Choose another name.") from error


async def timetable(settings: Settings, exam: str, target: Path, person: str | None) -> None:
    """Writes the timetable of an exam, or of one person in it. Raises NotFound, Invalid."""
    suffix = await asyncio.to_thread(_new, target, TIMETABLES if person is None else (".ics",))
    async with _exam(settings, exam) as (rooms, schedule):
        if person is not None:
            content = calendar_of(schedule, _seat(schedule, person), rooms.clock.now_ms())
        elif suffix == ".ics":
            content = calendar_of_all(schedule, rooms.clock.now_ms())
        else:
            content = await asyncio.to_thread(timetable_xlsx if suffix == ".xlsx" else planning.timetable_pdf, schedule)
    await asyncio.to_thread(_write, target, content)


async def links(settings: Settings, exam: str, target: Path, url: str) -> int:
    """Makes a new link for everybody and writes them down; older ones go on working. Returns how many."""
    suffix = await asyncio.to_thread(_new, target, LINKS)
    async with _exam(settings, exam) as (rooms, schedule):
        seats = {seat.id: seat for seat in schedule.seats}
        tokens = await rooms.people.issue_links([*seats], *window(schedule, rooms.clock.now_ms()))
        made = [Link(seats[one], f"{url}/j#{token}") for one, token in tokens.items()]
        if suffix == ".pdf":
            content = await asyncio.to_thread(planning.cards_pdf, schedule, made)
        else:
            content = await asyncio.to_thread(links_csv if suffix == ".csv" else links_xlsx, made)
    await asyncio.to_thread(_write, target, content)
    return len(made)


async def mail(settings: Settings, exam: str, only: Sequence[str], url: str, told: Callable[[int, int], None]) -> Sent:
    """Mails everybody their link who was not sent one yet, or those meant by `only` again. Raises NotFound, Invalid."""
    async with _exam(settings, exam) as (rooms, schedule):
        chosen = [_seat(schedule, said).id for said in only]
        return await invitations_of(rooms).send(schedule, url, only=chosen or None, again=bool(chosen), told=told)


def _seat(schedule: Schedule, said: str) -> Seat:
    wanted = said.strip().casefold()
    found = [
        one
        for one in schedule.seats
        if wanted in (one.id, one.name.casefold(), (one.number or "").casefold(), (one.email or "").casefold())
    ]
    if len(found) != 1:
        listed = "".join(f"\n  {one.id}  {one.name}, {ROLES[one.role]}" for one in found)
        raise Invalid(
            f"“{said}” is {'nobody' if not found else 'one of several'} in this exam, so nothing was done.{listed}"
        )
    return found[0]


async def results(settings: Settings, exam: str, instead: Mapping[str, float]) -> dict[str, Any]:
    """What an exam's marks come to (`Results.analysis`), with its title and the names of its examiners.

    instead: what stands in place of the exam's rule, by the names of `ResultRules`.
    """
    async with _exam(settings, exam) as (rooms, schedule):
        rules = (await rooms.results.rules(schedule.exam.id)).model_copy(update=dict(instead))
        found = await rooms.results.analysis(schedule.exam.id, rules)
        return {
            "title": schedule.exam.title,
            "people": {seat.id: seat.name for seat in schedule.seats if seat.role is Role.examiner},
            **{key: part for key, part in found.items() if key != "plots"},
        }
