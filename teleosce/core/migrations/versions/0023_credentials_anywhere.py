"""A credential's address is the server's of the day on which it is fetched.

The way back does not bring the addresses back: every credential then has an empty one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("credential", "base")


def downgrade() -> None:
    op.add_column("credential", sa.Column("base", sa.String(length=255), nullable=False, server_default=""))
