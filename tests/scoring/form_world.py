"""Forms on a real database with one encounter, and a small sheet to fill in."""

from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events, MarkSubmitted
from teleosce.exams import Exams, Timings
from teleosce.scoring import Change, Form, Forms, Kind, Layout, MarkedItem, SaveResult

LAYOUT = Layout(
    items={
        "opens": MarkedItem("communication", 1.0, critical=False),
        "red-flags": MarkedItem("history", 3.0, critical=True),
        "safety-net": MarkedItem("management", 2.0, critical=False),
    },
    sp={"listened": 5, "trust": 7},
    note={"findings": True, "plan": False},
)
EXAMINER = "examiner"
_numbers = count(1)


def change(field: str, value: Any, base_version: int = 0, change_id: str | None = None) -> Change:
    return Change(field, value, base_version, change_id or f"change-{next(_numbers)}")


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.submitted: list[MarkSubmitted] = []

    async def __aenter__(self) -> "World":
        self._open()
        await self.database.create_all()
        self.exam = await self.exams.create("Finals", "UTC")
        self.encounter_id = await self.encounter(1)
        return self

    def _open(self) -> None:
        self.database = Database(sqlite_url(self.folder))
        clock, events = Clock(), Events()
        events.subscribe(MarkSubmitted, self._hear)
        self.forms = Forms(self.database, clock, events)
        self.exams = Exams(self.database, clock)

    async def restart(self) -> None:
        """Another server on the same file."""
        await self.database.close()
        self._open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.database.close()

    async def encounter(self, rotation: int) -> str:
        slot = await self.exams.add_slot(
            self.exam.id,
            position=1,
            rotation=rotation,
            station_hash="a" * 64,
            timings=Timings(0, 480, 0, 0, 0),
            candidate="candidate",
            sp="patient",
            examiner=EXAMINER,
        )
        return next(one.id for one in await self.exams.encounters(self.exam.id) if one.slot_id == slot.id)

    async def mark(self) -> Form:
        return await self.forms.open(Kind.mark, self.encounter_id, EXAMINER)

    async def save(self, form: Form, *changes: Change) -> SaveResult:
        return await self.forms.save(form.id, changes, form.author_id, LAYOUT)

    async def complete(self, form: Form) -> None:
        marks = [change(f"item.{name}", "done") for name in LAYOUT.items]
        await self.save(form, *marks, change("global", "pass"))

    async def _hear(self, event: MarkSubmitted) -> None:
        self.submitted.append(event)
