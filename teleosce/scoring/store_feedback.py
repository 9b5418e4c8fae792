"""The table of what candidates are shown of their results, and all SQL on it."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.scoring.feedback import FeedbackRules, KeptFeedbackRules

feedback_rules = Table(
    "feedback_rules",
    metadata,
    Column("exam_id", ForeignKey("exam.id"), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)


async def feedback_rules_of(connection: AsyncConnection, exam_id: str) -> KeptFeedbackRules:
    """The rules of an exam; the defaults, as version 0, where none were set."""
    row = (await connection.execute(select(feedback_rules).where(feedback_rules.c.exam_id == exam_id))).one_or_none()
    if row is None:
        return KeptFeedbackRules(exam_id, FeedbackRules(), 0, 0)
    return KeptFeedbackRules(exam_id, FeedbackRules.model_validate(row.rules), row.version, row.changed_ms)


async def set_feedback_rules(connection: AsyncConnection, new: KeptFeedbackRules) -> bool:
    """Compare-and-swap: False when the version before `new` is not the one that is kept."""
    if (await feedback_rules_of(connection, new.exam_id)).version != new.version - 1:
        return False
    values = {"rules": new.rules.model_dump(mode="json"), "version": new.version, "changed_ms": new.changed_ms}
    if new.version == 1:
        await connection.execute(insert(feedback_rules).values(exam_id=new.exam_id, **values))
        return True
    mine = (feedback_rules.c.exam_id == new.exam_id) & (feedback_rules.c.version == new.version - 1)
    return (await connection.execute(update(feedback_rules).where(mine).values(values))).rowcount == 1
