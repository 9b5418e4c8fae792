"""A backup and a film that are killed in the middle go on where they were."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from teleosce.core.blobs import sha256
from teleosce.core.errors import NotFound
from teleosce.keeping import back_up, restore
from teleosce.keeping.backup_list import JOURNAL, LIST
from teleosce.keeping.film import make_film
from tests.keeping.film_takes import plan
from tests.keeping.test_film import judge

pytestmark = pytest.mark.faults


def quiet(_done: int, _total: int) -> None:
    pass


async def test_a_killed_backup_is_seen_as_unfinished_and_goes_on(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "b"
    big = data / "encounters" / "big.webm"
    big.parent.mkdir(parents=True)
    (big.parent / "a-small-one.webm").write_bytes(os.urandom(5000))
    big.write_bytes(os.urandom(1 << 20) * 200)
    sqlite3.connect(data / "teleosce.db").execute("CREATE TABLE one (two)").connection.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce", "backup", str(target), "--data", str(data), stdout=subprocess.DEVNULL
    )
    part = target / "files" / ".part"
    async with asyncio.timeout(120):
        while not part.exists() or part.stat().st_size < 1 << 20:  # noqa: ASYNC110 the disk tells nobody
            await asyncio.sleep(0.001)
    process.kill()
    await process.wait()

    assert not (target / LIST).exists()
    with pytest.raises(NotFound, match="not finished"):
        restore(target, tmp_path / "new", told=quiet)
    assert not (tmp_path / "new").exists()
    kept = [json.loads(line)["size"] for line in (target / JOURNAL).read_text().splitlines()]
    assert kept == [5000]
    whole, copied = back_up(data, target, sqlite=True, now_ms=1, told=quiet)
    assert copied <= sum(one.size for one in whole.files) - sum(kept)
    assert not (target / JOURNAL).exists()
    restore(target, tmp_path / "new", told=quiet)
    assert sha256(tmp_path / "new" / "encounters" / "big.webm") == sha256(big)


async def test_a_killed_film_goes_on_with_the_part_that_is_missing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.keeping.film_to_kill", str(tmp_path), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    while int(await process.stdout.readline()) < 3000:
        pass
    process.kill()
    await process.wait()
    parts = tmp_path / "film.mp4.parts"
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.mp4")}
    assert 2 <= len(kept) < 6
    assert not (tmp_path / "film.mp4").exists()
    touched: list[set[str]] = []

    def told(_done: int, _total: int) -> None:
        touched.append({name for name, at in kept.items() if (parts / name).stat().st_mtime_ns != at})

    make_film(plan(tmp_path), tmp_path / "film.mp4", told=told, part_ms=1000)

    assert not any(touched)
    judge(tmp_path / "film.mp4")
