"""How long an exam's recordings are kept, the legal hold, and erasing a person. For the exam's organisers."""

import tempfile
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Invalid
from teleosce.keeping.models import Rule
from teleosce.keeping.person import write_person_data
from teleosce.keeping.retention import LONGEST_DAYS, Prospect
from teleosce.people import Permission, Role, Seat
from teleosce.web.access import exam_of, oversees, seat_of
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.files import send_file
from teleosce.web.keeping import erasures_of, retention_of, sources_of
from teleosce.web.rendering import page
from teleosce.web.routing import Route, answer, body


class KeepingRule(BaseModel):
    """For how many days after an encounter; null keeps for good."""

    model_config = ConfigDict(extra="forbid")
    raw_days: int | None = Field(ge=1, le=LONGEST_DAYS)
    recording_days: int | None = Field(ge=1, le=LONGEST_DAYS)


class LegalHold(BaseModel):
    """`on` with a reason, or off."""

    model_config = ConfigDict(extra="forbid")
    on: bool
    reason: str = Field("", max_length=500)


class Erase(BaseModel):
    """Whom, and on whose request (without names)."""

    model_config = ConfigDict(extra="forbid")
    seat: str = Field(max_length=40)
    asked_by: str = Field(min_length=3, max_length=500)


async def keeping_page(request: web.Request) -> web.Response:
    """The organiser's page on what is kept."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    exam = await house.exams.exam(exam_id)
    return page(request, "keeping.html", place="exams", exam=exam)


async def keeping(request: web.Request) -> web.Response:
    """The rule, the hold, what will go when, and whom it is about."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    return answer(await _view(house, exam_id))


async def set_rule(request: web.Request) -> web.Response:
    """Replaces the rule; what is due goes with the next daily sweep."""
    asked = await body(request, KeepingRule)
    house, exam_id = rooms(request), exam_of(request, oversees)
    await retention_of(house).set_rule(exam_id, Rule(asked.raw_days, asked.recording_days), principal(request))
    return answer(await _view(house, exam_id))


async def set_hold(request: web.Request) -> web.Response:
    """Places the hold, or lifts it."""
    asked = await body(request, LegalHold)
    house, exam_id = rooms(request), exam_of(request, oversees)
    retention = retention_of(house)
    if asked.on:
        await retention.place_hold(exam_id, asked.reason, principal(request))
    else:
        await retention.lift_hold(exam_id, principal(request))
    return answer(await _view(house, exam_id))


async def erase(request: web.Request) -> web.Response:
    """Erases a person of the exam; it cannot be undone."""
    asked = await body(request, Erase)
    house, exam_id = rooms(request), exam_of(request, oversees)
    seat = await seat_of(house, exam_id, asked.seat)
    if seat.id == principal(request).seat_id:
        raise Invalid("You cannot erase yourself while you work here. Ask a colleague. Nothing was erased.")
    outcome = await erasures_of(house).erase([seat], asked_by=asked.asked_by, by=principal(request))
    return answer({"erasure": outcome.erased.id, "counts": dict(outcome.erased.counts), **await _view(house, exam_id)})


async def person_data(request: web.Request) -> web.StreamResponse:
    """A person's own data as a ZIP file, for them."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    seat = await seat_of(house, exam_id, request.match_info["seat"])
    # A file without a name: nothing stays behind, whatever happens.
    with tempfile.TemporaryFile(dir=house.settings.data) as file:
        await write_person_data(sources_of(house), house.clock, [seat], file, principal(request))
        return await send_file(request, file, f"{seat.number or seat.id}.zip", "application/zip")


async def _view(house: Rooms, exam_id: str) -> dict[str, Any]:
    await house.exams.exam(exam_id)
    retention = retention_of(house)
    hold, rule = await retention.hold(exam_id), await retention.rule(exam_id)
    seats = {seat.id: seat for seat in await house.people.seats(exam_id)}
    erased = {person for one in await erasures_of(house).done() for person in one.people}
    return {
        "rule": vars(rule),
        "hold": hold and {"reason": hold.reason, "placed_by": hold.placed_by, "placed_ms": hold.placed_ms},
        "encounters": [await _prospect(house, one, seats) for one in await retention.outlook(exam_id)],
        "people": [
            {
                "seat": seat.id,
                "role": seat.role.value,
                "name": seat.name,
                "number": seat.number,
                "erased": seat.id in erased,
            }
            for seat in seats.values()
            if seat.role is not Role.organiser
        ],
    }


async def _prospect(house: Rooms, prospect: Prospect, seats: dict[str, Seat]) -> dict[str, Any]:
    encounter = prospect.encounter
    candidate = seats.get(encounter.candidate or "")
    return {
        "id": encounter.id,
        "station": f"{encounter.position} {(await house.stations.get(encounter.station_hash)).title}",
        "candidate": (candidate.number or candidate.name) if candidate else "",
        "attempt": encounter.attempt,
        "ended_ms": encounter.phase_started_ms if encounter.phase_ends_ms is None and encounter.outcome else None,
        "raw_ms": prospect.raw_ms,
        "recording_ms": prospect.recording_ms,
        "has_raw": prospect.has_raw,
        "has_recording": prospect.has_recording,
        "waits": prospect.waits,
        "gone": prospect.gone,
    }


_BASE = "/api/exams/{exam}/keeping"
ROUTES = [
    Route("GET", "/control/{exam}/keeping", keeping_page, Permission.run_exam, "What is kept of an exam"),
    Route("GET", _BASE, keeping, Permission.run_exam, "The rule, the hold, and what goes when"),
    Route("POST", f"{_BASE}/rule", set_rule, Permission.run_exam, "For how long things are kept", KeepingRule),
    Route("POST", f"{_BASE}/hold", set_hold, Permission.run_exam, "The legal hold", LegalHold),
    Route(
        "GET",
        _BASE + "/people/{seat}.zip",
        person_data,
        Permission.export_data,
        "A person’s own data",
        gives=("application/zip",),
    ),
    Route("POST", f"{_BASE}/erase", erase, Permission.manage_seats, "Erase a person", Erase),
]
