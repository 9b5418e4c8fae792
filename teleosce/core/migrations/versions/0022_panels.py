"""Panels that set a standard, their judges, and what these expect of borderline candidates."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "panel",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("facility", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.String(length=26), nullable=True),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_panel_exam_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel")),
        sa.UniqueConstraint("exam_id", "number", name=op.f("uq_panel_exam_id_number")),
    )
    op.create_table(
        "panel_judge",
        sa.Column("panel_id", sa.String(length=26), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_panel_judge_panel_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_panel_judge_seat_id")),
        sa.PrimaryKeyConstraint("panel_id", "seat_id", name=op.f("pk_panel_judge")),
    )
    op.create_table(
        "judgement",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("panel_id", sa.String(length=26), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("station_hash", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("percent", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_judgement_panel_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_judgement_seat_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_judgement")),
        sa.UniqueConstraint(
            "panel_id",
            "round",
            "seat_id",
            "station_hash",
            "item",
            "version",
            name=op.f("uq_judgement_panel_id_round_seat_id_station_hash_item_version"),
        ),
    )


def downgrade() -> None:
    op.drop_table("judgement")
    op.drop_table("panel_judge")
    op.drop_table("panel")
