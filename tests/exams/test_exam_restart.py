"""The server was away, the database held, an encounter stuck: the day goes on where it was."""

import asyncio
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from exam_world import TIMINGS, World

from teleosce.core import db
from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.errors import Unavailable
from teleosce.core.events import EncounterStarted, Events
from teleosce.exams import Day, Exams, Phase


async def test_a_restart_carries_on_with_the_time_left(world: World):
    made = await world.encounter()
    await world.day.begin(made.id)
    await world.pass_time(120)
    before = await world.exams.encounter(made.id)
    world.heard.clear()
    await world.restart(down_s=100)
    assert await world.exams.encounter(made.id) == before
    assert world.heard == [EncounterStarted(made.id)]


async def test_what_ended_while_the_server_was_down_is_advanced(world: World):
    made = await world.encounter()
    await world.day.begin(made.id)
    await world.restart(down_s=3600)
    now = await world.exams.encounter(made.id)
    assert now.phase is Phase.encounter, "the candidate still gets the whole encounter"
    assert now.phase_ends_ms == world.clock.now_ms() + 480_000
    assert world.bells() == [("start", "reading"), ("start", "encounter")]
    assert world.heard.count(EncounterStarted(made.id)) == 1


async def test_a_warning_missed_while_down_rings_late_and_once(world: World):
    made = await world.encounter(timings=replace(TIMINGS, reading_s=0))
    await world.day.begin(made.id)
    await world.restart(down_s=400)
    await world.restart()
    assert world.bells().count(("warning", "encounter")) == 1


async def test_a_clock_set_back_while_down_lengthens_no_phase(world: World):
    made = await world.encounter()
    await world.day.begin(made.id)
    await world.restart(down_s=-7200)
    now = await world.exams.encounter(made.id)
    assert now.phase_ends_ms == world.clock.now_ms() + 120_000


async def test_a_locked_database_changes_nothing_and_the_clock_catches_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    async with World(tmp_path) as world:
        made = await world.encounter()
        await world.day.begin(made.id)
        world.clock.move(120)
        holder = sqlite3.connect(tmp_path / "teleosce.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert await world.day.catch_up() == 1.0
        with pytest.raises(Unavailable):
            await world.day.end_phase(made.id, Phase.reading)
        assert (await world.exams.encounter(made.id)).phase is Phase.reading
        holder.execute("ROLLBACK")
        holder.close()
        await world.settle()
        assert (await world.exams.encounter(made.id)).phase is Phase.encounter


async def test_one_that_cannot_be_moved_does_not_hold_up_the_others(world: World):
    stuck, free = await world.encounter(), await world.encounter("c2", "s2", position=2)
    for one in (stuck, free):
        await world.day.begin(one.id)
    with sqlite3.connect(world.folder / "teleosce.db") as file:
        file.execute(
            f"CREATE TRIGGER stuck BEFORE UPDATE ON encounter WHEN old.id = '{stuck.id}' "
            "BEGIN SELECT RAISE(ABORT, 'stuck'); END"
        )
    await world.pass_time(120)
    assert await world.phases([stuck, free]) == ["reading", "encounter"]
    assert await world.day.catch_up() == 1.0
    with sqlite3.connect(world.folder / "teleosce.db") as file:
        file.execute("DROP TRIGGER stuck")
    await world.settle()
    assert await world.phases([stuck, free]) == ["encounter", "encounter"]


_SERVER = """
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
    await day.start()
    exam = await exams.create("Finals", "UTC")
    await exams.add_slot(exam.id, position=1, rotation=1, station_hash="c" * 64,
                         timings=Timings(0, 600, 0, 0, 0), candidate="c1", sp="s1")
    (encounter,) = await exams.encounters(exam.id)
    begun = await day.begin(encounter.id)
    print(begun.id, begun.phase_ends_ms, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_server_is_taken_over(tmp_path: Path):
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    encounter_id, ends_ms = (await server.stdout.readline()).decode().split()
    server.kill()
    await server.wait()

    database, clock, events = Database(sqlite_url(tmp_path)), Clock(), Events()
    started: list[EncounterStarted] = []

    async def hear(event: EncounterStarted) -> None:
        started.append(event)

    events.subscribe(EncounterStarted, hear)
    exams = Exams(database, clock)
    day = Day(exams, clock, events)
    await day.start()
    await day.heard()
    now = await exams.encounter(encounter_id)
    await day.close()
    await database.close()
    assert started == [EncounterStarted(encounter_id)]
    assert (now.phase, now.phase_ends_ms) == (Phase.encounter, int(ends_ms))
