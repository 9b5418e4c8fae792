"""A plan becomes an exam once and whole, and the exam is read again as the timetable that was planned."""

import asyncio
import io
from dataclasses import replace
from typing import Any

import pytest
from icalendar import Calendar
from openpyxl import load_workbook
from reportlab import rl_config

from teleosce.core.errors import Conflict, NotFound
from teleosce.keeping.store import where_named
from teleosce.people import Role
from teleosce.planning import Conflicts, blueprint, calendar_of, cards_pdf, timetable_pdf, timetable_xlsx
from teleosce.planning.sheets import Link, links_csv, links_xlsx
from teleosce.web import Rooms
from teleosce.web.keeping import erasures_of
from teleosce.web.plans import plans_of, schedule_in

PLAN: dict[str, Any] = {
    "title": "Finals",
    "zone": "Europe/London",
    "starts": ["2026-12-01 09:00"],
    "phases": {"reading_s": 60, "encounter_s": 480, "note_s": 0, "changeover_s": 60},
    "stations": [
        {"station": "chest-pain-video", "people": {"A": {"sp": "Mr Doyle", "examiner": "=Dr Khan"}}},
        "low-mood",
        "rest",
    ],
    "people": [
        {"name": "Mr Doyle", "email": "doyle@x.org", "breaks": [{"from": "09:10", "to": "09:25", "minutes": 10}]},
        {"name": "Ms Spare"},
        {"name": "Ivy", "role": "invigilator"},
    ],
    "candidates": [
        {"name": "Ada Ädams", "number": "1001", "email": "ada@x.org", "zone": "Europe/Berlin", "group": "x"},
        {"name": "Ben Bull", "extra_percent": 25},
        {"name": "Cy Cole"},
    ],
    "policy": {"add_time_from_s": 20},
    "results": {"sems": 1, "weights": {"sp_rating": 0.25}, "missing_stations": "zero-if-absent"},
}


async def _built(rooms: Rooms) -> str:
    plans = plans_of(rooms)
    kept = await plans.create(PLAN)
    await plans.build(kept.exam_id, kept.version)
    return kept.exam_id


async def test_a_plan_becomes_an_exam(rooms: Rooms) -> None:
    exam_id = await _built(rooms)
    seats = await rooms.people.seats(exam_id)
    found = {(one.role.value, one.name): one for one in seats}
    assert set(found) == {
        ("organiser", "Organiser"),
        ("candidate", "Ada Ädams"),
        ("candidate", "Ben Bull"),
        ("candidate", "Cy Cole"),
        ("sp", "Mr Doyle"),
        ("sp", "Patient 2"),
        ("sp", "Ms Spare"),
        ("examiner", "=Dr Khan"),
        ("examiner", "Examiner"),
        ("invigilator", "Ivy"),
    }
    ada = found["candidate", "Ada Ädams"]
    assert (ada.number, ada.email, ada.group, ada.zone) == ("1001", "ada@x.org", "x", "Europe/Berlin")
    assert (found["candidate", "Ben Bull"].number, found["candidate", "Ben Bull"].extra_percent) == ("C02", 25)
    exam = await rooms.exams.exam(exam_id)
    assert exam.policy.add_time_from_s == 20
    rule = await rooms.results.kept_rules(exam_id)
    assert (rule.version, rule.rules.sems, rule.rules.weights.sp_rating, rule.rules.weights.checklist) == (
        1,
        1,
        0.25,
        1,
    )
    assert (await rooms.marking.kept_rules(exam_id)).version == 0
    (circuit,) = await rooms.exams.circuits(exam_id)
    assert (circuit.state, circuit.starts_ms) == ("planned", 1_796_115_600_000)
    encounters = await rooms.exams.encounters(exam_id)
    slow = [one for one in encounters if one.candidate == found["candidate", "Ben Bull"].id and one.sp]
    assert [one.timings.encounter_s for one in slow] == [600, 600]
    kept = await plans_of(rooms).get(exam_id)
    assert kept is not None
    assert all(len(one["station"]) == 64 for one in kept.document["stations"])
    assert (await rooms.people.verify_audit()).broken_at is None


async def test_a_plan_is_built_once_and_changed_by_one_at_a_time(rooms: Rooms) -> None:
    plans = plans_of(rooms)
    kept = await plans.create(PLAN | {"title": ""})
    with pytest.raises(Conflicts, match="must not be empty"):
        await plans.build(kept.exam_id, kept.version)
    saved = await plans.save(kept.exam_id, PLAN, kept.version)
    assert (await rooms.exams.exam(kept.exam_id)).title == "Finals"
    # The answer was lost, and the same is asked again; another's plan is not overwritten.
    assert await plans.save(kept.exam_id, PLAN, kept.version) == saved
    with pytest.raises(Conflict, match="Somebody else"):
        await plans.save(kept.exam_id, PLAN | {"title": "Mine"}, kept.version)
    both = await asyncio.gather(*(plans.build(kept.exam_id, saved.version) for _ in range(2)), return_exceptions=True)
    refused = [one for one in both if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [Conflict]
    assert len(await rooms.exams.slots(kept.exam_id)) == 12
    with pytest.raises(Conflict, match="made already"):
        await plans.save(kept.exam_id, PLAN, saved.version)
    with pytest.raises(NotFound):
        await plans.build("nothing", 1)


async def test_an_exam_with_conflicts_is_not_started_and_says_which(rooms: Rooms) -> None:
    plans = plans_of(rooms)
    kept = await plans.create(PLAN | {"stations": ["chest-pain-video", "nowhere"]})
    with pytest.raises(Conflicts) as refused:
        await plans.check_before_start(kept.exam_id)
    kinds = [one["kind"] for one in refused.value.details]  # type: ignore[attr-defined]
    assert kinds == ["unknown-station"]
    with pytest.raises(Conflicts):
        await plans.build(kept.exam_id, kept.version)
    assert await rooms.people.seats(kept.exam_id) == []
    saved = await plans.save(kept.exam_id, PLAN, kept.version)
    with pytest.raises(Conflict, match="Make the exam"):
        await plans.check_before_start(kept.exam_id)
    await plans.build(kept.exam_id, saved.version)
    await plans.check_before_start(kept.exam_id)


async def test_the_schedule_is_what_was_planned(rooms: Rooms) -> None:
    plans = plans_of(rooms)
    kept = await plans.create(PLAN)
    table = await plans.build(kept.exam_id, kept.version)
    schedule = await schedule_in(rooms, kept.exam_id)
    planned = {
        (one.circuit, one.rotation, one.position): (one.starts_ms, one.ends_ms, one.pause) for one in table.visits
    }
    read = {(e.circuit, e.rotation, e.position): (e.starts_ms, e.ends_ms, e.pause) for e in schedule.entries}
    assert read == planned
    assert any(one.pause for one in table.visits)
    ben = next(one for one in schedule.seats if one.name == "Ben Bull")
    calendar = Calendar.from_ical(calendar_of(schedule, ben, 0))
    (event,) = calendar.walk("VEVENT")
    assert event.decoded("dtstart").isoformat() == "2026-12-01T09:00:00+00:00"
    assert "Station 2" in str(event["description"])
    # The calendar shows the event by its own clock, and these lines as they stand.
    assert str(event["description"]).startswith("By the clock in London (Europe/London):\n09:00")
    assert "Low mood" not in str(event["description"])


async def test_sheets_and_prints_hold_everyone(rooms: Rooms) -> None:
    schedule = await schedule_in(rooms, await _built(rooms))
    book = load_workbook(io.BytesIO(await asyncio.to_thread(timetable_xlsx, schedule)))
    assert book.sheetnames == ["Circuit A", "Slots", "People"]
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.value for cell in cells} >= {"1001", "C02", "Break", "Ada Ädams", "=Dr Khan"}
    assert {cell.data_type for cell in cells} <= {"inlineStr", "n", "s"}
    links = [Link(seat, f"https://x.org/j#{seat.id}") for seat in schedule.seats]
    rows = links_csv(links).decode("utf-8-sig").splitlines()
    assert len(rows) == 11
    assert '"\'=Dr Khan"' in "".join(rows)
    sheet = load_workbook(io.BytesIO(links_xlsx(links))).worksheets[0]
    assert sheet.cell(2, 6).value == links[0].url
    for made in (timetable_pdf(schedule), cards_pdf(schedule, links)):
        assert made.startswith(b"%PDF")
        assert len(made) > 5000


async def test_sites_go_from_the_plan_to_prints_and_results(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    circuits = [{"name": "A", "site": "North"}, {"name": "B", "site": "<South>"}]
    people = [{"name": f"Candidate {at}"} for at in range(7)]
    plan = PLAN | {"stations": ["low-mood", "rest"], "circuits": circuits, "candidates": people, "people": []}
    plans = plans_of(rooms)
    kept = await plans.create(plan)
    await plans.build(kept.exam_id, kept.version)
    schedule = await schedule_in(rooms, kept.exam_id)
    # A later round is a circuit of its own; it is held where the first is.
    later = {"A round 2": "North", "B round 2": "<South>"}
    assert schedule.sites == {"A": "North", "B": "<South>"} | later
    where = {one.candidate: one.circuit for one in await rooms.exams.encounters(kept.exam_id) if one.candidate}
    basis = await rooms.results.basis(kept.exam_id)
    assert basis.sites == {who: schedule.sites[circuit] for who, circuit in where.items()}
    assert {basis.sites[who] for who, circuit in where.items() if circuit in later} == {"North", "<South>"}
    assert set(basis.cohort().sites) == {"North", "<South>"}
    # Files made alike differ by what they say alone.
    monkeypatch.setattr(rl_config, "invariant", 1)
    named, other, without = (
        timetable_pdf(replace(schedule, sites=sites)) for sites in (schedule.sites, schedule.sites, {})
    )
    assert named == other != without


async def test_an_erased_person_leaves_the_plan(rooms: Rooms) -> None:
    exam_id = await _built(rooms)
    ada = next(one for one in await rooms.people.seats(exam_id) if one.name == "Ada Ädams")
    outcome = await erasures_of(rooms).erase([ada], asked_by="the candidate", by=None)
    assert outcome.still == {}
    async with rooms.database.read() as connection:
        for word in ("Ada Ädams", "ada@x.org", "1001"):
            assert await where_named(connection, word) == {}
    again = await rooms.people.seat(ada.id)
    assert (again.email, again.group, again.zone, again.role) == (None, None, None, Role.candidate)


async def test_the_blueprint_shows_gaps(rooms: Rooms) -> None:
    bank = {one.slug: one for one in await rooms.stations.all()}
    matrix = blueprint([bank["chest-pain-video"], bank["low-mood"], bank["rest"]])
    assert len(matrix.rows) == 2
    assert all(abs(sum(row.shares) - 1) < 1e-9 for row in matrix.rows)
    assert abs(sum(matrix.shares) - 1) < 1e-9
    for at, domain in enumerate(matrix.domains):
        assert (domain in matrix.thin) == (sum(row.items[at] > 0 for row in matrix.rows) < 2)
