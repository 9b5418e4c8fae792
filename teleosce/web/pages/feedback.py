"""What a candidate reads of their result, once it is released to them."""

from aiohttp import web

from teleosce.people import Permission
from teleosce.web.access import exam_of, oversees, seat_of
from teleosce.web.api.feedback_release import previewed, run_of
from teleosce.web.context import principal, rooms
from teleosce.web.feedback import calm_words, feedbacks_of, own_seat, since_words, when
from teleosce.web.rendering import page
from teleosce.web.routing import Route


async def feedback(request: web.Request) -> web.Response:
    """The candidate's own result and feedback; before it is released, or when it was taken back, a calm sentence."""
    house = rooms(request)
    seat = await own_seat(house, principal(request))
    exam = await house.exams.exam(seat.exam_id)
    standing = await feedbacks_of(house).standing(seat)
    if standing.run is None or standing.from_ms is None:
        heading, sentence = calm_words(standing, exam.zone)
        waits = await house.exams.where_now(seat.id) is not None
        return page(request, "feedback-closed.html", exam=exam, heading=heading, sentence=sentence, waits=waits)
    found = await feedbacks_of(house).of(seat, standing.run, standing.from_ms)
    await house.people.record(principal(request), "feedback.read", seat.id, {"run": standing.run.id})
    since = since_words(found.at_ms, exam.zone)
    issues = bool(house.settings.public_url)
    return page(request, "feedback.html", feedback=found, since=since, preview=None, issues=issues)


async def preview(request: web.Request) -> web.Response:
    """What a candidate reads of a decision run, for its organiser, before it is released or after."""
    house, run = rooms(request), await run_of(request)
    seat = await seat_of(house, run.exam_id, request.match_info["seat"])
    found, since = await previewed(house, seat, run)
    role = principal(request).role
    links = {
        "back": f"/results/{run.exam_id}/feedback?role={role}",
        "pdf": f"/api/exams/{run.exam_id}/feedback/runs/{run.id}/{seat.id}.pdf?role={role}",
    }
    return page(request, "feedback.html", place="exams", feedback=found, since=since, preview=links, issues=False)


async def release(request: web.Request) -> web.Response:
    """What candidates see, how it will look, and who is told: the organiser's page."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    exam = await house.exams.exam(exam_id)
    runs = await house.results.heads(exam_id)
    run = next((one for one in runs if one.id == request.query.get("run")), runs[-1] if runs else None)
    known = (await house.results.one(run.id)).found["candidates"] if run else {}
    return page(
        request,
        "feedback-release.html",
        place="exams",
        exam=exam,
        runs=[(one, when(one.at_ms, exam.zone)) for one in reversed(runs)],
        run=run,
        candidates=[(seat, known[seat.id]["passed"]) for seat in await house.people.seats(exam_id) if seat.id in known],
    )


ROUTES = [
    Route("GET", "/feedback", feedback, Permission.read_feedback, "A candidate's result and feedback"),
    Route("GET", "/results/{exam}/feedback", release, Permission.run_exam, "What candidates see of their results"),
    Route("GET", "/results/{exam}/feedback/{run}/{seat}", preview, Permission.run_exam, "What one candidate sees"),
]
