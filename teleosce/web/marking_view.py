"""An exam's marking as it stands: who is how far and how fast, what is missing, whose marks stand out."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teleosce.exams import Encounter, Outcome, Phase
from teleosce.people import Role, Seat
from teleosce.planning import Reminder, Task
from teleosce.scoring import (
    GRADES,
    SHUT,
    Estimate,
    Form,
    Given,
    Kind,
    Layout,
    Pace,
    Watched,
    Work,
    layout_of,
    pace_of,
    uniform,
    watch,
)
from teleosce.scoring.pace import Between
from teleosce.web.context import Rooms
from teleosce.web.plans import reminders_of


@dataclass(frozen=True)
class ToMark:
    """One mark that is to be given: an encounter and who marks it, None for nobody. form: their sheet, if begun."""

    encounter: Encounter
    seat: str | None
    form: Form | None
    submitted_ms: int | None

    @property
    def done(self) -> bool:
        """Whether it is submitted, and not open for an amendment."""
        return self.form is not None and self.form.state in SHUT


async def to_mark(rooms: Rooms, exam_id: str) -> list[ToMark]:
    """Every mark that an exam's encounters ask for by now: those that have begun, and are neither void nor missed."""
    due = [
        one
        for one in await rooms.exams.encounters(exam_id)
        if one.phase is not Phase.waiting and one.outcome not in (Outcome.void, Outcome.missed)
    ]
    rest = {one for one in {each.station_hash for each in due} if not (await rooms.stations.get(one)).mark_sheet.items}
    due = [one for one in due if one.station_hash not in rest]
    markers = await rooms.marking.markers_in(due)
    ids = [one.id for one in due]
    forms, first = await rooms.forms.of_encounters(ids), await rooms.forms.first_submitted(ids)
    found = []
    for one in due:
        sheets = {form.author_id: form for form in forms.get(one.id, []) if form.kind is Kind.mark}
        for seat in markers[one.id].seats or (None,):
            form = sheets.get(seat or "")
            found.append(ToMark(one, seat, form, first.get(form.id) if form else None))
    return found


async def marking_view(rooms: Rooms, exam_id: str) -> dict[str, Any]:
    """All of it, for the page."""
    exam = await rooms.exams.exam(exam_id)
    now_ms = rooms.clock.now_ms()
    tasks = await to_mark(rooms, exam_id)
    layouts = {one: layout_of(await rooms.stations.get(one)) for one in {task.encounter.station_hash for task in tasks}}
    seats = {seat.id: seat for seat in await rooms.people.seats(exam_id)}
    given = _given(rooms, tasks, layouts)
    sheets = [task.form.id for task in tasks if task.form]
    touched = await rooms.forms.touched(sheets)
    work = [_work(task, touched) for task in tasks]
    watched = {one.examiner: one for one in await asyncio.to_thread(watch, given)}
    reminded = await reminders_of(rooms).of(exam_id)
    marking = {task.seat for task in tasks}
    examiners = [seat for seat in seats.values() if seat.role in (Role.examiner, Role.moderator)]
    settings = rooms.settings
    return {
        "exam": {"id": exam.id, "title": exam.title, "zone": exam.zone},
        "now_ms": now_ms,
        "can_mail": bool(settings.smtp_host and settings.smtp_from),
        "all": _pace(pace_of(work, now_ms)),
        "nobody": sum(task.seat is None for task in tasks),
        "examiners": [
            {
                "seat": seat.id,
                "name": seat.name,
                "role": seat.role.value,
                "mail": bool(seat.email),
                "reminded": _reminded(reminded.get(seat.id)),
                "pace": _pace(pace_of((one for one in work if one.examiner == seat.id), now_ms)),
                "watch": _watched(watched.get(seat.id)),
            }
            for seat in examiners
            if seat.role is Role.examiner or seat.id in marking
        ],
        "missing": [await _missing(rooms, task, seats, layouts) for task in tasks if not task.done],
    }


def tasks_of(tasks: Sequence[ToMark]) -> dict[str, Task]:
    """What each examiner still has to do, of those who have something."""
    found = {}
    for seat in {task.seat for task in tasks if task.seat}:
        own = [task for task in tasks if task.seat == seat]
        if left := sum(not task.done for task in own):
            found[seat] = Task(len(own), left)
    return found


def _work(task: ToMark, touched: Mapping[str, tuple[int, ...]]) -> Work:
    moments = touched.get(task.form.id, ()) if task.form else ()
    return Work(task.seat, (task.form.created_ms, *moments) if task.form and moments else (), task.submitted_ms)


def _given(rooms: Rooms, tasks: Sequence[ToMark], layouts: Mapping[str, Layout]) -> list[Given]:
    """The submitted marks, for the estimates."""
    found = []
    for task in tasks:
        form, layout = task.form, layouts[task.encounter.station_hash]
        if form is None or not task.done or task.seat is None or task.submitted_ms is None:
            continue
        percent, grade = rooms.forms.total(form, layout), form.value("global")
        if percent is not None and grade in GRADES:
            items = {name: form.value(f"item.{name}") for name in layout.items}
            station = task.encounter.station_hash
            given = Given(task.seat, station, percent, GRADES.index(grade) + 1, task.submitted_ms, uniform(items))
            found.append(given)
    return found


async def _missing(
    rooms: Rooms, task: ToMark, seats: Mapping[str, Seat], layouts: Mapping[str, Layout]
) -> dict[str, Any]:
    one, form = task.encounter, task.form
    layout = layouts[one.station_hash]
    progress = rooms.forms.progress(form, layout) if form else None
    candidate = seats.get(one.candidate or "")
    return {
        "encounter": one.id,
        "station": (await rooms.stations.get(one.station_hash)).title,
        "number": one.position,
        "circuit": one.circuit,
        "attempt": one.attempt,
        "candidate": (candidate.number or candidate.name) if candidate else "",
        "seat": task.seat,
        "state": form.state.value if form else "new",
        "marked": progress.marked if progress else 0,
        "total": progress.total if progress else len(layout.items) + 1,
        "over": one.phase is Phase.done,
        "since_ms": one.phase_started_ms,
    }


def _pace(one: Pace) -> dict[str, Any]:
    return {
        "assigned": one.assigned,
        "begun": one.begun,
        "submitted": one.submitted,
        "minutes": _between(one.minutes),
        "per_hour": _between(one.per_hour),
        "ends_ms": _between(one.ends_ms),
        "window_ms": one.window_ms,
    }


def _between(one: Between | None) -> dict[str, float] | None:
    return None if one is None else {"value": one.value, "low": one.low, "high": one.high}


def _watched(one: Watched | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "n": one.n,
        "uniform": one.uniform,
        "leniency": _estimate(one.leniency),
        "spread": _estimate(one.spread),
        "grades": _estimate(one.grades),
        "drift": _estimate(one.drift),
    }


def _estimate(one: Estimate) -> dict[str, Any]:
    return vars(one) | {"stands_out": one.stands_out}


def _reminded(one: Reminder | None) -> dict[str, Any] | None:
    return None if one is None else {"state": one.state, "at_ms": one.at_ms, "why": one.why, "times": one.times}
