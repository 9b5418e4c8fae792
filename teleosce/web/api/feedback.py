"""A candidate's own feedback: the moments that may be played."""

from typing import Any

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.core.ids import is_id
from teleosce.people import Permission
from teleosce.recording import Take
from teleosce.web.api.feedback_release import pdf_response, previewed
from teleosce.web.api.media import PRIVATE, take_view
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.feedback import feedbacks_of, own_seat
from teleosce.web.files import ranged
from teleosce.web.routing import Route, answer


async def recording(request: web.Request) -> web.Response:
    """What there is to play of an encounter of one's own, on one timeline, without names."""
    house, encounter_id = rooms(request), request.match_info["id"]
    if not is_id(encounter_id):
        raise NotFound("There is nothing of this recording to be played.")
    seat = await own_seat(house, principal(request))
    encounter, manifest = await feedbacks_of(house).recording(seat, encounter_id)
    await house.people.record(principal(request), "feedback.play", encounter.id, {})
    return answer(
        {
            "state": "sealed",
            "starts_ms": manifest.starts_ms,
            "duration_ms": manifest.duration_ms,
            "poster": None,
            "takes": [await _take(house, manifest.starts_ms, take) for take in manifest.takes],
            "alarms": [],
            "speech": {},
        }
    )


async def _take(house: Rooms, zero_ms: int, take: Take) -> dict[str, Any]:
    seat = await house.people.seat(take.participant_id)
    return take_view(take, zero_ms, seat.role, "/media/feedback")


async def own_pdf(request: web.Request) -> web.Response:
    """One's own feedback, to keep and to print. 404 while nothing is released."""
    house = rooms(request)
    seat = await own_seat(house, principal(request))
    standing = await feedbacks_of(house).standing(seat)
    if standing.run is None or standing.from_ms is None:
        raise NotFound("Your result cannot be read at this time.", code="not-released")
    await house.people.record(principal(request), "feedback.pdf", seat.id, {"run": standing.run.id})
    return await pdf_response(*await previewed(house, seat, standing.run))


async def take_file(request: web.Request) -> web.StreamResponse:
    """A take of an encounter of one's own, by ranges (RFC 9110, 14), while its moments are shown."""
    house = rooms(request)
    seat = await own_seat(house, principal(request))
    take = await house.recordings.take(request.match_info["take"])
    await feedbacks_of(house).recording(seat, take.encounter_id)
    return await ranged(request, house.recordings.path(take), PRIVATE | {"Content-Type": "video/webm"})


ROUTES = [
    Route(
        "GET",
        "/api/feedback/pdf",
        own_pdf,
        Permission.read_feedback,
        "One's own feedback, as PDF",
        gives=("application/pdf",),
    ),
    Route(
        "GET",
        "/api/feedback/encounters/{id}/recording",
        recording,
        Permission.read_feedback,
        "What there is to play in one's feedback",
    ),
    Route("GET", "/media/feedback/{take}.webm", take_file, Permission.read_feedback, "A take in one's feedback"),
]
