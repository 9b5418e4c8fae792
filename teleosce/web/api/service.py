"""For those who keep the server running: is it up, is it ready, what does it count, what can it do."""

import shutil

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from teleosce.core.errors import Fault
from teleosce.recording import ALARM_KINDS
from teleosce.watching import AlarmKind
from teleosce.web.context import rooms
from teleosce.web.openapi import openapi
from teleosce.web.routing import TABLE, Access, Route, answer
from teleosce.web.socket import HUB

PAGES_OPEN = Gauge("teleosce_pages_open", "Pages connected by WebSocket.")
ALARMS = Gauge("teleosce_alarms", "Alarms about people in encounters that stand now.", ["kind"])
DISK_FREE = Gauge("teleosce_disk_free_bytes", "Free space where recordings are written.")
RECORDING_ALARMS = Gauge("teleosce_recording_alarms", "What is wrong with disks and recordings now.", ["kind"])
LEAST_FREE = 1 << 30
"""A server with less than this many bytes free is not ready for an exam."""


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """The database answers and there is room to record: 200, else 503 with what is wrong."""
    house = rooms(request)
    wrong = []
    try:
        await house.database.alive()
    except Fault as fault:
        wrong.append(fault.message)
    if shutil.disk_usage(house.settings.data).free < LEAST_FREE:
        wrong.append("Less than 1 GiB is free for recordings.")
    return answer({"status": "ready" if not wrong else "not ready", "wrong": wrong}, status=503 if wrong else 200)


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text format; counts only, no names."""
    standing = [one.kind for one in rooms(request).watching.alarms()]
    for kind in AlarmKind:
        ALARMS.labels(kind.value).set(standing.count(kind))
    PAGES_OPEN.set(len(request.app[HUB].connections()))
    DISK_FREE.set(shutil.disk_usage(rooms(request).settings.data).free)
    wrong = [alarm.kind for alarm in rooms(request).recordings.alarms()]
    for name in ALARM_KINDS:
        RECORDING_ALARMS.labels(name).set(wrong.count(name))
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def document(request: web.Request) -> web.Response:
    """The OpenAPI document of the API."""
    return answer(openapi(request.app[TABLE].values()))


ROUTES = [
    Route("GET", "/healthz", healthz, Access.anyone, "The process answers"),
    Route("GET", "/readyz", readyz, Access.anyone, "Ready for an exam"),
    Route("GET", "/metrics", metrics, Access.anyone, "Figures for Prometheus"),
    Route("GET", "/api/openapi.json", document, Access.anyone, "This document"),
]
