"""Signed bundles: whatever is done to one afterwards is named, and openssl agrees."""

import csv
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from teleosce.app import at_rest
from teleosce.cli import app
from teleosce.core.errors import Invalid, NotFound
from teleosce.core.signing import FILE, signing_key
from teleosce.keeping import back_up, restore
from teleosce.offline_results import write_bundle
from teleosce.reports import ResultRules
from teleosce.reports.exports import keys_of, verify_bundle
from teleosce.reports.exports.bundle import FORMAT as BUNDLE_FORMAT
from tests.reports.exam_world import ORGANISER, World, make_world


@pytest.fixture(scope="session")
def made(decided: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as a folder; tests copy it."""
    import asyncio

    target = tmp_path_factory.mktemp("bundle") / "bundle"
    asyncio.run(write_bundle(decided.settings, decided.exam, target, None))
    return target


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "bundle")


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return target


def test_a_bundle_is_what_was_signed_in_either_form(folder: Path, decided: World, tmp_path: Path) -> None:
    public = signing_key(decided.settings.data).public
    for path in (folder, zipped(folder, tmp_path / "b.zip")):
        found = verify_bundle(path, [public])
        assert found.faults == []
        assert found.signer == public.thumbprint
        assert found.about["run"] == 1
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public-key.pem", "-rawin", "-in", "manifest.json",
         "-sigfile", "manifest.sig"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summed = subprocess.run(["sha256sum", "run.json"], cwd=folder, capture_output=True, check=True).stdout.decode()
    listed = {one["path"]: one["sha256"] for one in json.loads((folder / "manifest.json").read_text())["files"]}
    assert summed.split()[0] == listed["run.json"]
    assert set(listed) | {"manifest.json", "manifest.sig"} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    }


async def test_it_holds_what_was_decided_and_where_that_comes_from(folder: Path, decided: World) -> None:
    async with at_rest(decided.settings) as rooms:
        run = await rooms.results.one(decided.run)
    kept = json.loads((folder / "run.json").read_text())
    assert kept["found"] == run.found
    assert kept["inputs_hash"] == run.inputs_hash
    forms = {one["form"]["id"]: one for one in map(json.loads, (folder / "forms.jsonl").open())}
    counted = 0
    for one in map(json.loads, (folder / "provenance.jsonl").open()):
        assert one["decided_on"] == run.inputs.get(one["encounter"])
        if one["decided_on"] is None:
            continue
        counted += 1
        assert one["same_now"] is True
        # Each value of the mark of record is the last that somebody pressed in the form it is said to come from.
        for field, value in one["record"]["fields"].items():
            (form,) = value["forms"]
            pressed = [entry for entry in forms[form]["history"]["entries"] if entry["field"] == field]
            assert pressed[-1]["value"] == value["value"]
    assert counted == len(run.inputs) > 50
    people = json.loads((folder / "people.json").read_text())
    assert all("email" not in one for one in people)
    with (folder / "tables" / "decisions.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 36


def altered(folder: Path, name: str) -> None:
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_what_was_done_to_it_is_named(folder: Path, tmp_path: Path, form: str) -> None:
    altered(folder, "forms.jsonl")
    with (folder / "exam.json").open("a") as file:
        file.write(" ")
    (folder / "people.json").write_text("[]")
    (folder / "incidents.json").unlink()
    (folder / "tables" / "more.csv").write_text("x")
    path = folder if form == "folder" else zipped(folder, tmp_path / "b.zip")
    faults = verify_bundle(path).faults
    assert faults[:2] == ["incidents.json: missing.", "tables/more.csv: added; nobody signed it."]
    assert [one.split(" than")[0] for one in faults[2:]] == [
        "exam.json: altered: longer",
        "forms.jsonl: altered.",
        "people.json: altered: shorter",
    ]


def test_a_changed_list_and_a_stranger_s_signature(folder: Path, decided: World, tmp_path: Path) -> None:
    ours = signing_key(decided.settings.data).public
    theirs = signing_key(tmp_path)
    listed = json.loads((folder / "manifest.json").read_text())
    (folder / "people.json").write_text("[]")
    for one in listed["files"]:
        if one["path"] == "people.json":
            one |= {"size": 2, "sha256": "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"}
    (folder / "manifest.json").write_text(json.dumps(listed))
    assert [one.split(":")[0] for one in verify_bundle(folder, [ours]).faults] == ["manifest.json"]
    # Signed anew with a key of one's own it is whole, but not the school's.
    listed["key"] = theirs.public.jwk
    content = json.dumps(listed).encode()
    (folder / "manifest.json").write_bytes(content)
    (folder / "manifest.sig").write_bytes(theirs.sign(content))
    assert verify_bundle(folder).faults == []
    (fault,) = verify_bundle(folder, [ours]).faults
    assert fault.startswith("Signed with another key")
    assert verify_bundle(folder, thumbprint=theirs.public.thumbprint).faults == []
    (folder / "manifest.sig").unlink()
    assert "manifest.sig: missing" in verify_bundle(folder).faults[0]


def test_a_zip_with_a_name_twice_a_folder_with_a_link_and_what_is_no_bundle(folder: Path, tmp_path: Path) -> None:
    path = zipped(folder, tmp_path / "b.zip")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("people.json", "[]")
    assert verify_bundle(path).faults == ["people.json: there 2 times; only one was signed."]
    content = (folder / "people.json").read_bytes()
    (tmp_path / "elsewhere.json").write_bytes(content)
    (folder / "people.json").unlink()
    (folder / "people.json").symlink_to(tmp_path / "elsewhere.json")
    assert verify_bundle(folder).faults == ["people.json: a link or no plain file; nobody signed it."]
    cut = tmp_path / "cut.zip"
    cut.write_bytes(path.read_bytes()[:5000])
    for wrong in (cut, tmp_path):
        with pytest.raises(Invalid):
            verify_bundle(wrong)
    with pytest.raises(NotFound):
        verify_bundle(tmp_path / "nothing")
    (folder / "manifest.json").write_text('{"key": 5}')
    with pytest.raises(Invalid, match="cannot be read"):
        verify_bundle(folder)


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_named_by_its_file(folder: Path, tmp_path: Path, packed: int) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", packed) as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                archive.write(one, one.relative_to(folder).as_posix())
        where = archive.getinfo("forms.jsonl")
    content = bytearray(path.read_bytes())
    at = where.header_offset + 200
    content[at : at + 50] = bytes(50)
    path.write_bytes(content)
    assert verify_bundle(path).faults == ["forms.jsonl: altered: it cannot be read."]


def test_the_commands_say_it_and_end_with_it(folder: Path, decided: World, tmp_path: Path) -> None:
    runner, data = CliRunner(), ["--data", str(decided.settings.data)]
    key = tmp_path / "key.json"
    key.write_text(runner.invoke(app, ["key", "--json", *data]).output)
    shown = runner.invoke(app, ["key", *data]).output
    assert signing_key(decided.settings.data).public.thumbprint in shown
    assert keys_of(str(key))[0] == [signing_key(decided.settings.data).public]
    well = runner.invoke(app, ["verify", str(folder), "--key", str(key)])
    assert well.exit_code == 0, well.output
    assert "as they were signed" in well.output
    altered(folder, "run.json")
    badly = runner.invoke(app, ["verify", str(folder), "--key", str(key)])
    assert badly.exit_code == 1
    assert "run.json: altered." in badly.output
    with pytest.raises(Invalid, match="no file with a public key"):
        keys_of("short")


def test_the_key_comes_back_from_a_backup(decided: World, tmp_path: Path) -> None:
    def told(_done: int, _total: int) -> None:
        pass

    before = signing_key(decided.settings.data).public
    back_up(decided.settings.data, tmp_path / "backup", sqlite=True, now_ms=1, told=told)
    restore(tmp_path / "backup", tmp_path / "new", told=told)
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600
    assert signing_key(tmp_path / "new").public == before


@pytest.mark.parametrize("size", [-5, "x", "5", 1.5, True, None])
def test_a_size_that_is_none_is_said_and_nothing_is_read(tmp_path: Path, size: object) -> None:
    key = signing_key(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.txt").write_text("abcd")
    listed = [{"path": "a.txt", "size": size, "sha256": "0"}]
    content = json.dumps({"format": BUNDLE_FORMAT, "made_ms": 1, "key": key.public.jwk, "files": listed}).encode()
    (tmp_path / "b" / "manifest.json").write_bytes(content)
    (tmp_path / "b" / "manifest.sig").write_bytes(key.sign(content))
    with pytest.raises(Invalid, match="damaged"):
        verify_bundle(tmp_path / "b")


async def test_no_run_no_bundle(decided: World, tmp_path: Path) -> None:
    async with at_rest(decided.settings) as rooms:
        exam = await rooms.exams.create("Not decided", "Europe/London")
    with pytest.raises(NotFound, match="no decision run yet"):
        await write_bundle(decided.settings, exam.id, tmp_path / "b.zip", None)
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_run_that_was_altered_is_not_signed(tmp_path: Path) -> None:
    world = await make_world(tmp_path / "data")
    async with at_rest(world.settings) as rooms, rooms.database.write() as connection:
        await connection.execute(text("UPDATE decision_run SET rules = replace(rules, '45.0', '44.0')"))
    with pytest.raises(Invalid, match="was changed after it was made"):
        await write_bundle(world.settings, world.exam, tmp_path / "b.zip", None)
    assert not (tmp_path / "b.zip").exists()


async def test_a_run_that_cannot_be_read_is_said_and_hides_no_other(tmp_path: Path) -> None:
    world = await make_world(tmp_path / "data")
    async with at_rest(world.settings) as rooms:
        last = await rooms.results.run(world.exam, ResultRules(method="fixed"), ORGANISER)
        async with rooms.database.write() as connection:
            await connection.execute(text("UPDATE decision_run SET found = 'x' WHERE number = 1"))
            await connection.execute(text("UPDATE decision_run SET rules = replace(rules, '50.0', '44.0')"))
    for number, why in ((1, "1 cannot be read"), (last.number, "2 was changed after it was made")):
        with pytest.raises(Invalid, match=why):
            await write_bundle(world.settings, world.exam, tmp_path / "b.zip", number)
