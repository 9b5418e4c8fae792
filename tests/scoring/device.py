"""A device as js/forms.js behaves: what is changed waits in a queue until the server says that it is on disk."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from teleosce.scoring import Change, FieldConflict, Form, Saved, SaveResult


class Device:
    """The queue is what survives a restart of the browser; `known` is read anew."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.known: dict[str, tuple[Any, int]] = {}
        self.queue: list[Change] = []
        self.sent: set[str] = set()
        self.conflicts: dict[str, FieldConflict] = {}
        self._made = 0

    def load(self, form: Form) -> None:
        """The page is opened, for the first time or again. What was left is sent as it is: the server may have it."""
        self.known = {name: (field.value, field.version) for name, field in form.fields.items()}
        self.sent = {change.change_id for change in self.queue}
        self.conflicts = {}

    def set(self, field: str, value: Any) -> None:
        """A key was pressed."""
        last = next((change for change in reversed(self.queue) if change.field == field), None)
        if (last.value if last else self.known.get(field, (None, 0))[0]) == value:
            return
        if last and last.change_id not in self.sent:
            self.queue[self.queue.index(last)] = replace(last, value=value)
            return
        self._made += 1
        base = last.base_version if last else self.known.get(field, (None, 0))[1]
        self.queue.append(Change(field, value, base, f"{self.name}-{self._made:04}"))

    def due(self) -> list[Change]:
        """One change a field: the next is made upon the version that its forerunner gets."""
        first: dict[str, Change] = {}
        for change in self.queue:
            if change.field not in self.conflicts:
                first.setdefault(change.field, change)
        self.sent.update(change.change_id for change in first.values())
        return list(first.values())

    def heard(self, answer: SaveResult, acknowledge: Callable[[Change, Saved], None]) -> None:
        """The server has answered."""
        for saved in answer.saved:
            change = next((each for each in self.queue if each.change_id == saved.change_id), None)
            if change is None:
                continue
            acknowledge(change, saved)
            self.queue.remove(change)
            if saved.version >= self.known.get(saved.field, (None, 0))[1]:
                self.known[saved.field] = (change.value, saved.version)
            self.queue = [
                replace(each, base_version=saved.version) if each.field == saved.field else each for each in self.queue
            ]
        for conflict in answer.conflicts:
            if any(each.change_id == conflict.change_id for each in self.queue):
                self.conflicts[conflict.field] = conflict

    def resolve(self, field: str, *, mine: bool) -> None:
        """A person has chosen between the two values."""
        theirs = self.conflicts.pop(field)
        wanted = next(change.value for change in reversed(self.queue) if change.field == field)
        self.queue = [change for change in self.queue if change.field != field]
        self.known[field] = (theirs.value, theirs.version)
        if mine:
            self.set(field, wanted)
