"""What the passages of transcripts mean."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passages",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_turn", sa.String(length=26), nullable=False),
        sa.Column("last_turn", sa.String(length=26), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["transcripts.encounter_id"], name=op.f("fk_passages_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "number", name=op.f("pk_passages")),
    )
    op.create_table(
        "passage_readings",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["transcripts.encounter_id"], name=op.f("fk_passage_readings_encounter_id")
        ),
        sa.PrimaryKeyConstraint("encounter_id", name=op.f("pk_passage_readings")),
    )
