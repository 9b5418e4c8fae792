"""A small exam on a real database, with a clock that a test moves and a memory of what was announced."""

from pathlib import Path
from types import TracebackType

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import (
    BellRang,
    CircuitChanged,
    EncounterEnded,
    EncounterStarted,
    Events,
    IncidentChanged,
    MessageSaid,
    PhaseChanged,
    SeatSwapped,
)
from teleosce.exams import Day, Encounter, Exams, Ledger, Timings

TIMINGS = Timings(reading_s=120, encounter_s=480, note_s=120, changeover_s=60, warning_s=120)
STATION = "a" * 64
HEARD = (
    PhaseChanged,
    BellRang,
    EncounterStarted,
    EncounterEnded,
    CircuitChanged,
    SeatSwapped,
    MessageSaid,
    IncidentChanged,
)


class MovableClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        super().__init__()
        object.__setattr__(self, "_now_ms", now_ms)

    def now_ms(self) -> int:
        return int(self.__dict__["_now_ms"])

    def move(self, seconds: float) -> None:
        object.__setattr__(self, "_now_ms", self.now_ms() + round(1000 * seconds))


class World:
    """`restart` is a server that stopped and another that started on the same database. absent: who does not come."""

    def __init__(self, folder: Path) -> None:
        self.absent: set[str] = set()
        self.folder = folder
        self.clock = MovableClock()
        self.heard: list[object] = []

    async def __aenter__(self) -> "World":
        self.database = Database(sqlite_url(self.folder))
        await self.database.create_all()
        self.exams = Exams(self.database, self.clock)
        await self.start()
        self.exam = await self.exams.create("Finals", "Europe/Berlin")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.day.close()
        await self.database.close()

    async def start(self) -> None:
        events = Events()
        for kind in HEARD:
            events.subscribe(kind, self._hear)
        self.day = Day(self.exams, self.clock, events)
        self.ledger = Ledger(self.exams, self.day, self.clock, events)
        await self.day.start()
        await self.settle()

    async def restart(self, down_s: float = 0) -> None:
        await self.day.close()
        self.clock.move(down_s)
        await self.start()

    async def encounter(
        self,
        candidate: str | None = "c1",
        sp: str | None = "s1",
        *,
        rotation: int = 1,
        position: int = 1,
        circuit: str = "A",
        examiner: str | None = None,
        extra: tuple[str, ...] = (),
        timings: Timings = TIMINGS,
    ) -> Encounter:
        slot = await self.exams.add_slot(
            self.exam.id,
            position=position,
            rotation=rotation,
            station_hash=STATION,
            timings=timings,
            candidate=candidate,
            sp=sp,
            examiner=examiner,
            circuit=circuit,
            extra=extra,
        )
        made = [one for one in await self.exams.encounters(self.exam.id) if one.slot_id == slot.id]
        return made[0]

    async def ring(self, size: int, *, circuit: str = "A", rotations: int | None = None) -> list[list[Encounter]]:
        """A circuit of as many stations as candidates, one SP at each; its encounters by rotation."""
        return [
            [
                await self.encounter(
                    f"{circuit}c{(position + rotation) % size}",
                    f"{circuit}s{position}",
                    rotation=rotation + 1,
                    position=position + 1,
                    circuit=circuit,
                )
                for position in range(size)
            ]
            for rotation in range(size if rotations is None else rotations)
        ]

    async def now(self, encounter: Encounter) -> Encounter:
        return await self.exams.encounter(encounter.id)

    async def phases(self, encounters: list[Encounter]) -> list[str]:
        return [(await self.now(one)).phase.value for one in encounters]

    async def pass_time(self, seconds: float) -> None:
        self.clock.move(seconds)
        self.day.wake()
        await self.settle()

    async def settle(self) -> None:
        while await self.day.catch_up() == 0:
            pass
        await self.day.heard()

    def bells(self) -> list[tuple[str, str]]:
        return [(bell.kind, bell.phase) for bell in self.heard if isinstance(bell, BellRang)]

    async def _hear(self, event: object) -> None:
        self.heard.append(event)
        if isinstance(event, EncounterStarted):  # everybody comes at the bell, but those who do not
            encounter = await self.exams.encounter(event.encounter_id)
            there = [seat for seat in encounter.people if seat not in self.absent]
            await self.exams.attended((encounter.id, seat) for seat in there)


async def state(world: World, name: str = "A") -> tuple[str, int]:
    (circuit,) = [one for one in await world.exams.circuits(world.exam.id) if one.name == name]
    return circuit.state.value, circuit.rotation
