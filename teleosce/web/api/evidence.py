"""The moments that speak for each item of the mark sheet. Found, never marked; shown as the exam's rules say."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from teleosce.core.errors import Unavailable
from teleosce.exams import Encounter
from teleosce.people import Permission, Principal
from teleosce.scoring import Form, Kind
from teleosce.transcripts import State, Turn
from teleosce.transcripts.evidence import METHOD, Moment, Sought, find, queries, with_suggested
from teleosce.web.access import examines
from teleosce.web.calibration import practises, read_encounter
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.routing import Route, answer

_NEVER = "This exam is marked without evidence that the program finds."
_NO_SHEET = "Evidence is shown beside a mark sheet. Open yours first."
_READING = "The transcript is ready; what was said is being looked through for evidence. This takes some seconds."


async def evidence(request: web.Request) -> web.Response:
    """For each item what was found, as far as it may be shown now. What an examiner is shown is kept with the mark."""
    house, who = rooms(request), principal(request)
    encounter, _anonymous = await read_encounter(house, who, request.match_info["id"])
    rules = await house.marking.rules(who.exam_id or encounter.exam_id)
    rule = rules.evidence
    if rule == "never":
        return answer(_nothing("never", rule, _NEVER))
    marks, form = await _sheet(house, who, encounter)
    if marks and form is None:
        return answer(_nothing("waiting", rule, _NO_SHEET))
    progress = await house.transcripts.status(encounter.room)
    if progress.state is not State.ready:
        state = "none" if progress.state in (State.failed, State.deleted) else "waiting"
        return answer(_nothing(state, rule, progress.message))
    sheet = (await house.stations.get(encounter.station_hash)).mark_sheet
    sought = [Sought(item.id, item.text, item.anchors.done, item.cues) for item in sheet.items]
    try:
        found = await _found(house, encounter, sought)
    except Unavailable as missing:
        if missing.code not in ("weights-missing", "weights-altered"):
            raise
        return answer(_nothing("none", rule, missing.message))
    if found is None:
        return answer(_nothing("waiting", rule, _READING))
    method, model = METHOD, None
    if rules.large_model and house.large_model.name:
        turns, others = await _turns(house, encounter)
        turns = [turn for turn in turns if turn.id not in others]
        told = await house.large_model.suggested(encounter.id, sought, turns)
        found = with_suggested(found, told.items, turns)
        method = f"{METHOD}+{house.large_model.name}"
        model = {"name": house.large_model.name, "state": told.state, "message": told.message}
    shown = {item: moments for item, moments in found.items() if _may_see(rule, form, item)}
    if form is not None:
        await house.forms.show(form.id, method, {item: [_kept(one) for one in those] for item, those in shown.items()})
    return answer(
        {
            "state": "ready",
            "rule": rule,
            "message": "",
            "method": method,
            "large_model": model,
            "items": {item: [_view(one) for one in those] for item, those in shown.items()},
        }
    )


def _nothing(state: str, rule: str, message: str) -> dict[str, Any]:
    return {"state": state, "rule": rule, "message": message, "method": METHOD, "large_model": None, "items": {}}


async def _sheet(house: Rooms, who: Principal, encounter: Encounter) -> tuple[bool, Form | None]:
    """Whether the person marks the encounter, live or for practice, and the sheet on which they do."""
    if await practises(house, who, encounter.id):
        kind = Kind.calibration
    elif await examines(house, who, encounter):
        kind = Kind.mark
    else:
        return False, None
    forms = await house.forms.of_encounter(encounter.id)
    return True, next((one for one in forms if one.kind is kind and one.author_id == who.seat_id), None)


def _may_see(rule: str, form: Form | None, item: str) -> bool:
    """After: once the examiner's own mark of the item stands. Who reads along has nothing to mark."""
    if rule == "always" or form is None:
        return True
    return form.value(f"item.{item}") is not None


async def _found(house: Rooms, encounter: Encounter, sought: list[Sought]) -> dict[str, list[Moment]] | None:
    """None while the worker has not read the transcript. Raises Unavailable without weights."""
    asked = await house.transcripts.questions.vectors(queries(sought))
    known = await house.transcripts.passages([encounter.room])
    if not known and not await house.transcripts.is_read(encounter.room):
        return None
    turns, others = await _turns(house, encounter)
    found = await asyncio.to_thread(find, sought, asked, turns, known)
    return {item: [one for one in those if one.turn_id not in others] for item, those in found.items()}


async def _turns(house: Rooms, encounter: Encounter) -> tuple[Sequence[Turn], set[str]]:
    """What was said, and the ids of what another candidate said who met the SP together with this one.

    That speaks for the other.
    """
    transcript = await house.transcripts.get(encounter.room)
    turns = transcript.turns if transcript else ()
    others = await house.exams.beside(encounter)
    return turns, {turn.id for turn in turns if turn.participant_id in others}


def _kept(moment: Moment) -> dict[str, Any]:
    return {
        "turn": moment.turn_id,
        "from_ms": moment.from_ms,
        "to_ms": moment.to_ms,
        "strength": moment.strength.value,
        "chance": moment.chance,
    }


def _view(moment: Moment) -> dict[str, Any]:
    return {
        "turn": moment.turn_id,
        "role": moment.role,
        "from_ms": moment.from_ms,
        "to_ms": moment.to_ms,
        "quote": moment.quote,
        "answer": moment.answer,
        "answer_role": moment.answer_role,
        "strength": moment.strength.value,
    }


ROUTES = [
    Route("GET", "/api/encounters/{id}/evidence", evidence, Permission.read_transcript, "What speaks for each item")
]
