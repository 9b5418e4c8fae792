"""Whatever devices, queues, lost answers, repeats, conflicts, submissions, amendments and restarts do to a mark: every
change that was acknowledged is in its history, and the mark is what its history comes to.
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from device import Device
from form_world import EXAMINER, LAYOUT, World
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from teleosce.core.errors import Conflict, Invalid
from teleosce.scoring import Change, Entry, Saved, SaveResult, State

T = TypeVar("T")
DEVICES = ("laptop", "tablet", "desk")
VALUES = {f"item.{name}": (None, "done", "partly", "not_done") for name in LAYOUT.items} | {
    "global": (None, "fail", "pass"),
    "comment": (None, "Calm.", "Calm, clear."),
    "bookmark.b1": (None, {"at_ms": 5, "text": "Here."}),
}
FIELDS = st.sampled_from(sorted(VALUES))
NEXT = {
    State.draft: State.submitted,
    State.submitted: State.amending,
    State.amending: State.amended,
    State.amended: State.amending,
}


class House:
    """One real database for all examples; each example has an encounter, and so a mark, of its own."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.rotations = count(2)
        self.world = World(folder)
        self.run(self.world.__aenter__())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def close(self) -> None:
        self.run(self.world.database.close())
        self.runner.close()


class Marking(RuleBasedStateMachine):
    house: House

    def __init__(self) -> None:
        super().__init__()
        self.encounter = self.house.run(self.house.world.encounter(next(self.house.rotations)))
        self.house.world.encounter_id = self.encounter
        self.form = self.house.run(self.house.world.mark())
        self.devices = {name: Device(name) for name in DEVICES}
        self.acknowledged: list[tuple[Change, Saved]] = []
        self.bases: dict[str, set[int]] = {}
        self.history: list[Entry] = []
        self.allowed = True
        """Whether entries may have come since the last look: never while the mark was locked."""

    @rule(name=st.sampled_from(DEVICES))
    def open(self, name: str) -> None:
        self.devices[name].load(self.house.run(self.house.world.forms.form(self.form.id)))

    @rule(name=st.sampled_from(DEVICES), field=FIELDS, pick=st.integers(0, 3))
    def press(self, name: str, field: str, pick: int) -> None:
        self.devices[name].set(field, VALUES[field][pick % len(VALUES[field])])

    @rule(name=st.sampled_from(DEVICES))
    def mark_all(self, name: str) -> None:
        for field in (*(f"item.{name}" for name in LAYOUT.items), "global"):
            self.devices[name].set(field, VALUES[field][1])

    @rule(name=st.sampled_from(DEVICES), fate=st.sampled_from(["heard", "heard", "unheard", "lost"]))
    def send(self, name: str, fate: str) -> None:
        due = self.devices[name].due()
        answer = None if fate == "lost" else self.house.run(self._save(due))
        if answer is not None and fate == "heard":
            self.devices[name].heard(answer, self._acknowledge)

    @rule(names=st.lists(st.sampled_from(DEVICES), min_size=2, max_size=2, unique=True))
    def send_at_once(self, names: list[str]) -> None:
        async def both() -> list[SaveResult | None]:
            return await asyncio.gather(*(self._save(self.devices[name].due()) for name in names))

        for name, answer in zip(names, self.house.run(both()), strict=True):
            if answer is not None:
                self.devices[name].heard(answer, self._acknowledge)

    @precondition(lambda self: self.acknowledged)
    @rule(pick=st.integers(0, 1000))
    def repeat(self, pick: int) -> None:
        """A copy that went astray comes late: it is acknowledged again, and changes nothing."""
        change, saved = self.acknowledged[pick % len(self.acknowledged)]
        before = self._entries()
        written = any(entry.change_id == change.change_id for entry in before)
        answer = self.house.run(self._save([change]))
        if written:
            assert answer is not None
            assert answer.saved == [saved]
            assert self._entries() == before
        elif answer is not None:
            for again in answer.saved:
                self._acknowledge(change, again)

    @rule(name=st.sampled_from(DEVICES), mine=st.booleans())
    def resolve(self, name: str, mine: bool) -> None:
        for field in list(self.devices[name].conflicts):
            self.devices[name].resolve(field, mine=mine)

    @rule(name=st.sampled_from(DEVICES))
    def restart_browser(self, name: str) -> None:
        self.open(name)

    @rule()
    def restart_server(self) -> None:
        self.house.run(self.house.world.restart())

    @rule()
    def submit(self) -> None:
        try:
            self.house.run(self.house.world.forms.submit(self.form.id, EXAMINER, LAYOUT))
        except Invalid as refused:
            if refused.code != "incomplete":
                raise

    @rule()
    def amend(self) -> None:
        try:
            self.house.run(self.house.world.forms.amend(self.form.id, "Wrong key.", EXAMINER))
        except Conflict:
            assert self._state() in (State.draft, State.amending)

    @invariant()
    def every_acknowledged_change_is_in_the_history(self) -> None:
        entries = self._entries()
        by_id = {entry.change_id: entry for entry in entries}
        there = {(entry.field, entry.version): entry.value for entry in entries}
        for change, saved in self.acknowledged:
            assert saved.field == change.field
            if (entry := by_id.get(change.change_id)) is not None:
                assert (entry.field, entry.value, entry.version) == (change.field, change.value, saved.version)
            else:  # it asked for what was there
                assert there.get((saved.field, saved.version)) == change.value

    @invariant()
    def the_mark_is_the_fold_of_its_history(self) -> None:
        entries = self._entries()
        assert entries[: len(self.history)] == self.history, "what was written stays"
        assert self.allowed or len(entries) == len(self.history), "a locked mark was changed"
        folded: dict[str, tuple[Any, int]] = {}
        for entry in entries:
            assert entry.version == folded.get(entry.field, (None, 0))[1] + 1
            assert entry.version - 1 in self.bases[entry.change_id], "somebody's word was overwritten unseen"
            folded[entry.field] = (entry.value, entry.version)
        form = self.house.run(self.house.world.forms.form(self.form.id))
        assert {name: (field.value, field.version) for name, field in form.fields.items()} == folded
        state = State.draft
        for step in self.house.run(self.house.world.forms.history(self.form.id)).steps:
            assert step.state is NEXT[state]
            state = step.state
        assert form.state is state
        self.history = entries
        self.allowed = state in (State.draft, State.amending)

    def _acknowledge(self, change: Change, saved: Saved) -> None:
        self.acknowledged.append((change, saved))

    async def _save(self, changes: list[Change]) -> SaveResult | None:
        """The answer; None when the mark is locked."""
        for change in changes:
            self.bases.setdefault(change.change_id, set()).add(change.base_version)
        try:
            return await self.house.world.save(self.form, *changes)
        except Conflict as refused:
            if refused.code != "form-locked":
                raise
            return None

    def _entries(self) -> list[Entry]:
        return self.house.run(self.house.world.forms.history(self.form.id)).entries

    def _state(self) -> State:
        return self.house.run(self.house.world.forms.form(self.form.id)).state


def _play(examples: int, steps: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Marking.house = House(Path(folder))
        try:
            run_state_machine_as_test(
                Marking,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            Marking.house.close()


def test_a_mark_is_what_its_history_comes_to() -> None:
    _play(examples=6, steps=20)


@pytest.mark.faults
def test_a_mark_is_what_its_history_comes_to_over_many_evenings() -> None:
    _play(examples=150, steps=60)
