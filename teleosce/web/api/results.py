"""An exam's results: the figures, and whether they are of the marks as they are now."""

from aiohttp import web

from teleosce.people import Permission
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import rooms
from teleosce.web.results_view import look_view, rules_of
from teleosce.web.routing import Route, answer


async def state(request: web.Request) -> web.Response:
    """Whether there are figures, of when, and what is being worked out now."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    return answer(look_view(await house.analyses.look(exam_id, await rules_of(house, exam_id))))


async def results(request: web.Request) -> web.Response:
    """The newest figures, whole, with what `state` says of them."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    look = await house.analyses.look(exam_id, await rules_of(house, exam_id))
    found = look.kept and {key: part for key, part in look.kept.found.items() if key != "plots"}
    return answer({**look_view(look), "found": found})


async def again(request: web.Request) -> web.Response:
    """Tries again to work out what failed."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    await house.exams.exam(exam_id)
    await house.analyses.again(exam_id)
    return answer(look_view(await house.analyses.look(exam_id, await rules_of(house, exam_id))))


_BASE = "/api/exams/{exam}/results"
ROUTES = [
    Route("GET", _BASE, results, Permission.run_exam, "The figures of an exam"),
    Route("GET", f"{_BASE}/state", state, Permission.run_exam, "Whether the figures are of the marks as they are"),
    Route("POST", f"{_BASE}/again", again, Permission.run_exam, "Work the figures out again"),
]
