from pathlib import Path

import pytest

from teleosce.core.db import sqlite_url
from teleosce.core.jobs import jobs_url


def test_steps_are_kept_beside_the_database_file(tmp_path: Path) -> None:
    assert jobs_url(sqlite_url(tmp_path)) == f"sqlite:///{tmp_path}/jobs.db"


@pytest.mark.parametrize("password", ["", ":p%40ss"])
def test_steps_are_kept_in_the_same_postgresql(password: str) -> None:
    kept = jobs_url(f"postgresql+asyncpg://school{password}@db.example:5433/osce")
    assert kept == f"postgresql+psycopg://school{password}@db.example:5433/osce"
