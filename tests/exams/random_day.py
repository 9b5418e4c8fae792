"""A day at random: circuits, people, organisers, restarts and clocks do what they like, and the promises must hold.

One database file for all examples, emptied between them. Each check reads that file as a stranger would, and not by
the code that is tested.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from exam_world import HEARD, MovableClock
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from promises import Row, check_encounter, check_people, check_rings, check_together

from teleosce.core.db import Database, metadata, sqlite_url
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.events import BellRang, CircuitChanged, EncounterEnded, EncounterStarted, Events
from teleosce.exams import Circuit, CircuitState, Day, Decision, Exams, IncidentKind, Ledger, Phase, Timings, Wrong
from teleosce.exams.phases import CIRCUIT_NEXT

WHICH = st.integers(0, 40)
CIRCUITS = st.sampled_from([None, ["A"], ["B"], ["A", "B"]])
ACTS = (
    "begin",
    "end_phase",
    "add_time",
    "pause",
    "resume",
    "restart",
    "void",
    "no_show",
    "rerun",
    "carry_over",
    "swap",
)
FIT = {
    "begin": "phase = 'waiting'",
    **dict.fromkeys(("end_phase", "add_time", "pause", "restart"), "phase NOT IN ('waiting', 'done')"),
    "resume": "paused_ms IS NOT NULL",
    **dict.fromkeys(("rerun", "carry_over"), "phase = 'done'"),
    "swap": "phase != 'done'",
}
"""Where an act may be possible."""
PLAIN = Timings(reading_s=20, encounter_s=60, note_s=30, changeover_s=10, warning_s=15)
SLOW = replace(PLAIN, reading_s=25, encounter_s=75, note_s=38)
BRIEF = replace(PLAIN, reading_s=0, note_s=0)


class House:
    """What all examples share: the loop, the file and its connections."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")  # where there is one, a commit does not wait for a disk
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        path = Path(self.folder.name)
        self.runner = asyncio.Runner()
        self.database, self.second = Database(sqlite_url(path)), Database(sqlite_url(path))
        self.runner.run(self.database.create_all())
        self.file = sqlite3.connect(path / "teleosce.db", isolation_level=None)
        self.file.row_factory = sqlite3.Row

    def empty(self) -> None:
        self.file.execute("BEGIN IMMEDIATE")
        for table in reversed(metadata.sorted_tables):
            if table.name in {row[0] for row in self.file.execute("SELECT name FROM sqlite_master")}:
                self.file.execute(f"DELETE FROM {table.name}")
        self.file.execute("COMMIT")

    def read(self, query: str) -> list[Row]:
        return [dict(row) for row in self.file.execute(query)]

    def close(self) -> None:
        self.runner.run(self.database.close())
        self.runner.run(self.second.close())
        self.file.close()
        self.runner.close()
        self.folder.cleanup()


class RandomDay(RuleBasedStateMachine):
    """`house` is set by the test that runs it."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.house.empty()
        self.clock = MovableClock()
        self.absent: set[str] = set()
        self.heard: list[Any] = []
        self.looked: list[int] = []
        """The times at which the clock of the day looked: what was due then is done then."""
        self.known: dict[str, Row] = {}
        self.set_back = False
        self.run(self.make())

    def run(self, action: Awaitable[Any]) -> Any:
        async def acting() -> Any:
            return await action

        return self.house.runner.run(acting())

    async def make(self) -> None:
        self.exams = Exams(self.house.database, self.clock)
        self.exam = await self.exams.create("Finals", "UTC")
        await self.start()

    async def start(self) -> None:
        """A server that takes over. Its clock is moved by hand: it looks when the test says so."""
        events = Events()
        for kind in HEARD:
            events.subscribe(kind, self.hear)
        self.day = Day(self.exams, self.clock, events)
        self.ledger = Ledger(self.exams, self.day, self.clock, events)
        self.looked.append(self.clock.now_ms())
        await self.day.start()
        await self.day.close()
        # A second hand on the same file, as another process would have.
        self.other = Day(Exams(self.house.second, self.clock), self.clock, events)
        await self.settle()

    async def hear(self, event: Any) -> None:
        self.heard.append(event)
        if isinstance(event, EncounterStarted):
            encounter = await self.exams.encounter(event.encounter_id)
            await self.exams.attended((encounter.id, seat) for seat in encounter.people if seat not in self.absent)

    async def settle(self) -> None:
        """The clock does what is due, until nothing is."""
        self.looked.append(self.clock.now_ms())
        for _ in range(50):
            if await self.day.catch_up() != 0:
                break
        else:
            raise AssertionError("the clock never comes to rest")
        await self.day.heard()
        await self.other.heard()

    @initialize(
        size=st.integers(1, 3),
        shared=st.sampled_from(("", "visitor", "pair")),
        brief=st.booleans(),
        both=st.booleans(),
        begun=st.booleans(),
    )
    def plan(self, size: int, shared: str, brief: bool, both: bool, begun: bool) -> None:
        self.run(self.make_circuits(size, shared, brief, both))
        if shared == "pair":
            self.run(self.pair_up(size, both))
        if begun:
            self.direct_circuits("go", ["A"])

    async def pair_up(self, size: int, both: bool) -> None:
        """A second candidate at the first station of each circuit, whose encounter joins the first one's."""
        for name in ("A", "B") if both else ("A",):
            for rotation in range(size):
                await self.exams.add_slot(
                    self.exam.id, position=size + 1, rotation=rotation + 1, circuit=name, station_hash="a" * 64,
                    timings=PLAIN, candidate=f"{name}x", sp=None, examiner=f"{name}e0",
                )  # fmt: skip
        self.house.file.execute(f"UPDATE slot SET met_at = 1 WHERE position = {size + 1}")
        self.house.file.execute(
            "UPDATE encounter SET (joins, timings) = (SELECT host.id, host.timings FROM encounter host "
            "JOIN slot place ON place.id = host.slot_id JOIN slot own ON own.id = encounter.slot_id "
            "WHERE place.position = 1 AND (place.circuit, place.rotation) = (own.circuit, own.rotation)) "
            "WHERE slot_id IN (SELECT id FROM slot WHERE met_at = 1)"
        )

    async def make_circuits(self, size: int, shared: str, brief: bool, both: bool) -> None:
        for name in ("A", "B") if both else ("A",):
            for rotation in range(size):
                for position in range(size):
                    who = (position + rotation) % size
                    rest = position == 2
                    timings = BRIEF if brief and position == 0 else SLOW if who == 1 else PLAIN
                    extras = {"visitor": ("visitor",), "pair": (f"{name}x",)}
                    extra = extras.get(shared, ()) if position == 0 else ()
                    await self.exams.add_slot(
                        self.exam.id, position=position + 1, rotation=rotation + 1, circuit=name,
                        station_hash="a" * 64, timings=timings, candidate=f"{name}c{who}",
                        sp=None if rest else f"{name}s{position}", examiner=f"{name}e{position}", extra=extra,
                    )  # fmt: skip

    # What people do

    def act(self, which: int, what: str, by: Day) -> Awaitable[Any]:
        rows = self.house.read(f"SELECT * FROM encounter WHERE {FIT.get(what, 'TRUE')} ORDER BY rowid")
        if not rows or which > 30:  # and now and then what cannot be done
            rows = self.house.read("SELECT * FROM encounter ORDER BY rowid")
        row = rows[which % len(rows)]
        seat = row["sp"] or row["examiner"]
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "begin": lambda: by.begin(row["id"]),
            "end_phase": lambda: by.end_phase(row["id"], Phase(row["phase"])),
            "add_time": lambda: by.add_time(row["id"], 1 + which % 30),
            "pause": lambda: by.pause_encounter(row["id"]),
            "resume": lambda: by.resume_encounter(row["id"]),
            "restart": lambda: by.restart_phase(row["id"]),
            "void": lambda: by.void(row["id"], "A reason."),
            "no_show": lambda: by.no_show(row["id"]),
            "rerun": lambda: by.rerun(row["id"]),
            "carry_over": lambda: by.carry_over(row["id"]),
            "swap": lambda: by.swap(self.exam.id, seat, f"spare{which}"),
        }
        return acts[what]()

    async def try_all(self, actions: Iterable[Awaitable[Any]]) -> list[bool]:
        """Which of them acted. All others were told why not; nothing else may come of it."""
        answers = await asyncio.gather(*actions, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, (Conflict, Invalid, NotFound)):
                raise answer
        await self.settle()
        return [not isinstance(answer, BaseException) for answer in answers]

    @rule(which=WHICH, what=st.sampled_from(ACTS))
    def one_acts(self, which: int, what: str) -> None:
        self.run(self.try_all([self.act(which, what, self.day)]))

    @rule(which=WHICH, what=st.sampled_from(("begin", "end_phase", "pause", "resume", "no_show", "rerun", "swap")))
    def two_do_the_same(self, which: int, what: str) -> None:
        acted = self.run(self.try_all([self.act(which, what, one) for one in (self.day, self.other)]))
        assert sum(acted) <= 1, f"both could {what}"

    @rule(one=WHICH, other=WHICH, what=st.sampled_from(ACTS), against=st.sampled_from(ACTS))
    def two_act_at_once(self, one: int, other: int, what: str, against: str) -> None:
        self.run(self.try_all([self.act(one, what, self.day), self.act(other, against, self.other)]))

    def direct(self, what: str, names: list[str] | None, by: Day) -> Awaitable[list[Circuit]]:
        if what in ("soft", "hard"):
            return by.stop(self.exam.id, names, hard=what == "hard")
        doing: Callable[..., Awaitable[list[Circuit]]] = getattr(by, what)
        return doing(self.exam.id, names)

    @rule(what=st.sampled_from(("go", "go", "go", "gather", "pause", "resume", "soft", "hard")), names=CIRCUITS)
    def direct_circuits(self, what: str, names: list[str] | None) -> None:
        self.run(self.try_all([self.direct(what, names, self.day)]))

    @rule(what=st.sampled_from(("go", "gather", "pause", "resume", "hard")), names=CIRCUITS)
    def two_direct_circuits(self, what: str, names: list[str] | None) -> None:
        acted = self.run(self.try_all([self.direct(what, names, one) for one in (self.day, self.other)]))
        assert sum(acted) <= 1 or names is None or what == "hard", f"both could {what}"

    @rule(seconds=st.sampled_from([1, 15, 100]), names=CIRCUITS)
    def stand_for_a_while(self, seconds: int, names: list[str] | None) -> None:
        self.direct_circuits("pause", names)
        self.time_passes(seconds)
        self.direct_circuits("resume", names)

    @rule(which=WHICH, decision=st.sampled_from(list(Decision)))
    def disturb_and_decide(self, which: int, decision: Decision) -> None:
        self.run(self.disturb(which, decision))

    async def disturb(self, which: int, decision: Decision) -> None:
        rows = self.house.read("SELECT * FROM encounter ORDER BY rowid")
        row = rows[which % len(rows)]
        since_ms = self.clock.now_ms() - 1000 * which
        await self.ledger.disturbed(row["id"], [Wrong(row["candidate"], IncidentKind.line, since_ms)])
        undecided = [one for one in await self.ledger.incidents(self.exam.id) if one.decision is None]
        if undecided:
            found = undecided[which % len(undecided)]
            await self.try_all([self.ledger.decide(found.id, decision, "A note.", None) for _ in range(2)])

    # What happens

    @rule(who=st.sampled_from(("Ac0", "Ac1", "Bc0", "As0", "Ax")))
    def comes_or_goes(self, who: str) -> None:
        self.absent ^= {who}

    @rule(which=WHICH)
    def comes_late(self, which: int) -> None:
        rows = self.house.read("SELECT * FROM encounter ORDER BY rowid")
        row = rows[which % len(rows)]
        self.run(self.exams.attended([(row["id"], row["candidate"])]))

    @rule(seconds=st.sampled_from([0.05, 1, 10, 20, 25, 30, 60, 75, 100, 1000]))
    def time_passes(self, seconds: float) -> None:
        self.clock.move(seconds)
        self.run(self.settle())

    @rule(seconds=st.sampled_from([0, 3, 20, 60, 500, -5, -100]))
    def restart(self, seconds: int) -> None:
        """A server is gone for so long; or the clock of the next one is behind."""
        self.set_back |= seconds < 0
        self.clock.move(seconds)
        self.run(self.start())

    # What must be so

    @invariant()
    def promises(self) -> None:
        now = {row["id"]: row for row in self.house.read(ENCOUNTERS)}
        circuits = {row["name"]: row for row in self.house.read("SELECT * FROM circuit")}
        logs: dict[str, list[Row]] = {}
        for line in self.house.read("SELECT * FROM phase_log ORDER BY number"):
            logs.setdefault(line["encounter_id"], []).append(line)
        assert now.keys() >= self.known.keys(), "an attempt vanished"
        check_people(now.values())
        check_rings(now.values(), circuits)
        check_together(now)
        for id_, row in now.items():
            check_encounter(self.known.get(id_), row, logs[id_], None if self.set_back else self.looked)
        self.check_heard(circuits, logs)
        self.known = now

    def check_heard(self, circuits: dict[str, Row], logs: dict[str, list[Row]]) -> None:
        states, rotations = dict.fromkeys(circuits, "planned"), dict.fromkeys(circuits, 0)
        for event in self.heard:
            if isinstance(event, CircuitChanged):
                was, became = CircuitState(states[event.circuit]), CircuitState(event.state)
                assert became is was or became in CIRCUIT_NEXT[was], "a circuit went where no way leads"
                states[event.circuit] = became
                turned = event.rotation != rotations[event.circuit]
                assert not turned or became is CircuitState.running, "a rotation began in a circuit that does not run"
                rotations[event.circuit] = event.rotation
        assert all(
            states[name] == row["state"] or {states[name], row["state"]} == {"finished", "planned"}
            for name, row in circuits.items()
        )
        rung: dict[tuple[str, str, str], int] = {}
        for event in self.heard:
            if isinstance(event, BellRang):
                key = (event.encounter_id, event.kind, event.phase)
                rung[key] = rung.get(key, 0) + 1
        for (id_, _, phase), count in rung.items():
            again = sum(line["cause"] == "restarted" and line["phase"] == phase for line in logs[id_])
            assert count <= 1 + again, "a bell rang twice"
        ended = [event.encounter_id for event in self.heard if isinstance(event, EncounterEnded)]
        assert len(ended) == len(set(ended)), "an encounter ended twice"

    def teardown(self) -> None:
        if self.house.read("SELECT 1 FROM slot LIMIT 1"):
            self.run(self.run_on())
            self.promises()
            left = self.house.read("SELECT * FROM encounter WHERE phase != 'done'")
            assert not left, f"{len(left)} encounters are not in a final state"
            assert all(row["state"] == "finished" for row in self.house.read("SELECT * FROM circuit"))

    async def run_on(self) -> None:
        """Nobody interferes any more: what stands goes on, what waits is begun, and time passes."""
        for _ in range(200):
            rows = self.house.read("SELECT * FROM circuit")
            if all(row["state"] == "finished" for row in rows):
                return
            for row in rows:
                if row["state"] in ("planned", "gathering", "paused"):
                    what = "resume" if row["state"] == "paused" else "go"
                    await self.try_all([self.direct(what, [row["name"]], self.day)])
            for row in self.house.read("SELECT * FROM encounter WHERE paused_ms IS NOT NULL"):
                await self.try_all([self.day.resume_encounter(row["id"])])
            self.clock.move(40)
            await self.settle()
            self.promises()


ENCOUNTERS = """
    SELECT encounter.*, slot.circuit, slot.position
    FROM encounter JOIN slot ON slot.id = slot_id ORDER BY encounter.rowid
"""
