"""Raw and sealed takes that were damaged on the disk: cut, flipped, emptied, overwritten."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events
from teleosce.core.ids import new_id
from teleosce.invariants.sound import unsound
from teleosce.recording import Recordings, TakeState, journal
from teleosce.recording.models import journal_name, raw_name
from tests.faults.server_under_fire import under_fire
from tests.recording.conftest import QuietRoom
from tests.recording.media import Sender, deliver
from tests.web.house import Client

Damage = Callable[[bytearray, random.Random], None]


def flip(content: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice([1, 10, 200])):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def cut(content: bytearray, dice: random.Random) -> None:
    del content[dice.randrange(len(content)) :]


def overwrite(content: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(content))
    content[start : start + dice.choice([50, 5000])] = dice.randbytes(dice.choice([50, 5000]))


def empty(content: bytearray, _dice: random.Random) -> None:
    content.clear()


def replace(content: bytearray, dice: random.Random) -> None:
    content[:] = dice.randbytes(20_000)


ALL: list[Damage] = [flip, flip, cut, cut, cut, overwrite, overwrite, empty, replace]


async def record_one(recordings: Recordings, folder: Path, encounter_id: str, **whose: str) -> str:
    room = QuietRoom(encounter_id)
    recordings.attend(room, encounter_id)
    sent = room.start(**whose)
    await deliver(room.subscribers[0], sent, Sender().events(0, 4), time.monotonic() - 5)
    room.end(sent)
    await recordings.leave(encounter_id)
    (path,) = (folder / "encounters" / encounter_id).glob("*.raw.webm")
    return path.name.split(".")[0]


def copy_damaged(folder: Path, take_id: str, damage: Damage, dice: random.Random, *, notes_too: bool) -> str:
    """The same take under a name of its own, damaged."""
    copy = new_id()
    raw = bytearray((folder / raw_name(take_id)).read_bytes())
    damage(raw, dice)
    (folder / raw_name(copy)).write_bytes(raw)
    first, _, rest = (folder / journal_name(take_id)).read_bytes().partition(b"\n")
    notes = bytearray(rest)
    if notes_too:
        damage(notes, dice)
    header = journal.Header.model_validate_json(first).model_copy(update={"id": copy})
    (folder / journal_name(copy)).write_bytes(journal.header_line(header) + notes)
    return copy


@pytest.mark.faults
@pytest.mark.parametrize("seed", [1, 2])
async def test_no_damage_keeps_the_others_from_being_sealed(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    database = Database(sqlite_url(tmp_path))
    await database.create_all()
    recordings = Recordings(tmp_path, database, Clock(), Events())
    encounter_id = new_id()
    folder = tmp_path / "encounters" / encounter_id
    good = await record_one(recordings, tmp_path, encounter_id)
    damaged = [
        copy_damaged(folder, good, damage, dice, notes_too=number % 3 == 0) for number, damage in enumerate(ALL * 2)
    ]
    before = {take_id: (folder / raw_name(take_id)).read_bytes() for take_id in damaged}
    manifest = await recordings.seal(encounter_id)
    found = {take.id: take for take in manifest.takes}
    assert found.keys() == {good, *damaged}
    assert found[good].state is TakeState.sealed
    for take in manifest.takes:
        assert take.state is TakeState.sealed or take.reason
        assert list(await asyncio.to_thread(lambda take=take: list(unsound(folder, take, manifest.starts_ms)))) == []
    assert {take_id: (folder / raw_name(take_id)).read_bytes() for take_id in damaged} == before
    assert [take for take in manifest.takes if take.state is TakeState.quarantined]
    await recordings.close()
    await database.close()


@pytest.mark.faults
async def test_a_damaged_take_leaves_the_other_persons_to_be_marked(tmp_path: Path) -> None:
    async with under_fire(tmp_path / "data") as fire:
        await fire.start()
        await fire.consult()
        await fire.recorded(3)
        await fire.kill()
        by_person = {
            journal.read(path).header.participant_id: path.with_name(raw_name(path.stem))
            for path in fire.folder.glob("*.jsonl")
        }
        with sqlite3.connect(fire.data / "teleosce.db") as connection:
            ((candidate,),) = connection.execute("SELECT candidate FROM encounter")
        connection.close()
        by_person[candidate].write_bytes(random.Random(5).randbytes(30_000))
        raw = by_person[candidate].read_bytes()
        await fire.start()
        await fire.all_back(0.0)
        await fire.recorded(3)
        await fire.finish()
        assert by_person[candidate].read_bytes() == raw

        client = Client(fire.url)
        await client.join(fire.links["examiner"])
        shown = await client.json("GET", f"/api/encounters/{fire.encounter}/recording")
        assert shown["state"] == "sealed"
        (bad,) = [take for take in shown["takes"] if take["state"] == "quarantined"]
        assert (bad["role"], bad["url"]) == ("candidate", None)
        assert "kept" in bad["reason"]
        for take in shown["takes"]:
            if take["state"] == "sealed":
                assert (await client.ask("GET", take["url"])).status == 200
        assert {take["role"] for take in shown["takes"] if take["url"]} == {"candidate", "sp"}
        assert (await client.ask("GET", f"/mark/{fire.encounter}")).status == 200
        await client.http.close()
