"""The pages of planning: the builder, the timetable to print, the blueprint."""

from typing import Any

from aiohttp import web

from teleosce.core.errors import Forbidden
from teleosce.people import Permission
from teleosce.planning import Schedule, blueprint
from teleosce.planning.schedule import place_name
from teleosce.planning.sheets import grid, people_rows
from teleosce.stations import StationVersion
from teleosce.web.access import makes_exams
from teleosce.web.api.plans import its_exam
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.plans import plans_of, schedule_in
from teleosce.web.rendering import page
from teleosce.web.routing import Route


async def new(request: web.Request) -> web.Response:
    """The builder with nothing in it. The first change that is kept makes the exam."""
    if not makes_exams(principal(request)):
        raise Forbidden("A link belongs to one exam. To make another, sign in with an organiser's account.")
    return page(request, "plan.html", place="exams", exam=None, kept=None, stations=await _stations(rooms(request)))


async def plan(request: web.Request) -> web.Response:
    """The builder with the plan of an exam; once the exam is made, its links."""
    house, _, exam_id = its_exam(request)
    kept = await plans_of(house).get(exam_id)
    exam = await house.exams.exam(exam_id)
    if kept is None:
        return page(request, "no-plan.html", place="exams", exam=exam)
    stations = await _stations(house)
    return page(request, "plan.html", place="exams", exam=exam, kept=kept, stations=stations)


async def _stations(house: Rooms) -> list[StationVersion]:
    """The newest version of each, rest stations last."""
    newest: dict[str, StationVersion] = {}
    for version in await house.stations.all():
        newest.setdefault(version.slug, version)
    return sorted(newest.values(), key=lambda version: (version.rest, version.title))


async def timetable(request: web.Request) -> web.Response:
    """The timetable of an exam that is made, to read and to print."""
    house, _, exam_id = its_exam(request)
    schedule = await schedule_in(house, exam_id)
    circuits = [_circuit(schedule, name) for name in schedule.by_circuit]
    return page(
        request,
        "timetable.html",
        place="exams",
        exam=schedule.exam,
        circuits=circuits,
        people=people_rows(schedule),
        where=place_name(schedule.exam.zone),
    )


def _circuit(schedule: Schedule, name: str) -> dict[str, Any]:
    rows = grid(schedule, name)
    first = schedule.by_circuit[name][0]
    about = {"name": name, "site": schedule.sites.get(name, ""), "day": schedule.day(first.starts_ms, name)}
    return about | {"head": rows[0], "rows": rows[1:]}


async def blueprint_page(request: web.Request) -> web.Response:
    """Station × domain, by the mark sheets of a plan's stations or of those of the slots."""
    house, _, exam_id = its_exam(request)
    exam = await house.exams.exam(exam_id)
    kept = await plans_of(house).get(exam_id)
    known: dict[str, StationVersion] = {}
    for version in await house.stations.all():
        known.setdefault(version.slug, version)
        known[version.hash] = version
    if kept is not None:
        wanted = [one.get("station") if isinstance(one, dict) else one for one in _listed(kept.document)]
    else:
        slots = {slot.position: slot.station_hash for slot in await house.exams.slots(exam_id)}
        wanted = [slots[position] for position in sorted(slots)]
    matrix = blueprint([known[one] for one in wanted if isinstance(one, str) and one in known])
    return page(request, "blueprint.html", place="exams", exam=exam, matrix=matrix, planned=kept is not None)


def _listed(document: Any) -> list[Any]:
    stations = document.get("stations") if isinstance(document, dict) else None
    return stations if isinstance(stations, list) else []


ROUTES = [
    Route("GET", "/exams/new", new, Permission.build_exam, "A new exam"),
    Route("GET", "/exams/{exam}/plan", plan, Permission.build_exam, "The plan of an exam"),
    Route("GET", "/exams/{exam}/timetable", timetable, Permission.run_exam, "The timetable of an exam"),
    Route("GET", "/exams/{exam}/blueprint", blueprint_page, Permission.build_exam, "The blueprint of an exam"),
]
