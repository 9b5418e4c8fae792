"""Reference recordings: making and naming them, a further attempt, and how far one's marks differ."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Conflict, NotFound
from teleosce.core.ids import is_id
from teleosce.exams import Encounter, Outcome, Phase
from teleosce.people import Permission
from teleosce.scoring import OPEN, Practice, Reference, together
from teleosce.web.access import exam_of, person_of
from teleosce.web.calibration import (
    agreement_view,
    comparison,
    examiners_of,
    gate_after,
    practice_of,
    practises,
    refers,
    title_of,
)
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.routing import Route, answer, body


class MakeReference(BaseModel):
    """A finished encounter."""

    model_config = ConfigDict(extra="forbid")
    encounter: str = Field(max_length=40)


class NameReference(MakeReference):
    """`used`: whether the exam's examiners mark it."""

    used: bool


async def overview(request: web.Request) -> web.Response:
    """An exam's references, those of others that it can use, what can become one, and how its examiners do."""
    exam_id = exam_of(request, refers)
    house = rooms(request)
    await house.exams.exam(exam_id)
    return answer(await _overview(house, exam_id, person_of(principal(request))))


async def _overview(house: Rooms, exam_id: str, author: str) -> dict[str, Any]:
    named = await house.calibration.of_exam(exam_id)
    known = {one.encounter_id for one in named}
    every = await house.calibration.every()
    references = {one.encounter_id for one in every}
    rules = await house.marking.rules(exam_id)
    examiners = await examiners_of(house, exam_id)
    practice = await practice_of(house, exam_id, [seat.id for seat in examiners])
    stations = {one.station_hash for one in await house.exams.slots(exam_id)}
    return {
        "wanted": rules.calibration_encounters,
        "share_wanted": rules.calibration_agreement,
        "references": [await _reference(house, one, author, stations) for one in named],
        "others": [await _reference(house, one, author, stations) for one in every if one.encounter_id not in known],
        "encounters": [
            await _finished(house, one)
            for one in await house.exams.encounters(exam_id)
            if one.id not in references and one.phase is Phase.done and one.outcome is not Outcome.missed
        ],
        "examiners": [
            {
                "seat": seat.id,
                "name": seat.name,
                "open": (await gate_after(house, exam_id, practice[seat.id])).open,
                "latest": agreement_view(together(practice[seat.id])),
                "first": agreement_view(together(practice[seat.id], 0)),
                "attempts": sum(len(one.attempts) for one in practice[seat.id]),
            }
            for seat in examiners
        ],
    }


async def _reference(house: Rooms, one: Reference, author: str, stations: set[str]) -> dict[str, Any]:
    version = await title_of(house, one)
    encounter = await house.exams.encounter(one.encounter_id)
    form = await house.forms.form(one.form_id)
    return {
        "encounter": one.encounter_id,
        "station": version.title,
        "same_station": one.station_hash in stations,
        "exam": (await house.exams.exam(encounter.exam_id)).title,
        "made_ms": one.made_ms,
        "agreed": form.state not in OPEN,
        "mine": one.made_by == author,
        "closed": await house.calibration.why_closed(one),
    }


async def _finished(house: Rooms, encounter: Encounter) -> dict[str, Any]:
    version = await house.stations.get(encounter.station_hash)
    candidate = await house.people.seat(encounter.candidate) if encounter.candidate else None
    return {
        "encounter": encounter.id,
        "station": version.title,
        "number": encounter.position,
        "candidate": (candidate.number or candidate.name) if candidate else "",
        "attempt": encounter.attempt,
        "can": await house.calibration.makeable(encounter),
    }


async def make(request: web.Request) -> web.Response:
    """Makes an encounter a reference of its exam; refused where it was not recorded, or somebody did not agree."""
    asked = await body(request, MakeReference)
    house, who = rooms(request), principal(request)
    encounter = await _of_mine(house, request, asked.encounter)
    await house.calibration.make(encounter.id, who)
    return answer(await _overview(house, encounter.exam_id, person_of(who)))


async def withdraw(request: web.Request) -> web.Response:
    """No exam uses it any more; what examiners marked is kept."""
    house, who = rooms(request), principal(request)
    encounter = await _of_mine(house, request, request.match_info["encounter"])
    await house.calibration.withdraw(encounter.id, who)
    return answer(await _overview(house, encounter.exam_id, person_of(who)))


async def name(request: web.Request) -> web.Response:
    """The exam uses a reference, its own or another's, or uses it no longer."""
    asked = await body(request, NameReference)
    exam_id = exam_of(request, refers)
    house, who = rooms(request), principal(request)
    await house.exams.exam(exam_id)
    await house.calibration.name(exam_id, asked.encounter, who, used=asked.used)
    return answer(await _overview(house, exam_id, person_of(who)))


async def differences(request: web.Request) -> web.Response:
    """One's latest attempt beside the agreed marks; not before it is submitted."""
    house, who = rooms(request), principal(request)
    reference, practice = await _mine(house, request)
    if practice.form is None or practice.form.state in OPEN or not practice.attempts:
        raise Conflict("You see how far your marks differ when you have submitted them.", code="not-submitted")
    found = await comparison(house, reference, practice)
    await house.people.record(who, "reference.read", reference.encounter_id, {"attempt": found["attempt"]})
    return answer(found)


async def again(request: web.Request) -> web.Response:
    """Empties one's sheet for a further attempt; those before are kept."""
    house, who = rooms(request), principal(request)
    reference, _practice = await _mine(house, request)
    form = await house.calibration.again(reference, who.seat_id or "")
    await house.people.record(who, "calibration.again", form.id, {"encounter": reference.encounter_id})
    return answer({"state": form.state.value})


async def _mine(house: Rooms, request: web.Request) -> tuple[Reference, Practice]:
    """What the caller made of a reference that is open to them. Raises NotFound."""
    who, encounter_id = principal(request), request.match_info["encounter"]
    if who.seat_id is None or not is_id(encounter_id) or not await practises(house, who, encounter_id):
        raise NotFound("There is no such reference recording, or your exam does not use it.")
    reference = await house.calibration.reference(encounter_id)
    return reference, (await house.calibration.practice([reference], [who.seat_id]))[who.seat_id][0]


async def _of_mine(house: Rooms, request: web.Request, encounter_id: str) -> Encounter:
    """An encounter of an exam in which the caller makes references. Raises NotFound."""
    if is_id(encounter_id):
        encounter = await house.exams.encounter(encounter_id)
        if refers(principal(request), encounter.exam_id):
            return encounter
    raise NotFound("There is no such encounter in your exam.")


_EXAM, _ONE = "/api/exams/{exam}/references", "/api/references/{encounter}"
ROUTES = [
    Route("GET", _EXAM, overview, Permission.moderate, "The references of an exam and how its examiners do"),
    Route("POST", _EXAM, name, Permission.moderate, "Use a reference in an exam, or no longer", NameReference),
    Route("POST", "/api/references", make, Permission.moderate, "Make an encounter a reference", MakeReference),
    Route("POST", f"{_ONE}/withdraw", withdraw, Permission.moderate, "Nobody practises on it any more"),
    Route("GET", f"{_ONE}/differences", differences, Permission.mark, "How far your marks differ"),
    Route("POST", f"{_ONE}/again", again, Permission.mark, "Mark a reference again from the start"),
]
