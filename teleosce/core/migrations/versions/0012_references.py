"""Reference recordings, which exams use them, and reminders to mark."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("station_hash", sa.String(length=64), nullable=False),
        sa.Column("form_id", sa.String(length=26), nullable=False),
        sa.Column("made_by", sa.String(length=26), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_reference_encounter_id")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_reference_form_id")),
        sa.PrimaryKeyConstraint("encounter_id", name=op.f("pk_reference")),
    )
    op.create_index(op.f("ix_reference_station_hash"), "reference", ["station_hash"], unique=False)
    op.create_table(
        "exam_reference",
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("named_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_reference_exam_id")),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["reference.encounter_id"], name=op.f("fk_exam_reference_encounter_id")
        ),
        sa.PrimaryKeyConstraint("exam_id", "encounter_id", name=op.f("pk_exam_reference")),
    )
    op.create_index(op.f("ix_exam_reference_encounter_id"), "exam_reference", ["encounter_id"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_reminder_exam_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_reminder_seat_id")),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_reminder")),
    )
    op.create_index(op.f("ix_reminder_exam_id"), "reminder", ["exam_id"], unique=False)
