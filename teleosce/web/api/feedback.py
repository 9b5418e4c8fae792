"""A candidate's own feedback: the moments that may be played."""

import asyncio
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.core.ids import is_id
from teleosce.exams import Encounter
from teleosce.people import Permission
from teleosce.recording import Excerpt, Manifest, Take, excerpt
from teleosce.web.api.feedback_release import pdf_response, previewed
from teleosce.web.api.media import PRIVATE, take_view
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.feedback import feedbacks_of, own_seat
from teleosce.web.files import ranged_bytes
from teleosce.web.routing import Route, answer

NOTHING = "There is nothing of this recording to be played."
BEFORE_MS, AFTER_MS = 2000, 3000
"""What is played before and after a moment; `listen.js` asks for the same."""
LONGEST_MS = 180_000
"""Of a moment that is longer the beginning is played: it is cut in memory."""
DIGITS = 12


async def moment(request: web.Request) -> web.Response:
    """What there is to play of a moment of an encounter of one's own, on the recording's timeline, without names."""
    house, encounter_id = rooms(request), request.match_info["id"]
    at = Moment.of(request)
    encounter, manifest = await _shown(request, encounter_id, at)
    await house.people.record(principal(request), "feedback.play", encounter.id, {"from_ms": at.from_ms})
    return answer(
        {
            "state": "sealed",
            "starts_ms": manifest.starts_ms,
            "duration_ms": manifest.duration_ms,
            "poster": None,
            "takes": [await _take(house, manifest, take, at) for take in manifest.takes],
            "alarms": [],
            "speech": {},
        }
    )


@dataclass(frozen=True)
class Moment:
    """What an examiner pointed at, in ms of the recording, as an address names it."""

    from_ms: int
    to_ms: int

    @classmethod
    def of(cls, request: web.Request) -> Self:
        """The one that is asked for. Raises NotFound for what is no moment."""
        said = request.match_info["from"], request.match_info["to"]
        if not all(one.isascii() and one.isdigit() and len(one) < DIGITS for one in said):
            raise NotFound(NOTHING, code="no-recording")
        return cls(*map(int, said))

    def of_take(self, manifest: Manifest, take: Take) -> tuple[int, int]:
        """From and to in ms of the take, with what is played before and after it."""
        zero_ms = take.starts_ms - manifest.starts_ms
        from_ms = max(0, self.from_ms - BEFORE_MS - zero_ms)
        return from_ms, min(self.to_ms, self.from_ms + LONGEST_MS) + AFTER_MS - zero_ms


async def _shown(request: web.Request, encounter_id: str, at: Moment) -> tuple[Encounter, Manifest]:
    house = rooms(request)
    seat = await own_seat(house, principal(request))
    if not is_id(encounter_id):
        raise NotFound(NOTHING, code="no-recording")
    return await feedbacks_of(house).recording(seat, encounter_id, at.from_ms, at.to_ms)


async def _take(house: Rooms, manifest: Manifest, take: Take, at: Moment) -> dict[str, Any]:
    seat = await house.people.seat(take.participant_id)
    view = take_view(take, manifest.starts_ms, seat.role, "") | {"url": None}
    found = await _excerpt(house, manifest, take, at) if take.file else None
    if found is None:
        return view
    return view | {
        "starts_ms": view["starts_ms"] + found.starts_ms,
        "duration_ms": found.ends_ms - found.starts_ms,
        "url": f"/media/feedback/{take.id}/{at.from_ms}/{at.to_ms}.webm",
    }


async def _excerpt(house: Rooms, manifest: Manifest, take: Take, at: Moment) -> Excerpt | None:
    from_ms, to_ms = at.of_take(manifest, take)
    if from_ms >= to_ms or (take.duration_ms is not None and from_ms >= take.duration_ms):
        return None
    return await asyncio.to_thread(excerpt, house.recordings.path(take), from_ms, to_ms)


async def own_pdf(request: web.Request) -> web.Response:
    """One's own feedback, to keep and to print. 404 while nothing is released."""
    house = rooms(request)
    seat = await own_seat(house, principal(request))
    standing = await feedbacks_of(house).standing(seat)
    if standing.run is None or standing.from_ms is None:
        raise NotFound("Your result cannot be read at this time.", code="not-released")
    await house.people.record(principal(request), "feedback.pdf", seat.id, {"run": standing.run.id})
    return await pdf_response(*await previewed(house, seat, standing.run))


async def moment_file(request: web.Request) -> web.StreamResponse:
    """What a take of an encounter of one's own has of a moment that is shown, by ranges (RFC 9110, 14); no more."""
    house, at = rooms(request), Moment.of(request)
    if not is_id(request.match_info["take"]):
        raise NotFound(NOTHING, code="no-recording")
    take = await house.recordings.take(request.match_info["take"])
    _, manifest = await _shown(request, take.encounter_id, at)
    found = await _excerpt(house, manifest, take, at) if take.file else None
    if found is None:
        raise NotFound(NOTHING, code="no-recording")
    return ranged_bytes(request, found.content, PRIVATE | {"Content-Type": "video/webm"})


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
        "/api/feedback/encounters/{id}/moments/{from}/{to}",
        moment,
        Permission.read_feedback,
        "What there is to play of a moment in one's feedback",
    ),
    Route(
        "GET",
        "/media/feedback/{take}/{from}/{to}.webm",
        moment_file,
        Permission.read_feedback,
        "A moment of a take in one's feedback",
    ),
]
