"""Decisions on incidents, messages, and who was made sure to be who they are."""

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Invalid, NotFound
from teleosce.exams import Decision
from teleosce.people import Permission, Role, plain
from teleosce.recording import DAMAGE_READ
from teleosce.web.access import exam_of, seat_of, supervises
from teleosce.web.context import principal, rooms
from teleosce.web.routing import Route, answer, body
from teleosce.web.socket import HUB


class Decided(BaseModel):
    """What is done about an incident, and why."""

    model_config = ConfigDict(extra="forbid")
    decision: Decision
    note: str = Field("", max_length=1000)


class Words(BaseModel):
    """To one seat, or to everyone in the exam."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=1000)
    to: str | None = Field(None, max_length=40)


class Tick(BaseModel):
    """Who was seen to be who they are, and by what; `withdrawn` takes it back."""

    model_config = ConfigDict(extra="forbid")
    seat: str = Field(max_length=40)
    how: Literal["photo", "number", "withdrawn"]


async def decide(request: web.Request) -> web.Response:
    """A decision stands for good; what it says is done at once where it still can be."""
    house, exam_id = rooms(request), exam_of(request, supervises)
    asked = await body(request, Decided)
    incident_id = request.match_info["incident"]
    if incident_id not in [one.id for one in await house.ledger.incidents(exam_id)]:
        raise NotFound("There is no such incident in your exam.")
    who = principal(request)
    decided = await house.ledger.decide(incident_id, asked.decision, plain(asked.note), who.seat_id or who.account_id)
    await house.people.record(who, "incident.decide", incident_id, {"decision": asked.decision.value})
    return answer({"decision": asked.decision.value, "carried_out": decided.carried_out})


async def say(request: web.Request) -> web.Response:
    """A message of the control room."""
    house, exam_id = rooms(request), exam_of(request, supervises)
    asked = await body(request, Words)
    if asked.to is not None:
        await seat_of(house, exam_id, asked.to)
    said = await house.ledger.say(exam_id, plain(asked.text), asked.to)
    await house.people.record(principal(request), "message.said", asked.to or exam_id, {"number": said.number})
    return answer({"number": said.number})


async def identify(request: web.Request) -> web.Response:
    """Ticks a candidate off. Whoever is second is told who was first."""
    house, exam_id = rooms(request), exam_of(request, supervises)
    asked = await body(request, Tick)
    seat = await seat_of(house, exam_id, asked.seat)
    if seat.role is not Role.candidate:
        raise Invalid("Only candidates are ticked off.")
    who = principal(request)
    made = await house.ledger.identify(exam_id, seat.id, asked.how, who.seat_id or who.account_id)
    await house.people.record(who, "seat.identified", seat.id, {"how": asked.how})
    request.app[HUB].changed()
    return answer({"seat": seat.id, "how": made.how, "at_ms": made.at_ms})


async def read_damage(request: web.Request) -> web.Response:
    """Somebody has read that a take is damaged: its alarm is over. 404 when there is none any more."""
    house, exam_id = rooms(request), exam_of(request, supervises)
    take_id = request.match_info["take"]
    gone = NotFound("This alarm is no longer there: somebody has put it away. The recording stays as it is.")
    alarm = next((one for one in house.recordings.alarms() if one.take_id == take_id), None)
    if alarm is None or alarm.encounter_id is None:
        raise gone
    if (await house.exams.encounter(alarm.encounter_id)).exam_id != exam_id:
        raise gone
    if not house.recordings.put_away(take_id):
        raise gone
    try:
        await house.people.record(principal(request), DAMAGE_READ, take_id, {"encounter": alarm.encounter_id})
    except BaseException:
        house.recordings.put_back(alarm)
        raise
    request.app[HUB].changed()
    return answer({})


ROUTES = [
    Route("POST", "/api/exams/{exam}/incidents/{incident}", decide, Permission.run_exam, "Decide", Decided),
    Route("POST", "/api/exams/{exam}/messages", say, Permission.supervise, "Write to one or to everyone", Words),
    Route("POST", "/api/exams/{exam}/identities", identify, Permission.supervise, "Tick a candidate off", Tick),
    Route(
        "POST", "/api/exams/{exam}/takes/{take}/read", read_damage, Permission.supervise, "Put a damage's alarm away"
    ),
]
