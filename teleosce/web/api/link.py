"""From a link to a seat: look, consent, join; and the equipment check."""

import time
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Conflict, TooMany
from teleosce.exams import RUNNING
from teleosce.people import LinkRefused, LinkView, Permission, Principal, Role, Seat
from teleosce.web import sessions
from teleosce.web.access import speaks
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.feedback import reads_feedback
from teleosce.web.limits import Refusals, address_of
from teleosce.web.place import FEEDBACK, LIVE, page_of
from teleosce.web.rendering import markdown
from teleosce.web.routing import Access, Route, answer, body
from teleosce.web.socket import HUB

REFUSALS: web.AppKey[Refusals] = web.AppKey("refusals", Refusals)
RECORDED = (Role.candidate, Role.standardized_patient)
"""Those whose voice and picture are kept: they consent first."""


class LinkToken(BaseModel):
    """The secret part of a link, as it stood behind the #."""

    token: str = Field(max_length=200)


class Training(BaseModel):
    """Whether a person's recordings may train examiners and teach, and by which version of the text."""

    model_config = ConfigDict(extra="forbid")
    version: str = Field(max_length=40)
    agreed: bool


class Join(LinkToken):
    """`consent_version`: the version of the text that was read and accepted; None where none is asked for.

    `training`: None leaves what was answered before.
    """

    consent_version: str | None = Field(None, max_length=40)
    training: Training | None = None


class Verdicts(BaseModel):
    """What the equipment check found, one verdict each, and the worst of them."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["ready", "will-do", "not-ready"]
    camera: Literal["ready", "will-do", "not-ready"]
    microphone: Literal["ready", "will-do", "not-ready"]
    speaker: Literal["ready", "will-do", "not-ready"]
    line: Literal["ready", "will-do", "not-ready"]
    round_trip_ms: float | None = Field(None, ge=0, le=60_000)
    loss: float | None = Field(None, ge=0, le=1)


async def look(request: web.Request) -> web.Response:
    """Who the link is for, which exam, when, and the consent text."""
    asked = await body(request, LinkToken)
    house = rooms(request)
    view = await _look(request, asked.token)
    exam = await house.exams.exam(view.seat.exam_id)
    consent: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    feedback = await reads_feedback(house, view.seat)
    if not feedback and await _is_recorded(house, view):
        text = house.people.consent_text()
        given = await house.people.has_consented(view.seat.id)
        consent = {"version": text.version, "html": markdown(text.markdown), "given": given}
        text = house.people.training_text()
        agreed = bool(await house.people.allow_training([view.seat.id]))
        training = {"version": text.version, "html": markdown(text.markdown), "agreed": agreed}
    return answer(
        {
            "seat": {"name": view.seat.name, "role": view.seat.role.value, "number": view.seat.number},
            "exam": {"id": exam.id, "title": exam.title, "zone": exam.zone},
            "opens_ms": view.opens_ms,
            "closes_ms": view.closes_ms,
            "starts_ms": None if feedback else await _starts_ms(house, view.seat),
            "consent": consent,
            "training": training,
            "leads_to": "feedback" if feedback else "exam",
            "now_ms": house.clock.now_ms(),
        }
    )


async def _starts_ms(house: Rooms, seat: Seat) -> int | None:
    """When the exam is planned to start for somebody, in their first circuit; in any for those who are in none."""
    own = {one.circuit for one in await house.exams.of_seat(seat.id)}
    circuits = [one for one in await house.exams.circuits(seat.exam_id) if not own or one.name in own]
    return min((one.starts_ms for one in circuits if one.starts_ms is not None), default=None)


async def _is_recorded(house: Rooms, view: LinkView) -> bool:
    """By their role, or as an examiner who speaks somewhere."""
    if view.seat.role in RECORDED:
        return True
    return any(view.seat.id in one.people for one in await house.exams.of_seat(view.seat.id))


async def _look(request: web.Request, token: str) -> LinkView:
    refusals, address, now = request.app[REFUSALS], address_of(request), time.monotonic()
    people = rooms(request).people
    if refusals.reached(address, now) and not await people.opens(token):
        raise TooMany("Too many links were tried from here that do not work. Wait a minute, then try again.")
    try:
        return await people.look_at_link(token)
    except LinkRefused:
        refusals.count(address, now)
        raise


async def join(request: web.Request) -> web.Response:
    """Takes the seat on this device. The seat's other devices are told."""
    asked = await body(request, Join)
    house = rooms(request)
    view = await _look(request, asked.token)
    feedback = await reads_feedback(house, view.seat)
    recorded = not feedback and await _is_recorded(house, view)
    if recorded and asked.consent_version is None and not await house.people.has_consented(view.seat.id):
        raise Conflict("Please read the consent text and accept it first.", code="consent-needed")
    if recorded and asked.consent_version not in (None, house.people.consent_text().version):
        raise Conflict("The consent text has changed. Please load the page again and read it.", code="consent-changed")
    if asked.training is not None and asked.training.version != house.people.training_text().version:
        raise Conflict("The text about training has changed. Please load the page again and read it.")
    token, who = await house.people.join(asked.token, device=request.headers.get("User-Agent", "")[:200])
    if recorded and asked.consent_version is not None:
        await house.people.give_consent(who, asked.consent_version)
    if recorded and asked.training is not None:
        await house.people.answer_training(who, asked.training.version, agreed=asked.training.agreed)
    await _leave_older_seat(request, who.role, token)
    place = FEEDBACK if feedback else await _place(house, who)
    page = f"{place}?role={who.role.value}"
    response = answer({"page": page, "under_way": await _under_way(house, view.seat.id)})
    sessions.keep(response, request, who.role, token)
    return response


async def _place(house: Rooms, who: Principal) -> str:
    """Where the link leads now: an examiner whom a candidate waits for goes to that desk."""
    mine = await house.exams.of_seat(who.seat_id or "")
    called = next((one for one in mine if one.phase in LIVE and speaks(who, one)), None)
    return f"/mark/{called.id}" if called else page_of(who.role, who.exam_id)


async def _under_way(house: Rooms, seat_id: str) -> bool:
    """Whether the others are waiting for this person already: no time is to be lost with an equipment check."""
    now = await house.exams.where_now(seat_id)
    return now is not None and now.phase in RUNNING


async def _leave_older_seat(request: web.Request, role: Role, token: str) -> None:
    """One browser holds one seat of a role: a tab of the seat before is told, and cannot act as this one."""
    older = sessions.token_of(request, role)
    if older is None or older == token:
        return
    await rooms(request).people.end_session(older, "replaced")


async def check(request: web.Request) -> web.Response:
    """Keeps what the equipment check found, for the invigilator."""
    found = await body(request, Verdicts)
    who = principal(request)
    if who.seat_id is not None:
        await rooms(request).people.keep_equipment_check(who.seat_id, found.model_dump())
        request.app[HUB].changed()
    return answer({})


ROUTES = [
    Route("POST", "/api/link", look, Access.anyone, "Look at a join link", LinkToken),
    Route("POST", "/api/join", join, Access.anyone, "Take the seat of a join link", Join),
    Route("POST", "/api/check", check, Permission.join_encounter, "Keep the equipment check's result", Verdicts),
]
