"""Signing in and out, and the first page."""

from typing import Any

from aiohttp import web

from teleosce.core.errors import Fault
from teleosce.exams import RUNNING, Exam, Outcome
from teleosce.people import Permission
from teleosce.scoring import Kind, State
from teleosce.web import sessions
from teleosce.web.access import makes_exams, person_of
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.hub import TICKET_MS
from teleosce.web.limits import address_of
from teleosce.web.place import page_of
from teleosce.web.plans import plans_of
from teleosce.web.rendering import page
from teleosce.web.routing import Access, Route, form


async def sign_in_page(request: web.Request) -> web.Response:
    """The form for staff."""
    return page(request, "sign-in.html", email="", fault=None, next=_local(request.query.get("next", "/")))


async def sign_in(request: web.Request) -> web.Response:
    """Checks e-mail and password; what was typed stays in the form, but for the password."""
    typed = await form(request)
    email = typed.get("email", "")[:200]
    following = _local(typed.get("next", "/"))
    try:
        token, who = await rooms(request).people.sign_in(
            email, typed.get("password", "")[:1000], address=address_of(request)
        )
    except Fault as fault:
        return page(request, "sign-in.html", fault.status, email=email, fault=fault.message, next=following)
    response = web.Response(status=303, headers={"Location": following})
    sessions.keep(response, request, who.role, token)
    return response


def _local(path: str) -> str:
    """A path of ours, or the first page: nobody is sent to another site by signing in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


async def sign_out(request: web.Request) -> web.Response:
    """Ends the session on the server and in the browser."""
    who = principal(request)
    house = rooms(request)
    await house.people.sign_out(who.session_id)
    house.media.dismiss(person_of(who), house.clock.now_ms() + TICKET_MS)
    response = web.Response(status=303, headers={"Location": "/sign-in"})
    sessions.forget(response, who.role)
    return response


async def home(request: web.Request) -> web.Response:
    """An organiser's exams; everybody else is sent to their own page."""
    who = principal(request)
    house = rooms(request)
    if not who.may(Permission.run_exam):
        return web.Response(status=303, headers={"Location": f"{page_of(who.role, who.exam_id)}?role={who.role.value}"})
    exams = [exam for exam in await house.exams.exams() if who.exam_id in (None, exam.id)]
    return page(
        request,
        "home.html",
        place="exams",
        exams=[await _row(house, exam) for exam in exams],
        may_make=makes_exams(who),
    )


async def _row(house: Rooms, exam: Exam) -> dict[str, Any]:
    newest = {one.slot_id: one for one in await house.exams.encounters(exam.id)}
    encounters = list(newest.values())
    done = [one for one in encounters if one.outcome is Outcome.completed]
    forms = await house.forms.of_encounters([one.id for one in done])
    marked = [
        one
        for one in done
        if any(f.kind is Kind.mark and f.state in (State.submitted, State.amended) for f in forms.get(one.id, []))
    ]
    return {
        "exam": exam,
        "slots": len(encounters),
        "done": len(done),
        "live": sum(one.phase in RUNNING for one in encounters),
        "planned": await plans_of(house).get(exam.id) is not None,
        "to_mark": sum(one.examiner is not None for one in done) - len(marked),
    }


ROUTES = [
    Route("GET", "/", home, Access.signed_in, "The first page"),
    Route("GET", "/sign-in", sign_in_page, Access.anyone, "Sign in"),
    Route("POST", "/sign-in", sign_in, Access.anyone, "Sign in"),
    Route("POST", "/sign-out", sign_out, Access.signed_in, "Sign out"),
]
