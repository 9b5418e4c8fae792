"""Blind second markings: made when a first mark is submitted, and for a whole exam when the organiser asks."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.events import MarkSubmitted
from teleosce.core.ids import new_id
from teleosce.exams import Encounter, Exams, Phase
from teleosce.people import People, Principal, Role
from teleosce.scoring import store, store_marking
from teleosce.scoring.assignments import Assignment, AssignmentKind, Markers, markers_of
from teleosce.scoring.doubling import Place, by_share, counts, near_cut, practised, second_marker
from teleosce.scoring.fields import layout_of
from teleosce.scoring.models import Form, Kind
from teleosce.scoring.records import locked
from teleosce.scoring.rules import MarkingRules
from teleosce.scoring.score import total
from teleosce.stations import StationStore

BY_SHARE, NEAR_CUT = "by share", "near the cut"
"""The reasons of second markings that the rules ask for."""

Cuts = Callable[[str, Collection[str]], Awaitable[Mapping[str, float]]]
"""Of an exam and some station versions the cuts that are known by now, in per cent of the mark sheet."""

_SECOND = AssignmentKind.second


async def none_known(exam_id: str, stations: Collection[str]) -> Mapping[str, float]:
    """No cut is known yet, of any exam."""
    return {}


@dataclass(frozen=True)
class Doubled:
    """Encounters that got a second marker, and those for which the exam has nobody else to mark them blind."""

    made: tuple[str, ...]
    without: tuple[str, ...]


class SecondMarks:
    """Chooses what is marked twice, and by whom."""

    def __init__(
        self, database: Database, clock: Clock, exams: Exams, people: People, stations: StationStore, *, cuts: Cuts
    ) -> None:
        self._database, self._clock, self._cuts = database, clock, cuts
        self._exams, self._people, self._stations = exams, people, stations

    async def on_submitted(self, event: MarkSubmitted) -> None:
        """A first mark came in: its encounter may be one of those that are marked twice."""
        encounter = await self._exams.encounter(event.encounter_id)
        async with self._database.read() as connection:
            rules = (await store_marking.marking_rules.of(connection, encounter.exam_id)).rules
        if rules.double_share or rules.double_near_cut is not None:
            await self._double(encounter.exam_id, rules, {encounter.id}, None)

    async def double(self, exam_id: str, by: Principal | None = None) -> Doubled:
        """Gives every encounter that the rules want marked twice, and that is over, a second marker; audit rows.

        Run again it adds what is new and changes nothing else.
        """
        async with self._database.read() as connection:
            rules = (await store_marking.marking_rules.of(connection, exam_id)).rules
        return await self._double(exam_id, rules, None, by)

    async def _double(
        self, exam_id: str, rules: MarkingRules, only: Collection[str] | None, by: Principal | None
    ) -> Doubled:
        encounters = [one for one in await self._exams.encounters(exam_id) if counts(one)]
        ready = [one for one in encounters if (one.id in only if only is not None else one.phase is Phase.done)]
        examiners = [seat.id for seat in await self._people.seats(exam_id) if seat.role is Role.examiner]
        async with self._database.read() as connection:
            forms = await store.by_encounter(connection, [one.id for one in ready])
        percents = {one.id: await self._percents(one, forms[one.id]) for one in ready}
        stations = {one.station_hash for one in ready}
        cuts = await self._cuts(exam_id, stations) if rules.double_near_cut is not None else {}
        actor = (by.seat_id or by.account_id) if by else None
        made, without = list[str](), list[str]()
        async with self._database.write() as connection:
            known = await store_marking.standing(connection, [one.id for one in encounters])
            markers = {one.id: markers_of(one.examiner, known[one.id]) for one in encounters}
            firsts = {one.id: percents[one.id].get(markers[one.id].first or "") for one in ready}
            near = {one.id for one in ready if near_cut(firsts[one.id], rules, cuts.get(one.station_hash))}
            reasons = _wanted(encounters, known, markers, near, rules.double_share)
            places, load = _places(encounters), Counter(one.second for one in markers.values() if one.second)
            for one in ready:
                first = markers[one.id].first
                if one.id not in reasons or first is None:
                    continue
                fresh = [seat for seat in examiners if seat not in practised(forms[one.id])]
                seat = second_marker(one, first, fresh, places, load)
                if seat is None:
                    without.append(one.id)
                    continue
                load[seat] += 1
                made.append(one.id)
                new = Assignment(new_id(), one.id, seat, _SECOND, self._clock.now_ms(), actor, None, reasons[one.id])
                await self._add(connection, known[one.id], new, by)
        return Doubled(tuple(made), tuple(without))

    async def _percents(self, encounter: Encounter, forms: Sequence[Form]) -> dict[str, float | None]:
        """By author what their submitted mark comes to."""
        layout = layout_of(await self._stations.get(encounter.station_hash))
        marks = [locked(forms, Kind.mark, form.author_id) for form in forms if form.kind is Kind.mark]
        return {mark.author_id: total(mark, layout) for mark in marks if mark}

    async def _add(
        self, connection: Connection, known: Sequence[Assignment], new: Assignment, by: Principal | None
    ) -> None:
        await store_marking.replace(connection, known, new)
        detail = {"seat": new.seat_id, "kind": new.kind.value, "reason": new.reason}
        await self._people.record(by, "mark.assign", new.encounter_id, detail, connection=connection)


def _wanted(
    encounters: Sequence[Encounter],
    known: Mapping[str, Sequence[Assignment]],
    markers: Mapping[str, Markers],
    near: Collection[str],
    share: float,
) -> dict[str, str]:
    """Which encounters are to get a second marker, each with the reason. near: those near the cut."""
    firsts = {one: its.first for one, its in markers.items() if its.first is not None}
    doubled = {one for one, its in markers.items() if its.second is not None}
    # Those near the cut are marked twice besides the share: it would else be no sample of the whole.
    extra = {one for one in doubled if any(a.reason == NEAR_CUT for a in known[one] if a.kind is _SECOND)}
    rest = [one for one in encounters if one.id not in extra]
    found = dict.fromkeys(by_share(rest, firsts, doubled - extra, share), BY_SHARE)
    return dict.fromkeys(set(near) - doubled, NEAR_CUT) | found


def _places(encounters: Sequence[Encounter]) -> dict[str, set[Place]]:
    """Where each examines in the exam."""
    found: dict[str, set[Place]] = defaultdict(set)
    for one in encounters:
        if one.examiner is not None:
            found[one.examiner].add((one.circuit, one.position))
    return found
