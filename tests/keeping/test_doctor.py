"""The doctor on folders that are well, and on some that are not."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from teleosce.core.migrations import newest
from teleosce.core.settings import Settings
from teleosce.doctor import Finding, examine, house, machine, network
from teleosce.doctor.finding import Verdict
from tests.faults.wall_clock import WallClock, needs_compiler
from tests.keeping.keeping_world import World
from tests.web.house import settings


async def _found(of: Settings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    async for finding in examine(of):
        found.setdefault(finding.what, []).append(finding)
    assert all(finding.do for each in found.values() for finding in each if finding.verdict != "ok")
    return found


def _is(found: dict[str, list[Finding]], what: str, verdict: Verdict, said: str = "") -> None:
    assert [(one.verdict, said in one.said) for one in found[what]] == [(verdict, True)], found[what]


async def test_a_machine_that_is_ready(tmp_path: Path) -> None:
    found = await _found(settings(tmp_path / "data", host="127.0.0.1"))
    for what in ("python", "media", "disk speed", "disk clock", "time zones", "port", "database"):
        _is(found, what, "ok")
    assert all(one.verdict == "ok" for one in found["media ports"])
    assert not (tmp_path / "data" / "teleosce.db").exists()


def test_weights_that_are_missing_or_altered(tmp_path: Path) -> None:
    given = settings(tmp_path / "data").model_copy(update={"whisper_model": "base"})
    whisper, evidence = machine.weights(given)
    assert (whisper.verdict, evidence.verdict) == ("ok", "ok")
    (file,) = given.data.rglob("model.bin")
    with file.open("r+b") as weights:
        weights.write(b"other")
    altered = next(iter(machine.weights(given)))
    assert (altered.verdict, "is not what was published" in altered.said) == ("wrong", True)
    missing = next(iter(machine.weights(given.model_copy(update={"whisper_model": str(tmp_path / "nowhere")}))))
    assert missing.verdict == "wrong"
    assert missing.do


async def test_no_secret_is_listed(tmp_path: Path) -> None:
    given = settings(tmp_path, turn_secret="sesame-open", database_url="postgresql+asyncpg://me:sesame@db.invalid/x")
    said = " ".join(one.said for one in machine.every_setting(given))
    assert "sesame" not in said
    assert "db.invalid" in said


SECRETS = {"TURN_SECRET": "sesame-turn", "SMTP_PASSWORD": "sesame-post", "LARGE_MODEL_KEY": "sesame-model"}


def doctor(data: Path, **environment: str) -> tuple[int, str]:
    """What the command says, and its status."""
    asked = [sys.executable, "-m", "teleosce", "doctor", "--json", "--data", str(data), "--port", "0"]
    given = {f"TELEOSCE_{name}": value for name, value in SECRETS.items()}
    done = subprocess.run(
        asked,
        env=os.environ | given | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


@needs_compiler
def test_a_clock_that_is_not_the_disks_and_no_secret(tmp_path: Path) -> None:
    wall = WallClock(tmp_path)
    wall.set(3600)
    _, said = doctor(tmp_path, **wall.environment)
    (found,) = (one for one in json.loads(said) if one["what"] == "disk clock")
    assert found["verdict"] == "warning"
    assert "-3600." in found["said"] or "-3599." in found["said"]
    assert "sesame" not in said
    assert {f"setting {name.lower()}" for name in SECRETS} <= {one["what"] for one in json.loads(said)}


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk can be mounted by root only")
def test_a_disk_without_room(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        status, said = doctor(tmp_path)
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
    verdicts = {one["what"]: one["verdict"] for one in json.loads(said)}
    assert (status, verdicts["disk room"], verdicts["disk speed"]) == (1, "wrong", "wrong")


async def test_a_data_folder_with_a_running_server(world: World) -> None:
    await world.record()
    await world.transcribe()
    port = int(world.house.server.url.rpartition(":")[2])
    found = await _found(world.rooms.settings.model_copy(update={"port": port}))
    _is(found, "port", "ok", "answers")
    _is(found, "folder", "ok")
    _is(found, "database", "ok", newest())
    _is(found, "leftovers", "ok")


async def test_a_port_that_another_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = await network.port(settings(tmp_path).model_copy(update={"port": other.getsockname()[1]}))
    assert [one.verdict for one in found] == ["wrong"]


async def test_what_is_left_over_is_told(world: World, tmp_path: Path) -> None:
    """A folder as a killed server leaves it: a take that is not sealed, one that cannot be read."""
    await world.record()
    copy = shutil.copytree(world.data, tmp_path / "left")
    held = copy / "encounters" / world.encounter_id
    (held / "manifest.json").unlink()
    first, second = sorted(held.glob("*.take.json"))
    first.unlink()
    second.write_text(
        second.read_text()
        .replace('"state": "sealed"', '"state": "quarantined"')
        .replace('"state":"sealed"', '"state":"quarantined"')
    )
    found = await _found(settings(copy))
    told = {one.said.split(":")[0] for one in found["recordings"]}
    assert told == {"1 are not sealed", "1 takes are damaged"}


async def test_a_damaged_database_a_newer_one_and_an_open_folder(world: World, tmp_path: Path) -> None:
    copy = shutil.copytree(world.data, tmp_path / "copy")
    copy.chmod(0o755)
    (copy / "secret.key").chmod(0o644)
    assert [one.verdict for one in house.permissions(settings(copy))] == ["warning", "wrong"]
    with sqlite3.connect(copy / "teleosce.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    assert [(one.verdict, "newer" in one.said) for one in await house.database(settings(copy))] == [("wrong", True)]
    held = bytearray((copy / "teleosce.db").read_bytes())
    held[4096:] = bytes(len(held) - 4096)
    (copy / "teleosce.db").write_bytes(held)
    found = await house.database(settings(copy))
    assert [(one.verdict, "damaged" in one.said) for one in found] == [("wrong", True)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"turn_urls": ["turn:127.0.0.1:9"]}, "without turn_secret"),
        ({"turn_urls": ["stun:127.0.0.1"], "turn_secret": "s"}, "no TURN address"),
        ({"turn_urls": ["turn:nowhere.invalid"], "turn_secret": "s"}, "cannot be reached"),
    ],
)
async def test_a_turn_server_that_cannot_be(tmp_path: Path, more: dict[str, object], said: str) -> None:
    found = await network.turn(settings(tmp_path, **more))
    assert [one.verdict for one in found] == ["wrong"]
    assert said in found[0].said
