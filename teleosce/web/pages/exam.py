"""The pages of an exam: join, candidate, patient, control, the worklist and the desk."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from teleosce.core.paths import WEB
from teleosce.exams import Encounter, Outcome, Phase
from teleosce.people import Permission, Principal
from teleosce.scoring import SHUT, Form, Kind, Pace, Work, layout_of, pace_of
from teleosce.stations import StationVersion
from teleosce.web.access import (
    exam_of,
    examines,
    marked_encounter,
    met_in,
    observed_encounter,
    observes,
    person_of,
    speaks,
    watches,
)
from teleosce.web.calibration import gate_of, gate_words
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.feedback import feedbacks_of, reads_feedback
from teleosce.web.place import FEEDBACK, LIVE, encounter_view
from teleosce.web.rendering import page
from teleosce.web.routing import Access, Route


async def join(request: web.Request) -> web.Response:
    """The one page for everyone with a link; the token behind the # never reaches a log."""
    return page(request, "join.html")


async def station(request: web.Request) -> web.Response:
    """The candidate's page, for the whole day; afterwards what is released to them."""
    house, who = rooms(request), principal(request)
    if who.seat_id is not None and await reads_feedback(house, await house.people.seat(who.seat_id)):
        return web.Response(status=303, headers={"Location": f"{FEEDBACK}?role={who.role}"})
    return page(request, "station.html")


async def patient(request: web.Request) -> web.Response:
    """The standardized patient's page, for the whole day."""
    return page(request, "patient.html")


async def control(request: web.Request) -> web.Response:
    """The control room of one exam, for its organisers and invigilators; `may` is what each of them does there."""
    who = principal(request)
    exam_id = exam_of(request, watches)
    exam = await rooms(request).exams.exam(exam_id)
    may = {
        "run": who.may(Permission.run_exam),
        "supervise": who.may(Permission.supervise),
        "observe": who.may(Permission.observe_encounter),
        "links": who.may(Permission.issue_links),
        "mark": who.may(Permission.read_recording),
    }
    return page(request, "control.html", place="exams", exam=exam, may=may)


async def observe(request: web.Request) -> web.Response:
    """Looking in on an encounter, seen by those in it."""
    house = rooms(request)
    encounter = await observed_encounter(house, principal(request), request.match_info["encounter"])
    return page(request, "observe.html", place="exams", encounter=await encounter_view(house, encounter))


async def observing(request: web.Request) -> web.Response:
    """What one may look in on now."""
    who = principal(request)
    house = rooms(request)
    live = [one for one in await house.exams.running() if one.phase in LIVE and await observes(house, who, one)]
    live.sort(key=lambda one: (one.circuit, one.position))
    found = [{"view": await encounter_view(house, one), "circuit": one.circuit} for one in live if len(one.people) > 1]
    return page(request, "observing.html", place="exams", encounters=found)


async def worklist(request: web.Request) -> web.Response:
    """What is mine to mark, what is waiting, how far I am."""
    who = principal(request)
    house = rooms(request)
    mine = await _to_mark(house, who)
    forms = await house.forms.of_encounters([one.id for one in mine])
    own = {
        encounter_id: form
        for encounter_id, several in forms.items()
        for form in several
        if form.kind is Kind.mark and form.author_id == who.seat_id
    }
    rows = [await _row(house, encounter, own.get(encounter.id)) for encounter in mine]
    called = next((one for one in mine if one.phase in LIVE and speaks(who, one)), None)
    row = next((one for one in rows if called and one["encounter"]["id"] == called.id), None)
    closed = await gate_of(house, who)
    named = await house.calibration.of_exam(who.exam_id) if who.exam_id else []
    left = gate_words(closed) if closed else None
    return page(
        request,
        "worklist.html",
        place="marking",
        rows=rows,
        left=left,
        calibrates=bool(named),
        panel=await house.results.panels.asks(who.seat_id) if who.seat_id else None,
        called=row,
        pace=await _pace(house, mine, own),
    )


async def _pace(house: Rooms, mine: Sequence[Encounter], own: Mapping[str, Form]) -> Pace:
    """How fast the person is; what is submitted is shut, so its time is known."""
    touched = await house.forms.touched([form.id for form in own.values()])
    work = [
        Work(None, touched.get(form.id, ()), form.state_ms if form.state in SHUT else None)
        if (form := own.get(one.id))
        else Work(None)
        for one in mine
    ]
    return pace_of(work, house.clock.now_ms())


async def _to_mark(house: Rooms, who: Principal) -> list[Encounter]:
    if who.seat_id is None:
        return []
    mine = await house.marking.worklist(who.seat_id)
    return [one for one in mine if one.phase is not Phase.waiting and one.outcome is not Outcome.void]


async def _row(house: Rooms, encounter: Encounter, form: Form | None) -> dict[str, Any]:
    version = await house.stations.get(encounter.station_hash)
    layout = layout_of(version)
    progress = house.forms.progress(form, layout) if form else None
    transcript = await house.transcripts.status(encounter.room)
    manifest = await house.recordings.manifest(encounter.room)
    candidate = await house.people.seat(encounter.candidate) if encounter.candidate else None
    return {
        "encounter": await encounter_view(house, encounter),
        "candidate": (candidate.number or candidate.name) if candidate else "",
        "started_ms": await house.exams.began_ms(encounter.id),
        "duration_ms": manifest.duration_ms if manifest else None,
        "recording": "sealed" if manifest else "waiting",
        "transcript": transcript,
        "form": form.id if form else "",
        "state": form.state if form else "new",
        "marked": progress.marked if progress else 0,
        "total": progress.total if progress else 0,
    }


async def desk(request: web.Request) -> web.Response:
    """The marking page of one encounter."""
    who = principal(request)
    house = rooms(request)
    encounter = await marked_encounter(house, who, request.match_info["encounter"])
    version = await house.stations.get(encounter.station_hash)
    candidate = await house.people.seat(encounter.candidate) if encounter.candidate else None
    return page(
        request,
        "desk.html",
        place="marking",
        encounter=await encounter_view(house, encounter),
        version=version,
        candidate=(candidate.number or candidate.name) if candidate else "",
        may_mark=await examines(house, who, encounter),
        speaks=speaks(who, await met_in(house, encounter)),
        room=encounter.room,
        together=await _together(house, encounter),
        note=await _note(house, encounter, version),
        hide_total=(await house.marking.rules(encounter.exam_id)).hide_total,
        desk=(await house.desks.settings(person_of(who))).model_dump(mode="json"),
        read_later=(await feedbacks_of(house).rules(encounter.exam_id)).rules.comments,
        kind="mark",
        worklist="/mark",
    )


async def desk_worker(request: web.Request) -> web.StreamResponse:
    """The script that opens a desk from its copy on a device without a network."""
    return web.FileResponse(WEB / "static" / "js" / "desk" / "worker.js", headers={"Content-Type": "text/javascript"})


async def _together(house: Rooms, encounter: Encounter) -> list[dict[str, str]]:
    """Where two candidates met the SP together: each one's desk."""
    together = await house.exams.together(encounter)
    seats = {one.id: await house.people.seat(one.candidate) for one in together if one.candidate}
    found = [{"id": one, "candidate": seat.number or seat.name} for one, seat in seats.items()]
    return found if len(found) > 1 else []


async def _note(house: Rooms, encounter: Encounter, version: StationVersion) -> list[dict[str, str]] | None:
    """What the candidate wrote, field by field, as it stands; None where the station asks for no note."""
    if version.note is None:
        return None
    forms = await house.forms.of_encounter(encounter.id)
    form = next((one for one in forms if one.kind is Kind.note), None)
    return [
        {"label": field.label, "text": str((form and form.value(f"note.{field.id}")) or "")}
        for field in version.note.fields
    ]


ROUTES = [
    Route("GET", "/j", join, Access.anyone, "Join by a link"),
    Route("GET", "/station", station, Permission.write_note, "The candidate's page"),
    Route("GET", "/patient", patient, Permission.rate_as_sp, "The patient's page"),
    Route("GET", "/control/{exam}", control, Permission.watch_health, "The control room"),
    Route("GET", "/observe", observing, Permission.observe_encounter, "What may be looked in on"),
    Route("GET", "/observe/{encounter}", observe, Permission.observe_encounter, "Look in on an encounter"),
    Route("GET", "/mark", worklist, Permission.mark, "The worklist"),
    Route("GET", "/mark/worker.js", desk_worker, Access.anyone, "Opens a desk without a network"),
    Route("GET", "/mark/{encounter}", desk, Permission.read_recording, "The marking desk"),
]
