"""What leaves the house before the day: timetables as files, links as sheets and cards, letters."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce import planning
from teleosce.core.errors import NotFound
from teleosce.people import Permission, Role, Seat
from teleosce.planning import (
    Link,
    Schedule,
    calendar_of_all,
    links_csv,
    links_xlsx,
    timetable_xlsx,
    window,
)
from teleosce.web.api.plans import its_exam
from teleosce.web.context import Rooms
from teleosce.web.plans import invitations_of, schedule_in
from teleosce.web.routing import Route, answer, body

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "ics": "text/calendar",
    "csv": "text/csv",
}


class NewLinks(BaseModel):
    """In which form the links are wanted."""

    model_config = ConfigDict(extra="forbid")
    form: Literal["json", "xlsx", "csv", "pdf"] = "json"


class Letters(BaseModel):
    """To whom; who was sent a letter before gets none, unless `again`. A page asks for a few at a time."""

    model_config = ConfigDict(extra="forbid")
    seats: list[str] = Field(min_length=1, max_length=50)
    again: bool = False


async def timetable(request: web.Request) -> web.Response:
    """The timetable as a file."""
    house, _, exam_id = its_exam(request)
    form = request.match_info["format"]
    if form not in ("xlsx", "pdf", "ics"):
        raise NotFound("A timetable is an xlsx, a pdf or an ics file.")
    schedule = await schedule_in(house, exam_id)
    made: dict[str, Callable[[Schedule], bytes]] = {
        "xlsx": timetable_xlsx,
        "pdf": _printed,
        "ics": lambda known: calendar_of_all(known, house.clock.now_ms()),
    }
    return _file(await asyncio.to_thread(made[form], schedule), form, f"{schedule.exam.title} timetable")


def _printed(schedule: Schedule) -> bytes:
    return planning.timetable_pdf(schedule)


async def links(request: web.Request) -> web.Response:
    """A new link for everybody, told this once; those that were made before go on working."""
    asked = await body(request, NewLinks)
    house, who, exam_id = its_exam(request)
    schedule = await schedule_in(house, exam_id)
    seats = {seat.id: seat for seat in schedule.seats}
    tokens = await house.people.issue_links([*seats], *window(schedule, house.clock.now_ms()), by=who)
    url = address(house, request)
    made = [Link(seats[one], f"{url}/j#{token}") for one, token in tokens.items()]
    if asked.form == "json":
        return answer({"links": [_person(one.seat) | {"path": f"/j#{one.url.partition('#')[2]}"} for one in made]})
    work: dict[str, Callable[[], bytes]] = {
        "xlsx": lambda: links_xlsx(made),
        "csv": lambda: links_csv(made),
        "pdf": lambda: planning.cards_pdf(schedule, made),
    }
    return _file(await asyncio.to_thread(work[asked.form]), asked.form, f"{schedule.exam.title} links")


async def invitations(request: web.Request) -> web.Response:
    """Who was sent their link, and who cannot be."""
    house, _, exam_id = its_exam(request)
    schedule = await schedule_in(house, exam_id)
    return answer(await _state(house, schedule))


async def mail(request: web.Request) -> web.Response:
    """Mails links to a few; a page asks until all are through. What failed is named and may be tried again."""
    asked = await body(request, Letters)
    house, who, exam_id = its_exam(request)
    schedule = await schedule_in(house, exam_id)
    done = await invitations_of(house).send(
        schedule, address(house, request), only=asked.seats, again=asked.again, by=who
    )
    told = {
        "sent": len(done.sent),
        "failed": [{"name": seat.name, "why": why} for seat, why in done.failed],
    }
    return answer(told | await _state(house, schedule))


async def _state(house: Rooms, schedule: Schedule) -> dict[str, Any]:
    known = await invitations_of(house).of(schedule.exam.id)
    people = []
    for seat in schedule.seats:
        if seat.role is not Role.organiser:
            one = known.get(seat.id)
            sent = {"state": one.state, "at_ms": one.at_ms, "why": one.why} if one else {"state": "", "why": ""}
            people.append(_person(seat) | {"at_ms": None} | sent)
    return {"can_mail": bool(house.settings.smtp_host and house.settings.smtp_from), "people": people}


def _person(seat: Seat) -> dict[str, Any]:
    return {"seat": seat.id, "role": seat.role.value, "name": seat.name, "number": seat.number, "email": seat.email}


def address(house: Rooms, request: web.Request) -> str:
    """The server as people reach it: as it is set, or as the organiser does."""
    return (house.settings.public_url or str(request.url.origin())).rstrip("/")


def _file(content: bytes, form: str, name: str) -> web.Response:
    return web.Response(
        body=content,
        headers={
            "Content-Type": TYPES[form],
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{form}', safe='')}",
        },
    )


_BASE = "/api/exams/{exam}"

ROUTES = [
    Route(
        "GET",
        _BASE + "/timetable/{format}",
        timetable,
        Permission.run_exam,
        "The timetable as a file",
        gives=tuple(TYPES[one] for one in ("xlsx", "pdf", "ics")),
    ),
    Route(
        "POST",
        _BASE + "/links",
        links,
        Permission.issue_links,
        "A new link for everybody",
        NewLinks,
        gives=("application/json", TYPES["xlsx"], TYPES["csv"], TYPES["pdf"]),
    ),
    Route("GET", _BASE + "/invitations", invitations, Permission.issue_links, "Who was sent their link"),
    Route("POST", _BASE + "/mail", mail, Permission.issue_links, "Mail people their links", Letters),
]
