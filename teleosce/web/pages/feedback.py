"""What a candidate reads of their result, once it is released to them."""

from aiohttp import web

from teleosce.people import Permission
from teleosce.web.context import principal, rooms
from teleosce.web.feedback import calm_words, feedbacks_of, own_seat, when
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
    return page(request, "feedback.html", feedback=found, since=when(found.at_ms, exam.zone), preview=None)


ROUTES = [Route("GET", "/feedback", feedback, Permission.read_feedback, "A candidate's result and feedback")]
