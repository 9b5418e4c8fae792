"""The tables of an exam, read back from the files that were written."""

import csv
import io
import resource
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import load_workbook

from teleosce.app import at_rest
from teleosce.core.errors import Invalid, NotFound, Unavailable
from teleosce.core.settings import load
from teleosce.offline_results import export_tables
from teleosce.reports.exports.histories import Histories
from teleosce.scoring import Entry, History
from tests.reports.exam_world import World


def read(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text("utf-8-sig"), newline="")))


async def test_every_level_is_there_and_adds_up(decided: World, tmp_path: Path) -> None:
    target = tmp_path / "tables"
    names = await export_tables(decided.settings, decided.exam, target, None)
    assert sorted(path.stem for path in target.iterdir()) == sorted(names)
    async with at_rest(decided.settings) as rooms:
        run = await rooms.results.one(decided.run)
        seats = {seat.number: seat for seat in await rooms.people.seats(decided.exam)}
        cohort = await rooms.results.cohort(decided.exam)

    known = {(one["table"], one["column"]): one for one in read(target, "dictionary")}
    for name in names:
        head = (target / f"{name}.csv").read_text("utf-8-sig").splitlines()[0]
        columns = next(csv.reader([head]))
        assert len(columns) == len(set(columns))
        assert all(known[name, column]["meaning"] for column in columns), name

    candidates = read(target, "candidates")
    assert len(candidates) == 36
    for one in candidates:
        own = run.found["candidates"][seats[one["candidate"]].id]
        assert one["passed"] == {True: "yes", False: "no", None: ""}[own["passed"]]
        assert float(one["total"] or "nan") == pytest.approx(
            own["total"] if own["total"] is not None else float("nan"), nan_ok=True
        )
        assert own["passed"] is None or float(one["pass_mark"]) == 45

    # Every mark of every examiner adds up to what it says, from its items, and these are what its key presses came to.
    marks = {one["form"]: one for one in read(target, "marks")}
    assert len(marks) == len(cohort.long_score)
    items = read(target, "mark_items")
    weights = {(one["station"], one["item"]): float(one["weight"]) for one in read(target, "items")}
    last = {(one["form"], one["field"]): one["value"] for one in read(target, "key_presses")}
    for form, mark in marks.items():
        mine = [one for one in items if one["form"] == form]
        weighed = [(weights[mark["station"], one["item"]], float(one["share"])) for one in mine]
        assert float(mark["checklist"]) == pytest.approx(
            100 * sum(w * s for w, s in weighed) / sum(w for w, _ in weighed if w > 0)
        )
        assert all(last[form, f"item.{one['item']}"] == one["mark"] for one in mine)
        assert last[form, "global"] == mark["grade"]
    assert Counter(one["state"] for one in read(target, "states")) == {"submitted": len(marks)}
    encounters = read(target, "encounters")
    assert len(encounters) == 72
    assert sum(one["record"] == "single" for one in encounters) == len(marks)
    assert len(read(target, "missing")) == 72 - len(marks)
    assert [one["released"].startswith("all from ") for one in read(target, "runs")] == [True]
    figures = read(target, "analysis")
    assert {one["question"] for one in figures} == {"sound", "lines", "fair"}
    assert all(one["value"] or one["text"] for one in figures)


async def test_a_name_that_begins_like_a_formula_is_text_everywhere(decided: World, tmp_path: Path) -> None:
    await export_tables(decided.settings, decided.exam, tmp_path / "t.xlsx", 1)
    await export_tables(decided.settings, decided.exam, tmp_path / "t.zip", 1)
    book = load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames[0] == "dictionary"
    assert "=1+1" in [row[3].value for row in book["people"].iter_rows()]
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    with zipfile.ZipFile(tmp_path / "t.zip") as archive:
        people = archive.read("people.csv").decode("utf-8-sig")
        assert sorted(archive.namelist()) == sorted(f"{name}.csv" for name in book.sheetnames)
    assert "'=1+1" in people
    assert len(list(csv.reader(io.StringIO(people)))) == book["people"].max_row


async def test_what_cannot_be_written_is_said_and_leaves_nothing(decided: World, tmp_path: Path) -> None:
    there = tmp_path / "there.xlsx"
    there.write_text("mine")
    with pytest.raises(Invalid, match="there already"):
        await export_tables(decided.settings, decided.exam, there, None)
    assert there.read_text() == "mine"
    with pytest.raises(Invalid, match="There is no folder"):
        await export_tables(decided.settings, decided.exam, tmp_path / "no" / "where.xlsx", None)
    with pytest.raises(NotFound, match=r"no decision run 7\. It has 1"):
        await export_tables(decided.settings, decided.exam, tmp_path / "new.xlsx", 7)
    with pytest.raises(NotFound, match="no exam"):
        await export_tables(decided.settings, "Nothing", tmp_path / "new.xlsx", None)
    assert [one.name for one in tmp_path.iterdir()] == ["there.xlsx"]  # noqa: ASYNC240 a test waits for nobody


async def test_histories_lie_in_the_data_folder(
    decided: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    await export_tables(decided.settings, decided.exam, tmp_path / "t", None)
    assert len(read(tmp_path / "t", "key_presses")) > 100


def test_a_full_disk_is_said_and_not_thrown(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        Histories(tmp_path / "none")
    entries = [Entry("c", "comment", "x" * 5000, 1, "somebody", 0)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    histories = Histories(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(Unavailable, match=r"could not be laid aside in .*File too large"):
            histories.keep({"f": History(entries, [], [])})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_an_exam_without_a_mark_gives_tables_all_the_same(tmp_path: Path) -> None:
    settings = load(data=tmp_path / "data", log_level="error")
    async with at_rest(settings) as rooms:
        exam = await rooms.exams.create("Nothing yet", "Europe/London")
    names = await export_tables(settings, exam.id, tmp_path / "t", None)
    assert read(tmp_path / "t", "candidates") == []
    assert len(read(tmp_path / "t", "dictionary")) > 50
    assert "nan" not in "".join(
        (tmp_path / "t" / f"{name}.csv").read_text().lower() for name in names if name == "analysis"
    )
