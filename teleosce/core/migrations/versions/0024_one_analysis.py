"""One analysis of an exam, the last: nobody read those that were kept with decision runs.

What is kept is worked out anew when somebody looks, so no row is carried over in either direction.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("analysis")
    op.create_table(
        "analysis",
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_analysis_exam_id")),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_analysis")),
    )


def downgrade() -> None:
    op.drop_table("analysis")
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
