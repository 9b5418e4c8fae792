"""Decision runs, kept for good, and who may see them from when on."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision_run",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("inputs_hash", sa.String(length=64), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=26), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_decision_run_exam_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_run")),
        sa.UniqueConstraint("exam_id", "number", name=op.f("uq_decision_run_exam_id_number")),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=True),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=26), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=26), nullable=True),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_release_exam_id")),
        sa.ForeignKeyConstraint(["run_id"], ["decision_run.id"], name=op.f("fk_release_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
    )
    op.create_index(op.f("ix_release_exam_id"), "release", ["exam_id"], unique=False)
    op.create_index(op.f("ix_release_run_id"), "release", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_table("release")
    op.drop_table("decision_run")
