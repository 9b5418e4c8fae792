"""A backup is worth what its restore is: the drill, and all that may go wrong on the way."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from yarl import URL

from teleosce.app import running
from teleosce.core.blobs import sha256
from teleosce.core.errors import Conflict, Invalid, NotFound, Unavailable
from teleosce.exams import Phase
from teleosce.keeping import back_up, restore
from teleosce.keeping.backup_list import LIST, read_list
from teleosce.people import Role
from teleosce.web.sessions import cookie_name
from tests.keeping.keeping_world import World
from tests.keeping.keeping_world import world as running_world
from tests.recording.media import play
from tests.web.house import settings


def quiet(_done: int, _total: int) -> None:
    pass


async def command(*arguments: str) -> str:
    """What a command of ours says, which must end well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce", *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_what_was_backed_up_while_the_server_ran_goes_on_elsewhere(world: World, tmp_path: Path) -> None:
    form = await world.whole()
    marks = await world.rooms.forms.form(form)
    client = await world.house.client("candidate", 1)
    other = await world.house.encounter_of("candidate", 1)
    await world.house.begin(other)
    running_take = await _growing(world, other)

    said = await command("backup", str(tmp_path / "backup"), "--data", str(world.data))

    assert "2 files were still being recorded" in said
    assert "digest" in said
    said = await command("restore", str(tmp_path / "backup"), "--data", str(tmp_path / "new"))
    assert "teleosce serve --data" in said
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o077 == 0

    async with running(settings(tmp_path / "new")) as again:
        assert await again.rooms.forms.form(form) == marks
        transcript = await again.rooms.transcripts.get(world.encounter_id)
        assert transcript == await world.rooms.transcripts.get(world.encounter_id)
        manifest = await again.rooms.recordings.manifest(world.encounter_id)
        assert manifest is not None
        assert len(manifest.takes) == 2
        for take in manifest.takes:
            path = again.rooms.recordings.path(take)
            assert sha256(path) == take.sha256
            assert len(play(path).beeps) >= 2
        assert (await again.rooms.people.verify_audit()).broken_at is None
        # The encounter that went on goes on, and what was being recorded is sealed as far as it had come.
        assert (await again.rooms.exams.encounter(other)).phase == "encounter"
        await again.rooms.day.end_phase(other, Phase.encounter)
        await again.rooms.day.heard()
        sealed = await again.rooms.recordings.seal(other)
        assert [take.participant_id for take in sealed.takes] == [running_take]
        assert sealed.duration_ms > 2000
        # And whoever was signed in still is: the same cookies open the same place.
        cookies = client.http.cookie_jar.filter_cookies(URL(world.house.server.url))
        assert await again.rooms.people.principal(cookies[cookie_name(Role.candidate)].value)


async def _growing(world: World, encounter_id: str) -> str:
    """A take that is being recorded, with three seconds on disk; returns whose."""
    here = World(world.house, encounter_id, world.house.seat("candidate", 1), "", "")
    await here.send(here.candidate, seconds=3, zero=time.monotonic() - 3, end=False)
    async with asyncio.timeout(20):
        while world.rooms.recordings.seconds_on_disk(encounter_id) < 2:  # noqa: ASYNC110 the disk tells nobody
            await asyncio.sleep(0.05)
    return here.candidate


async def test_the_second_backup_copies_only_what_is_new(world: World, tmp_path: Path) -> None:
    await world.whole()
    first, copied = back_up(world.data, tmp_path / "b", sqlite=True, now_ms=1, told=quiet)
    media = sum(one.size for one in first.files if one.path.startswith("encounters/"))
    assert copied >= media > 0
    await world.rooms.people.record(None, "test.note", "something new")

    second, copied = back_up(world.data, tmp_path / "b", sqlite=True, now_ms=2, told=quiet)

    assert copied == sum(one.size for one in second.files if one.path.endswith(".db"))
    named = {one.sha256 for one in second.files}
    assert {path.name for path in (tmp_path / "b" / "files").iterdir()} == named
    restore(tmp_path / "b", tmp_path / "new", told=quiet)
    with sqlite3.connect(tmp_path / "new" / "teleosce.db") as database:
        assert database.execute("SELECT subject FROM audit_log ORDER BY number DESC").fetchone() == ("something new",)


async def _make(data: Path) -> None:
    async with running_world(data) as world:
        await world.record()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a recorded encounter, and its backup: made once, and copied for each test."""
    folder = tmp_path_factory.mktemp("made")
    asyncio.run(_make(folder / "data"))
    back_up(folder / "data", folder / "b", sqlite=True, now_ms=1, told=quiet)
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "data", tmp_path / "data")


@pytest.fixture
def backup(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "b", tmp_path / "b")


def _a_take(backup: Path) -> tuple[str, Path]:
    one = next(one for one in read_list(backup).files if one.path.endswith(".raw.webm"))
    return one.path, backup / "files" / one.sha256


@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_damaged_file_is_named_and_nothing_is_served_from_it(backup: Path, tmp_path: Path, harm: str) -> None:
    name, content = _a_take(backup)
    content.chmod(0o600)
    held = bytearray(content.read_bytes())
    held[len(held) // 2] ^= 1
    if harm == "gone":
        content.unlink()
    else:
        content.write_bytes(held if harm == "changed" else held[:-1])

    with pytest.raises(Invalid, match=name):
        restore(backup, tmp_path / "new", told=quiet)

    if (tmp_path / "new").exists():
        with pytest.raises(Invalid, match="not finished"):
            asyncio.run(_serve(tmp_path / "new"))


async def _serve(data: Path) -> None:
    async with running(settings(data)):
        pass


@pytest.mark.parametrize("harm", ["changed", "cut"])
def test_a_list_that_was_changed_is_refused(backup: Path, tmp_path: Path, harm: str) -> None:
    text = (backup / LIST).read_text()
    (backup / LIST).write_text(text.replace('"made_ms": 1', '"made_ms": 2') if harm == "changed" else text[:-9])
    with pytest.raises(Invalid, match=LIST):
        restore(backup, tmp_path / "new", told=quiet)
    assert not (tmp_path / "new").exists()


def test_nothing_is_restored_over_something(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "letter.txt").write_text("mine")
    with pytest.raises(Invalid, match="not empty"):
        restore(backup, tmp_path / "new", told=quiet)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["letter.txt"]


def test_an_interrupted_restore_goes_on(backup: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(backup, tmp_path / "new", told=stop)
    restore(backup, tmp_path / "new", told=quiet)
    for one in read_list(backup).files:
        assert sha256(tmp_path / "new" / one.path) == one.sha256


def test_what_vanished_from_the_data_folder_stays_in_the_backup(backup: Path, data: Path, tmp_path: Path) -> None:
    take = next(data.glob("encounters/*/*.raw.webm"))
    content = take.read_bytes()
    take.unlink()
    again, _ = back_up(data, backup, sqlite=True, now_ms=2, told=quiet)
    assert [fault for fault in again.faults if take.name in fault]
    restore(backup, tmp_path / "new", told=quiet)
    assert (tmp_path / "new" / take.relative_to(data)).read_bytes() == content


def test_a_recording_that_is_not_what_was_sealed_is_told(backup: Path, data: Path) -> None:
    take = next(path for path in data.glob("encounters/*/*.webm") if ".raw." not in path.name)
    take.write_bytes(take.read_bytes()[:-1] + b"x")
    again, _ = back_up(data, backup, sqlite=True, now_ms=2, told=quiet)
    assert any(take.name in fault and "sealed" in fault for fault in again.faults)


def test_folders_that_cannot_be_are_refused(backup: Path, data: Path, tmp_path: Path) -> None:
    for target, said in (
        (data / "b", "two folders"),
        (data, "two folders"),
        (tmp_path / "x", "no teleosce"),
    ):
        source = tmp_path / "nothing" if "no tele" in said else data
        with pytest.raises(Invalid, match=said):
            back_up(source, target, sqlite=True, now_ms=1, told=quiet)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    with pytest.raises(Invalid, match="no backup of teleosce"):
        back_up(data, tmp_path / "home", sqlite=True, now_ms=1, told=quiet)
    with pytest.raises(NotFound, match="no backup in"):
        restore(tmp_path / "home", tmp_path / "new", told=quiet)


def test_two_backups_at_once_into_one_folder(backup: Path, data: Path) -> None:
    def again(_done: int, _total: int) -> None:
        with pytest.raises(Conflict, match="under way"):
            back_up(data, backup, sqlite=True, now_ms=2, told=quiet)

    back_up(data, backup, sqlite=True, now_ms=2, told=again)


def test_a_postgresql_database_is_left_to_the_school(backup: Path, data: Path, tmp_path: Path) -> None:
    made, _ = back_up(data, tmp_path / "pg", sqlite=False, now_ms=1, told=quiet)
    assert made.database == "postgresql"
    assert not any(one.path.endswith(".db") for one in made.files)
    assert any(one.path.endswith(".raw.webm") for one in made.files)
    restore(tmp_path / "pg", tmp_path / "new", told=quiet)
    assert sha256(tmp_path / "new" / "secret.key") == sha256(data / "secret.key")


def test_a_damaged_database_does_not_replace_the_good_one(backup: Path, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    restore(backup, copy, told=quiet)
    held = bytearray((copy / "teleosce.db").read_bytes())
    held[8192:16384] = os.urandom(8192)
    (copy / "teleosce.db").write_bytes(held)
    with pytest.raises(Unavailable, match=r"damaged|could not be finished"):
        back_up(copy, backup, sqlite=True, now_ms=2, told=quiet)
    restore(backup, tmp_path / "new", told=quiet)
