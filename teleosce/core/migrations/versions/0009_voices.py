"""When each participant spoke, by voice activity, beside their transcript."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcript_voices",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("participant_id", sa.String(length=26), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["transcripts.encounter_id"], name=op.f("fk_transcript_voices_encounter_id")
        ),
        sa.PrimaryKeyConstraint("encounter_id", "participant_id", name=op.f("pk_transcript_voices")),
    )
