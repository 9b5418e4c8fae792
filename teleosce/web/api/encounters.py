"""An encounter's brief for those in it, and the organiser's hand on its clock."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import NotFound
from teleosce.exams import Encounter, Phase
from teleosce.people import Permission, Role
from teleosce.stations import StationVersion, Stimulus
from teleosce.web.access import marked_encounter, oversees, own_encounter
from teleosce.web.api.conduct import my_encounter
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.pages.stations import stimulus_file
from teleosce.web.place import encounter_view
from teleosce.web.rendering import markdown
from teleosce.web.routing import Access, Route, answer, body


class EndPhase(BaseModel):
    """`expected`: the phase that the organiser saw; if it is over already, nothing is done."""

    model_config = ConfigDict(extra="forbid")
    expected: Phase


class Seen(BaseModel):
    """The end of the phase that whoever presses saw; if it is another by now, nothing is done."""

    model_config = ConfigDict(extra="forbid")
    seen_ends_ms: int | None = Field(None, ge=0, le=2**53)


class AddTime(Seen):
    """Whole seconds to add to the present phase."""

    seconds: int = Field(ge=1, le=3600)


class Void(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=3, max_length=1000)


async def brief(request: web.Request) -> web.Response:
    """What the caller's role may read of the station, and when: a door note is not shown before its time."""
    house = rooms(request)
    who = principal(request)
    encounter = await own_encounter(house, who, request.match_info["id"])
    version = await house.stations.get(encounter.station_hash)
    if who.role is Role.candidate:
        return answer(await _candidates_brief(house, encounter, version))
    if who.role is Role.standardized_patient:
        return answer(_patients_brief(encounter, version))
    return answer(_candidate_part(encounter, version) | _patients_brief(encounter, version))


async def _candidates_brief(house: Rooms, encounter: Encounter, version: StationVersion) -> dict[str, Any]:
    if encounter.phase is Phase.waiting:
        raise NotFound("The door note is shown when the reading time begins.")
    shown = await _shown(house, encounter, version)
    return _candidate_part(encounter, version) | {
        "stimuli": [_stimulus(encounter, one) for one in version.stimuli if one.id in shown]
    }


def _candidate_part(encounter: Encounter, version: StationVersion) -> dict[str, Any]:
    return {
        "title": version.title,
        "door_note_html": markdown(version.door_note),
        "stimuli": [_stimulus(encounter, one) for one in version.stimuli],
        "note_form": version.note.model_dump(mode="json") if version.note else None,
    }


def _patients_brief(encounter: Encounter, version: StationVersion) -> dict[str, Any]:
    return {
        "title": version.title,
        "script": [
            {"kind": part.kind.value, "title": part.title, "html": markdown(part.body)} for part in version.sp_script
        ],
        "stimuli": [_stimulus(encounter, one) for one in version.stimuli],
        "rating_form": [one.model_dump(mode="json") for one in version.mark_sheet.sp_rating],
    }


def _stimulus(encounter: Encounter, stimulus: Stimulus) -> dict[str, Any]:
    return {
        "id": stimulus.id,
        "title": stimulus.title,
        "alt": stimulus.alt,
        "media_type": stimulus.media_type,
        "shown": stimulus.shown,
        "url": f"/api/encounters/{encounter.id}/stimuli/{stimulus.id}",
    }


async def _shown(house: Rooms, encounter: Encounter, version: StationVersion) -> set[str]:
    """What the candidate may see by now: from the start, from its second on, or shown by the patient."""
    shown = set(await house.exams.shown_stimuli(encounter.id))
    if encounter.phase is Phase.encounter and encounter.phase_started_ms is not None:
        elapsed = (house.clock.now_ms() - encounter.phase_started_ms) / 1000
    else:
        elapsed = 0 if encounter.phase is Phase.reading else float("inf")
    for one in version.stimuli:
        if one.shown == "start" or (isinstance(one.shown, int) and elapsed >= one.shown):
            shown.add(one.id)
    return shown


async def stimulus(request: web.Request) -> web.StreamResponse:
    """The file of a stimulus; for the candidate only once it is shown."""
    house = rooms(request)
    who = principal(request)
    encounter = await own_encounter(house, who, request.match_info["id"])
    version = await house.stations.get(encounter.station_hash)
    asked = request.match_info["stimulus"]
    found = next((one for one in version.stimuli if one.id == asked), None)
    hidden = who.role is Role.candidate and (
        encounter.phase is Phase.waiting or asked not in await _shown(house, encounter, version)
    )
    if found is None or hidden:
        raise NotFound("This material is not there, or not shown yet.")
    return stimulus_file(await house.stations.stimulus(encounter.station_hash, asked), found.media_type)


async def begin(request: web.Request) -> web.Response:
    """The organiser starts the encounter: reading time begins."""
    house, encounter = await _mine_to_run(request)
    await house.people.record(principal(request), "encounter.begin", encounter.id, {})
    return answer(await encounter_view(house, await house.day.begin(encounter.id)))


async def end_phase(request: web.Request) -> web.Response:
    """The organiser moves the encounter on before its time."""
    asked = await body(request, EndPhase)
    house, encounter = await _mine_to_run(request)
    moved = await house.day.end_phase(encounter.id, asked.expected)
    await house.people.record(principal(request), "encounter.end-phase", encounter.id, {"phase": asked.expected.value})
    return answer(await encounter_view(house, moved))


async def add_time(request: web.Request) -> web.Response:
    """Grants time in the present phase."""
    asked = await body(request, AddTime)
    house, encounter = rooms(request), await my_encounter(request)
    changed = await house.day.add_time(encounter.id, asked.seconds, asked.seen_ends_ms)
    await house.people.record(principal(request), "encounter.add-time", encounter.id, {"seconds": asked.seconds})
    return answer(await encounter_view(house, changed))


async def restart_phase(request: web.Request) -> web.Response:
    """The present phase starts again, with its whole time."""
    asked = await body(request, Seen)
    house, encounter = rooms(request), await my_encounter(request)
    changed = await house.day.restart_phase(encounter.id, asked.seen_ends_ms)
    await house.people.record(principal(request), "encounter.restart-phase", encounter.id, {"attempt": changed.attempt})
    return answer(await encounter_view(house, changed))


async def void(request: web.Request) -> web.Response:
    """Ends an encounter so that it never counts; what was recorded is kept."""
    asked = await body(request, Void)
    house, encounter = await _mine_to_run(request)
    voided = await house.day.void(encounter.id, asked.reason)
    await house.people.record(principal(request), "encounter.void", encounter.id, {"reason": asked.reason})
    return answer(await encounter_view(house, voided))


async def _mine_to_run(request: web.Request) -> tuple[Rooms, Encounter]:
    house = rooms(request)
    encounter = await own_encounter(house, principal(request), request.match_info["id"])
    if not oversees(principal(request), encounter.exam_id):
        raise NotFound("There is no such encounter in your exam.")
    return house, encounter


async def view(request: web.Request) -> web.Response:
    """The encounter, its people and its mark sheet: what the marking desk is made of."""
    house = rooms(request)
    who = principal(request)
    encounter = await marked_encounter(house, who, request.match_info["id"])
    version = await house.stations.get(encounter.station_hash)
    return answer(
        {
            "encounter": await encounter_view(house, encounter),
            "mark_sheet": version.mark_sheet.model_dump(mode="json"),
        }
    )


ROUTES = [
    Route("GET", "/api/encounters/{id}", view, Permission.read_recording, "An encounter and its mark sheet"),
    Route("GET", "/api/encounters/{id}/brief", brief, Access.signed_in, "What your role may read of the station"),
    Route(
        "GET",
        "/api/encounters/{id}/stimuli/{stimulus}",
        stimulus,
        Access.signed_in,
        "A stimulus's file",
        gives=("*/*",),
    ),
    Route("POST", "/api/encounters/{id}/begin", begin, Permission.run_exam, "Start the reading time"),
    Route("POST", "/api/encounters/{id}/end-phase", end_phase, Permission.run_exam, "Move on early", EndPhase),
    Route("POST", "/api/encounters/{id}/add-time", add_time, Permission.supervise, "Grant time", AddTime),
    Route(
        "POST",
        "/api/encounters/{id}/restart-phase",
        restart_phase,
        Permission.supervise,
        "Its phase starts again",
        Seen,
    ),
    Route("POST", "/api/encounters/{id}/void", void, Permission.run_exam, "It shall not count", Void),
]
