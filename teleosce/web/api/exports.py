"""An exam's results as files to keep, for its organisers."""

import asyncio

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.core.signing import signing_key
from teleosce.people import Permission
from teleosce.web.access import exam_of, oversees, own_encounter
from teleosce.web.api.invitations import address
from teleosce.web.context import principal, rooms
from teleosce.web.exports import send_made
from teleosce.web.routing import Access, Route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DIGITS = 6
_TABLES = {"xlsx": XLSX, "zip": "application/zip"}


async def tables(request: web.Request) -> web.StreamResponse:
    """All tables of an exam: a workbook, or CSV in a ZIP."""
    house, exam_id, kind = rooms(request), exam_of(request, oversees), request.match_info["tables"]
    if kind not in _TABLES:
        raise NotFound("Tables come as .xlsx or .zip.")
    arguments = ["exam", "export", exam_id, *await _run(request, exam_id)]
    exam = await house.exams.exam(exam_id)
    await house.people.record(principal(request), "results.export", exam_id, {"what": f"tables.{kind}"})
    return await send_made(request, arguments, f"{exam.title}.{kind}", _TABLES[kind])


async def bundle(request: web.Request) -> web.StreamResponse:
    """The signed bundle of a decision run."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    arguments = ["exam", "bundle", exam_id, *await _run(request, exam_id)]
    await house.results.numbered(exam_id)
    exam = await house.exams.exam(exam_id)
    await house.people.record(principal(request), "results.export", exam_id, {"what": "bundle"})
    return await send_made(request, arguments, f"{exam.title}.zip", "application/zip")


async def xapi(request: web.Request) -> web.StreamResponse:
    """The exam as xAPI statements, by pseudonyms."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    arguments = ["exam", "xapi", exam_id, "--base", address(house, request), *await _run(request, exam_id)]
    exam = await house.exams.exam(exam_id)
    await house.people.record(principal(request), "results.export", exam_id, {"what": "xapi"})
    return await send_made(request, arguments, f"{exam.title}.jsonl", "application/jsonl")


async def appeal(request: web.Request) -> web.StreamResponse:
    """All there is of an encounter, for those who decide on an appeal."""
    house, who = rooms(request), principal(request)
    encounter = await own_encounter(house, who, request.match_info["encounter"])
    if not oversees(who, encounter.exam_id):
        raise NotFound("There is no such encounter in your exams.")
    await house.people.record(who, "results.export", encounter.id, {"what": "appeal"})
    seat = await house.people.seat(encounter.candidate) if encounter.candidate else None
    name = f"appeal {(seat and seat.number) or encounter.id}.zip"
    return await send_made(request, ["exam", "appeal", encounter.id], name, "application/zip")


async def public_key(request: web.Request) -> web.Response:
    """The public key with which bundles and credentials are signed (RFC 7517)."""
    key = await asyncio.to_thread(signing_key, rooms(request).settings.data)
    content = {"keys": [{**key.public.jwk, "kid": key.public.thumbprint, "use": "sig", "alg": "EdDSA"}]}
    return web.json_response(content, headers={"Cache-Control": "public, max-age=3600"})


async def _run(request: web.Request, exam_id: str) -> list[str]:
    """The decision run that is meant, as an option of a command. Raises NotFound where there is none."""
    number = request.query.get("run")
    if number is None:
        return []
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise NotFound(f"There is no such decision run: each has a number of at most {_DIGITS} digits, as in ?run=2.")
    run = await rooms(request).results.numbered(exam_id, int(number))
    return ["--run", str(run.number)]


_BASE = "/api/exams/{exam}/results"
ROUTES = [
    Route(
        "GET",
        _BASE + "/tables.{tables}",
        tables,
        Permission.export_data,
        "All tables of an exam, .xlsx or .zip",
        query=("run",),
        gives=tuple(_TABLES.values()),
    ),
    Route(
        "GET",
        _BASE + "/xapi.jsonl",
        xapi,
        Permission.export_data,
        "The exam as xAPI statements",
        query=("run",),
        gives=("application/jsonl",),
    ),
    Route(
        "GET",
        "/api/encounters/{encounter}/appeal.zip",
        appeal,
        Permission.export_data,
        "All there is of an encounter, for an appeal",
        gives=("application/zip",),
    ),
    Route(
        "GET",
        _BASE + "/bundle.zip",
        bundle,
        Permission.export_data,
        "The signed bundle of a decision run",
        query=("run",),
        gives=("application/zip",),
    ),
    Route(
        "GET", "/.well-known/jwks.json", public_key, Access.anyone, "The public key that signs what leaves the house"
    ),
]
