"""The pages of calibration: what an examiner practises on, the desk opened on a reference, an exam's references."""

from typing import Any

from aiohttp import web

from teleosce.core.errors import NotFound
from teleosce.core.ids import is_id
from teleosce.people import Permission
from teleosce.scoring import OPEN, Kind, Practice, layout_of, together
from teleosce.web.access import exam_of, person_of
from teleosce.web.calibration import gate_after, gate_words, may_fill, percent, practice_of, refers, title_of
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.place import encounter_view
from teleosce.web.rendering import page
from teleosce.web.routing import Route


async def calibrate(request: web.Request) -> web.Response:
    """The references that are mine to mark, and how near my marks are to the agreed ones."""
    who, house = principal(request), rooms(request)
    if who.seat_id is None or who.exam_id is None:
        raise NotFound("Calibration belongs to an exam: open it by your link.")
    practice = (await practice_of(house, who.exam_id, [who.seat_id]))[who.seat_id]
    done = together(practice)
    closed = await gate_after(house, who.exam_id, practice)
    open_now = [one for one in practice if await house.calibration.why_closed(one.reference) is None]
    return page(
        request,
        "calibrate.html",
        place="calibration",
        rows=[await _row(house, one) for one in open_now],
        done=done,
        share=None if done.share is None else percent(done.share),
        wanted=closed.wanted,
        left=None if closed.open else gate_words(closed),
        may_make=refers(who, who.exam_id),
    )


async def _row(house: Rooms, one: Practice) -> dict[str, Any]:
    version = await title_of(house, one.reference)
    progress = house.forms.progress(one.form, layout_of(version)) if one.form else None
    manifest = await house.recordings.manifest(one.reference.encounter_id)
    return {
        "encounter": one.reference.encounter_id,
        "station": version.title,
        "duration_ms": manifest.duration_ms if manifest else None,
        "state": "new" if one.form is None else "open" if one.form.state in OPEN else "submitted",
        "marked": progress.marked if progress else 0,
        "total": progress.total if progress else 0,
        "attempts": len(one.attempts),
        "latest": one.attempts[-1] if one.attempts else None,
    }


async def desk(request: web.Request) -> web.Response:
    """The desk, opened on a reference: one's own attempt, and once it is submitted how far it differs."""
    return await _desk(request, Kind.calibration)


async def agreed(request: web.Request) -> web.Response:
    """The desk for the agreed marks of a reference."""
    return await _desk(request, Kind.reference)


async def _desk(request: web.Request, kind: Kind) -> web.Response:
    who, house = principal(request), rooms(request)
    encounter_id = request.match_info["encounter"]
    if not is_id(encounter_id):
        raise NotFound("There is no such reference recording.")
    encounter = await may_fill(house, who, encounter_id, kind)
    back = "/calibrate" if kind is Kind.calibration else f"/marking/{encounter.exam_id}/calibration"
    return page(
        request,
        "desk.html",
        place="calibration",
        encounter=await encounter_view(house, encounter),
        version=await house.stations.get(encounter.station_hash),
        candidate="",
        may_mark=True,
        speaks=False,
        room=encounter.room,
        together=[],
        note=None,
        hide_total=(await house.marking.rules(encounter.exam_id)).hide_total,
        desk=(await house.desks.settings(person_of(who))).model_dump(mode="json"),
        kind=kind.value,
        worklist=back,
    )


async def references(request: web.Request) -> web.Response:
    """The references of an exam: what its examiners mark before they mark live, and how they do."""
    exam_id = exam_of(request, refers)
    exam = await rooms(request).exams.exam(exam_id)
    return page(request, "references.html", place="exams", exam=exam)


ROUTES = [
    Route("GET", "/calibrate", calibrate, Permission.mark, "The references to mark"),
    Route("GET", "/calibrate/{encounter}", desk, Permission.mark, "The desk on a reference"),
    Route("GET", "/calibrate/{encounter}/agreed", agreed, Permission.moderate, "The agreed marks of a reference"),
    Route("GET", "/marking/{exam}/calibration", references, Permission.moderate, "The references of an exam"),
]
