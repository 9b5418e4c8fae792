"""Reels for teaching."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reel",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("exams", sa.JSON(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        sa.Column("numbers", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("done", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String(length=64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reel")),
    )
    op.create_index(op.f("ix_reel_state"), "reel", ["state"], unique=False)
    op.create_table(
        "reel_moment",
        sa.Column("reel_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.String(length=9), nullable=False),
        sa.Column("refused", sa.Text()),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_reel_moment_encounter_id")),
        sa.ForeignKeyConstraint(["reel_id"], ["reel.id"], name=op.f("fk_reel_moment_reel_id")),
        sa.PrimaryKeyConstraint("reel_id", "number", name=op.f("pk_reel_moment")),
    )
    op.create_index(op.f("ix_reel_moment_encounter_id"), "reel_moment", ["encounter_id"], unique=False)
