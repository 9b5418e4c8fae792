"""A transcript with its progress, its corrections, its captions file, and the search."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field

from teleosce.core.errors import NotFound
from teleosce.people import Permission
from teleosce.reports import glance_of
from teleosce.transcripts import Turn
from teleosce.web.access import marked_encounter
from teleosce.web.calibration import apart, read_encounter
from teleosce.web.context import principal, rooms
from teleosce.web.routing import Route, answer, body


class Correction(BaseModel):
    """What the person says was said. The machine's version is kept beside it."""

    text: str = Field(max_length=200)


async def transcript(request: web.Request) -> web.Response:
    """Turns with words and times from the start of the recording, or how far the work is."""
    house = rooms(request)
    encounter, unnamed = await read_encounter(house, principal(request), request.match_info["id"])
    progress = await house.transcripts.status(encounter.room)
    found = await house.transcripts.get(encounter.room)
    names = await apart(house, encounter, unnamed=unnamed)
    return answer(
        {
            "state": progress.state.value,
            "done": progress.done,
            "message": progress.message,
            "turns": [_turn(turn, names) for turn in found.turns] if found else [],
        }
    )


def _turn(turn: Turn, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": turn.id,
        "role": turn.role,
        "who": names.get(turn.participant_id, ""),
        "right": turn.right,
        "starts_ms": turn.starts_ms,
        "ends_ms": turn.ends_ms,
        "words": [
            {
                "id": word.id,
                "text": word.text,
                "corrected": word.corrected,
                "starts_ms": word.starts_ms,
                "ends_ms": word.ends_ms,
                "confidence": round(word.confidence, 3),
            }
            for word in turn.words
        ],
    }


async def webvtt(request: web.Request) -> web.Response:
    """The transcript as WebVTT captions."""
    house = rooms(request)
    encounter, _ = await read_encounter(house, principal(request), request.match_info["id"])
    if await house.transcripts.get(encounter.room) is None:
        raise NotFound("The transcript of this encounter is not ready yet.")
    text = await house.transcripts.webvtt(encounter.room)
    return web.Response(text=text, content_type="text/vtt", headers={"Cache-Control": "private, no-store"})


async def glance(request: web.Request) -> web.Response:
    """Who spoke when, in a few numbers, with the questions and the hard words."""
    house = rooms(request)
    encounter, _ = await read_encounter(house, principal(request), request.match_info["id"])
    return answer(await glance_of(house.exams, house.people, house.recordings, house.transcripts, encounter.room))


async def correct(request: web.Request) -> web.Response:
    """Puts a person's word beside the machine's."""
    asked = await body(request, Correction)
    house = rooms(request)
    word_id = request.match_info["word"]
    await marked_encounter(house, principal(request), await house.transcripts.encounter_of(word_id))
    word = await house.transcripts.correct(word_id, asked.text, principal(request))
    return answer({"id": word.id, "text": word.text, "corrected": word.corrected})


async def confirm(request: web.Request) -> web.Response:
    """A person read this turn, and it is right as it now stands."""
    house = rooms(request)
    turn_id = request.match_info["turn"]
    await marked_encounter(house, principal(request), await house.transcripts.encounter_of_turn(turn_id))
    await house.transcripts.confirm(turn_id, principal(request))
    return answer({"id": turn_id, "right": True})


ROUTES = [
    Route("GET", "/api/encounters/{id}/transcript", transcript, Permission.read_transcript, "The transcript"),
    Route(
        "GET",
        "/api/encounters/{id}/transcript.vtt",
        webvtt,
        Permission.read_transcript,
        "The captions",
        gives=("text/vtt",),
    ),
    Route("GET", "/api/encounters/{id}/glance", glance, Permission.read_transcript, "The consultation at a glance"),
    Route(
        "POST",
        "/api/transcripts/words/{word}",
        correct,
        Permission.correct_transcript,
        "Correct a word",
        Correction,
    ),
    Route(
        "POST",
        "/api/transcripts/turns/{turn}/right",
        confirm,
        Permission.correct_transcript,
        "Say that a turn is right",
    ),
]
