"""Offers of live media, and recordings by authorised ranges."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from teleosce.core.errors import NotFound
from teleosce.core.ids import is_id
from teleosce.exams import Encounter
from teleosce.people import Permission, Role
from teleosce.recording import Manifest, Take
from teleosce.web.calibration import apart, read_encounter
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.files import ranged
from teleosce.web.routing import Access, Route, answer, body

PRIVATE = {"Cache-Control": "private, no-store"}


class Offer(BaseModel):
    """A session description (RFC 8866) and the ticket that allows it. The ticket is the authorisation."""

    ticket: str = Field(max_length=2000)
    sdp: str = Field(max_length=32 * 1024)


async def offer(request: web.Request) -> web.Response:
    """Answers an offer of the bearer of a ticket."""
    asked = await body(request, Offer)
    return answer({"sdp": await rooms(request).media.answer(asked.ticket, asked.sdp)})


async def recording(request: web.Request) -> web.Response:
    """What there is to play, on one timeline, with speech for the lanes."""
    house = rooms(request)
    encounter, unnamed = await read_encounter(house, principal(request), request.match_info["id"])
    manifest = await house.recordings.manifest(encounter.room)
    if manifest is None:
        waiting = await house.recordings.takes(encounter.room)
        return answer({"state": "sealing" if waiting else "none", "takes": [], "speech": {}})
    names = await apart(house, encounter, unnamed=unnamed)
    # Of two candidates the one who is marked comes first, and so is large on the desk.
    takes = sorted(manifest.takes, key=lambda take: take.participant_id != encounter.candidate)
    return answer(
        {
            "state": "sealed",
            "starts_ms": manifest.starts_ms,
            "duration_ms": manifest.duration_ms,
            "poster": await _poster_url(house, encounter),
            "takes": [await _take(house, manifest.starts_ms, take, names, unnamed=unnamed) for take in takes],
            "alarms": await _alarms(house, encounter, manifest, names),
            "speech": await _speech(house, encounter, names),
        }
    )


async def _poster_url(house: Rooms, encounter: Encounter) -> str | None:
    there = await house.recordings.poster(encounter.room)
    return f"/media/encounters/{encounter.id}/poster.jpg" if there else None


async def _take(house: Rooms, zero_ms: int, take: Take, names: Mapping[str, str], *, unnamed: bool) -> dict[str, Any]:
    seat = await house.people.seat(take.participant_id)
    who = {"seat": seat.id, "name": "" if unnamed else seat.name, "who": names.get(seat.id, "")}
    return take_view(take, zero_ms, seat.role, "/media/takes") | who


def take_view(take: Take, zero_ms: int, role: Role, folder: str) -> dict[str, Any]:
    """A take as players need it, of somebody without a name; times count from zero_ms."""
    return {
        "id": take.id,
        "seat": role.value,
        "role": role.value,
        "name": "",
        "number": take.number,
        "state": take.state.value,
        "reason": take.reason,
        "starts_ms": take.starts_ms - zero_ms,
        "duration_ms": take.duration_ms,
        "url": f"{folder}/{take.id}.webm" if take.file else None,
        "gaps": [
            {"kind": gap.kind, "track": gap.track, "from_ms": gap.from_ms, "to_ms": gap.to_ms} for gap in take.gaps
        ],
    }


async def _alarms(
    house: Rooms, encounter: Encounter, manifest: Manifest, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What was wrong with whom while it was recorded, so that nobody is marked down for a dead microphone."""
    found = []
    for alarm in await house.watching.history([encounter.room]):
        from_ms = max(0, alarm.since_ms - manifest.starts_ms)
        to_ms = min(manifest.duration_ms, (alarm.until_ms or manifest.sealed_ms) - manifest.starts_ms)
        if from_ms < to_ms:
            role = (await house.people.seat(alarm.participant_id)).role.value
            who = names.get(alarm.participant_id, "")
            found.append({"role": role, "who": who, "kind": alarm.kind.value, "from_ms": from_ms, "to_ms": to_ms})
    return found


async def _speech(house: Rooms, encounter: Encounter, names: Mapping[str, str]) -> dict[str, list[tuple[int, int]]]:
    """By role, as of each there is one; by seat those of whom there are two."""
    found: dict[str, list[tuple[int, int]]] = {}
    for participant, spans in (await house.recordings.speech(encounter.room)).items():
        role = (await house.people.seat(participant)).role.value
        found[participant if participant in names else role] = spans
    return found


async def take_file(request: web.Request) -> web.StreamResponse:
    """A sealed take, by ranges (RFC 9110, 14); a range outside the file is 416."""
    house = rooms(request)
    take_id = request.match_info["take"]
    if not is_id(take_id):
        raise NotFound("There is no such recording.")
    take = await house.recordings.take(take_id)
    await read_encounter(house, principal(request), take.encounter_id)
    return await ranged(request, house.recordings.path(take), PRIVATE | {"Content-Type": "video/webm"})


async def poster(request: web.Request) -> web.StreamResponse:
    """A picture of the encounter."""
    house = rooms(request)
    encounter, _ = await read_encounter(house, principal(request), request.match_info["id"])
    path = await house.recordings.poster(encounter.room)
    if path is None:
        raise NotFound("There is no picture of this encounter.")
    return web.FileResponse(path, headers=PRIVATE)


ROUTES = [
    Route("POST", "/api/media/offer", offer, Access.anyone, "Connect to a room by a ticket", Offer),
    Route("GET", "/api/encounters/{id}/recording", recording, Permission.read_recording, "What there is to play"),
    Route("GET", "/media/takes/{take}.webm", take_file, Permission.read_recording, "A take's file"),
    Route(
        "GET",
        "/media/encounters/{id}/poster.jpg",
        poster,
        Permission.read_recording,
        "An encounter's picture",
    ),
]
