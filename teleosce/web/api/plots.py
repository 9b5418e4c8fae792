"""Plots of an exam's results as pictures and as specifications, and the script that makes them answer to a pointer."""

from aiohttp import web

from teleosce import __version__
from teleosce.core.errors import NotFound
from teleosce.people import Permission
from teleosce.reports.plots import Plot, drawn, framed
from teleosce.reports.plots.plot import Spec
from teleosce.web.access import exam_of, oversees
from teleosce.web.context import rooms
from teleosce.web.results_view import frame_of
from teleosce.web.routing import Access, Route, answer
from teleosce.web.runs_view import plot_of, run_of

SURFACE = ("scheme", "width")
"""In the query: `dark` for a dark surface, `narrow` for a phone."""


async def _plot(request: web.Request) -> Plot:
    exam_id = exam_of(request, oversees)
    frame = await frame_of(rooms(request), exam_id)
    plot = frame.plot(request.match_info["plot"])
    if plot is None or plot.spec is None:
        raise NotFound("There is no such plot among the present figures.", code="no-plot")
    return plot


async def _candidates(request: web.Request) -> Plot:
    run = await run_of(rooms(request), exam_of(request, oversees), request.match_info["run"])
    plot = await plot_of(rooms(request), run, request.match_info["candidate"])
    if plot.spec is None:
        raise NotFound(plot.title, code="no-plot")
    return plot


def _drawn(request: web.Request, plot: Plot) -> Spec:
    return drawn(plot, dark=request.query.get("scheme") == "dark", narrow=_is_narrow(request))


def _is_narrow(request: web.Request) -> bool:
    return request.query.get("width") == "narrow"


async def _picture(request: web.Request, plot: Plot) -> web.Response:
    svg = framed(await rooms(request).pictures.svg(_drawn(request, plot)), plot, narrow=_is_narrow(request))
    # It may hold names: no cache keeps it.
    return web.Response(text=svg, content_type="image/svg+xml", headers={"Cache-Control": "no-store"})


async def picture(request: web.Request) -> web.Response:
    """A plot as SVG."""
    return await _picture(request, await _plot(request))


async def specification(request: web.Request) -> web.Response:
    """A plot as Vega-Lite."""
    return answer(_drawn(request, await _plot(request)))


async def candidate(request: web.Request) -> web.Response:
    """One candidate of a decision run beside the others, as SVG."""
    return await _picture(request, await _candidates(request))


async def candidate_specification(request: web.Request) -> web.Response:
    """The same as Vega-Lite."""
    return answer(_drawn(request, await _candidates(request)))


async def script(request: web.Request) -> web.StreamResponse:
    """Vega, Vega-Lite and Vega-Embed, as they came with vl-convert."""
    tag = f'"{__version__}-6.4"'
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    text = await rooms(request).pictures.bundle()
    response = web.Response(text=text, content_type="text/javascript", headers={"ETag": tag})
    response.enable_compression()
    return response


_BASE = "/api/exams/{exam}/results/plots"
_CANDIDATE = "/api/exams/{exam}/results/runs/{run}/candidates/{candidate}/beside-the-cohort"
ROUTES = [
    Route(
        "GET", _BASE + "/{plot}.svg", picture, Permission.run_exam, "A plot", query=SURFACE, gives=("image/svg+xml",)
    ),
    Route("GET", _BASE + "/{plot}", specification, Permission.run_exam, "A plot as Vega-Lite", query=SURFACE),
    Route(
        "GET",
        _CANDIDATE + ".svg",
        candidate,
        Permission.run_exam,
        "A candidate of a decision run beside the others",
        query=SURFACE,
        gives=("image/svg+xml",),
    ),
    Route("GET", _CANDIDATE, candidate_specification, Permission.run_exam, "The same as Vega-Lite", query=SURFACE),
    Route("GET", "/api/vega.js", script, Access.signed_in, "The script of plots", gives=("text/javascript",)),
]
