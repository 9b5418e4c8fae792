"""Where everybody should be now, worked out afresh from the database each time: a page never has to remember."""

from collections.abc import Callable, Iterable
from typing import Any

from teleosce.exams import Encounter, Phase
from teleosce.people import Role, Seat
from teleosce.web.context import Rooms

PAGES = {
    Role.candidate: "/station",
    Role.standardized_patient: "/patient",
    Role.examiner: "/mark",
    Role.moderator: "/mark",
}
LIVE = (Phase.reading, Phase.encounter)
"""Phases in which a participant's place is in the encounter's media room."""

Present = Callable[[str], bool]


def page_of(role: Role, exam_id: str | None) -> str:
    """The page a person of this role works on."""
    return PAGES.get(role) or (f"/control/{exam_id}" if exam_id else "/")


async def place(rooms: Rooms, seat: Seat, present: Present) -> dict[str, Any]:
    """The `place` message for a seat: the whole truth, not a difference."""
    encounter = await rooms.exams.where_now(seat.id)
    coming = [one for one in await rooms.exams.of_seat(seat.id) if one.phase is Phase.waiting]
    following = next((one for one in coming if encounter is None or one.id != encounter.id), None)
    return {
        "type": "place",
        "page": page_of(seat.role, seat.exam_id),
        "encounter": await encounter_view(rooms, encounter) if encounter else None,
        "next": await _coming(rooms, following, seat.role) if following else None,
        "people": await people(rooms, encounter, seat.role, present) if encounter else [],
        "stimuli": await rooms.exams.shown_stimuli(encounter.id) if encounter else [],
    }


async def encounter_view(rooms: Rooms, encounter: Encounter) -> dict[str, Any]:
    """An encounter as pages see it."""
    version = await rooms.stations.get(encounter.station_hash)
    return {
        "id": encounter.id,
        "attempt": encounter.attempt,
        "station": {"number": encounter.position, "title": version.title},
        "rest": version.rest,
        "phase": encounter.phase.value,
        "phase_started_ms": encounter.phase_started_ms,
        "phase_ends_ms": encounter.phase_ends_ms,
        "paused_ms": encounter.paused_ms,
        "warning_ms": encounter.timings.warning_s * 1000,
        "outcome": encounter.outcome,
    }


async def _coming(rooms: Rooms, encounter: Encounter, viewer: Role) -> dict[str, Any]:
    version = await rooms.stations.get(encounter.station_hash)
    candidate = None
    if viewer is Role.standardized_patient and encounter.candidate is not None:
        candidate = (await rooms.people.seat(encounter.candidate)).name
    station = {"number": encounter.position, "title": version.title}
    return {"station": station, "rest": version.rest, "candidate": candidate}


async def people(rooms: Rooms, encounter: Encounter, viewer: Role, present: Present) -> list[dict[str, Any]]:
    """Those in the encounter, under the names the viewer may know them by."""
    found = []
    for seat_id in encounter.people:
        seat = await rooms.people.seat(seat_id)
        found.append(
            {
                "seat": seat.id,
                "role": seat.role.value,
                "name": name_for(viewer, seat),
                "number": seat.number,
                "present": present(seat.id),
            }
        )
    return found


def name_for(viewer: Role, seat: Seat) -> str:
    """A candidate is not told the SP's own name: they meet the patient."""
    hidden = viewer is Role.candidate and seat.role is Role.standardized_patient
    return "Patient" if hidden else seat.name


def seats_of(encounter: Encounter) -> Iterable[str]:
    """The seats that an encounter's news concerns."""
    everybody = (*encounter.people, encounter.examiner)
    return [seat for seat in dict.fromkeys(everybody) if seat]
