"""The organiser's exam: making one, its day, and new links for its people."""

from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from teleosce.core.errors import Forbidden, NotFound
from teleosce.people import Permission, Role
from teleosce.web.access import exam_of, makes_exams, oversees, watches
from teleosce.web.context import principal, rooms
from teleosce.web.hub import TICKET_MS
from teleosce.web.routing import Access, Route, answer, body
from teleosce.web.setup import Plan, make_exam
from teleosce.web.socket import HUB

LINK_DAYS = 14
LOOKED_AFTER = (Role.candidate, Role.standardized_patient)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
MaybeName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class NewExam(BaseModel):
    """An exam of one circuit: candidate i begins at station i and goes round the ring.

    `sps[i]` plays the patient of station i; where it is empty or missing, and at a rest station, a name is made up.
    """

    model_config = ConfigDict(extra="forbid")
    title: Name
    zone: str = Field("Europe/London", max_length=60)
    stations: list[str] = Field(min_length=1, max_length=30, description="Station version hashes, in ring order.")
    candidates: list[Name] = Field(min_length=1, max_length=30, description="Names, one each.")
    sps: list[MaybeName] = Field([], max_length=30, description="Names of the patients, as the stations stand.")
    examiner: MaybeName = ""

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError) as error:
            raise ValueError("no such time zone") from error
        return name


class NewLink(BaseModel):
    """For whom."""

    model_config = ConfigDict(extra="forbid")
    seat: str = Field(max_length=40)


async def create(request: web.Request) -> web.Response:
    """Makes an exam with its seats, slots and links. The links are shown this once."""
    if not makes_exams(principal(request)):
        raise Forbidden("A link belongs to one exam. To make another, sign in with an organiser's account.")
    asked = await body(request, NewExam)
    house = rooms(request)
    made = await make_exam(house, Plan(**asked.model_dump()))
    await house.people.record(principal(request), "exam.create", made.exam_id, {"stations": len(asked.stations)})
    return answer({"exam": made.exam_id, "links": [link.__dict__ for link in made.links]}, status=201)


async def day(request: web.Request) -> web.Response:
    """The day as the control page shows it."""
    exam_id = exam_of(request, watches)
    return answer((await request.app[HUB].days.boards.board(exam_id)).message())


async def new_link(request: web.Request) -> web.Response:
    """A new link for a seat; the older ones open nothing any more. Whoever sits there stays until it is used."""
    asked = await body(request, NewLink)
    house = rooms(request)
    seat = await house.people.seat(asked.seat)
    who = principal(request)
    # Whoever may not run the exam replaces the links of those they look after, and gets no rights of others by it.
    theirs = who.exam_id in (None, seat.exam_id) and seat.role in LOOKED_AFTER
    if not theirs and not oversees(who, seat.exam_id):
        raise NotFound("There is no such person in your exam.")
    now = house.clock.now_ms()
    token = await house.people.issue_link(seat.id, now, now + LINK_DAYS * 86_400_000, replace=True, by=who)
    return answer({"link": f"/j#{token}", "name": seat.name, "role": seat.role.value})


async def clear_links(request: web.Request) -> web.Response:
    """Takes all links of a seat back."""
    asked = await body(request, NewLink)
    house = rooms(request)
    seat = await house.people.seat(asked.seat)
    if not oversees(principal(request), seat.exam_id) or seat.role is Role.organiser:
        raise NotFound("There is no such person in your exam.")
    await house.people.revoke_links(seat.id, by=principal(request))
    house.media.dismiss(seat.id, house.clock.now_ms() + TICKET_MS)
    return answer({})


async def who_am_i(request: web.Request) -> web.Response:
    """The signed-in person."""
    who = principal(request)
    return answer({"name": who.name, "role": who.role.value, "seat": who.seat_id, "exam": who.exam_id})


ROUTES = [
    Route("GET", "/api/me", who_am_i, Access.signed_in, "Who you are signed in as"),
    Route("POST", "/api/exams", create, Permission.build_exam, "Make an exam", NewExam, status=201),
    Route("GET", "/api/exams/{exam}/day", day, Permission.watch_health, "The day of an exam"),
    Route("POST", "/api/links", new_link, Permission.issue_links, "A new link for a seat", NewLink),
    Route("POST", "/api/links/revoke", clear_links, Permission.run_exam, "Take a seat's links back", NewLink),
]
