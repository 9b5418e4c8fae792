"""Who agrees that their recordings train examiners and teach."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_consent",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_training_consent_seat_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_training_consent_session_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_training_consent")),
    )
    op.create_index(op.f("ix_training_consent_seat_id"), "training_consent", ["seat_id"], unique=False)
