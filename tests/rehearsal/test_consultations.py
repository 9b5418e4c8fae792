"""The labelled consultations are whole, split by their rule, and not written from the words they are searched by."""

import re
from functools import cache
from pathlib import Path

import pytest

from teleosce.core.paths import STATIONS
from teleosce.rehearsal.consultations import LEVELS, faults, read_consultation
from teleosce.stations import Item, StationVersion, read

FOLDER = Path(__file__).parents[2] / "bench" / "consultations"
FILES = sorted(FOLDER.glob("*.yaml"))
TASKS = sorted(folder.parent.name for folder in STATIONS.glob("*/mark-sheet.yaml"))


@cache
def station(slug: str) -> StationVersion:
    return read(STATIONS / slug)


def held_out(slug: str, level: str) -> bool:
    """The rule, fixed before a line was written: every other one, by the stations' alphabet and the levels' order."""
    return (TASKS.index(slug) + [*LEVELS].index(level)) % 2 == 0


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_a_consultation_is_whole(path: Path):
    consultation = read_consultation(path)
    assert path.stem == f"{consultation.station}-{consultation.level}"
    assert faults(consultation, station(consultation.station).mark_sheet) == []
    assert 45 <= len(consultation.lines) <= 100
    assert (consultation.half == "held-out") == held_out(consultation.station, consultation.level)


def test_its_marks_are_those_of_its_level(path: Path):
    consultation = read_consultation(path)
    marks = [*consultation.marks.values()]
    done, missing = marks.count("done") / len(marks), marks.count("not_done") / len(marks)
    grades = {
        "strong": {"good", "excellent"},
        "borderline": {"borderline", "pass"},
        "weak": {"fail", "borderline"},
    }
    assert consultation.overall in grades[consultation.level]
    assert (done > 0.75, missing > 0.45) == (consultation.level == "strong", consultation.level == "weak")


def test_what_shows_an_item_is_not_said_in_the_words_of_the_sheet(path: Path):
    """Else a benchmark of finding by meaning would measure finding by words. Five words in a row are a quotation."""
    consultation = read_consultation(path)
    for item in station(consultation.station).mark_sheet.items:
        sheet = {run for text in wording(item, cues=consultation.half == "held-out") for run in runs(text)}
        quoted = [line.text for line in consultation.lines if item.id in line.shows and sheet & runs(line.text)]
        assert quoted == [], item.id


def wording(item: Item, *, cues: bool) -> list[str]:
    """Cues may be learnt from the development half."""
    return [item.text, item.anchors.done, item.anchors.partly, item.anchors.not_done, *(item.cues if cues else ())]


def runs(text: str, length: int = 5) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def test_there_is_one_for_each_station_and_level_and_half_are_held_out():
    read = [read_consultation(path) for path in FILES]
    assert {(one.station, one.level) for one in read} == {(task, level) for task in TASKS for level in LEVELS}
    kept = [one for one in read if one.half == "held-out"]
    assert len(kept) == 9
    assert [sum(one.level == level for one in kept) for level in LEVELS] == [3, 3, 3]
    assert {one.station for one in kept} == {one.station for one in read if one.half == "development"} == {*TASKS}
