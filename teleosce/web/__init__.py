"""The web: pages, the API and the WebSocket, over the rooms that `app.py` has joined.

`application(rooms)` makes the aiohttp application. Every route is a row of data with the permission it needs;
the middleware refuses before a handler runs, and a handler then asks whether the thing is the person's own.
"""

import asyncio
import logging

from aiohttp import web

from teleosce.core.paths import WEB
from teleosce.web import middleware, socket
from teleosce.web.api import (
    calibration,
    conduct,
    credentials,
    desk,
    encounters,
    evidence,
    exams,
    exports,
    feedback,
    feedback_release,
    forms,
    invitations,
    keeping,
    ledger,
    link,
    marking,
    media,
    moderation,
    overview,
    panel,
    plans,
    plots,
    reels,
    results,
    runs,
    search,
    service,
    transcripts,
)
from teleosce.web.context import ROOMS, Rooms
from teleosce.web.exports import ONE_AT_A_TIME
from teleosce.web.hub import Hub
from teleosce.web.limits import Refusals
from teleosce.web.pages import account, exam, stations
from teleosce.web.pages import calibration as calibration_pages
from teleosce.web.pages import feedback as feedback_pages
from teleosce.web.pages import moderation as moderation_pages
from teleosce.web.pages import panel as panel_pages
from teleosce.web.pages import plans as plan_pages
from teleosce.web.pages import results as result_pages
from teleosce.web.patience import HEAD_S, IDLE_S, Door, not_the_clients_fault
from teleosce.web.rendering import built
from teleosce.web.routing import TABLE, Route, add
from teleosce.web.setup import MadeExam, PersonsLink, Plan, make_exam

__all__ = [
    "HEAD_S",
    "IDLE_S",
    "Door",
    "MadeExam",
    "PersonsLink",
    "Plan",
    "Rooms",
    "application",
    "make_exam",
    "routes",
]

LARGEST_BODY = 256 * 1024


def application(rooms: Rooms) -> web.Application:
    """The application of a server, ready to be run. Its hub starts and ends with it."""
    logging.getLogger("aiohttp.server").addFilter(not_the_clients_fault)
    made = web.Application(middlewares=middleware.ALL, client_max_size=LARGEST_BODY)
    made[ROOMS] = rooms
    made[TABLE] = {}
    made[socket.HUB] = Hub(rooms)
    made[link.REFUSALS] = Refusals()
    made[ONE_AT_A_TIME] = asyncio.Semaphore(1)
    made[credentials.STATUS_LIST] = credentials.StatusList()
    add(made, routes())
    made.router.add_static(built(), WEB / "static", append_version=False)
    made.router.add_static("/static", WEB / "static", append_version=False)
    made.on_response_prepare.extend((middleware.safe, middleware.lasting))
    made.on_startup.append(_start)
    made.on_shutdown.append(_stop)
    return made


def routes() -> list[Route]:
    """Every route of the server, but for static files."""
    pages = (
        account,
        exam,
        moderation_pages,
        plan_pages,
        stations,
        calibration_pages,
        result_pages,
        panel_pages,
        feedback_pages,
    )
    api = (
        link,
        encounters,
        conduct,
        ledger,
        exams,
        plans,
        invitations,
        media,
        transcripts,
        evidence,
        forms,
        marking,
        moderation,
        desk,
        overview,
        calibration,
        panel,
        results,
        plots,
        runs,
        keeping,
        search,
        reels,
        credentials,
        exports,
        feedback,
        feedback_release,
        service,
    )
    return [route for room in (*pages, *api, socket) for route in room.ROUTES]


async def _start(made: web.Application) -> None:
    await made[socket.HUB].start()


async def _stop(made: web.Application) -> None:
    await made[ROOMS].analyses.close()
    await made[ROOMS].pictures.close()
    await made[socket.HUB].close()
