"""The course of a day: who should be where with whom in each rotation, and how fast a rehearsal runs it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from teleosce.core.errors import Invalid
from teleosce.exams import Timings
from teleosce.planning import Visit
from teleosce.planning.timetable import stretch

COMPRESS = 20.0
"""How much faster than planned a day is rehearsed, unless something else is asked for."""
PHASES = ("reading", "encounter", "note", "changeover")


@dataclass(frozen=True)
class Pace:
    """Either all lengths divided by `compress`, or the given `seconds` of each phase, longer for who has extra time.

    A phase that a station does without stays away; none other is shorter than a second.
    """

    compress: float = 1.0
    seconds: Mapping[str, int] | None = None

    def of(self, visit: Visit, extra_percent: int) -> Timings:
        """The lengths of a visit in the rehearsal."""
        planned = visit.timings
        lengths = {name: getattr(planned, f"{name}_s") for name in PHASES}
        if self.seconds is not None and not visit.pause:
            given = {name: self.seconds.get(name, length) for name, length in lengths.items()}
            fresh = _timings({name: given[name] if lengths[name] else 0 for name in PHASES}, given["encounter"] // 4)
            return stretch(fresh, extra_percent)
        by = 60.0 if self.seconds is not None else self.compress
        shorter = {name: max(1, round(length / by)) if length else 0 for name, length in lengths.items()}
        return _timings(shorter, round(planned.warning_s / by))


def _timings(lengths: Mapping[str, int], warning_s: int) -> Timings:
    return Timings(lengths["reading"], lengths["encounter"], lengths["note"], lengths["changeover"], warning_s)


def read_seconds(text: str) -> dict[str, int]:
    """`reading=2,encounter=12`: seconds by phase. Raises Invalid with what can be written."""
    found = {}
    for part in text.split(","):
        name, _, digits = part.strip().partition("=")
        if name not in PHASES or not digits.isdecimal() or not 1 <= int(digits) <= 7200:
            raise Invalid(
                f"“{part.strip()}” is no length of a phase. It is written reading=2,encounter=12,note=3,changeover=2, "
                "in whole seconds; a phase that is left out keeps its planned length.",
                code="phase-seconds",
            )
        found[name] = int(digits)
    return found


@dataclass(frozen=True)
class Stop:
    """One encounter of the day as planned: seats, and lengths in seconds. sp: in a viva the examiner.

    second: of two candidates who meet there at once, the one whose own encounter, `joined`, is held in this one's room.
    """

    encounter: str
    circuit: str
    rotation: int
    position: int
    rest: bool
    candidate: str
    sp: str | None
    examiner: str | None
    timings: Timings
    second: str | None = None
    joined: str | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """One, or two."""
        return (self.candidate, *((self.second,) if self.second else ()))

    @property
    def encounters(self) -> tuple[str, ...]:
        """One for each candidate."""
        return (self.encounter, *((self.joined,) if self.joined else ()))

    @property
    def room(self) -> tuple[str, ...]:
        """The seats of those who meet."""
        return (*self.candidates, *((self.sp,) if self.sp else ()))

    @property
    def seats(self) -> tuple[str, ...]:
        """They, and the examiner."""
        return (*self.room, *((self.examiner,) if self.examiner else ()))

    def phases(self) -> list[tuple[str, int]]:
        """Its phases in order, each with the second of the rotation at which it begins."""
        found, at = [], 0
        for name in PHASES:
            length = getattr(self.timings, f"{name}_s")
            if length:
                found.append((name, at))
                at += length
        return found


@dataclass(frozen=True)
class Seated:
    """Somebody with a link. `path` follows the server's address."""

    seat: str
    role: str
    path: str


@dataclass(frozen=True)
class Course:
    """The whole day: everybody, and every encounter, by circuit, rotation and position."""

    exam: str
    title: str
    people: tuple[Seated, ...]
    stops: tuple[Stop, ...]
    waves: tuple[tuple[str, ...], ...]
    """Circuits that begin together: all first rounds, then all second ones."""

    @cached_property
    def by_encounter(self) -> dict[str, Stop]:
        """The encounters by their ids."""
        return {one.encounter: one for one in self.stops}

    @cached_property
    def by_seat(self) -> dict[str, list[Stop]]:
        """Everybody's day."""
        found: dict[str, list[Stop]] = {}
        for one in sorted(self.stops, key=lambda stop: (stop.rotation, stop.circuit, stop.position)):
            for seat in one.seats:
                found.setdefault(seat, []).append(one)
        return found

    @cached_property
    def circuits(self) -> dict[str, range]:
        """The rotations of each circuit."""
        found: dict[str, set[int]] = {}
        for one in self.stops:
            found.setdefault(one.circuit, set()).add(one.rotation)
        return {name: range(min(numbers), max(numbers) + 1) for name, numbers in sorted(found.items())}

    def until(self, rotations: int | None) -> "Course":
        """Only the first rotations of the circuits that begin first."""
        if rotations is None:
            return self
        first = {name: numbers.start for name, numbers in self.circuits.items() if name in self.waves[0]}
        stops = (one for one in self.stops if one.circuit in first)
        stops = (one for one in stops if one.rotation < first[one.circuit] + rotations)
        return replace(self, stops=tuple(stops), waves=self.waves[:1])

    def length_s(self) -> int:
        """From the first bell to the last changeover, as planned."""
        longest: dict[tuple[str, int], int] = {}
        for one in self.stops:
            whole = sum(getattr(one.timings, f"{name}_s") for name in PHASES)
            key = (one.circuit, one.rotation)
            longest[key] = max(whole, longest.get(key, 0))
        whole_of = {
            name: sum(length for (circuit, _), length in longest.items() if circuit == name) for name in self.circuits
        }
        return sum(max((whole_of.get(name, 0) for name in wave), default=0) for wave in self.waves)


def at_once(stops: Iterable[Stop]) -> int:
    """How many encounters there are in the fullest rotation."""
    count: dict[int, int] = {}
    for one in stops:
        if not one.rest:
            count[one.rotation] = count.get(one.rotation, 0) + 1
    return max(count.values(), default=0)
