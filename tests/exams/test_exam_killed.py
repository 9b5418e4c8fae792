"""A server that is killed again and again while its rings turn: each transition is made once, and all end together."""

import asyncio
import contextlib
import random
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from promises import check_encounter, check_people, check_rings
from random_day import ENCOUNTERS

KILLS, STATIONS = 15, 6

SERVER = f"""
import asyncio, sys
from pathlib import Path
from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events
from teleosce.exams import Day, Exams, Timings

async def main():
    database, clock = Database(sqlite_url(Path(sys.argv[1]))), Clock()
    await database.create_all()
    exams = Exams(database, clock)
    day = Day(exams, clock, Events())
    if not await exams.exams():
        exam = await exams.create("Finals", "UTC")
        for circuit in "AB":
            for rotation in range(3):
                for position in range({STATIONS}):
                    who = (position + rotation) % {STATIONS}
                    timings = Timings(1, 2 if who else 3, 1, 1, 1)
                    await exams.add_slot(exam.id, position=position + 1, rotation=rotation + 1, circuit=circuit,
                                         station_hash="c" * 64, timings=timings,
                                         candidate=circuit + str(who), sp=circuit + "s" + str(position))
        await day.go(exam.id)
    await day.start()
    print("up", flush=True)
    while await exams.any_running():
        await asyncio.sleep(0.05)
    await day.close()
    await database.close()

asyncio.run(main())
"""


def check(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "teleosce.db")) as file:
        file.row_factory = sqlite3.Row
        rows = [dict(row) for row in file.execute(ENCOUNTERS)]
        circuits = {row["name"]: dict(row) for row in file.execute("SELECT * FROM circuit")}
        check_people(rows)
        check_rings(rows, circuits)
        for row in rows:
            lines = file.execute("SELECT * FROM phase_log WHERE encounter_id = ? ORDER BY number", (row["id"],))
            check_encounter(None, row, [dict(line) for line in lines], None)


@pytest.mark.faults
async def test_no_transition_is_lost_or_doubled(tmp_path: Path) -> None:
    chance = random.Random(4)
    until = time.monotonic() + 180
    kills = 0
    while time.monotonic() < until:
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVER, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert server.stdout is not None
        assert await server.stdout.readline() == b"up\n"
        patience = chance.uniform(0.05, 1.5) if kills < KILLS else 60
        try:
            assert await asyncio.wait_for(server.wait(), patience) == 0
            break
        except TimeoutError:
            server.kill()
            await server.wait()
            kills += 1
            check(tmp_path)
    check(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "teleosce.db")) as file:
        assert file.execute("SELECT DISTINCT phase FROM encounter").fetchall() == [("done",)]
        assert file.execute("SELECT DISTINCT state FROM circuit").fetchall() == [("finished",)]
        began = "SELECT rotation, count(DISTINCT at_ms) FROM phase_log JOIN encounter ON encounter.id = encounter_id "
        query = began + "WHERE cause = 'begun' AND candidate LIKE 'A%' GROUP BY rotation"
        assert file.execute(query).fetchall() == [(1, 1), (2, 1), (3, 1)], "a rotation begins at one moment"
    assert kills >= 3
