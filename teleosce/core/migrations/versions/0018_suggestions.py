"""What a large language model suggested for the items of an encounter."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suggestions",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["transcripts.encounter_id"], name=op.f("fk_suggestions_encounter_id")
        ),
        sa.PrimaryKeyConstraint("encounter_id", "digest", name=op.f("pk_suggestions")),
    )


def downgrade() -> None:
    op.drop_table("suggestions")
