"""The organiser's view of an exam: every encounter with its people, its recording, its transcript and its marking."""

from typing import Any, Protocol

from teleosce.exams import Encounter
from teleosce.rtc import PeerHealth
from teleosce.scoring import Kind, layout_of
from teleosce.watching import Alarm
from teleosce.web.context import Rooms
from teleosce.web.place import encounter_view


class Notices(Protocol):
    """What the hub knows of each seat."""

    health: dict[str, dict[str, Any]]

    def present(self, seat_id: str) -> bool:
        """Whether a page of this seat is open."""


async def day(rooms: Rooms, hub: Notices, exam_id: str) -> dict[str, Any]:
    """The `day` message."""
    exam = await rooms.exams.exam(exam_id)
    encounters = await rooms.exams.encounters(exam_id)
    incidents = await rooms.watching.history([one.id for one in encounters])
    return {
        "type": "day",
        "exam": {"id": exam.id, "title": exam.title, "zone": exam.zone},
        "now_ms": rooms.clock.now_ms(),
        "alarms": [alarm.message for alarm in rooms.recordings.alarms()],
        "encounters": [
            await _row(rooms, hub, one, [each for each in incidents if each.encounter_id == one.id])
            for one in encounters
        ],
    }


async def _row(rooms: Rooms, hub: Notices, encounter: Encounter, incidents: list[Alarm]) -> dict[str, Any]:
    return {
        **await encounter_view(rooms, encounter),
        "slot": encounter.slot_id,
        "rotation": encounter.rotation,
        "circuit": encounter.circuit,
        "people": [
            await _person(rooms, hub, encounter, seat_id)
            for seat_id in (encounter.candidate, encounter.sp, encounter.examiner)
            if seat_id
        ],
        "incidents": [
            {"seat": one.participant_id, "kind": one.kind.value, "since_ms": one.since_ms, "until_ms": one.until_ms}
            for one in incidents
        ],
        "recording": await _recording(rooms, encounter),
        "transcript": await _transcript(rooms, encounter),
        "marking": await _marking(rooms, encounter),
    }


async def _person(rooms: Rooms, hub: Notices, encounter: Encounter, seat_id: str) -> dict[str, Any]:
    seat = await rooms.people.seat(seat_id)
    peer = next((one for one in rooms.media.peers(encounter.id) if one.participant == seat_id), None)
    check = await rooms.people.equipment_check(seat_id)
    microphone, camera = rooms.watching.devices(seat_id)
    return {
        "seat": seat.id,
        "role": seat.role.value,
        "name": seat.name,
        "number": seat.number,
        "present": hub.present(seat_id),
        "consented": await rooms.people.has_consented(seat_id),
        "check": check["verdict"] if check else None,
        "alarms": [
            {"kind": one.kind.value, "since_ms": one.since_ms}
            for one in rooms.watching.alarms()
            if one.participant_id == seat_id and one.encounter_id == encounter.id
        ],
        "microphone": microphone,
        "camera": camera,
        "media": _media(rooms, peer, hub.health.get(seat_id)) if peer else None,
    }


def _media(rooms: Rooms, peer: PeerHealth, told: dict[str, Any] | None) -> dict[str, Any]:
    now = rooms.clock.now_ms()
    return {
        "state": peer.state.value,
        "sending": peer.last_packet_ms is not None and now - peer.last_packet_ms < 3000,
        "receiving": bool(told and told.get("receiving")),
        "loss": round(peer.loss, 4),
        "round_trip_ms": peer.round_trip_ms,
    }


async def _recording(rooms: Rooms, encounter: Encounter) -> dict[str, Any]:
    manifest = await rooms.recordings.manifest(encounter.id)
    if manifest is not None:
        gone = manifest.takes and all(take.state == "deleted" for take in manifest.takes)
        return {"state": "deleted" if gone else "sealed", "seconds": round(manifest.duration_ms / 1000)}
    if rooms.recordings.is_recording(encounter.id):
        return {"state": "recording", "seconds": rooms.recordings.seconds_on_disk(encounter.id)}
    return {"state": "sealing" if await rooms.recordings.takes(encounter.id) else "none", "seconds": 0}


async def _transcript(rooms: Rooms, encounter: Encounter) -> dict[str, Any]:
    progress = await rooms.transcripts.status(encounter.id)
    return {"state": progress.state.value, "done": progress.done, "message": progress.message}


async def _marking(rooms: Rooms, encounter: Encounter) -> dict[str, Any]:
    forms = [form for form in await rooms.forms.of_encounter(encounter.id) if form.kind is Kind.mark]
    if not forms:
        return {"state": "none", "marked": 0, "total": 0}
    layout = layout_of(await rooms.stations.get(encounter.station_hash))
    progress = rooms.forms.progress(forms[-1], layout)
    return {"state": forms[-1].state.value, "marked": progress.marked, "total": progress.total}
