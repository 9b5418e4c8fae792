"""Where everybody should be now, worked out afresh from the database each time: a page never has to remember."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teleosce.exams import RUNNING, Circuit, Encounter, Outcome, Phase, ring
from teleosce.people import Role, Seat
from teleosce.rtc import PeerState
from teleosce.stations import StationVersion
from teleosce.web.context import Rooms

PAGES = {
    Role.candidate: "/station",
    Role.standardized_patient: "/patient",
    Role.examiner: "/mark",
    Role.moderator: "/moderate",
    Role.observer: "/observe",
}
FEEDBACK = "/feedback"
"""Where a candidate's link leads when the exam is over and its results are released."""
LIVE = (Phase.reading, Phase.encounter)
"""Phases in which a participant's place is in the encounter's media room."""

Present = Callable[[str], bool]


def page_of(role: Role, exam_id: str | None) -> str:
    """The page a person of this role works on."""
    return PAGES.get(role) or (f"/control/{exam_id}" if exam_id else "/")


@dataclass(frozen=True)
class Places:
    """An exam's people and encounters at one moment, read at once: from it, everybody's place."""

    seats: Mapping[str, Seat]
    encounters: Mapping[str, Encounter]
    """By id, in the order of the day."""
    versions: Mapping[str, StationVersion]
    shown: Mapping[str, list[str]]
    observers: Mapping[str, list[str]]
    present: Present
    of_seat: Mapping[str, Sequence[Encounter]]
    joining: Mapping[str, Sequence[Encounter]]
    """By encounter, those of other candidates that are held in its room."""
    circuits: Mapping[str, dict[str, Any]]

    @classmethod
    async def of(cls, rooms: Rooms, exam_id: str, present: Present) -> "Places":
        """A few queries for an exam of any size."""
        found, seats, circuits = await asyncio.gather(
            rooms.exams.encounters(exam_id), rooms.people.seats(exam_id), rooms.exams.circuits(exam_id)
        )
        encounters = {one.id: one for one in found}
        running = [one for one in encounters.values() if one.phase in RUNNING]
        of_seat: dict[str, list[Encounter]] = defaultdict(list)
        joining: dict[str, list[Encounter]] = defaultdict(list)
        for one in encounters.values():
            for seat in seats_of(one):
                of_seat[seat].append(one)
            if one.joins is not None:
                joining[one.joins].append(one)
        hashes = {one.station_hash for one in encounters.values()}
        return cls(
            seats={seat.id: seat for seat in seats},
            encounters=encounters,
            versions={one: await rooms.stations.get(one) for one in hashes},
            shown=await rooms.exams.shown_in([one.id for one in running]),
            observers={one.id: observers(rooms, one) for one in running if one.phase in LIVE},
            present=present,
            of_seat=of_seat,
            joining=joining,
            circuits=circuits_view(circuits, found),
        )

    def now(self, seat_id: str) -> Encounter | None:
        """The seat's running encounter, before others one in whose room it is; or else its first waiting one."""
        mine = self.of_seat.get(seat_id, ())
        running = [one for one in mine if one.phase in RUNNING]
        running.sort(key=lambda one: seat_id not in one.people)
        return next(iter(running), None) or next((one for one in mine if one.phase is Phase.waiting), None)

    def with_whom(self, seat_id: str) -> Iterable[str]:
        """The seats of the encounter where this one should be."""
        encounter = self.now(seat_id)
        return seats_of(encounter) if encounter else ()

    def message(self, seat_id: str) -> dict[str, Any]:
        """The `place` message for a seat: the whole truth, not a difference."""
        seat = self.seats[seat_id]
        encounter = self.now(seat_id)
        coming = (one for one in self.of_seat.get(seat_id, ()) if one.phase is Phase.waiting and one is not encounter)
        following = next(coming, None)
        return {
            "type": "place",
            "page": page_of(seat.role, seat.exam_id),
            "encounter": self.view(encounter) if encounter else None,
            "next": self._coming(following, seat.role) if following else None,
            "people": self._people(encounter, seat.role) if encounter else [],
            "held": self._held(encounter, seat) if encounter else [],
            "stimuli": self.shown.get(encounter.id, []) if encounter else [],
            "observers": self.observers.get(encounter.id, []) if encounter else [],
            "progress": self._progress(seat_id, encounter),
            "circuit": self.circuits.get(encounter.circuit) if encounter else None,
        }

    def seen(self, encounter_id: str, began_ms: int | None) -> dict[str, Any]:
        """The `encounter` message, for a page that looks in. began_ms: when the consultation did, pauses or not."""
        encounter = self.encounters[encounter_id]
        return {
            "type": "encounter",
            "encounter": self.view(encounter),
            "began_ms": began_ms,
            "people": self._people(encounter, Role.organiser),
            "observers": self.observers.get(encounter_id, []),
        }

    def view(self, encounter: Encounter) -> dict[str, Any]:
        """An encounter as pages see it."""
        return view_of(encounter, self.versions[encounter.station_hash])

    def _held(self, encounter: Encounter, seat: Seat) -> list[dict[str, str]]:
        """What is written of here, apart for each candidate: a candidate's own, all for others."""
        joining = [one for one in self.joining.get(encounter.id, ()) if one.outcome in (None, Outcome.completed)]
        return [
            {"encounter": one.id, "candidate": self.seats[one.candidate].name if one.candidate else ""}
            for one in (encounter, *joining)
            if seat.role is not Role.candidate or one.candidate == seat.id
        ]

    def _progress(self, seat_id: str, encounter: Encounter | None) -> dict[str, int]:
        """How far a person's day is: the number of the present encounter among those that count, and how many."""
        slots = list(dict.fromkeys(one.slot_id for one in self.of_seat.get(seat_id, ())))
        return {"number": slots.index(encounter.slot_id) + 1 if encounter else len(slots), "of": len(slots)}

    def _coming(self, encounter: Encounter, viewer: Role) -> dict[str, Any]:
        version = self.versions[encounter.station_hash]
        candidate = None
        if viewer is Role.standardized_patient and encounter.candidate is not None:
            assessed = (self.seats[one] for one in encounter.people if self.seats[one].role is Role.candidate)
            candidate = ", ".join(one.name for one in assessed)
        station = {"number": encounter.position, "title": version.title}
        return {"station": station, "rest": version.rest, "candidate": candidate}

    def _people(self, encounter: Encounter, viewer: Role) -> list[dict[str, Any]]:
        """Those in the encounter, under the names the viewer may know them by."""
        return [
            {
                "seat": seat.id,
                "role": seat.role.value,
                "name": name_for(viewer, seat),
                "number": seat.number,
                "present": self.present(seat.id),
            }
            for seat in (self.seats[one] for one in encounter.people)
        ]


def circuits_view(circuits: Iterable[Circuit], encounters: Collection[Encounter]) -> dict[str, dict[str, Any]]:
    """The circuits of an exam by name, as pages see them."""
    return {
        one.name: {
            "name": one.name,
            "state": one.state.value,
            "rotation": one.rotation,
            "rotations": max((each.rotation for each in encounters if each.circuit == one.name), default=0),
            "starts_ms": one.starts_ms,
            "turns_ms": ring.turns_ms(each for each in encounters if ring.is_in(one, each)) or None,
        }
        for one in circuits
    }


async def encounter_view(rooms: Rooms, encounter: Encounter) -> dict[str, Any]:
    """An encounter as pages see it."""
    return view_of(encounter, await rooms.stations.get(encounter.station_hash))


def view_of(encounter: Encounter, version: StationVersion) -> dict[str, Any]:
    """The same, where its station is at hand."""
    return {
        "id": encounter.id,
        "attempt": encounter.attempt,
        "station": {"number": encounter.position, "title": version.title},
        "rest": version.rest,
        "phase": encounter.phase.value,
        "phase_started_ms": encounter.phase_started_ms,
        "phase_ends_ms": encounter.phase_ends_ms,
        "paused_ms": encounter.paused_ms,
        "warning_ms": encounter.timings.warning_s * 1000,
        "outcome": encounter.outcome,
    }


def observers(rooms: Rooms, encounter: Encounter) -> list[str]:
    """The names of those who are in the encounter's room without a part in it."""
    return sorted(
        peer.name
        for peer in rooms.media.peers(encounter.id)
        if peer.participant not in encounter.people and peer.state is PeerState.connected
    )


def name_for(viewer: Role, seat: Seat) -> str:
    """A candidate is not told the SP's own name: they meet the patient."""
    hidden = viewer is Role.candidate and seat.role is Role.standardized_patient
    return "Patient" if hidden else seat.name


def seats_of(encounter: Encounter) -> list[str]:
    """The seats that an encounter's news concerns."""
    everybody = (*encounter.people, encounter.examiner)
    return [seat for seat in dict.fromkeys(everybody) if seat]
