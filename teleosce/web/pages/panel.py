"""The page of a panel: judges enter what they expect of a borderline candidate, the organiser leads it."""

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.people import Permission
from teleosce.reports.panels import JUDGES
from teleosce.web.access import oversees
from teleosce.web.context import principal, rooms
from teleosce.web.panel_view import entering, may_see, outcome_of, progress, sheet_of
from teleosce.web.rendering import page
from teleosce.web.routing import Route


async def panel(request: web.Request) -> web.Response:
    """A judge's sheet, or the organiser's view of the whole panel."""
    house, who, exam_id = rooms(request), principal(request), request.match_info["exam"]
    now = await house.results.panels.newest(exam_id)
    if not may_see(who, exam_id, now):
        raise NotFound("There is no panel, or it does not ask you.", code="no-panel")
    exam = await house.exams.exam(exam_id)
    if not oversees(who, exam_id):
        assert now is not None
        assert who.seat_id is not None
        sheet = await sheet_of(house, now, who.seat_id)
        return page(
            request, "panel-judge.html", place="marking", exam=exam, panel=now, round=entering(now), stations=sheet
        )
    seats = [one for one in await house.people.seats(exam_id) if one.role in JUDGES]
    stations = await house.results.panels.stations(exam_id)
    newest = await house.results.panels.newest_of(now) if now else {}
    return page(
        request,
        "panel.html",
        place="exams",
        exam=exam,
        panel=now,
        seats=seats,
        judges=[
            {"name": seat.name, **progress(newest, now, seat.id, stations)}
            for seat in seats
            if now and seat.id in now.judges
        ],
        items=sum(len(one.mark_sheet.items) for one in stations),
        outcome=await outcome_of(house, now) if now else [],
    )


ROUTES = [Route("GET", "/results/{exam}/panel", panel, Permission.judge, "A panel of judges")]
