"""`exam.yaml` and lists of candidates: every fault is told with its place, and nothing is half taken."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from teleosce.core.errors import Invalid
from teleosce.planning.candidates import read_candidates
from teleosce.planning.reader import read_plan
from tests.planning.plans_made import bank

SOUND = """\
title: Finals
zone: Europe/London
starts: 2026-12-01 09:00
stations:
  - s1
  - station: s2
    people:
      A: {sp: Mr Doyle, examiner: Dr Khan}
  - rest
people:
  - name: Mr Doyle
    email: doyle@example.org
    breaks:
      - {from: 10:30, to: 11:30, minutes: 15}
candidates:
  - Ada Adams
  - {name: Ben Bull, number: "7", extra_percent: 25}
"""


def _read(tmp_path: Path, text: str) -> tuple[Any, list[tuple[int, str, str]]]:
    path = tmp_path / "exam.yaml"
    path.write_text(text, encoding="utf-8")
    draft, found = read_plan(path, bank())
    return draft, [(one.line, one.severity.value, one.message) for one in found]


def test_a_sound_file_is_a_plan(tmp_path: Path) -> None:
    draft, found = _read(tmp_path, SOUND)
    assert draft.sound
    assert [line for line, severity, _ in found if severity == "error"] == []
    assert draft.plan.stations[1].people["A"].examiner == "Dr Khan"
    assert draft.plan.people[0].breaks[0].opens.isoformat() == "10:30:00"
    assert [one.extra_percent for one in draft.plan.candidates] == [0, 25]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("zone: Europe/London", "zone: Europe/Atlantis", 2, "is no time zone"),
        ("title: Finals", "results: {station_weights: {s9: {note: 1}}}\ntitle: Finals", 1, "gives weights to “s9”"),
        ("title: Finals", "results: {sems: 7}\ntitle: Finals", 1, "must be at most 3"),
        ("starts: 2026-12-01 09:00", "starts: tomorrow", 3, "must be a date and a time, such as"),
        ("starts: 2026-12-01 09:00", "starts: 9999-12-31 23:59", 3, "must be a date of our time"),
        ("starts: 2026-12-01 09:00", "starts: 2026-12-01T09:00Z", 3, "the school’s clock"),
        ("  - s1", "  - s99", 5, "the bank has no “s99”"),
        ("    people:\n", "    peopel:\n", 7, "Unknown key “peopel”. Did you mean “people”?"),
        ("doyle@example.org", "doyle at example", 12, "“email” is no e-mail address"),
        ("from: 10:30", "from: later", 14, "must be a time of the day"),
        ("extra_percent: 25", "extra_percent: 250", 17, "must be at most 200"),
        ("title: Finals", "title: [", 3, "This is not YAML"),
        ('number: "7"', "number: 0007", 17, "put it in quotes"),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in SOUND
    _, found = _read(tmp_path, SOUND.replace(old, new))
    assert [(one, severity) for one, severity, message in found if words in message] == [(line, "error")]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    _, missing = read_plan(tmp_path / "exam.yaml", bank())
    assert "cannot be read" in missing[0].message
    (tmp_path / "exam.yaml").write_bytes(b"title: Finals\nzone: \xff\n")
    _, found = read_plan(tmp_path / "exam.yaml", bank())
    assert (found[0].line, found[0].message[:15]) == (2, "The file is not")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_whatever_the_file_holds_it_is_answered(text: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "exam.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        draft, found = read_plan(path, bank())
        assert draft.sound or found


def _workbook(*rows: list[Any], percent: str = "") -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if percent:
        book.active[percent].number_format = "0%"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HEAD = ["Candidate No.", "First name", "Surname", "E-Mail", "Extra time"]
ROWS = ["{};Ada;Ädams;ada@x.org;{}", "{};Ben;Bull;;{}"]


def _csv(head: str, extra: str, none: str = "", separator: str = ";") -> str:
    lines = [head, ROWS[0].format(1001, extra), "", ROWS[1].format(1002, none)]
    return "\n".join(lines).replace(";", separator) + "\n"


TABLES = {
    "list.xlsx": _workbook(HEAD, [1001, "Ada", "Ädams", "ada@x.org", 0.25], [1002, "Ben", "Bull"], percent="E2"),
    "comma.csv": _csv(";".join(HEAD), "25 %", separator=",").replace("\n", "\r\n").encode(),
    "mark.csv": _csv("\ufeffCANDIDATE NO;first_name;Family name;Email;Extra %", "25").encode(),
    "old.csv": _csv("No;Forename;Surname;Mail;Accommodation", "+25%", "no").encode("cp1252"),
    "excel.csv": _csv("Number;Given name;Last name;e-mail;Extra percent", "25", separator="\t").encode("utf-16"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_list_is_read_however_it_was_saved(name: str) -> None:
    found = read_candidates(name, TABLES[name])
    assert found.sound, found.findings
    assert [(one.number, one.name, one.email, one.extra_percent) for one in found.candidates] == [
        ("1001", "Ada Ädams", "ada@x.org", 25),
        ("1002", "Ben Bull", "", 0),
    ]


def test_pasted_names_are_a_list() -> None:
    found = read_candidates("pasted", b"Ada Adams\n\n  Ben Bull \n")
    assert [one.name for one in found.candidates] == ["Ada Adams", "Ben Bull"]


def test_every_fault_has_its_row_and_column() -> None:
    rows = [["Number", "Name", "E-mail", "Extra time", "Shoe size"], [1, "Ada", "ada@x.org", "lots", 9]]
    rows += [[1, "Ben", "ben at x", "", 9], [3, "", "ADA@x.org", 400, 9]]
    found = read_candidates("list.xlsx", _workbook(*rows))
    assert not found.sound
    said = [str(one) for one in found.findings]
    for words in (
        "row 2, column D (Extra time): “lots” must be a whole number",
        "row 3, column A (Number): The number “1” stands in row 2 already.",
        "row 3, column C (E-mail): “ben at x” is no e-mail address.",
        "row 4, column B (Name): The name is missing.",
        "row 4, column C (E-mail): The e-mail address “ADA@x.org” stands in row 2 already.",
        "row 4, column D (Extra time): “400” must be at most 200.",
        "row 1, column E: The column “Shoe size” is not used.",
    ):
        assert any(line.startswith(words) for line in said), (words, said)
    assert [one.blocks for one in found.findings][-1] is False


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"Name\n", b"PK\x03\x04 no workbook", b"\x00\x01\x02" * 99])
def test_what_is_no_list_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Invalid, match=r"\.$"):
        read_candidates("list.csv", content)


def test_columns_without_headings_are_asked_for() -> None:
    found = read_candidates("list.csv", b"1,Ada\n2,Ben\n")
    assert not found.sound
    assert "first row must say" in found.findings[0].message


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_is_uploaded_is_answered(content: bytes) -> None:
    try:
        found = read_candidates("list.csv", content)
    except Invalid:
        return
    assert found.candidates or found.findings
