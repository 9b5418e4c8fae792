"""An exam that is over, with a whole cohort's results behind it: people, marks and words are made up by a seed.

It goes through the rooms that a real one goes through: plan, seats, slots, bells, encounters, forms, second marks,
settlements, incidents. But nobody was recorded, so there is nothing to listen to and no transcript.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from teleosce.app import build, freeze_stations
from teleosce.core.clock import AheadClock
from teleosce.core.errors import NotFound
from teleosce.core.ids import new_id
from teleosce.exams import LATER_ROUND, Decision, Encounter, Lost, Outcome, hold
from teleosce.people import Principal, Role, Seat
from teleosce.scoring import AssignmentKind, Change, Kind, Sheet, Status, layout_of
from teleosce.simulated_sheets import Odd, World
from teleosce.web import Rooms
from teleosce.web.plans import plans_of

STATIONS = ("chest-pain-video", "low-mood", "diabetes-review", "feverish-child", "inhaler-technique", "biopsy-result")
TITLE = "Teleconsultation finals, simulated"
ZONE = "Europe/London"
SITES = ("North campus", "South campus")
PHASES = {"reading_s": 120, "encounter_s": 600, "note_s": 300, "changeover_s": 60, "warning_s": 120}
"""The same for all stations: a day that turns at one beat."""
TWICE = 0.18
"""The share of encounters that are marked twice."""
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

PATIENTS = (
    "Mr Doyle", "Ms Reed", "Mrs Iqbal", "Mr Laing", "Ms Novak", "Mrs Hart", "Mr Evans", "Ms Osei", "Mrs Jones",
    "Mr Fuchs", "Ms Ortiz", "Mrs Byrne", "Mr Tan", "Ms Abbott", "Mrs Keane", "Mr Salim", "Ms Wolff", "Mrs Grant",
)  # fmt: skip
EXAMINERS = (
    "Dr Khan", "Dr Silva", "Dr Whitfield", "Dr Nkemelu", "Dr Larsson", "Dr Moore", "Dr Petrov", "Dr Ashworth",
    "Dr Banerjee", "Dr Rossi", "Dr Campbell", "Dr Yildiz", "Dr Fischer", "Dr Adeyemi", "Dr Hughes", "Dr Tanaka",
    "Dr Quinn", "Dr Marchetti",
)  # fmt: skip
MODERATOR = "Prof Sinclair"


@dataclass(frozen=True)
class SimulatedExam:
    """The exam, its organiser's seat, the seats of its candidates by number, and the truth behind the marks.

    world: `ability` by candidate, `stringency` as circuits × stations.
    """

    exam_id: str
    title: str
    organiser: Seat
    candidates: tuple[Seat, ...]
    examiners: tuple[Seat, ...]
    world: World

    @property
    def principal(self) -> Principal:
        """The organiser, as one who asks."""
        return _principal(self.organiser)


async def make_results(
    rooms: Rooms,
    *,
    candidates: int = 60,
    stations: Sequence[str] = STATIONS,
    circuits: int = 3,
    seed: int = 1,
    title: str = TITLE,
) -> SimulatedExam:
    """Makes it in the database of these rooms, which may be served meanwhile; it was held yesterday from nine on.

    stations: folders of the bank. One candidate misses the second station, an incident is decided and another makes an
    encounter void; some encounters are marked twice, and of the marks that differ much one pair is not settled. The
    station before the last separates nobody. Smaller ones have what there is room for. Raises NotFound.
    """
    names = [chr(ord("A") + number) for number in range(circuits)]
    nine = (datetime.now(ZoneInfo(ZONE)) - timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    behind_s = (rooms.clock.now_ms() - nine.timestamp() * 1000) / 1000
    clock = AheadClock.behind(behind_s + 60)
    past = build(rooms.settings, clock)
    try:
        bank = await freeze_stations(past)
        if missing := [one for one in stations if one not in bank]:
            raise NotFound(f"The bank has no station {', '.join(missing)}.", code="no-station")
        versions = [await past.stations.get(bank[one]) for one in stations]
        size = len(versions)
        odd = Odd(blunt=size - 2, hard=3, turned=2, strict=0, hawk=1) if size > 3 else Odd()
        world = World(versions, candidates, names, seed, odd)
        made = await _Making(past, clock, world, title, nine).all()
    finally:
        await past.day.close()
        await past.recordings.close()
        await past.database.close()
    return made


def _principal(seat: Seat) -> Principal:
    return Principal(new_id(), seat.role, seat.exam_id, seat.id, None, seat.name)


@dataclass
class _Making:
    rooms: Rooms
    clock: AheadClock
    world: World
    title: str
    nine: datetime

    async def all(self) -> SimulatedExam:
        exam_id = await self._plan()
        seats = await self.rooms.people.seats(exam_id)
        self.candidates = tuple(
            sorted((one for one in seats if one.role is Role.candidate), key=lambda one: one.number or "")
        )
        self.number = {seat.id: at for at, seat in enumerate(self.candidates)}
        self.place = {version.hash: at for at, version in enumerate(self.world.stations)}
        self.exam_id = exam_id
        await self._day()
        self.encounters = {
            (self.number[one.candidate], self.place[one.station_hash]): one
            for one in await self.rooms.exams.encounters(exam_id)
            if one.candidate
        }
        self.moderator = next(one for one in seats if one.role is Role.moderator)
        organiser = next(one for one in seats if one.role is Role.organiser)
        await self._incidents()
        self.held = {key: one for key, one in self.encounters.items() if one.outcome is Outcome.completed}
        self.began_ms = min(one.phase_started_ms for one in self.held.values()) - HOUR_MS // 3
        await self.rooms.forms.hand_in([sheet for key in self.held for sheet in self._sheets(*key)])
        await self._second_marks()
        await self._settle()
        examiners = tuple(one for one in seats if one.role is Role.examiner)
        return SimulatedExam(exam_id, self.title, organiser, self.candidates, examiners, self.world)

    async def _plan(self) -> str:
        world = self.world
        at = [(place, circuit) for circuit in world.circuits for place in range(len(world.stations))]
        people: dict[tuple[int, str], dict[str, str]] = {}
        for number, key in enumerate(at):
            again = f" {number // len(EXAMINERS) + 1}" if number >= len(EXAMINERS) else ""
            sp, examiner = (names[number % len(names)] + again for names in (PATIENTS, EXAMINERS))
            people[key] = {"sp": sp, "examiner": examiner}
        plans = plans_of(self.rooms)
        kept = await plans.create({
            "title": self.title,
            "zone": ZONE,
            "starts": [self.nine.replace(tzinfo=None).isoformat()],
            "phases": PHASES,
            "circuits": [
                {"name": circuit, "site": SITES[2 * at >= len(world.circuits)]}
                for at, circuit in enumerate(world.circuits)
            ],
            "stations": [
                {"station": version.hash, "people": {circuit: people[place, circuit] for circuit in world.circuits}}
                for place, version in enumerate(world.stations)
            ],
            "people": [{"name": MODERATOR, "role": "moderator"}],
            "candidates": [
                {"name": name, "number": f"C{number:03}"} for number, name in enumerate(world.names, 1)
            ],
            "marking": {"discrepancy_points": 15.0, "discrepancy_critical": False},
        })  # fmt: skip
        await plans.build(kept.exam_id, kept.version)
        return kept.exam_id

    async def _day(self) -> None:
        circuits = await self.rooms.exams.circuits(self.exam_id)
        absent = (self.candidates[len(self.candidates) // 2].id, self.world.stations[min(1, len(self.place) - 1)].hash)
        for round_ in dict.fromkeys(_round(one.name) for one in circuits):
            names = [one.name for one in circuits if _round(one.name) == round_]
            await hold(
                self.rooms.database, self.clock, self.exam_id, names,
                lambda one: (one.candidate, one.station_hash) != absent or len(self.number) < 3,
            )  # fmt: skip
            self.clock.skip(15 * 60)

    async def _incidents(self) -> None:
        """Two lines failed: one a little, so that it counts, and one for so long that it does not. Who missed a station
        does not have it again.
        """
        for missed in await self.rooms.ledger.incidents(self.exam_id):
            note = "The candidate was taken ill and went home, as the invigilator wrote down."
            await self.rooms.ledger.decide(missed.id, Decision.none, note, None)
        if len(self.candidates) < 6:
            return
        for candidate, lost_s, decision, note in (
            (4, 38, Decision.none, "The candidate went on where they had been, and nothing was missed."),
            (5, 240, Decision.void, "Four minutes without sound. The station does not count for this candidate."),
        ):
            one = self.encounters[candidate, 0]
            within = await self.rooms.ledger.consultation(one.id)
            assert within is not None
            assert one.candidate is not None
            from_ms = within[0] + 3 * MINUTE_MS
            span = (from_ms, from_ms + lost_s * 1000)
            await self.rooms.ledger.measured(one.id, {one.candidate: Lost((span,), (span,))}, within[1])
            incidents = await self.rooms.ledger.incidents(self.exam_id)
            mine = next(incident for incident in incidents if incident.encounter_id == one.id)
            await self.rooms.ledger.decide(mine.id, decision, note, None)
            self.encounters[candidate, 0] = await self.rooms.exams.encounter(one.id)

    def _sheets(self, candidate: int, place: int) -> list[Sheet]:
        key = (candidate, place)
        one, version = self.encounters[key], self.world.stations[place]
        # It is done when its changeover ends.
        note_ms = one.phase_started_ms - 1000 * (PHASES["note_s"] + PHASES["changeover_s"])
        end_ms = note_ms + 1000 * PHASES["note_s"]
        begin_ms = note_ms - 1000 * PHASES["encounter_s"]
        circuit = self._circuit(one)
        mark = self.world.mark(candidate, place, circuit, circuit, (begin_ms - self.began_ms) / HOUR_MS)
        late_ms = int(self.world.chance(candidate, place, 102).integers(20_000, 200_000))
        sheets = [self._sheet(Kind.mark, key, one.examiner, mark, (begin_ms + 40_000, note_ms + late_ms))]
        if version.mark_sheet.sp_rating:
            rating = self.world.rating(candidate, place)
            sheets.append(self._sheet(Kind.sp_rating, key, one.sp, rating, (note_ms, note_ms + late_ms // 2)))
        if note := self.world.note(candidate, place):
            sheets.append(self._sheet(Kind.note, key, one.candidate, note, (note_ms, end_ms - 5000)))
        return sheets

    def _sheet(
        self, kind: Kind, key: tuple[int, int], author: str | None, values: dict[str, object], times: tuple[int, int]
    ) -> Sheet:
        assert author is not None
        layout = layout_of(self.world.stations[key[1]])
        return Sheet(kind, self.encounters[key].id, author, values, layout, *times)

    def _circuit(self, one: Encounter) -> int:
        return list(self.world.circuits).index(one.circuit.partition(LATER_ROUND)[0])

    async def _second_marks(self) -> None:
        """An examiner of the same station in the next circuit marks some encounters as well, in the evening."""
        circuits = len(self.world.circuits)
        if circuits < 2:
            return
        at = {(self._circuit(one), place): one.examiner for (_, place), one in self.held.items()}
        chosen = [key for key in self.held if np.random.default_rng([self.world.seed, *key]).random() < TWICE]
        by: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for candidate, place in sorted(chosen):
            second = (self._circuit(self.held[candidate, place]) + 1) % circuits
            if at.get((second, place)):
                by.setdefault((second, place), []).append((candidate, place))
        sheets = []
        evening_ms = self.clock.now_ms()
        for (circuit, place), keys in by.items():
            seat = at[circuit, place]
            assert seat is not None
            ids = [self.held[key].id for key in keys]
            await self.rooms.marking.reassign(ids, seat, AssignmentKind.second, reason="by share")
            for turn, key in enumerate(keys):
                one = self.held[key]
                mark = self.world.mark(*key, self._circuit(one), circuit, 0.0)
                from_ms = evening_ms + turn * 11 * MINUTE_MS
                sheets.append(self._sheet(Kind.mark, key, seat, mark, (from_ms, from_ms + 9 * MINUTE_MS)))
        self.clock.skip(1 + max((one.to_ms - evening_ms for one in sheets), default=0) / 1000)
        await self.rooms.forms.hand_in(sheets)

    async def _settle(self) -> None:
        """The moderator settles all but the last of what is in dispute: with the first mark on even items."""
        who, person = _principal(self.moderator), self.moderator.id
        disputed = [one for one in await self.rooms.marking.cases(self.exam_id) if one.record.status is Status.disputed]
        for case in disputed[:-1]:
            version = await self.rooms.stations.get(case.encounter.station_hash)
            first, second = case.mark(case.markers.first), case.mark(case.markers.second)
            assert first is not None
            assert second is not None
            names = [*(f"item.{item.id}" for item in version.mark_sheet.items), "global"]
            differ = [name for name in names if first.value(name) != second.value(name)]
            await self.rooms.marking.take(case.encounter.id, person, who)
            form = await self.rooms.forms.open(Kind.settlement, case.encounter.id, person)
            changes = [
                Change(name, (second if at % 2 else first).value(name), 0, new_id()) for at, name in enumerate(differ)
            ]
            await self.rooms.forms.save(form.id, changes, person, layout_of(version))
            await self.rooms.marking.settle(form.id, person, who)


def _round(circuit: str) -> str:
    return circuit.partition(LATER_ROUND)[2]
