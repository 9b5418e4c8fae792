"""From a plan to who is where when. Pure: no clock, no database.

In each ring candidate i is at station i + k in rotation k, so all are at every station once and nobody shares one. A
station for two takes two places of the ring, its own and that of the rest behind it: neighbours, who stand at the two
at once, meet there in one rotation, and each rests in the other. A ring that has gaps begins where the gaps serve its
breaks best; where they do not serve, the ring rests for a while: a rotation of rest for all, which the clock of the day
runs like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from teleosce.exams import LATER_ROUND, Timings
from teleosce.planning.models import ExamPlan
from teleosce.planning.sharing import RingPlan, share
from teleosce.planning.wishes import Wish, best_time
from teleosce.stations import Timings as StationTimings


class Known(Protocol):
    """What a timetable needs of a station version."""

    @property
    def hash(self) -> str:
        """SHA-256 of its files."""

    @property
    def title(self) -> str:
        """As people know it."""

    @property
    def rest(self) -> bool:
        """Whether nothing happens there."""

    @property
    def candidates(self) -> int:
        """How many meet there at once: 1 or 2."""

    @property
    def timings(self) -> StationTimings:
        """How long its phases are."""


Bank = Mapping[str, Known]
"""Stations by what a plan may call them: folder name and version hash."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A planned slot. `candidate` counts from 0 in the plan; `position` and `rotation` from 1.

    `circuit` is the ring's own name: that of a later round differs. `pause`: a rotation of rest for the whole ring.
    `speaks`: the examiner is in the room, and not at the recording alone. `met_at`: the number of the station, where it
    is not that of the place. `joins`: the place of another candidate, in whose room this one is met.
    """

    circuit: str
    rotation: int
    position: int
    station: str
    candidate: int
    sp: str
    examiner: str
    rest: bool
    pause: bool
    starts_ms: int
    ends_ms: int
    timings: Timings
    speaks: bool = False
    met_at: int | None = None
    joins: int | None = None

    @property
    def number(self) -> int:
        """The number of the station."""
        return self.met_at or self.position

    @property
    def cast(self) -> tuple[tuple[str, str], ...]:
        """Role and name of the staff who must be in its room: they cannot be in another."""
        met = (("sp", self.sp), ("examiner", self.examiner if self.speaks else ""))
        return tuple((role, name) for role, name in met if name)


@dataclass(frozen=True, slots=True)
class Ring:
    """One round of one circuit, which the day runs as a circuit of its own. `planned`: whether its start is known."""

    circuit: str
    of: str
    round: int
    planned: bool
    starts_ms: int
    ends_ms: int
    rotations: range
    candidates: tuple[int, ...]


@dataclass(frozen=True)
class Timetable:
    """All rings by start, their visits, and the candidates for whom there is no place."""

    rings: tuple[Ring, ...]
    visits: tuple[Visit, ...]
    left_out: tuple[int, ...]


def timetable(plan: ExamPlan, bank: Bank) -> Timetable:
    """The timetable of a plan, as good as it can be made: `conflicts` says what is wrong with it.

    Without a start time the day begins at 0. A station that the bank does not have takes the usual time.
    """
    sharing = share(plan)
    made: list[Ring] = []
    visits: list[Visit] = []
    known = {name: one.timings for name, one in bank.items()}
    rests = {name for name, one in bank.items() if one.rest}
    twos = {name for name, one in bank.items() if one.candidates == 2}
    maker = _Maker(plan, known, rests, twos)
    for ring_plan in sharing.rings:
        ring, its = maker.ring(ring_plan, made)
        made.append(ring)
        visits += its
    order = sorted(made, key=lambda ring: (ring.starts_ms, ring.rotations.start, ring.circuit))
    return Timetable(tuple(order), tuple(visits), sharing.left_out)


def clock_of(plan: ExamPlan, starts: Sequence[datetime], round_: int, after_ms: int | None) -> tuple[int, bool]:
    """When a round begins, and whether that is a time of day: as planned, else right after the round before."""
    if len(starts) >= round_:
        return plan.utc_ms(starts[round_ - 1]), True
    if after_ms is not None:
        return after_ms, bool(starts)
    return 0, False


@dataclass
class _Maker:
    plan: ExamPlan
    known: Mapping[str, StationTimings]
    rests: set[str]
    twos: set[str]

    def __post_init__(self) -> None:
        self.size = len(self.plan.stations)
        self.rest_at = {at for at, one in enumerate(self.plan.stations) if one.station in self.rests}
        behind = {at: (at + 1) % self.size for at, one in enumerate(self.plan.stations) if one.station in self.twos}
        self.behind = {at: rest for at, rest in behind.items() if rest in self.rest_at}
        """Stations for two, with the rest behind each; counted from 0."""
        self.before = {rest: at for at, rest in self.behind.items()}
        self.rest = next((one.station for one in self.plan.stations if one.station in self.rests), "rest")
        self.stretched: dict[tuple[int, int], Timings] = {}
        self.people = {(person.role, person.name): person for person in self.plan.people}

    def ring(self, wanted: RingPlan, before: Sequence[Ring]) -> tuple[Ring, list[Visit]]:
        same = [one for one in before if one.of == wanted.of]
        circuit = next(one for one in self.plan.rings if one.name == wanted.of)
        starts = circuit.starts or self.plan.starts
        after = same[-1].ends_ms if same else None
        start, planned = clock_of(self.plan, starts, wanted.round, after)
        wishes = self.wishes(wanted.of, start) if planned else []
        shifts = range(self.size) if wishes and len(wanted.candidates) < self.size else range(1)
        shift, begins = best_time(
            start,
            shifts,
            lambda by: self.working(wanted, by),
            lambda pairs: whole_ms(self.longest(wanted, pairs)),
            wishes,
        )
        first = 1 + max((one.rotations.stop - 1 for one in self.sharing(wanted.of, before)), default=0)
        visits = list(self.visits(wanted, shift, start, begins, first))
        ends = max((visit.ends_ms for visit in visits), default=start)
        count = max((visit.rotation for visit in visits), default=first - 1) - first + 1
        name = wanted.of if wanted.round == 1 else f"{wanted.of}{LATER_ROUND}{wanted.round}"
        rotations = range(first, first + count)
        ring = Ring(name, wanted.of, wanted.round, planned, start, ends, rotations, wanted.candidates)
        return ring, [replace(visit, circuit=name) for visit in visits] if name != wanted.of else visits

    def sharing(self, circuit: str, before: Sequence[Ring]) -> list[Ring]:
        """The rings before with somebody of this circuit: nobody has two slots of one rotation number."""
        mine = self.staff(circuit)
        return [one for one in before if one.of == circuit or mine & self.staff(one.of)]

    def staff(self, circuit: str) -> set[tuple[str, str]]:
        return {who for at in range(self.size) for who in self.met_at(circuit, at)}

    def met_at(self, circuit: str, at: int) -> list[tuple[str, str]]:
        """Role and name of those whom candidates meet at a station (counted from 0)."""
        if at in self.rest_at:
            return []
        speaks = self.plan.stations[at].examiner_speaks
        examiner = self.plan.examiner_at(circuit, at + 1) if speaks else ""
        return [
            (role, name) for role, name in (("sp", self.plan.sp_at(circuit, at + 1)), ("examiner", examiner)) if name
        ]

    def timings(self, at: int, extra_percent: int) -> Timings:
        """The lengths at a station (counted from 0) for somebody with so much extra time."""
        key = (at, extra_percent)
        if key not in self.stretched:
            station = self.plan.stations[at]
            own = self.known.get(station.station, StationTimings()).model_dump()
            own |= self.plan.phases.model_dump(exclude_none=True) | station.phases.model_dump(exclude_none=True)
            self.stretched[key] = stretch(Timings(**own), extra_percent)
        return self.stretched[key]

    def working(self, wanted: RingPlan, shift: int) -> list[list[tuple[int, int]]]:
        """By rotation: (place in the ring's candidates, station) of each visit."""
        return [
            [
                (index, self.met(index, (index + shift + rotation) % self.size))
                for index in range(len(wanted.candidates))
            ]
            for rotation in range(self.size if wanted.candidates else 0)
        ]

    def met(self, index: int, at: int) -> int:
        """The station that somebody sits when they stand at a place: of two, the second has it from the rest behind."""
        if index % 2:
            return self.behind.get(at, self.before.get(at, at))
        return at

    def extra_of(self, wanted: RingPlan, index: int, at: int) -> int:
        """The extra time at a station: of two who meet there, the longer one counts for both."""
        pair = wanted.candidates[index - index % 2 :][:2] if at in self.behind else (wanted.candidates[index],)
        return max(self.plan.candidates[one].extra_percent for one in pair)

    def wishes(self, circuit: str, start: int) -> list[Wish]:
        """The breaks of those whom candidates meet in the circuit, on the day on which it starts."""
        zone = ZoneInfo(self.plan.zone)
        day = datetime.fromtimestamp(start / 1000, UTC).astimezone(zone).date()
        found = []
        for at in range(self.size):
            people = [self.people[who] for who in self.met_at(circuit, at) if who in self.people]
            for one in (wanted for person in people for wanted in person.breaks):
                opens, closes = (self.plan.utc_ms(datetime.combine(day, when)) for when in (one.opens, one.closes))
                if closes > opens:
                    needs = closes - opens if one.minutes is None else one.minutes * 60_000
                    found.append(Wish(at, opens, closes, needs))
        return found

    def visits(self, wanted: RingPlan, shift: int, start: int, begins: Sequence[int], first: int) -> list[Visit]:
        made: list[Visit] = []
        number, ends = first, start
        for rotation, pairs in enumerate(self.working(wanted, shift)):
            places = [(index, (index + shift + rotation) % self.size) for index, _ in pairs]
            if begins[rotation] > ends:
                made += self.pause(wanted, places, number, ends, begins[rotation])
                number += 1
            at_ms = begins[rotation]
            longest = self.longest(wanted, pairs)
            ends = at_ms + whole_ms(longest)
            for (index, at), (_, place) in zip(pairs, places, strict=True):
                candidate = wanted.candidates[index]
                rest = at in self.rest_at
                joins = at in self.behind and at != place
                timings = longest if rest else self.timings(at, self.extra_of(wanted, index, at))
                sp = "" if rest or joins else self.plan.sp_at(wanted.of, at + 1)
                examiner = "" if rest else self.plan.examiner_at(wanted.of, at + 1)
                station = self.plan.stations[at]
                made.append(
                    Visit(
                        wanted.of,
                        number,
                        place + 1,
                        station.station,
                        candidate,
                        sp,
                        examiner,
                        rest,
                        False,
                        at_ms,
                        ends,
                        timings,
                        not rest and not joins and station.examiner_speaks,
                        met_at=None if at == place else at + 1,
                        joins=at + 1 if joins else None,
                    )
                )
            number += 1
        return made

    def pause(
        self, wanted: RingPlan, pairs: Sequence[tuple[int, int]], number: int, from_ms: int, to_ms: int
    ) -> list[Visit]:
        timings = Timings(0, (to_ms - from_ms + 999) // 1000, 0, 0, 0)
        return [
            Visit(
                wanted.of,
                number,
                at + 1,
                self.rest,
                wanted.candidates[index],
                "",
                "",
                True,
                True,
                from_ms,
                to_ms,
                timings,
            )
            for index, at in pairs
        ]

    def longest(self, wanted: RingPlan, pairs: Sequence[tuple[int, int]]) -> Timings:
        """The timings that hold a rotation longest; a rest takes them, so that its bells are everyone's."""
        working = [self.timings(at, self.extra_of(wanted, index, at)) for index, at in pairs if at not in self.rest_at]
        return max(working, key=whole_ms, default=None) or self.timings(pairs[0][1], 0)


def stretch(timings: Timings, extra_percent: int) -> Timings:
    """Reading, encounter and note longer by a share, rounded up to whole seconds; the changeover is the ring's."""
    longer = {
        name: -(-getattr(timings, name) * (100 + extra_percent) // 100)
        for name in ("reading_s", "encounter_s", "note_s")
    }
    return replace(timings, **longer)


def whole_ms(timings: Timings) -> int:
    """From the first second of reading to the end of the changeover."""
    return 1000 * (timings.reading_s + timings.encounter_s + timings.note_s + timings.changeover_s)
