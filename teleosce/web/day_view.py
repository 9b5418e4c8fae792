"""An exam's day as the control room shows it: circuits, encounters and people, each an entry under its id.

A board is the whole truth, made by a few queries whatever the size of the exam; pages are sent what differs from the
board before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from teleosce.exams import RUNNING, Encounter, Identified, exam_state
from teleosce.people import Role, Seat
from teleosce.rtc import PeerHealth
from teleosce.scoring import SHUT, Form, Kind, layout_of
from teleosce.web.context import Rooms
from teleosce.web.place import LIVE, circuits_view, encounter_view, observers, seats_of

Entry = dict[str, Any]
NOT_RECORDED = {"state": "none", "seconds": 0}
NOT_ASKED_FOR = {"state": "waiting", "done": 0.0, "message": "The recording has not been closed yet."}
NOT_MARKED = {"state": "none", "marked": 0, "total": 0, "live": False}
SENDING_MS = 3000
MET = (Role.candidate, Role.standardized_patient)


class Notices(Protocol):
    """What the hub knows of each seat."""

    health: dict[str, dict[str, Any]]

    def present(self, seat_id: str) -> bool:
        """Whether a page of this seat is open."""


@dataclass(frozen=True)
class Board:
    """The day at one moment. `parts` are entries by part (`circuits`, `encounters`, `people`) and by their key."""

    now_ms: int
    exam: Entry
    alarms: list[Entry]
    parts: Mapping[str, Mapping[str, Entry]]

    def message(self, before: "Board | None" = None) -> dict[str, Any]:
        """The `day` message: whole, or what differs from the board before. Nothing of a day ever goes away."""
        older = before.parts if before else {part: {} for part in self.parts}
        changed = {
            part: [entry for key, entry in entries.items() if older[part].get(key) != entry]
            for part, entries in self.parts.items()
        }
        head = {"type": "day", "whole": before is None, "now_ms": self.now_ms, "exam": self.exam, "alarms": self.alarms}
        return head | changed


class Boards:
    """Makes boards, and remembers of the marks what has not changed since."""

    def __init__(self, rooms: Rooms, notices: Notices) -> None:
        self._rooms, self._notices = rooms, notices
        self._marking: dict[str, tuple[tuple[int, ...], Entry]] = {}

    async def board(self, exam_id: str) -> Board:
        """The day of an exam as it is now. Raises NotFound."""
        rooms = self._rooms
        exam = await rooms.exams.exam(exam_id)
        encounters = await rooms.exams.encounters(exam_id)
        circuits = await rooms.exams.circuits(exam_id)
        seats = await rooms.people.seats(exam_id)
        state = exam_state(one.state for one in circuits)
        return Board(
            rooms.clock.now_ms(),
            {"id": exam.id, "title": exam.title, "zone": exam.zone, "state": state.value},
            self._of_server({one.id for one in encounters}),
            {
                "circuits": circuits_view(circuits, encounters),
                "encounters": await self._encounters(encounters),
                "people": await self._people(exam_id, seats, encounters),
                "incidents": await self._incidents(exam_id, seats),
            },
        )

    def _of_server(self, encounter_ids: set[str]) -> list[Entry]:
        """What is wrong with disks and recordings: a disk is everybody's, a damaged take is its exam's."""
        return [
            {"text": one.message, "take": one.take_id, "encounter": one.encounter_id if one.take_id else None}
            for one in self._rooms.recordings.alarms()
            if one.take_id is None or one.encounter_id in encounter_ids
        ]

    async def _encounters(self, encounters: Sequence[Encounter]) -> dict[str, Entry]:
        ids = [one.id for one in encounters]
        by_id = {one.id: one for one in encounters}
        recordings = await self._rooms.recordings.progress(ids)
        transcripts = await self._rooms.transcripts.statuses(ids)
        alarms: dict[str, list[Entry]] = defaultdict(list)
        for alarm in await self._rooms.watching.history(ids):
            told = {"kind": alarm.kind.value, "since_ms": alarm.since_ms, "until_ms": alarm.until_ms}
            alarms[alarm.encounter_id].append({"seat": alarm.participant_id} | told)
        marking = await self._marks(encounters)
        found = {}
        for one in encounters:
            transcript = transcripts.get(one.room)
            recording = recordings.get(one.room)
            room = by_id.get(one.room, one)
            # Of another candidate's encounter that is held in the same room: they, and whom they met there.
            others = {seat for seat in (room.candidate, *room.assessed) if seat != one.candidate}
            seats = seats_of(one) if room is one else [seat for seat in seats_of(room) if seat not in others]
            found[one.id] = {
                **await encounter_view(self._rooms, one),
                "slot": one.slot_id,
                "rotation": one.rotation,
                "circuit": one.circuit,
                "seats": seats,
                "joins": one.joins,
                "observers": observers(self._rooms, room) if one.phase in LIVE else [],
                "alarms": alarms[one.room],
                "recording": recording._asdict() if recording else NOT_RECORDED,
                "transcript": {
                    "state": transcript.state.value,
                    "done": round(transcript.done, 2),
                    "message": transcript.message,
                }
                if transcript
                else NOT_ASKED_FOR,
                "marking": marking.get(one.id, NOT_MARKED),
            }
        return found

    async def _marks(self, encounters: Sequence[Encounter]) -> dict[str, Entry]:
        stamps = await self._rooms.forms.stamps([one.id for one in encounters])
        known = {one: told for one, (stamp, told) in self._marking.items() if stamps.get(one) == stamp}
        unknown = {one.id: one for one in encounters if one.id in stamps and one.id not in known}
        for encounter_id, forms in (await self._rooms.forms.of_encounters(list(unknown))).items():
            told = await self._marked(unknown[encounter_id], forms)
            self._marking[encounter_id] = (stamps[encounter_id], told)
            known[encounter_id] = told
        return known

    async def _marked(self, encounter: Encounter, forms: Iterable[Form]) -> Entry:
        marks = [form for form in forms if form.kind is Kind.mark]
        if not marks:
            return NOT_MARKED
        layout = layout_of(await self._rooms.stations.get(encounter.station_hash))
        # A second marking that has begun takes nothing from a mark that is submitted.
        mark = next((form for form in marks if form.state in SHUT), marks[-1])
        progress = self._rooms.forms.progress(mark, layout)
        span = await self._rooms.ledger.consultation(encounter.id)
        live = span is None or mark.created_ms <= span[1]
        return {"state": mark.state.value, "marked": progress.marked, "total": progress.total, "live": live}

    async def _people(self, exam_id: str, seats: Sequence[Seat], encounters: Sequence[Encounter]) -> dict[str, Entry]:
        rooms = self._rooms
        consented = await rooms.people.consented(exam_id)
        checks = await rooms.people.equipment_checks(exam_id)
        identified = await rooms.ledger.identified(exam_id)
        peers = {
            peer.participant: peer for one in encounters if one.phase in RUNNING for peer in rooms.media.peers(one.id)
        }
        speaking = {one for encounter in encounters for one in encounter.extra}
        alarms: dict[str, list[Entry]] = defaultdict(list)
        for alarm in rooms.watching.alarms():
            alarms[alarm.participant_id].append({"kind": alarm.kind.value, "since_ms": alarm.since_ms})
        return {
            seat.id: {
                **self._person(seat, peers.get(seat.id)),
                "on_camera": seat.role in MET or seat.id in speaking,
                "consented": seat.id in consented,
                "check": checks[seat.id]["verdict"] if seat.id in checks else None,
                "identified": _identified(identified.get(seat.id)),
                "alarms": alarms[seat.id],
            }
            for seat in seats
        }

    async def _incidents(self, exam_id: str, seats: Sequence[Seat]) -> dict[str, Entry]:
        found = {}
        names = {seat.id: seat.name for seat in seats}
        for one in await self._rooms.ledger.incidents(exam_id):
            found[one.id] = {
                "id": one.id,
                "encounter": one.encounter_id,
                "seat": one.seat_id,
                "kind": one.kind.value,
                "opened_ms": one.opened_ms,
                "closed_ms": one.closed_ms,
                "lost_audio_ms": one.lost_audio_ms,
                "lost_video_ms": one.lost_video_ms,
                "proposal": one.proposal.value,
                "decision": one.decision.value if one.decision else None,
                # Of a seat; staff with an account are the organisers.
                "decided_by": names.get(one.decided_by or ""),
                "decided_ms": one.decided_ms,
                "carried_out": one.carried_out,
                "note": one.note,
            }
        return found

    def _person(self, seat: Seat, peer: PeerHealth | None) -> Entry:
        microphone, camera = self._rooms.watching.devices(seat.id)
        return {
            "seat": seat.id,
            "role": seat.role.value,
            "name": seat.name,
            "number": seat.number,
            "present": self._notices.present(seat.id),
            "microphone": microphone,
            "camera": camera,
            "media": self._media(peer, self._notices.health.get(seat.id)) if peer else None,
        }

    def _media(self, peer: PeerHealth, told: dict[str, Any] | None) -> Entry:
        now_ms = self._rooms.clock.now_ms()
        trip = peer.round_trip_ms
        return {
            "state": peer.state.value,
            "sending": peer.last_packet_ms is not None and now_ms - peer.last_packet_ms < SENDING_MS,
            "receiving": bool(told and told.get("receiving")),
            # As fine as anybody reads it: a figure that flickers would be sent each time.
            "loss": round(peer.loss, 2),
            "round_trip_ms": None if trip is None else round(trip, -1),
        }


def _identified(known: Identified | None) -> Entry | None:
    return {"how": known.how, "at_ms": known.at_ms} if known else None
