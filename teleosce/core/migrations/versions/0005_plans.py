"""Plans of exams, who was sent their link, and what a plan says of people."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exam_plan",
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("built_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_plan_exam_id")),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_exam_plan")),
    )
    op.create_table(
        "invitation",
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_invitation_exam_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_invitation_seat_id")),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_exam_id"), "invitation", ["exam_id"], unique=False)
    op.add_column("seats", sa.Column("email", sa.String(length=254), nullable=True))
    op.add_column("seats", sa.Column("group", sa.String(length=40), nullable=True))
    op.add_column("seats", sa.Column("extra_percent", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("seats", sa.Column("zone", sa.String(length=64), nullable=True))
