"""The `alarm` table: what was wrong with whom, from when to when."""

from collections.abc import Collection

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, insert, select, update

from teleosce.core.db import Database, metadata
from teleosce.watching.models import Alarm, AlarmKind

alarm_table = Table(
    "alarm",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("encounter_id", String(26), nullable=False),
    Column("participant_id", String(26), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
    Index("ix_alarm_encounter_id", "encounter_id"),
)


class AlarmStore:
    """Adds alarms, ends them, and reads them back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(self, began: Collection[Alarm], ended: Collection[Alarm]) -> None:
        """Writes what began and what ended, together."""
        async with self._database.write() as connection:
            for alarm in began:
                await connection.execute(insert(alarm_table).values(_row(alarm)))
            for alarm in ended:
                row = _row(alarm)
                until_ms = row.pop("until_ms")
                same = [alarm_table.c[name] == value for name, value in row.items()]
                await connection.execute(update(alarm_table).where(*same).values(until_ms=until_ms))

    async def end_all(self, encounter_id: str, until_ms: int) -> None:
        """Ends what a killed server left open."""
        is_open = (alarm_table.c.encounter_id == encounter_id) & alarm_table.c.until_ms.is_(None)
        async with self._database.write() as connection:
            await connection.execute(update(alarm_table).where(is_open).values(until_ms=until_ms))

    async def of(self, encounter_ids: Collection[str]) -> list[Alarm]:
        """All alarms of some encounters, in the order in which they began."""
        mine = select(alarm_table).where(alarm_table.c.encounter_id.in_(encounter_ids))
        async with self._database.read() as connection:
            rows = (await connection.execute(mine.order_by(alarm_table.c.since_ms, alarm_table.c.number))).all()
        return [
            Alarm(row.encounter_id, row.participant_id, AlarmKind(row.kind), row.since_ms, row.until_ms) for row in rows
        ]


def _row(alarm: Alarm) -> dict[str, object]:
    return {
        "encounter_id": alarm.encounter_id,
        "participant_id": alarm.participant_id,
        "kind": alarm.kind.value,
        "since_ms": alarm.since_ms,
        "until_ms": alarm.until_ms,
    }
