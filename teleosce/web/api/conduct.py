"""The hands on the running day: circuits, and one encounter. Each is one move of `Day`; whoever is second is told so.

Those who supervise hold the clocks and see that nobody is left behind; what begins, ends or undoes is the organiser's.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Invalid, NotFound
from teleosce.exams import Circuit, Day, Encounter
from teleosce.people import Permission
from teleosce.web.access import exam_of, seat_of, supervises
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.place import encounter_view
from teleosce.web.plans import plans_of
from teleosce.web.routing import Handler, Route, answer, body

CircuitName = Annotated[str, Field(min_length=1, max_length=20)]


class Which(BaseModel):
    """Circuits by name; null for all that are in the right state."""

    model_config = ConfigDict(extra="forbid")
    circuits: list[CircuitName] | None = Field(None, max_length=200)


class Stop(Which):
    """`hard`: at once; else consultations end within 30 s, and notes are still written."""

    hard: bool


class Swap(BaseModel):
    """`seat` gives way to `with`, in all that waits or runs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    seat: str = Field(max_length=40)
    instead: str = Field(max_length=40, alias="with")


async def gather(request: web.Request) -> web.Response:
    """Lets people gather before the start; 409 with the conflicts of a plan that is not made yet."""
    await plans_of(rooms(request)).check_before_start(exam_of(request, supervises))
    return await _direct(request, "gather", rooms(request).day.gather)


async def go(request: web.Request) -> web.Response:
    """Begins the first rotation that waits, at one moment for all; 409 as above."""
    await plans_of(rooms(request)).check_before_start(exam_of(request, supervises))
    return await _direct(request, "go", rooms(request).day.go)


async def pause(request: web.Request) -> web.Response:
    """All clocks stand."""
    return await _direct(request, "pause", rooms(request).day.pause)


async def resume(request: web.Request) -> web.Response:
    """All go on with what they had left."""
    return await _direct(request, "resume", rooms(request).day.resume)


async def stop(request: web.Request) -> web.Response:
    """Softly or at once; what has not begun waits."""
    exam_id = exam_of(request, supervises)
    asked = await body(request, Stop)
    house = rooms(request)
    changed = await house.day.stop(exam_id, asked.circuits, hard=asked.hard)
    detail = {"circuits": asked.circuits, "hard": asked.hard}
    await house.people.record(principal(request), "exam.stop", exam_id, detail)
    return answer(_circuits(changed))


async def swap(request: web.Request) -> web.Response:
    """A spare takes over from an SP or an examiner."""
    exam_id = exam_of(request, supervises)
    asked = await body(request, Swap)
    house = rooms(request)
    gives_way, takes_over = [await seat_of(house, exam_id, one) for one in (asked.seat, asked.instead)]
    if gives_way.id == takes_over.id:
        raise Invalid("Nobody takes over from themselves. Nothing was changed.")
    if gives_way.role is not takes_over.role:
        raise Invalid(f"{takes_over.name} has another role in this exam, so nothing was changed.", code="swap-role")
    await house.day.swap(exam_id, asked.seat, asked.instead)
    await house.people.record(principal(request), "exam.swap", asked.seat, {"with": asked.instead})
    return answer({})


async def _direct(
    request: web.Request, verb: str, act: Callable[[str, list[str] | None], Awaitable[list[Circuit]]]
) -> web.Response:
    exam_id = exam_of(request, supervises)
    asked = await body(request, Which)
    changed = await act(exam_id, asked.circuits)
    await rooms(request).people.record(principal(request), f"exam.{verb}", exam_id, {"circuits": asked.circuits})
    return answer(_circuits(changed))


def _circuits(changed: list[Circuit]) -> dict[str, list[dict[str, object]]]:
    return {"circuits": [{"name": one.name, "state": one.state.value, "rotation": one.rotation} for one in changed]}


def _by_day(act: Callable[[Day, str], Awaitable[Encounter]]) -> Callable[[Rooms, Encounter], Awaitable[Encounter]]:
    return lambda house, encounter: act(house.day, encounter.id)


def _on_encounter(verb: str, act: Callable[[Rooms, Encounter], Awaitable[Encounter]]) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        house = rooms(request)
        encounter = await my_encounter(request)
        moved = await act(house, encounter)
        await house.people.record(principal(request), f"encounter.{verb}", encounter.id, {"attempt": moved.attempt})
        return answer(await encounter_view(house, moved))

    return handler


async def my_encounter(request: web.Request) -> Encounter:
    """The encounter of the path, for those who supervise its exam. Raises NotFound for all others."""
    encounter = await rooms(request).exams.encounter(request.match_info["id"])
    if not supervises(principal(request), encounter.exam_id):
        raise NotFound("There is no such encounter in your exam.")
    return encounter


_HANDS: tuple[tuple[str, Callable[[Rooms, Encounter], Awaitable[Encounter]], str], ...] = (
    ("pause", _by_day(Day.pause_encounter), "Its clock stands"),
    ("resume", _by_day(Day.resume_encounter), "Its clock goes on"),
    ("ring", _by_day(Day.ring), "Ring the bell"),
    ("no-show", _by_day(Day.no_show), "The candidate did not come"),
    ("carry-over", _by_day(Day.carry_over), "Another attempt at the end"),
    ("rerun", _by_day(Day.rerun), "A new attempt"),
)

ROUTES = [
    Route("POST", "/api/exams/{exam}/gather", gather, Permission.run_exam, "Let people gather", Which),
    Route("POST", "/api/exams/{exam}/go", go, Permission.run_exam, "Start", Which),
    Route("POST", "/api/exams/{exam}/pause", pause, Permission.supervise, "All clocks stand", Which),
    Route("POST", "/api/exams/{exam}/resume", resume, Permission.supervise, "All clocks go on", Which),
    Route("POST", "/api/exams/{exam}/stop", stop, Permission.run_exam, "Stop", Stop),
    Route("POST", "/api/exams/{exam}/swap", swap, Permission.run_exam, "A spare takes over", Swap),
    *(
        Route("POST", f"/api/encounters/{{id}}/{verb}", _on_encounter(verb, act), Permission.supervise, summary)
        for verb, act, summary in _HANDS
    ),
]
