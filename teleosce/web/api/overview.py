"""During marking: the organiser's page, what it shows, and reminders."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.people import Permission
from teleosce.web.access import exam_of, oversees
from teleosce.web.api.invitations import address
from teleosce.web.context import principal, rooms
from teleosce.web.marking_view import marking_view, tasks_of, to_mark
from teleosce.web.plans import reminders_of, schedule_in
from teleosce.web.rendering import page
from teleosce.web.routing import Route, answer, body


class Remind(BaseModel):
    """Whom. Whoever has nothing left to mark, or was reminded lately, is left out."""

    model_config = ConfigDict(extra="forbid")
    seats: list[str] = Field(min_length=1, max_length=50)


async def marking_page(request: web.Request) -> web.Response:
    """The organiser's page while an exam is marked."""
    exam_id = exam_of(request, oversees)
    house = rooms(request)
    exam = await house.exams.exam(exam_id)
    return page(request, "marking.html", place="exams", exam=exam, large_model=house.large_model.name)


async def marking(request: web.Request) -> web.Response:
    """Who is how far and how fast, what is missing, and whose marks stand out."""
    return answer(await marking_view(rooms(request), exam_of(request, oversees)))


async def remind(request: web.Request) -> web.Response:
    """Mails a reminder, with a link, to those who have something left to mark."""
    asked = await body(request, Remind)
    house, exam_id = rooms(request), exam_of(request, oversees)
    schedule = await schedule_in(house, exam_id)
    tasks = {seat: task for seat, task in tasks_of(await to_mark(house, exam_id)).items() if seat in asked.seats}
    done = await reminders_of(house).send(schedule, address(house, request), tasks, by=principal(request))
    told: dict[str, Any] = {
        "sent": len(done.sent),
        "failed": [{"name": seat.name, "why": why} for seat, why in done.failed],
        "lately": [seat.name for seat in done.lately],
        "without": [seat.name for seat in done.without],
    }
    return answer(told | {"marking": await marking_view(house, exam_id)})


_BASE = "/api/exams/{exam}/marking"
ROUTES = [
    Route("GET", "/marking/{exam}", marking_page, Permission.run_exam, "An exam while it is marked"),
    Route("GET", _BASE, marking, Permission.run_exam, "How marking gets on"),
    Route("POST", f"{_BASE}/remind", remind, Permission.run_exam, "Remind examiners by mail", Remind),
]
