"""The databases as files."""

import sqlite3
from contextlib import closing
from pathlib import Path


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy of an SQLite database that others read and write meanwhile (https://www.sqlite.org/backup.html).

    In one step, under one read transaction: in WAL mode no writer waits for it. The copy is one file, without a log.
    Raises sqlite3.Error. Blocks.
    """
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")


def faults_of(database: Path) -> list[str]:
    """What SQLite finds wrong with a database, at most ten lines; none when it is sound. Blocks."""
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=60)) as opened:
            found = [str(row[0]) for row in opened.execute("PRAGMA quick_check(10)")]
    except sqlite3.Error as error:
        return [str(error)]
    return [line for line in found if line != "ok"]
