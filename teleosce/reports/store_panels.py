"""The tables of panels, their judges and what each expects, and all SQL on them. A judgement is only ever added."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.reports.panel import Judgement, Panel, PanelState

panels = Table(
    "panel",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("facility", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("opened_by", String(26)),
    Column("opened_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    UniqueConstraint("exam_id", "number"),
)

judges = Table(
    "panel_judge",
    metadata,
    Column("panel_id", ForeignKey("panel.id"), primary_key=True),
    Column("seat_id", ForeignKey("seats.id"), primary_key=True),
)

judgements = Table(
    "judgement",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("panel_id", ForeignKey("panel.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("seat_id", ForeignKey("seats.id"), nullable=False),
    Column("station_hash", String(64), nullable=False),
    Column("item", String(64), nullable=False),
    Column("percent", Float),
    Column("version", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("panel_id", "round", "seat_id", "station_hash", "item", "version"),
)


async def add(connection: AsyncConnection, panel: Panel) -> None:
    """A new panel with its judges. An IntegrityError says that somebody else opened one just now."""
    values = {name: value for name, value in asdict(panel).items() if name != "judges"}
    await connection.execute(insert(panels).values(values | {"state": panel.state.value}))
    await connection.execute(insert(judges), [{"panel_id": panel.id, "seat_id": seat} for seat in panel.judges])


async def change(connection: AsyncConnection, panel: Panel) -> bool:
    """Compare-and-swap of state and facility: False when the version before is not the one that is kept."""
    same = (panels.c.id == panel.id) & (panels.c.version == panel.version - 1)
    values = {
        "state": panel.state.value,
        "facility": panel.facility,
        "version": panel.version,
        "changed_ms": panel.changed_ms,
    }
    return (await connection.execute(update(panels).where(same).values(values))).rowcount == 1


async def of_exam(connection: AsyncConnection, exam_id: str) -> list[Panel]:
    """The panels of an exam, oldest first."""
    rows = await connection.execute(select(panels).where(panels.c.exam_id == exam_id).order_by(panels.c.number))
    return [await _panel(connection, row) for row in rows.all()]


async def of_seat(connection: AsyncConnection, seat_id: str) -> list[Panel]:
    """The panels in which somebody is a judge, oldest first."""
    rows = await connection.execute(
        select(panels).select_from(panels.join(judges)).where(judges.c.seat_id == seat_id).order_by(panels.c.number)
    )
    return [await _panel(connection, row) for row in rows.all()]


async def _panel(connection: AsyncConnection, row: Row[Any]) -> Panel:
    query = select(judges.c.seat_id).where(judges.c.panel_id == row.id).order_by(judges.c.seat_id)
    seats = tuple((await connection.execute(query)).scalars())
    return Panel(
        row.id, row.exam_id, row.number, PanelState(row.state), row.facility, row.version, row.opened_by, row.opened_ms,
        row.changed_ms, seats,
    )  # fmt: skip


async def add_judgements(connection: AsyncConnection, panel_id: str, new: Sequence[Judgement], at_ms: int) -> None:
    """Adds judgements, each as the next version of its own."""
    for one in new:
        mine = (
            (judgements.c.panel_id == panel_id)
            & (judgements.c.round == one.round)
            & (judgements.c.seat_id == one.seat_id)
            & (judgements.c.station_hash == one.station)
            & (judgements.c.item == one.item)
        )
        last = await connection.scalar(select(func.max(judgements.c.version)).where(mine))
        await connection.execute(
            insert(judgements).values(
                panel_id=panel_id,
                round=one.round,
                seat_id=one.seat_id,
                station_hash=one.station,
                item=one.item,
                percent=one.percent,
                version=(last or 0) + 1,
                at_ms=at_ms,
            )
        )


async def judgements_of(connection: AsyncConnection, panel_id: str) -> Mapping[tuple[int, str, str, str], float | None]:
    """The newest judgements of a panel, by round, seat, station and item."""
    rows = await connection.execute(
        select(judgements).where(judgements.c.panel_id == panel_id).order_by(judgements.c.number)
    )
    return {(row.round, row.seat_id, row.station_hash, row.item): row.percent for row in rows}
