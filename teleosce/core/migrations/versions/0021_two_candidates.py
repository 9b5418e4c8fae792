"""Encounters that are held in the room of another candidate's."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("slot", sa.Column("met_at", sa.Integer(), nullable=True))
    op.add_column("encounter", sa.Column("joins", sa.String(length=26), nullable=True))
    op.create_index(op.f("ix_encounter_joins"), "encounter", ["joins"], unique=False)
