"""`teleosce rehearse --exam`: the whole day of an exam, on a copy of it, with people who are none, and troubles."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teleosce.app import at_rest, freeze_stations
from teleosce.core.errors import Invalid, NotFound
from teleosce.core.settings import Settings
from teleosce.exams import Cause, PhaseEntry
from teleosce.offline_exams import check as look_at_file
from teleosce.people import Role
from teleosce.planning import ExamPlan, Timetable
from teleosce.rehearsal.course import Course, Pace, Seated, Stop, at_once
from teleosce.rehearsal.day_conduct import DayConductor
from teleosce.rehearsal.day_stage import DayStage
from teleosce.rehearsal.facts import DayFacts, Facts
from teleosce.rehearsal.own_server import OwnServer
from teleosce.rehearsal.picture import FORMATS
from teleosce.rehearsal.stage import Plan, make_cast
from teleosce.rehearsal.trouble import Trouble, timed
from teleosce.rehearsal.visitor import Visitor
from teleosce.rehearse import EMAIL, Wanted, first_facts, look_back, own_server, seed_of, station_of
from teleosce.stations import StationVersion
from teleosce.web import Rooms
from teleosce.web.plans import plans_of, schedule_in

DAY_MS = 86_400_000
MOVES = (Cause.begun, Cause.clock, Cause.ended_early)


@dataclass(frozen=True)
class WantedDay:
    """What was asked for. exam: a plan's file, or the id or title of an exam in `school`, which is only read.

    rotations: only so many of each circuit; all when None.
    """

    exam: str
    school: Settings
    pace: Pace
    candidates: Path | None = None
    rotations: int | None = None
    picture: str = "full"
    troubles: Sequence[Trouble] = ()
    data: Path | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Copied:
    """A plan, without candidates' names and anybody's address, and the stations that it needs."""

    document: Mapping[str, Any]
    stations: Mapping[Path, StationVersion]


async def rehearse_day(wanted: WantedDay, say: Callable[[str], None]) -> Facts:
    """Rehearses. Raises Invalid and NotFound for what cannot be, Unavailable when the server does not play along."""
    copied = await _from_school(wanted)
    seed = seed_of(wanted.seed)
    asked = Wanted(sessions=1, minutes=1, picture=wanted.picture, stations=wanted.school.stations)
    with tempfile.TemporaryDirectory(prefix="teleosce-rehearsal-", ignore_cleanup_errors=True) as folder:
        made: list[Course] = []

        async def prepare(settings: Settings) -> None:
            made.append(await _make(settings, copied, wanted.pace))

        async with own_server(asked, wanted.data or Path(folder) / "data", say, prepare) as server:
            return await _rehearse(wanted, made[0], server, seed, say)


async def _from_school(wanted: WantedDay) -> Copied:
    file = Path(wanted.exam)
    if file.suffix in (".yaml", ".yml") or await asyncio.to_thread(file.is_file):
        looked = await asyncio.to_thread(look_at_file, wanted.school, file, wanted.candidates)
        if not looked.sound or looked.draft.plan is None:
            said = "".join(f"\n  {line}" for line in looked.findings)
            raise Invalid(f"An exam cannot be made of this plan, so it was not rehearsed:{said}")
        return Copied(_nameless(looked.draft.plan), {})
    if wanted.candidates is not None:
        raise Invalid("--candidates goes with a plan's file: an exam that is made has its candidates.")
    return await _from_data(wanted.school, wanted.exam)


async def _from_data(school: Settings, said: str) -> Copied:
    if school.database_url is None and not (school.data / "teleosce.db").is_file():
        raise NotFound(f"There is no file “{said}”, and no teleosce data in {school.data}.")
    async with at_rest(school) as rooms:
        found = [exam for exam in await rooms.exams.exams() if said in (exam.id, exam.title)]
        kept = await plans_of(rooms).get(found[0].id) if len(found) == 1 else None
        if kept is None:
            why = "no exam of this id or title" if not found else "no plan of this exam" if len(found) == 1 else ""
            raise NotFound(
                f"There is {why or f'more than one exam “{said}”: give the id of the right one'}."
                " `teleosce encounters` lists the exams."
            )
        plan = ExamPlan.model_validate(kept.document)
        named = {station.station for station in plan.stations}
        folders = {school.data / "stations" / one.hash: one for one in await rooms.stations.all() if one.hash in named}
        return Copied(_nameless(plan), folders)


def _nameless(plan: ExamPlan) -> dict[str, Any]:
    people = tuple(one.model_copy(update={"email": ""}) for one in plan.people)
    candidates = tuple(
        one.model_copy(update={"name": f"Candidate {number}", "number": f"C{number:02}", "email": "", "zone": ""})
        for number, one in enumerate(plan.candidates, 1)
    )
    nameless = plan.model_copy(update={"people": people, "candidates": candidates})
    document: dict[str, Any] = nameless.model_dump(mode="json", by_alias=True)
    return document


async def _make(settings: Settings, copied: Copied, pace: Pace) -> Course:
    """The exam, in the rehearsal's own data folder, and a link for everybody."""
    async with at_rest(settings) as rooms:
        await freeze_stations(rooms)
        for folder, version in copied.stations.items():
            await rooms.stations.freeze(version, folder)
        plans = plans_of(rooms)
        kept = await plans.create(copied.document)
        table = await plans.build(kept.exam_id, kept.version, pace=pace.of)
        return await _course(rooms, kept.exam_id, table)


async def _course(rooms: Rooms, exam_id: str, table: Timetable) -> Course:
    now_ms = rooms.clock.now_ms()
    schedule = await schedule_in(rooms, exam_id)
    tokens = await rooms.people.issue_links([one.id for one in schedule.seats], now_ms - 60_000, now_ms + DAY_MS)
    # Nobody is in two places: in a rotation each candidate has one encounter.
    encounters = await rooms.exams.encounters(exam_id)
    found = {(one.circuit, one.rotation, one.candidate): one for one in encounters}
    joined = {one.joins: one for one in encounters if one.joins is not None}
    stops = []
    for entry in schedule.entries:
        assert entry.candidate is not None
        encounter = found[entry.circuit, entry.rotation, entry.candidate.id]
        if encounter.joins is not None:
            continue
        met = entry.sp or (entry.examiner if entry.speaks else None)
        second = joined.get(encounter.id)
        stops.append(
            Stop(
                encounter.id,
                entry.circuit,
                entry.rotation,
                entry.position,
                entry.rest,
                entry.candidate.id,
                met.id if met else None,
                entry.examiner.id if entry.examiner and not entry.speaks else None,
                encounter.timings,
                second.candidate if second else None,
                second.id if second else None,
            )
        )
    people = [Seated(one.id, one.role.value, f"/j#{tokens[one.id]}") for one in schedule.seats if one.role in _ROLES]
    rounds = sorted({ring.round for ring in table.rings})
    waves = tuple(tuple(sorted(ring.circuit for ring in table.rings if ring.round == one)) for one in rounds)
    return Course(exam_id, schedule.exam.title, tuple(people), tuple(stops), waves)


_ROLES = (Role.candidate, Role.standardized_patient, Role.examiner, Role.invigilator, Role.organiser)


async def _rehearse(
    wanted: WantedDay, whole: Course, server: OwnServer, seed: int, say: Callable[[str], None]
) -> Facts:
    course = whole.until(wanted.rotations)
    plan, day = _plan(wanted, course, seed)
    organiser = Visitor(server.url, "organiser")
    stage = DayStage(organiser, plan, course)
    facts = first_facts(plan, organiser, wanted.troubles)
    facts.day = day
    conductor = DayConductor(stage, facts, day, server, say)
    try:
        await organiser.sign_in(EMAIL, server.password)
        say("The voices are spoken and the pictures drawn.")
        cast = await asyncio.to_thread(make_cast, plan)
        await stage.build(cast)
        facts.people = [actor.facts for actor in stage.actors]
        say(f"{len(course.people)} people open their links, all at once.")
        await stage.open_pages(conductor.mishap)
        for failed in await stage.open_onlookers():
            conductor.mishap(failed)
        server.meter.begin()
        limited = len(course.stops) < len(whole.stops)
        await conductor.hold_day(limited=limited)
        await server.meter.end()
        await conductor.finish()
        await look_back(conductor, server, say, over=not limited)
        await _read_log(server.settings, course, day)
        return facts
    except (asyncio.CancelledError, KeyboardInterrupt):
        server.end()
        raise
    finally:
        await conductor.abandon()
        await organiser.close()


def _plan(wanted: WantedDay, course: Course, seed: int) -> tuple[Plan, DayFacts]:
    working = [one for one in course.stops if not one.rest and one.sp is not None]
    if not working:
        raise Invalid("There is no consultation in this exam, so there is nothing to rehearse.")
    candidates = {seat for one in course.stops for seat in one.candidates}
    players = {seat for one in working for seat in one.room} | candidates
    seconds = max(one.timings.encounter_s for one in working)
    shortest = min(one.timings.encounter_s for one in working)
    rotations = max(one.rotation for one in course.stops)
    version = station_of("chest-pain-video")
    assert version.rehearsal is not None
    plan = Plan(
        sessions=at_once(working),
        seconds=seconds,
        station=version.slug,
        station_hash=version.hash,
        encounter_s=seconds,
        lines=version.rehearsal.lines,
        troubles=timed(wanted.troubles, shortest, seed, people=len(players), rotations=rotations),
        seed=seed,
        form=FORMATS[wanted.picture],
    )
    roles = [one.role for one in course.people]
    day = DayFacts(
        title=course.title,
        circuits=list(course.circuits),
        stations=max(one.position for one in course.stops),
        candidates=len(candidates),
        patients=len(players - candidates),
        others=len(roles) - len(players),
        at_once=plan.sessions,
        planned=len({(one.circuit, one.rotation) for one in course.stops}),
        planned_s=course.length_s(),
    )
    return plan, day


async def _read_log(settings: Settings, course: Course, day: DayFacts) -> None:
    """Every encounter went through its phases, each once."""
    async with at_rest(settings) as rooms:
        for stop in course.stops:
            for encounter in stop.encounters:
                entries = await rooms.exams.phase_log(encounter)
                day.transitions += sum(entry.cause in MOVES for entry in entries)
                day.log += [
                    f"rotation {stop.rotation} of circuit {stop.circuit}, station {stop.position}: {fault}"
                    for fault in _faults(stop, entries)
                ]


def _faults(stop: Stop, entries: Sequence[PhaseEntry]) -> list[str]:
    expected = [*(name for name, _ in stop.phases()), "done"]
    moves = [entry.phase.value for entry in entries if entry.cause in MOVES]
    if moves == expected:
        return []
    return [f"it went through {', '.join(moves) or 'nothing'} instead of {', '.join(expected)}"]
