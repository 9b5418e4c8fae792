"""The timetable of an exam that is made, as people read it: from its slots, so that later changes are in it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from teleosce.exams import Encounter, Exam, Exams
from teleosce.people import People, Role, Seat
from teleosce.planning.timetable import whole_ms
from teleosce.stations import StationStore

ROLES: Mapping[Role, str] = {
    Role.organiser: "organiser",
    Role.examiner: "examiner",
    Role.moderator: "moderator",
    Role.invigilator: "invigilator",
    Role.observer: "observer",
    Role.candidate: "candidate",
    Role.standardized_patient: "standardized patient",
}


@dataclass(frozen=True)
class Entry:
    """A slot with its planned times. `pause`: a rotation in which the whole circuit rests. `speaks`: a viva.

    `partner`: the other of two candidates who meet the SP together, each with an entry of their own.
    """

    circuit: str
    rotation: int
    position: int
    station: str
    rest: bool
    pause: bool
    candidate: Seat | None
    sp: Seat | None
    examiner: Seat | None
    starts_ms: int
    ends_ms: int
    speaks: bool = False
    partner: Seat | None = None

    def seats(self) -> tuple[str, ...]:
        """The ids of those who are at it."""
        return tuple(one.id for one in (self.candidate, self.sp, self.examiner) if one is not None)


@dataclass(frozen=True)
class Stretch:
    """What somebody does in one circuit, from the first bell to the last."""

    circuit: str
    starts_ms: int
    ends_ms: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Schedule:
    """An exam's people and slots. `planned`: the circuits whose start is known; others begin at 0.

    sites: of the circuits that have one.
    """

    exam: Exam
    seats: tuple[Seat, ...]
    entries: tuple[Entry, ...]
    planned: frozenset[str]
    sites: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_circuit(self) -> dict[str, list[Entry]]:
        """The circuits, first those that begin first."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in sorted(self.entries, key=lambda one: (one.starts_ms, one.circuit, one.position)):
            found[entry.circuit].append(entry)
        return dict(found)

    @cached_property
    def _by_seat(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in sorted(self.entries, key=lambda one: one.starts_ms):
            for seat in entry.seats():
                found[seat].append(entry)
        return dict(found)

    def of(self, seat: Seat) -> list[Stretch]:
        """What somebody does, circuit after circuit; nothing for those who are at no station."""
        circuits: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._by_seat.get(seat.id, []):
            circuits[entry.circuit].append(entry)
        return [Stretch(name, its[0].starts_ms, its[-1].ends_ms, tuple(its)) for name, its in circuits.items()]

    def ends_ms(self) -> int | None:
        """When the last circuit that is planned ends."""
        return max((one.ends_ms for one in self.entries if one.circuit in self.planned), default=None)

    def clock(self, at_ms: int, circuit: str, zone: str = "") -> str:
        """The time of the day in a zone (the school's when none is named), or since the start when none is planned."""
        if circuit not in self.planned:
            return f"+{at_ms // 3_600_000}:{at_ms // 60_000 % 60:02}"
        return f"{local(at_ms, zone or self.exam.zone):%H:%M}"

    def day(self, at_ms: int, circuit: str, zone: str = "") -> str:
        """The date in words; empty when none is planned."""
        if circuit not in self.planned:
            return ""
        at = local(at_ms, zone or self.exam.zone)
        return f"{at:%A} {at.day} {at:%B %Y}"


def local(at_ms: int, zone: str) -> datetime:
    """A moment as the clocks in a zone show it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))


def place_name(zone: str) -> str:
    """A zone as people call it: “London (Europe/London)”."""
    return f"{zone.rpartition('/')[2].replace('_', ' ')} ({zone})"


async def schedule_of(exams: Exams, people: People, stations: StationStore, exam_id: str) -> Schedule:
    """Raises NotFound. Re-runs are not in it: it is what was planned."""
    exam = await exams.exam(exam_id)
    seats = {one.id: one for one in await people.seats(exam_id)}
    firsts = [one for one in await exams.encounters(exam_id) if one.attempt == 1]
    circuits = await exams.circuits(exam_id)
    starts = {circuit.name: circuit.starts_ms for circuit in circuits}
    spans = _spans(firsts, starts)
    titles = {one: await stations.get(one) for one in {encounter.station_hash for encounter in firsts}}
    pauses = _pauses(firsts, {one for one, version in titles.items() if version.rest})
    by_id = {one.id: one for one in firsts}
    joining = {one.joins: one for one in firsts if one.joins is not None}
    partners = {
        one.id: by_id[one.joins].candidate if one.joins else joining[one.id].candidate
        for one in firsts
        if one.joins or one.id in joining
    }
    entries = tuple(
        Entry(
            one.circuit,
            one.rotation,
            one.position,
            titles[one.station_hash].title,
            titles[one.station_hash].rest,
            (one.circuit, one.rotation) in pauses,
            seats.get(one.candidate or ""),
            seats.get(by_id[one.room].sp or ""),
            seats.get(one.examiner or ""),
            *spans[one.circuit, one.rotation],
            speaks=one.examiner in by_id[one.room].extra,
            partner=seats.get(partners.get(one.id) or ""),
        )
        for one in firsts
    )
    known = frozenset(name for name, at_ms in starts.items() if at_ms is not None)
    sites = {circuit.name: circuit.site for circuit in circuits if circuit.site}
    return Schedule(exam, tuple(seats.values()), entries, known, sites)


def _spans(firsts: Sequence[Encounter], starts: Mapping[str, int | None]) -> dict[tuple[str, int], tuple[int, int]]:
    """When each rotation of each circuit begins and ends, if all goes as planned: it is as long as its longest."""
    lengths: dict[str, dict[int, int]] = defaultdict(dict)
    for one in firsts:
        its = lengths[one.circuit]
        its[one.rotation] = max(its.get(one.rotation, 0), whole_ms(one.timings))
    found = {}
    for circuit, rotations in lengths.items():
        at_ms = starts.get(circuit) or 0
        for rotation in sorted(rotations):
            found[circuit, rotation] = (at_ms, at_ms + rotations[rotation])
            at_ms += rotations[rotation]
    return found


def _pauses(firsts: Sequence[Encounter], rests: set[str]) -> set[tuple[str, int]]:
    working = {(one.circuit, one.rotation) for one in firsts if one.station_hash not in rests}
    return {(one.circuit, one.rotation) for one in firsts} - working
