"""Turns of transcripts that a person found right."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcript_checks",
        sa.Column("turn_id", sa.String(length=26), nullable=False),
        sa.Column("author", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["transcript_turns.id"], name=op.f("fk_transcript_checks_turn_id")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_transcript_checks")),
    )
