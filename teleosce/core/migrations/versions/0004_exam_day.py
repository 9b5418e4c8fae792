"""Circuits, attempts in later rotations, attendance, identities, incidents and messages."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "circuit",
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=True),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_circuit_exam_id")),
        sa.PrimaryKeyConstraint("exam_id", "name", name=op.f("pk_circuit")),
    )
    op.create_table(
        "identity",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=26), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_identity_exam_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_identity")),
    )
    op.create_table(
        "message",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=True),
        sa.Column("from_seat", sa.String(length=26), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_message_exam_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_message")),
    )
    op.create_table(
        "attendance",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_attendance_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "seat_id", name=op.f("pk_attendance")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=True),
        sa.Column("seat_id", sa.String(length=26), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("lost_audio_ms", sa.BigInteger(), nullable=False),
        sa.Column("lost_video_ms", sa.BigInteger(), nullable=False),
        sa.Column("measured", sa.Boolean(), nullable=False),
        sa.Column("proposal", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=26), nullable=True),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.Column("carried_out", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_incident_encounter_id")),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_incident_exam_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    for table, column in (
        ("identity", "exam_id"),
        ("identity", "seat_id"),
        ("message", "exam_id"),
        ("message", "seat_id"),
        ("message", "from_seat"),
        ("attendance", "seat_id"),
        ("incident", "exam_id"),
        ("incident", "encounter_id"),
        ("incident", "seat_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    op.add_column("exam", sa.Column("policy", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("slot", sa.Column("extra", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("encounter", sa.Column("extra", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("encounter", sa.Column("paused_ms", sa.BigInteger(), nullable=True))
    op.add_column("encounter", sa.Column("rotation", sa.Integer(), nullable=False, server_default="1"))
    for statement in _FROM_WHAT_IS_THERE:
        op.execute(statement)


_FROM_WHAT_IS_THERE = (
    "UPDATE encounter SET rotation = (SELECT slot.rotation FROM slot WHERE slot.id = encounter.slot_id)",
    """
    INSERT INTO circuit (exam_id, name, state, rotation, starts_ms, changed_ms)
    SELECT slot.exam_id, slot.circuit,
      CASE WHEN sum(CASE WHEN encounter.phase = 'done' THEN 0 ELSE 1 END) = 0 THEN 'finished' ELSE 'planned' END,
      0, NULL, max(exam.created_ms)
    FROM slot JOIN exam ON exam.id = slot.exam_id JOIN encounter ON encounter.slot_id = slot.id
    GROUP BY slot.exam_id, slot.circuit
    """,
)
