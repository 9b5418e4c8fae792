"""The histories of an exam's forms, on the disk: of a large exam there are hundreds of thousands of key presses."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from teleosce.core.errors import Unavailable
from teleosce.scoring import Entry, History, Shown, State, Step


class Histories(Mapping[str, History]):
    """Histories by form, each read anew when it is asked for. They lie in a passing file without a name, in a folder on
    whose disk comments and notes may lie. Raises Unavailable when it cannot be made there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._room():
            # It goes with this object, also when we are killed.
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._places: dict[str, int] = {}

    def keep(self, histories: Mapping[str, History]) -> None:
        """Adds some. Blocks. Raises Unavailable when the disk does not let it."""
        with self._room():
            at = self._file.seek(0, 2)
            for form_id, one in histories.items():
                self._places[form_id] = at
                entries = [(e.change_id, e.field, e.value, e.version, e.author_id, e.at_ms) for e in one.entries]
                parts = entries, list(map(astuple, one.steps)), list(map(astuple, one.shown))
                at += self._file.write(json.dumps(parts).encode() + b"\n")
            self._file.flush()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"What is read of the marks could not be laid aside in {self._folder} ({error.strerror or error}). "
                "Nothing was written, and the marks are as they were: see to the cause."
            ) from error

    def __getitem__(self, form_id: str) -> History:
        self._file.seek(self._places[form_id])
        entries, steps, shown = json.loads(self._file.readline())
        return History(
            [Entry(*one) for one in entries],
            [Step(State(state), *rest) for state, *rest in steps],
            [Shown(*one) for one in shown],
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
