"""Reels for teaching. For organisers, and only of exams that are theirs."""

import re
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import NotFound
from teleosce.keeping.models import Moment, Reel
from teleosce.keeping.reels import LONGEST_TITLE, MOST_MOMENTS
from teleosce.people import Permission, Principal
from teleosce.web.access import oversees, own_encounter
from teleosce.web.context import principal, rooms
from teleosce.web.files import ranged
from teleosce.web.keeping import reels_of
from teleosce.web.routing import Route, answer, body

NEAR = 1 << 16
"""Whoever reads from before this byte to beyond it has begun to take the file."""

PRIVATE = {"Cache-Control": "private, no-store"}


class Chosen(BaseModel):
    """A moment of an encounter's recording; shown: whose picture, where one alone is seen."""

    model_config = ConfigDict(extra="forbid")
    encounter: str = Field(max_length=40)
    from_ms: int = Field(ge=0, le=1 << 40)
    to_ms: int = Field(ge=0, le=1 << 40)
    shown: Literal["candidate", "sp"] = "candidate"


class NewReel(BaseModel):
    """exact: rendered from the very moment on, both pictures. numbers: with candidate numbers on the cards."""

    model_config = ConfigDict(extra="forbid")
    title: str = Field("", max_length=LONGEST_TITLE)
    moments: list[Chosen] = Field(min_length=1, max_length=MOST_MOMENTS)
    exact: bool = False
    numbers: bool = False


async def reels(request: web.Request) -> web.Response:
    """The reels of the exams that are one's own."""
    who = principal(request)
    found = [reel for reel in await reels_of(rooms(request)).reels() if _is_theirs(who, reel)]
    return answer({"reels": [_view(reel) for reel in found]})


async def make(request: web.Request) -> web.Response:
    """A new reel; what may not be shown is left out, with the reason."""
    asked = await body(request, NewReel)
    house, who = rooms(request), principal(request)
    for encounter_id in {one.encounter for one in asked.moments}:
        await own_encounter(house, who, encounter_id)
    moments = [Moment(one.encounter, one.from_ms, one.to_ms, one.shown) for one in asked.moments]
    reel = await reels_of(house).make(asked.title, moments, exact=asked.exact, numbers=asked.numbers, by=who)
    return answer(_view(reel))


async def again(request: web.Request) -> web.Response:
    """A reel that failed is cut once more."""
    reel = await _own(request)
    return answer(_view(await reels_of(rooms(request)).again(reel.id)))


async def delete(request: web.Request) -> web.Response:
    """The reel and its file go, also while it is being cut."""
    reel = await _own(request)
    await reels_of(rooms(request)).delete(reel.id, principal(request))
    return answer({})


async def reel_file(request: web.Request) -> web.StreamResponse:
    """The file, by ranges; a file to keep, with `?download`."""
    reel = await _own(request)
    # A player asks for many ranges of one file: whoever has what lies near its beginning has exported it.
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", "bytes=0-"))
    whole = asked is None or (int(asked[1]) < NEAR <= int(asked[2] or NEAR))
    record = whole or "download" in request.query
    path = await reels_of(rooms(request)).file(reel, principal(request), record=record)
    headers = PRIVATE | {"Content-Type": "video/webm"}
    if "download" in request.query:
        headers["Content-Disposition"] = f'attachment; filename="reel-{reel.id[:8]}.webm"'
    return await ranged(request, path, headers)


async def _own(request: web.Request) -> Reel:
    reel = await reels_of(rooms(request)).reel(request.match_info["reel"])
    if not _is_theirs(principal(request), reel):
        raise NotFound("There is no such reel.")
    return reel


def _is_theirs(who: Principal, reel: Reel) -> bool:
    """Whether all exams of a reel are."""
    return all(oversees(who, exam_id) for exam_id in reel.exams)


def _view(reel: Reel) -> dict[str, Any]:
    return {
        "id": reel.id,
        "title": reel.title,
        "exact": reel.exact,
        "numbers": reel.numbers,
        "state": reel.state.value,
        "done": reel.done,
        "message": reel.message,
        "made_ms": reel.made_ms,
        "duration_ms": reel.duration_ms,
        "size": reel.size,
        "moments": [
            {"encounter": one.encounter_id, "from_ms": one.from_ms, "to_ms": one.to_ms, "refused": one.refused}
            for one in reel.moments
        ],
    }


ROUTES = [
    Route("GET", "/api/reels", reels, Permission.export_data, "Reels for teaching"),
    Route("POST", "/api/reels", make, Permission.export_data, "A new reel", NewReel),
    Route("POST", "/api/reels/{reel}/again", again, Permission.export_data, "Cut a reel that failed once more"),
    Route("POST", "/api/reels/{reel}/delete", delete, Permission.export_data, "Delete a reel"),
    Route("GET", "/media/reels/{reel}.webm", reel_file, Permission.export_data, "A reel's file"),
]
