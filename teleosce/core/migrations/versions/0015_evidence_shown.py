"""What evidence examiners were shown while they marked."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evidence_shown",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.String(length=26), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=200), nullable=False),
        sa.Column("moments", sa.JSON(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_evidence_shown_form_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_evidence_shown")),
    )
    op.create_index(op.f("ix_evidence_shown_form_id"), "evidence_shown", ["form_id"], unique=False)
