"""What everybody's page was told in a day, when, and whether it is what the timetable says."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from teleosce.rehearsal.course import Course, Stop
from teleosce.rehearsal.facts import Boundary
from teleosce.rehearsal.tag import tag_of

LIVE = ("reading", "encounter")
RUNNING = (*LIVE, "note", "changeover")
MOST = 40
"""So many wrong places are written down; of more than that nobody learns more."""


@dataclass(frozen=True)
class News:
    """A page was told of a phase at `at`, on `time.monotonic()`. began_ms: when it began, by the server."""

    seat: str
    stop: Stop
    phase: str
    at: float
    began_ms: int


class Chronicle:
    """`told` hears each place of each page. names: how people are called in what is found."""

    def __init__(self, course: Course, names: dict[str, str]) -> None:
        self._course, self._names = course, names
        self.news: list[News] = []
        self.wrong: list[str] = []
        self.checked = 0
        self.first: dict[tuple[str, str], float] = {}
        """When anybody first heard of a phase of an encounter."""
        self.began_ms: dict[tuple[str, str], int] = {}
        """When it began, by the server's clock."""
        self._at: dict[str, tuple[int, str]] = {}
        self._seen: dict[str, set[str]] = {}
        self._woken = asyncio.Event()

    def told(self, seat: str, place: dict[str, Any], first: bool) -> None:
        """first: it is the first of a new socket, so its phase may have begun long ago."""
        encounter = place.get("encounter")
        if encounter is None or encounter["phase"] not in RUNNING:
            return
        phase, stop = encounter["phase"], self._course.by_encounter.get(encounter["id"])
        if (stop and stop.encounter, phase) == self._told_before(seat):
            return
        if stop is None or seat not in stop.seats:
            self._note(f"{self._names[seat]} was sent to an encounter that is not theirs")
            return
        self._check(seat, stop, place, first=first)
        now = time.monotonic()
        self._at[seat] = (self._course.by_seat[seat].index(stop), phase)
        self._seen.setdefault(seat, set()).add(stop.encounter)
        self.first.setdefault((stop.encounter, phase), now)
        self.began_ms.setdefault((stop.encounter, phase), encounter["phase_started_ms"])
        if not first:
            self.news.append(News(seat, stop, phase, now, encounter["phase_started_ms"]))
        woken, self._woken = self._woken, asyncio.Event()
        woken.set()

    def _told_before(self, seat: str) -> tuple[str, str] | None:
        if seat not in self._at:
            return None
        index, phase = self._at[seat]
        return self._course.by_seat[seat][index].encounter, phase

    def _check(self, seat: str, stop: Stop, place: dict[str, Any], *, first: bool) -> None:
        self.checked += 1
        who = f"{self._names[seat]} in rotation {stop.rotation} of circuit {stop.circuit}"
        mine = self._course.by_seat[seat]
        before = self._at.get(seat, (-1, ""))[0]
        alone = sum(one.rotation == stop.rotation for one in mine) == 1
        due = before <= mine.index(stop) <= before + 1
        if alone and not due and not (first and mine.index(stop) > before):
            self._note(f"{who} was sent there out of turn")
        if place["encounter"]["station"]["number"] != stop.position:
            self._note(f"{who} was told station {place['encounter']['station']['number']}, not {stop.position}")
        met = {one["seat"] for one in place["people"]}
        if met != set(stop.room):
            self._note(f"{who} was told of other people than the timetable's")
        told = (place.get("circuit") or {}).get("rotation", stop.rotation)
        if told != stop.rotation:
            self._note(f"{who} was told that rotation {told} runs")

    def met(
        self,
        seat: str,
        bound: Mapping[str, Collection[str]],
        voices: Mapping[str, Collection[bytes]],
        must_hear: Collection[str] = (),
    ) -> None:
        """Who was with them in each room: as the server said, and by the marks in what they heard.

        must_hear: encounters in which nobody kept them from hearing the others.
        """
        for stop in self._course.by_seat.get(seat, ()):
            others = set(stop.room) - {seat}
            who = f"{self._names[seat]} in rotation {stop.rotation} of circuit {stop.circuit}"
            if set(bound.get(stop.encounter, ())) - others:
                self._note(f"{who} was said to be with somebody else")
            heard = set(voices.get(stop.encounter, ()))
            self.checked += bool(heard)
            if heard - {tag_of(one) for one in others}:
                self._note(f"{who} heard somebody else")
            if not heard and stop.encounter in must_hear:
                self.checked += 1
                self._note(f"{who} heard nobody")

    def missing(self, seats: Collection[str]) -> list[str]:
        """Who of these was never told of an encounter that was theirs."""
        return [
            f"{self._names[seat]} was never told of rotation {stop.rotation}"
            for seat in seats
            for stop in self._course.by_seat.get(seat, ())
            if stop.encounter not in self._seen.get(seat, ())
        ]

    def _note(self, what: str) -> None:
        if len(self.wrong) < MOST and what not in self.wrong:
            self.wrong.append(what)

    def began(self, rotation: int, phases: Collection[str], circuits: Collection[str] | None = None) -> float | None:
        """When one of the phases first began in a rotation; in any circuit, or one of these."""
        stops = self._course.by_encounter
        found = (
            at
            for (id_, phase), at in self.first.items()
            if phase in phases and stops[id_].rotation == rotation and (not circuits or stops[id_].circuit in circuits)
        )
        return min(found, default=None)

    async def until_began(
        self, rotation: int, phases: Collection[str], circuits: Collection[str] | None = None
    ) -> float:
        """Waits for it."""
        while (at := self.began(rotation, phases, circuits)) is None:
            woken = self._woken
            await woken.wait()
        return at

    async def until_heard(self, encounter: str, phase: str) -> None:
        """Waits until some page is told of this phase of this encounter."""
        while (encounter, phase) not in self.first:
            woken = self._woken
            await woken.wait()

    def boundaries(
        self, wall_ms: float, troubled: dict[str, list[tuple[float, float]]], *, apart: bool
    ) -> list[Boundary]:
        """How far the pages were apart at each beginning of a phase that is planned for one moment.

        wall_ms: added to `time.monotonic()` in ms gives the server's clock. troubled: by seat, when their line was not
        well; what they heard then is left out. apart: circuits are looked at one by one, as a kill may have shifted
        them against each other.
        """
        groups: dict[tuple[str, int, str, int], list[News]] = {}
        for one in self.news:
            if not any(begins <= one.at <= ends for begins, ends in troubled.get(one.seat, ())):
                offset = dict(one.stop.phases()).get(one.phase, 0)
                circuit = one.stop.circuit if apart else self._wave(one.stop.circuit)
                groups.setdefault((circuit, one.stop.rotation, one.phase, offset), []).append(one)
        return [
            Boundary(
                circuits=circuits,
                rotation=rotation,
                phase=phase,
                pages=len(some),
                spread_ms=round((max(one.at for one in some) - min(one.at for one in some)) * 1000, 1),
                late_ms=round(max(one.at * 1000 + wall_ms - one.began_ms for one in some), 1),
            )
            for (circuits, rotation, phase, _), some in groups.items()
        ]

    def _wave(self, circuit: str) -> str:
        """The circuits that run in step with this one: they began together and their rotations are as long."""
        lengths = self._lengths(circuit)
        together = next(wave for wave in self._course.waves if circuit in wave)
        return ", ".join(one for one in together if self._lengths(one) == lengths)

    def _lengths(self, circuit: str) -> list[tuple[int, int]]:
        found: dict[int, int] = {}
        for one in self._course.stops:
            if one.circuit == circuit:
                whole = one.timings.reading_s + one.timings.encounter_s + one.timings.note_s + one.timings.changeover_s
                found[one.rotation] = max(whole, found.get(one.rotation, 0))
        return sorted(found.items())
