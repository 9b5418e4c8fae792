"""How a person likes their marking desk."""

from aiohttp import web

from teleosce.people import Permission
from teleosce.scoring import DeskSettings
from teleosce.web.access import person_of
from teleosce.web.context import principal, rooms
from teleosce.web.routing import Route, answer, body


async def keep(request: web.Request) -> web.Response:
    """Keeps the caller's keys, layout, contrast and speed, in place of those before."""
    asked = await body(request, DeskSettings)
    await rooms(request).desks.keep(person_of(principal(request)), asked)
    return answer(asked.model_dump(mode="json"))


ROUTES = [
    Route("POST", "/api/desk", keep, Permission.read_recording, "Keep how you like your desk", DeskSettings),
]
