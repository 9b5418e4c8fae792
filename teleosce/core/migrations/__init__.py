"""Alembic migrations, in order, each in its own transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from teleosce.core.db import Database


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


def newest() -> str:
    """The revision that this version writes."""
    return ScriptDirectory.from_config(config("sqlite://")).get_current_head() or ""


async def present(database: Database) -> str | None:
    """The revision of a database; None when it has no tables yet."""
    async with database.read() as connection:
        try:
            return str((await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one())
        except DBAPIError:
            return None
