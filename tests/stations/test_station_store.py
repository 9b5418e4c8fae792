"""A frozen version stays what it was, whatever happens to the folder."""

import asyncio
import shutil
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.errors import Conflict, NotFound, Unavailable
from teleosce.stations import StationStore, read


@pytest.fixture
async def store(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    database = Database(sqlite_url(data))
    await database.create_all()
    yield StationStore(database, data, Clock())
    await database.close()


async def test_a_frozen_version_outlives_its_folder(store, make, sound):
    folder = make()
    version = read(folder)
    assert await store.freeze(version, folder) == version.hash
    shutil.rmtree(folder)
    assert await store.get(version.hash) == version
    assert (await store.stimulus(version.hash, "throat")).read_text() == sound["stimuli/throat.svg"]


async def test_freezing_again_changes_nothing(store, make):
    folder = make()
    version = read(folder)
    await asyncio.gather(*(store.freeze(version, folder) for _ in range(4)))
    assert await store.all() == [version]


async def test_an_edited_folder_makes_another_version(store, make, sound):
    folder = make()
    first = read(folder)
    await store.freeze(first, folder)
    make({"door-note.md": "Something else."})
    with pytest.raises(Conflict, match="changed since"):
        await store.freeze(first.model_copy(update={"hash": "0" * 64}), folder)
    second = read(folder)
    await store.freeze(second, folder)
    assert {version.hash for version in await store.all()} == {first.hash, second.hash}
    assert (await store.get(first.hash)).door_note == sound["door-note.md"].strip()


async def test_what_was_read_is_what_is_frozen(store, make):
    folder = make()
    version = read(folder)
    make({"note.yaml": "fields:\n  - {id: other, label: Other}\n"})
    with pytest.raises(Conflict):
        await store.freeze(version, folder)
    assert await store.all() == []


async def test_a_damaged_copy_is_healed_by_freezing_again(store, make, sound):
    folder = make()
    version = read(folder)
    await store.freeze(version, folder)
    path = await store.stimulus(version.hash, "throat")
    path.write_text("damaged")
    await store.freeze(version, folder)
    assert path.read_text() == sound["stimuli/throat.svg"]


async def test_files_that_cannot_be_kept_freeze_nothing(store, make, tmp_path):
    folder = make()
    (tmp_path / "data" / "stations").write_text("a file where a folder belongs")
    with pytest.raises(Unavailable, match="nothing was frozen"):
        await store.freeze(read(folder), folder)
    assert await store.all() == []


async def test_unknown_versions_and_stimuli(store, make):
    folder = make()
    version = read(folder)
    await store.freeze(version, folder)
    with pytest.raises(NotFound):
        await store.get("0" * 64)
    with pytest.raises(NotFound):
        await store.stimulus(version.hash, "../throat")
