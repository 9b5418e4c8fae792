"""Analyses of an exam's marks, kept by the digest of what they rest on; and why a release was withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "analysis",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=True),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_analysis_exam_id")),
        sa.ForeignKeyConstraint(["run_id"], ["decision_run.id"], name=op.f("fk_analysis_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis")),
        sa.UniqueConstraint("run_id", name=op.f("uq_analysis_run_id")),
    )
    op.create_index(op.f("ix_analysis_exam_id"), "analysis", ["exam_id"], unique=False)
    op.add_column("release", sa.Column("withdrawn_why", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("release", "withdrawn_why")
    op.drop_table("analysis")
