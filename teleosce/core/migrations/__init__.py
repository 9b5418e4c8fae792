"""Alembic migrations, in order, each in its own transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def config(url: str) -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    # Alembic's configuration reads % as an interpolation.
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


def upgrade(url: str) -> None:
    """Brings the database at `url` to the newest revision. Blocks."""
    command.upgrade(config(url), "head")
