"""Every breach, made on purpose in a real data folder, is named; and a folder as it should be has none."""

import asyncio
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from teleosce.cli import app
from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.errors import Invalid, NotFound
from teleosce.core.events import Events
from teleosce.core.settings import Settings
from teleosce.invariants import Acknowledgement, Breach, check, read_acknowledgements
from teleosce.recording import Recordings
from teleosce.recording.journal import line
from tests.invariants.made_folder import make

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Acknowledgement]]:
    folder = tmp_path_factory.mktemp("pristine")
    return folder, asyncio.run(make(folder))


@pytest.fixture
def folder(pristine: tuple[Path, list[Acknowledgement]], tmp_path: Path) -> Path:
    return shutil.copytree(pristine[0], tmp_path / "data")


async def breaches(folder: Path, acknowledged: list[Acknowledgement] | None = None) -> list[Breach]:
    return await check(Settings(data=folder), acknowledged=acknowledged or [], over=True)


def encounter_folder(folder: Path) -> Path:
    (found,) = (folder / "encounters").iterdir()
    return found


def sql(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / "teleosce.db") as connection:
        connection.execute(statement, values)
    connection.close()


def one(folder: Path, pattern: str) -> Path:
    return min(encounter_folder(folder).glob(pattern))


def change_manifest(folder: Path, change: Callable[[dict], None]) -> None:
    path = encounter_folder(folder) / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "db" not in path.name}


async def test_a_folder_as_it_should_be_has_no_breach(
    folder: Path, pristine: tuple[Path, list[Acknowledgement]]
) -> None:
    before = contents(folder)
    assert await breaches(folder, pristine[1]) == []
    assert contents(folder) == before


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def sealed(folder: Path) -> Path:
    return min(path for path in encounter_folder(folder).glob("*.webm") if ".raw." not in path.name)


def forget_gaps(kind: str) -> Damage:
    def change(manifest: dict) -> None:
        for take in manifest["takes"]:
            take["gaps"] = [gap for gap in take["gaps"] if gap["kind"] != kind]

    return lambda folder: change_manifest(folder, change)


def claim_more(folder: Path) -> None:
    """The manifest says that a take is longer than its sound is."""

    def change(manifest: dict) -> None:
        manifest["takes"][0]["duration_ms"] += 500

    change_manifest(folder, change)


def quarantine_silently(folder: Path) -> None:
    def change(manifest: dict) -> None:
        manifest["takes"][0] |= {"state": "quarantined", "reason": None}

    change_manifest(folder, change)


def remove_takes_files(folder: Path) -> None:
    for path in encounter_folder(folder).glob(one(folder, "*.raw.webm").name.split(".")[0] + "*"):
        path.unlink()


def write_two_takes_under_one_name(folder: Path) -> None:
    with one(folder, "*.jsonl").open("ab") as journal:
        journal.write(line({"line": "take", "id": "again"}))


def swap_journals(folder: Path) -> None:
    first, second, _ = sorted(encounter_folder(folder).glob("*.jsonl"))
    second.write_bytes(first.read_bytes())


def leave_half_a_file(folder: Path) -> None:
    path = encounter_folder(folder) / ".manifest.json.k2j3"
    path.touch()
    os.utime(path, (time.time() - 3600, time.time() - 3600))


def add_stranger(folder: Path) -> None:
    (encounter_folder(folder) / "holiday.mp4").write_bytes(b"x")


def add_folder(folder: Path) -> None:
    (folder / "encounters" / ("a" * 26)).mkdir()


def change_audit(folder: Path) -> None:
    sql(folder, "DROP TRIGGER audit_log_no_update")
    sql(folder, "UPDATE audit_log SET action = 'link.revoke' WHERE number = 2")


def by_sql(statement: str) -> Damage:
    return lambda folder: sql(folder, statement)


BREACHES: dict[str, tuple[Damage, str, str]] = {
    "a bit of a sealed file": (lambda folder: flip(sealed(folder)), "hash", "SHA-256"),
    "a bit of a raw file": (lambda folder: flip(one(folder, "*.raw.webm")), "hash", "SHA-256"),
    "a sealed file gone": (lambda folder: sealed(folder).unlink(), "file-missing", "gone"),
    "a manifest gone": (lambda folder: one(folder, "manifest.json").unlink(), "not-sealed", "not sealed"),
    "a gap without its name": (forget_gaps("line"), "unnamed-gap", "no sound came from"),
    "a gap between takes without its name": (forget_gaps("rejoin"), "unnamed-gap", "before this take"),
    "sound shorter than the take": (claim_more, "unnamed-gap", "not filled"),
    "a quarantine without a reason": (quarantine_silently, "no-reason", "nobody says why"),
    "a take's files gone": (remove_takes_files, "take-missing", "files are gone"),
    "a name used twice": (write_two_takes_under_one_name, "take-names", "2 takes"),
    "another take's journal": (swap_journals, "take-names", "another take"),
    "half a file": (leave_half_a_file, "orphan", "half-written"),
    "a file of nobody": (add_stranger, "orphan", "Nobody knows"),
    "a folder of nobody": (add_folder, "orphan", "no encounter"),
    "an audit row changed": (change_audit, "audit", "audit log"),
    "an acknowledged mark gone": (by_sql("DELETE FROM form_entry WHERE version = 2"), "mark-lost", "not there"),
    "an acknowledged mark altered": (
        by_sql("UPDATE form_entry SET value = '\"no\"' WHERE version = 3"),
        "mark-lost",
        "something else",
    ),
    "a transcript nobody asked for": (by_sql("DELETE FROM transcripts"), "transcript", "nobody asked"),
    "a transcript that waits silently": (
        by_sql("UPDATE transcripts SET message = ''"),
        "transcript",
        "nobody says why",
    ),
    "an encounter past its deadline": (
        by_sql("UPDATE encounter SET phase = 'note', outcome = NULL, phase_ends_ms = 5"),
        "phase",
        "should have ended",
    ),
    "an encounter done without an outcome": (
        by_sql("UPDATE encounter SET outcome = NULL"),
        "phase",
        "outcome is missing",
    ),
    "a phase that went back": (
        by_sql("UPDATE phase_log SET phase = 'changeover' WHERE number = 1"),
        "phase-log",
        "went back",
    ),
    "a take that the database has otherwise": (
        by_sql("UPDATE take SET sha256 = 'other'"),
        "take-differs",
        "hashes differ",
    ),
}


@pytest.mark.parametrize("name", BREACHES)
async def test_a_breach_is_named(folder: Path, pristine: tuple[Path, list[Acknowledgement]], name: str) -> None:
    damage, rule, words = BREACHES[name]
    damage(folder)
    found = await breaches(folder, pristine[1])
    assert [breach for breach in found if breach.rule == rule and words in breach.said], found
    assert all(breach.said.endswith((".", "?")) and breach.where for breach in found)


async def test_two_running_encounters_of_one_seat_are_named(folder: Path) -> None:
    sql(folder, "DROP INDEX uq_encounter_running_candidate")
    sql(folder, "DROP INDEX uq_encounter_running_sp")
    sql(folder, "UPDATE encounter SET phase = 'note', outcome = NULL")
    columns = "slot_id, exam_id, phase, phase_started_ms, phase_ends_ms, outcome, candidate, sp, examiner, timings"
    sql(folder, f"INSERT INTO encounter (id, attempt, {columns}) SELECT '{'b' * 26}', 2, {columns} FROM encounter")
    found = await breaches(folder)
    assert [breach.rule for breach in found].count("two-rooms") == 2


async def test_what_is_under_way_is_no_breach_until_the_exam_is_over(folder: Path) -> None:
    soon = round(time.time() * 1000) + 60_000
    sql(folder, "UPDATE circuit SET state = 'planned'")
    sql(folder, "UPDATE encounter SET phase = 'note', outcome = NULL, phase_ends_ms = ?", soon)
    sql(folder, "UPDATE phase_log SET phase = 'note', ends_ms = ? WHERE phase = 'done'", soon)
    assert await check(Settings(data=folder)) == []
    assert [breach.rule for breach in await breaches(folder)] == ["phase"]


@pytest.mark.parametrize("all_of_it", [False, True])
async def test_what_was_deleted_on_purpose_is_no_breach(
    folder: Path, pristine: tuple[Path, list[Acknowledgement]], *, all_of_it: bool
) -> None:
    database = Database(sqlite_url(folder))
    recordings = Recordings(folder, database, Clock(), Events())
    encounter_id = encounter_folder(folder).name
    if all_of_it:
        await recordings.delete(encounter_id, "The time for keeping it is over.")
        sql(folder, "DELETE FROM transcripts")
    else:
        await recordings.delete_raw(encounter_id, "The time for keeping it is over.")
    assert not list(encounter_folder(folder).glob("*.raw.webm"))
    await recordings.close()
    await database.close()
    assert await breaches(folder, pristine[1]) == []


def test_the_command_ends_with_1_and_says_what_is_wrong(
    folder: Path, pristine: tuple[Path, list[Acknowledgement]], tmp_path: Path
) -> None:
    noted = tmp_path / "acknowledged.jsonl"
    noted.write_text("".join(one.model_dump_json() + "\n" for one in pristine[1]) + '{"form": "cut sho')
    flags = ["verify", "--data", str(folder), "--over", "--acknowledged", str(noted)]
    well = CliRunner().invoke(app, flags)
    assert (well.exit_code, well.output) == (0, "Everything is as it must be.\n")
    sql(folder, "DELETE FROM form_entry WHERE version = 2")
    said = CliRunner().invoke(app, flags)
    assert said.exit_code == 1
    assert "mark-lost" in said.output
    listed = CliRunner().invoke(app, [*flags, "--json"])
    assert listed.exit_code == 1
    assert [breach["rule"] for breach in json.loads(listed.output)] == ["mark-lost"]


async def test_no_database_and_no_acknowledgement_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no database"):
        await check(Settings(data=tmp_path))
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 of an empty folder
    path = tmp_path / "noted.jsonl"
    path.write_text('{"form": "x"}\n{}\n')
    with pytest.raises(Invalid, match="Line 1"):
        read_acknowledgements(path)
