"""The rule by which an exam is to be decided."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "result_rules",
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_result_rules_exam_id")),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_result_rules")),
    )


def downgrade() -> None:
    op.drop_table("result_rules")
