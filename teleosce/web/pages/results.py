"""The organiser's pages of an exam's results: a page for each question that people ask."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from teleosce.people import Permission
from teleosce.reports import findings
from teleosce.reports.findings import METHOD_NAMES, THUMBS
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import rooms
from teleosce.web.rendering import page
from teleosce.web.results_view import TABS, Frame, frame_of, lines_view, missing_words
from teleosce.web.routing import Route


async def sound(request: web.Request) -> web.Response:
    """Is the exam sound?"""
    frame = await frame_of(rooms(request), exam_of(request, oversees))
    found = frame.found and frame.found["sound"]
    context: dict[str, Any] = {}
    if found:
        texts = await _item_texts(request, found)
        context = {
            "finding": findings.of_sound(found),
            "error": findings.of_error(found),
            "study_said": findings.of_study(found["generalizability"]),
            "stations_said": findings.of_stations(found["stations"]),
            "missing": missing_words(found),
            "texts": texts,
        }
    return _page(request, frame, "", "results-sound.html", sound=found, **context)


async def _item_texts(request: web.Request, found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    stations = rooms(request).stations
    return {
        one["key"]: {item.id: item.text for item in (await stations.get(one["key"])).mark_sheet.items}
        for one in found["stations"]
    }


async def line(request: web.Request) -> web.Response:
    """Where is the line?"""
    frame = await frame_of(rooms(request), exam_of(request, oversees))
    lines = frame.found["lines"] if frame.found else []
    return _page(
        request,
        frame,
        "line",
        "results-line.html",
        finding=findings.of_lines(lines, METHOD_NAMES) if lines else "",
        lines=lines_view(frame, lines),
        every=lines,
        stations=[one["title"] for one in frame.found["sound"]["stations"]] if frame.found else [],
    )


async def examiners(request: web.Request) -> web.Response:
    """Are the examiners fair?"""
    frame = await frame_of(rooms(request), exam_of(request, oversees))
    fair = frame.found and frame.found["fair"]
    context: dict[str, Any] = {"fair": fair}
    if fair:
        model = fair.get("stringency", {})
        context |= {
            "finding": findings.of_fair(fair),
            "agreement_said": findings.of_agreement(fair["agreement"]) if "agreement" in fair else "",
            "examiners": sorted(model.get("examiners", ()), key=lambda one: -abs(one["effect"])),
        }
    return _page(request, frame, "examiners", "results-examiners.html", **context)


def _page(request: web.Request, frame: Frame, tab: str, template: str, **context: Any) -> web.Response:
    base = f"/results/{frame.exam.id}"
    return page(
        request,
        template,
        place="exams",
        exam=frame.exam,
        frame=frame,
        tab=tab,
        tabs=[(f"{base}/{path}".rstrip("/"), title, path == tab) for path, title in TABS],
        thumbs=THUMBS,
        number=findings.number,
        names=METHOD_NAMES,
        **context,
    )


ROUTES = [
    Route("GET", "/results/{exam}", sound, Permission.run_exam, "Is the exam sound?"),
    Route("GET", "/results/{exam}/line", line, Permission.run_exam, "Where is the line?"),
    Route("GET", "/results/{exam}/examiners", examiners, Permission.run_exam, "Are the examiners fair?"),
]
