"""Ctrl-C in what takes long: it ends soon, says what is kept, and the same command goes on."""

import json
import os
import sqlite3
from pathlib import Path

import av
import pytest

from teleosce.core.errors import NotFound
from teleosce.keeping import restore
from teleosce.keeping.backup_list import LIST, RESTORING
from tests.keeping.keeping_world import World
from tests.keeping.test_film import command
from tests.stopping import stop_when

pytestmark = pytest.mark.faults


async def test_a_film(world: World, tmp_path: Path) -> None:
    await world.whole()
    to = tmp_path / "x"
    asked = ("export", "encounter", world.encounter_id, "--to", str(to), "--film", "--data", str(world.data))
    parts = to / "film.mp4.parts"
    said = await stop_when(parts.exists, *asked)
    assert f"are kept, in {parts}: 0. The same command goes on from there." in said
    assert not (to / "film.mp4").exists()

    assert "film.mp4" in json.loads(await command(*asked))["files"]
    assert not parts.exists()
    with av.open(str(to / "film.mp4")) as container:
        assert 3.5 < (container.duration or 0) / av.time_base < 4.5


async def test_an_export_and_a_persons_data(world: World, tmp_path: Path) -> None:
    """Of what people said and showed nothing is left under a passing name."""
    await world.whole()
    for arguments, to in (
        (("export", world.encounter_id), tmp_path / "x"),
        (("person-data", "C01"), tmp_path / "x.zip"),
        (("exam", "appeal", world.encounter_id), tmp_path / "a.zip"),
    ):
        part = to.with_name(f".{to.name}.part")
        said = await stop_when(part.exists, *arguments, "--to", str(to), "--data", str(world.data))
        assert f"{to} was not written" in said
        assert not part.exists()
        assert not to.exists()


async def test_a_backup_and_its_restoring(tmp_path: Path) -> None:
    data, target, new = tmp_path / "data", tmp_path / "b", tmp_path / "new"
    (data / "encounters").mkdir(parents=True)
    for name in ("one", "two"):
        (data / "encounters" / f"{name}.webm").write_bytes(os.urandom(1 << 20) * 200)
    sqlite3.connect(data / "teleosce.db").execute("CREATE TABLE one (two)").connection.close()
    asked = ("backup", str(target), "--data", str(data))
    said = await stop_when((target / "files" / ".part").exists, *asked)
    assert "What was copied is kept" in said
    assert not (target / LIST).exists()
    with pytest.raises(NotFound, match="not finished"):
        restore(target, new, told=lambda _done, _total: None)
    assert "Backed up 3 files" in await command(*asked)

    asked = ("restore", str(target), "--data", str(new))
    said = await stop_when((new / RESTORING).exists, *asked)
    assert f"{new} is not fully restored, and no server will use it." in said
    assert (new / RESTORING).exists()
    assert "Restored 3 files" in await command(*asked)
