"""An exam's results as files to keep, for its organisers."""

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.people import Permission
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import principal, rooms
from teleosce.web.exports import send_made
from teleosce.web.routing import Route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLES = {"xlsx": XLSX, "zip": "application/zip"}


async def tables(request: web.Request) -> web.StreamResponse:
    """All tables of an exam: a workbook, or CSV in a ZIP."""
    house, exam_id, kind = rooms(request), exam_of(request, oversees), request.match_info["tables"]
    if kind not in _TABLES:
        raise NotFound("Tables come as .xlsx or .zip.")
    exam = await house.exams.exam(exam_id)
    await house.people.record(principal(request), "results.export", exam_id, {"what": f"tables.{tables}"})
    arguments = ["exam", "export", exam_id, *_run(request)]
    return await send_made(request, arguments, f"{exam.title}.{kind}", _TABLES[kind])


def _run(request: web.Request) -> list[str]:
    """The decision run that is meant, as an option of a command."""
    number = request.query.get("run", "")
    return ["--run", str(int(number))] if number.isascii() and number.isdigit() and 0 < int(number) < 10**6 else []


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
]
