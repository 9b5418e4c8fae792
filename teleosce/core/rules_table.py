"""An exam's rules of one kind: a document with the number of its changes, and nobody overwrites what they never saw.

Each kind has a table of its own, with a row for each exam whose rules were set.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.core.errors import Conflict

Rules = TypeVar("Rules", bound=BaseModel)


@dataclass(frozen=True)
class Kept(Generic[Rules]):
    """Rules as they are kept. `version` counts their changes from 1; 0 while the defaults hold."""

    exam_id: str
    rules: Rules
    version: int
    changed_ms: int

    def plain(self) -> dict[str, Any]:
        """As JSON, without the exam."""
        return {"rules": self.rules.model_dump(mode="json"), "version": self.version, "changed_ms": self.changed_ms}


class RulesTable(Generic[Rules]):
    """The rules of one kind, of all exams: their table, and all SQL on it. Every field of `model` has a default."""

    def __init__(self, name: str, model: type[Rules]) -> None:
        self._model = model
        self.table = Table(
            name,
            metadata,
            Column("exam_id", ForeignKey("exam.id"), primary_key=True),
            Column("rules", JSON, nullable=False),
            Column("version", Integer, nullable=False),
            Column("changed_ms", BigInteger, nullable=False),
        )

    async def of(self, connection: AsyncConnection, exam_id: str) -> Kept[Rules]:
        """The rules of an exam; the defaults, as version 0, where none were set."""
        mine = select(self.table).where(self.table.c.exam_id == exam_id)
        row = (await connection.execute(mine)).one_or_none()
        if row is None:
            return Kept(exam_id, self._model(), 0, 0)
        return Kept(exam_id, self._model.model_validate(row.rules), row.version, row.changed_ms)

    async def swap(self, connection: AsyncConnection, new: Kept[Rules]) -> bool:
        """Compare-and-swap: False when the version before `new` is not the one that is kept."""
        values = new.plain()
        mine = self.table.c.exam_id == new.exam_id
        if new.version > 1:
            same = self.table.c.version == new.version - 1
            return (await connection.execute(update(self.table).where(mine, same).values(values))).rowcount == 1
        if await connection.scalar(select(self.table.c.version).where(mine)) is not None:
            return False
        await connection.execute(insert(self.table).values(exam_id=new.exam_id, **values))
        return True

    async def change(self, connection: AsyncConnection, new: Kept[Rules]) -> None:
        """The same. Raises Conflict, with what is kept, where that is False."""
        if not await self.swap(connection, new):
            kept = await self.of(connection, new.exam_id)
            raise Conflict(
                "Somebody else has changed these rules meanwhile, so yours were not saved. Look at theirs first.",
                code="rules-changed",
                details={"rules": kept.plain()["rules"], "version": kept.version},
            )
