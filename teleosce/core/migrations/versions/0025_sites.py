"""Sites: where the candidates of a circuit sit."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("circuit") as batch_op:
        batch_op.add_column(sa.Column("site", sa.String(length=40), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("circuit") as batch_op:
        batch_op.drop_column("site")
