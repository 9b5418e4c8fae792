"""Random days: whatever people, the clock and restarts do, the promises hold."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

from exam_world import World
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from teleosce.core.errors import Conflict
from teleosce.core.events import BellRang, EncounterEnded, EncounterStarted
from teleosce.exams import RUNNING, Cause, Encounter, Outcome, Phase, Timings
from teleosce.exams.phases import boundary_bell

ORDER = list(Phase)
LENGTHS = st.sampled_from([0, 30, 60])
WHICH = st.integers(0, 20)
PEOPLE = [("c1", "s1", 1, 1), ("c2", "s2", 1, 2), ("c1", "s2", 2, 2), ("c2", "s1", 2, 1), ("c1", None, 3, 3)]


class RandomDay(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.world = World(Path(self.folder.name))
        self.known: dict[str, Encounter] = {}
        self.run(self.world.__aenter__())

    def run(self, action: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(action)

    async def attempt(self, action: Coroutine[Any, Any, Any]) -> bool:
        try:
            await action
        except Conflict:
            return False
        finally:
            await self.world.settle()
        return True

    def pick(self, which: int) -> Encounter:
        return list(self.known.values())[which % len(self.known)]

    def everything(self) -> list[Encounter]:
        found: list[Encounter] = self.run(self.world.exams.encounters(self.world.exam.id))
        return found

    @initialize(lengths=st.tuples(LENGTHS, st.sampled_from([60, 90]), LENGTHS, LENGTHS, st.sampled_from([0, 20])))
    def make(self, lengths: tuple[int, int, int, int, int]) -> None:
        for candidate, sp, rotation, position in PEOPLE:
            self.run(
                self.world.encounter(candidate, sp, rotation=rotation, position=position, timings=Timings(*lengths))
            )
        self.known = {one.id: one for one in self.everything()}

    @rule(which=WHICH)
    def begin(self, which: int) -> None:
        chosen = self.pick(which)
        others = [one for one in self.known.values() if one.phase in RUNNING]
        taken = {seat for one in others for seat in (one.candidate, one.sp) if seat}
        free = chosen.phase is Phase.waiting and not taken & {chosen.candidate, chosen.sp}
        assert self.run(self.attempt(self.world.day.begin(chosen.id))) == free

    @rule(which=WHICH, expected=st.sampled_from(RUNNING))
    def end_phase(self, which: int, expected: Phase) -> None:
        chosen = self.pick(which)
        acted = self.run(self.attempt(self.world.day.end_phase(chosen.id, expected)))
        assert acted == (chosen.phase is expected)

    @rule(which=WHICH)
    def both_end_the_phase(self, which: int) -> None:
        chosen = self.pick(which)

        async def both() -> list[bool]:
            day = self.world.day
            return await asyncio.gather(*(self.attempt(day.end_phase(chosen.id, chosen.phase)) for _ in range(2)))

        assert sum(self.run(both())) == (chosen.phase in RUNNING)

    @rule(which=WHICH, seconds=st.integers(1, 60))
    def add_time(self, which: int, seconds: int) -> None:
        chosen = self.pick(which)
        acted = self.run(self.attempt(self.world.day.add_time(chosen.id, seconds)))
        assert acted == (chosen.phase in RUNNING)

    @rule(which=WHICH)
    def rerun(self, which: int) -> None:
        chosen = self.pick(which)
        newest = max(one.attempt for one in self.known.values() if one.slot_id == chosen.slot_id)
        acted = self.run(self.attempt(self.world.day.rerun(chosen.id)))
        assert acted == (chosen.phase is Phase.done and chosen.attempt == newest)

    @rule(which=WHICH)
    def void(self, which: int) -> None:
        chosen = self.pick(which)
        acted = self.run(self.attempt(self.world.day.void(chosen.id, "A reason.")))
        assert acted == (chosen.outcome is not Outcome.void)

    @rule(seconds=st.sampled_from([1, 15, 29.5, 45, 100, 5000]))
    def time_passes(self, seconds: float) -> None:
        self.run(self.world.pass_time(seconds))

    @rule(seconds=st.sampled_from([0, 20, 45, 4000, -3600]))
    def restart(self, seconds: int) -> None:
        self.run(self.world.restart(seconds))

    @invariant()
    def promises(self) -> None:
        now = {one.id: one for one in self.everything()}
        seats = Counter(
            seat for one in now.values() if one.phase in RUNNING for seat in (one.candidate, one.sp) if seat
        )
        assert all(count == 1 for count in seats.values()), "somebody is in two rooms"
        assert now.keys() >= self.known.keys(), "an attempt vanished"
        for before in self.known.values():
            after = now[before.id]
            assert ORDER.index(after.phase) >= ORDER.index(before.phase), "a phase went back"
            assert (after.slot_id, after.attempt) == (before.slot_id, before.attempt)
            if before.phase is Phase.done:
                assert after in (before, _voided(before)), "a finished attempt was changed"
        for one in now.values():
            assert (one.outcome is not None) == (one.phase is Phase.done)
            if one.phase in RUNNING:
                assert one.phase_ends_ms is not None
                assert one.phase_started_ms <= self.world.clock.now_ms() < one.phase_ends_ms
        rung = Counter(bell_of(event) for event in self.world.heard if isinstance(event, BellRang))
        assert all(count == 1 for count in rung.values()), "a bell rang twice"
        self.known = now

    def teardown(self) -> None:
        try:
            for _ in RUNNING:
                self.run(self.world.pass_time(5000))
            self.promises()
            self.run(self.check_the_end())
        finally:
            self.run(self.world.__aexit__(None, None, None))
            self.runner.close()
            self.folder.cleanup()

    async def check_the_end(self) -> None:
        heard = self.world.heard
        rung = {bell_of(event) for event in heard if isinstance(event, BellRang)}
        for one in await self.world.exams.encounters(self.world.exam.id):
            assert one.phase in (Phase.waiting, Phase.done)
            entries = await self.world.exams.phase_log(one.id)
            still = (Cause.time_added, Cause.clock_set_back)
            steps = list(pairwise(entry.phase for entry in entries if entry.cause not in still))
            due = {boundary_bell(*step) for step in steps} - {None}
            boundary = {bell[1:] for bell in rung if bell[0] == one.id and bell[1] != "warning"}
            assert boundary == {(kind.value, phase.value) for kind, phase in due if kind}
            held = Phase.encounter in {phase for phase, _ in steps}
            assert heard.count(EncounterEnded(one.id)) == held
            assert (heard.count(EncounterStarted(one.id)) > 0) == held


def bell_of(bell: BellRang) -> tuple[str, str, str]:
    return bell.encounter_id, bell.kind, bell.phase


def _voided(one: Encounter) -> Encounter:
    return Encounter(**{**one.__dict__, "outcome": Outcome.void})


RandomDay.TestCase.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
test_random_days = RandomDay.TestCase
