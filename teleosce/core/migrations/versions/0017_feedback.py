"""What candidates are shown of their results, and who was told that they can be read."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback_rules",
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_feedback_rules_exam_id")),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_feedback_rules")),
    )
    op.create_table(
        "feedback_letter",
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_feedback_letter_exam_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_feedback_letter_seat_id")),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_feedback_letter")),
    )
    op.create_index(op.f("ix_feedback_letter_exam_id"), "feedback_letter", ["exam_id"], unique=False)


def downgrade() -> None:
    op.drop_table("feedback_letter")
    op.drop_table("feedback_rules")
