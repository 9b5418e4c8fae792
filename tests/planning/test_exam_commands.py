"""The example of the README, by its commands."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from teleosce.cli import app
from teleosce.core.errors import Fault

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "first-exam"


def _run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, Fault):
        return 2, done.exception.message
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_becomes_an_exam_with_timetables_and_links(folder: Path) -> None:
    assert _run("exam", "check", "exam.yaml", "--candidates", "candidates.csv")[0] == 0
    status, said = _run("exam", "load", "exam.yaml", "--candidates", "candidates.csv")
    assert status == 0
    assert "18 people, 32 slots" in said
    assert "circuit A: Tuesday 2 March 2027, 09:00 to 10:10" in said
    exam = re.search(r"exam links (\w{26})", said)
    assert exam
    for name in ("t.xlsx", "t.pdf", "t.ics", "links.csv", "links.xlsx", "cards.pdf"):
        kind, *url = ("timetable",) if name.startswith("t.") else ("links", "--url", "https://x.org/")
        assert _run("exam", kind, exam[1], "--to", name, *url)[0] == 0
    assert _run("exam", "timetable", exam[1], "--to", "amira.ics", "--person", "1001")[0] == 0
    assert "Station 2" in (folder / "amira.ics").read_text()
    assert "nobody in this exam" in _run("exam", "timetable", exam[1], "--to", "no.ics", "--person", "9")[1]
    assert len(re.findall(r"https://x\.org/j#[\w-]{43}", (folder / "links.csv").read_text())) == 18
    assert "is there already" in _run("exam", "timetable", "First exam", "--to", "t.pdf")[1]
    assert "ends in .xlsx" in _run("exam", "links", "First exam", "--to", "links.doc")[1]
    assert "no exam “Another”" in _run("exam", "mail", "Another")[1]
    assert "smtp_host" in _run("exam", "mail", "First exam", "--url", "https://x.org")[1]
    assert "already, so nothing was made" in _run("exam", "load", "exam.yaml", "--candidates", "candidates.csv")[1]
    listed = json.loads(_run("encounters", "--json")[1])
    assert {one["state"] for one in listed} == {"waiting"}


@pytest.mark.parametrize("words", [("audit", "verify"), ("key",), ("encounters",), ("verify",)])
def test_a_mistyped_folder_is_named_and_not_called_sound(folder: Path, words: tuple[str, ...]) -> None:
    status, said = _run(*words, "--data", "nowhere")
    assert (status, "nowhere" in said) == (2, True)
    assert not (folder / "nowhere").exists()


def test_a_plan_with_faults_makes_nothing(folder: Path) -> None:
    text = (folder / "exam.yaml").read_text()
    (folder / "exam.yaml").write_text(text.replace("  - station: low-mood", "  - station: low-moot"))
    (folder / "candidates.csv").write_text("Number,Name\n1,Ada\n1,Ben\n")
    for command in ("check", "load"):
        status, said = _run("exam", command, "exam.yaml", "--candidates", "candidates.csv")
        assert status == 1
        assert "candidates.csv: error: row 3, column A (Number): The number “1” stands in row 2 already." in said
        assert "exam.yaml:18: error: Station 2: the bank has no “low-moot”. Did you mean “low-mood”?" in said
    assert "[]" in _run("encounters", "--json")[1]
