"""The stations that come with the product are fit to be used as they are."""

import re
from functools import cache

import pytest

from teleosce.core.paths import STATIONS
from teleosce.stations import MarkSheet, NoteForm, Rehearsal, ScriptKind, StationVersion, findings_text, on_mark_sheet
from teleosce.stations import read as read_folder
from teleosce.stations.command import check_paths, station_folders
from teleosce.stations.model import StationFile
from teleosce.stations.script import HEADINGS
from teleosce.stations.validate import validate
from teleosce.stations.yaml_lines import parse

read = cache(read_folder)
FOLDERS = {folder.name: folder for folder in station_folders(STATIONS)}
TASKS = sorted(set(FOLDERS) - {"rest"})
TELEHEALTH = {"safety", "equity", "webside", "remote-assessment", "technology", "ethics-law"}
CLINICAL = {"history", "communication", "reasoning", "management"}


@pytest.fixture(params=TASKS)
def station(request: pytest.FixtureRequest) -> StationVersion:
    return read(FOLDERS[request.param])


def holds(text: str, term: str) -> bool:
    return re.search(r"\b" + r"\s+".join(map(re.escape, term.split())) + r"\b", text, re.IGNORECASE) is not None


def test_all_seven_are_there_without_a_finding():
    assert set(FOLDERS) >= {
        "chest-pain-video",
        "inhaler-technique",
        "feverish-child",
        "low-mood",
        "biopsy-result",
        "diabetes-review",
        "rest",
    }
    findings = check_paths([STATIONS])
    assert not findings, findings_text(findings)


def test_a_mark_sheet_is_complete(station):
    items = station.mark_sheet.items
    assert 15 <= len(items) <= 25
    assert any(item.critical for item in items)
    assert sum(item.critical for item in items) <= 5
    for item in items:
        assert item.anchors.done, item.id
        assert item.anchors.partly, item.id
        assert item.anchors.not_done, item.id
        assert 1 <= item.weight <= 3, item.id
        assert len(item.cues) >= 2, item.id
        assert not item.critical or item.weight >= 2, item.id
    assert len(station.mark_sheet.global_rating.anchors) == 5
    assert 3 <= len(station.mark_sheet.sp_rating) <= 5


def test_clinical_and_telehealth_domains_are_both_covered(station):
    domains = {item.domain for item in station.mark_sheet.items}
    assert len(domains & CLINICAL) >= 3
    assert len(domains & TELEHEALTH) >= 3


def test_together_they_cover_every_domain_under_one_title():
    versions = [read(FOLDERS[name]) for name in TASKS]
    titles = {(name, title) for version in versions for name, title in version.domains.items()}
    assert {name for name, _ in titles} == CLINICAL | TELEHEALTH
    assert len(titles) == len(CLINICAL | TELEHEALTH)


def test_a_script_has_every_part(station):
    kinds = {part.kind for part in station.sp_script}
    assert kinds == set(ScriptKind) - {ScriptKind.other}


def test_vocabulary_comes_from_the_case_and_never_from_the_mark_sheet(station):
    case = "\n".join([station.door_note, *(part.body for part in station.sp_script)])
    answers = "\n".join(text for item in station.mark_sheet.items for text in (item.text, *item.cues))
    assert [term for term in station.vocabulary if not holds(case, term)] == []
    assert [term for term in station.vocabulary if holds(answers, term)] == []
    assert on_mark_sheet(station.mark_sheet.items[0].text.split()[0].lower(), station.mark_sheet)


def test_timings_fit_a_circuit(station):
    times = station.timings
    assert times.reading_s == 120
    assert 480 <= times.encounter_s <= 600
    assert times.note_s == (300 if station.note else 0)
    assert 60 <= times.changeover_s <= 120
    assert times.warning_s == 120


def test_the_licence_is_open(station):
    assert station.licence == "CC-BY-4.0"
    assert station.author == "teleosce contributors"


@pytest.mark.parametrize("name", ["chest-pain-video", "feverish-child", "diabetes-review"])
def test_a_rehearsal_sounds_like_its_case(name):
    station = read(FOLDERS[name])
    assert station.rehearsal is not None
    lines = station.rehearsal.lines
    spoken = " ".join(line.text for line in lines)
    assert 20 <= len(lines) <= 40
    assert sum(holds(spoken, term) for term in station.vocabulary) >= 3
    # At 120 to 200 words a minute, with the pauses, between one minute and two.
    pauses = sum(line.pause_s for line in lines)
    assert len(spoken.split()) * 60 / 120 + pauses > 60
    assert len(spoken.split()) * 60 / 200 + pauses < 120


def test_the_guide_for_authors_tells_what_is_true():
    guide = (STATIONS / "README.md").read_text()
    titles = read(FOLDERS["diabetes-review"]).domains
    for heading in HEADINGS:
        assert f"`## {heading.capitalize()}`" in guide
    for name, title in titles.items():
        assert f"| `{name}` | {title} |" in guide
    for name in FOLDERS:
        assert f"| `{name}` |" in guide
    for example in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL):
        document = parse(example)
        assert document.faults == []
        assert any(not failed(document, model) for model in (StationFile, MarkSheet, NoteForm, Rehearsal)), example


def failed(document, model) -> list[str]:
    said: list[str] = []
    validate(document, model, lambda _line, message: said.append(message))
    return said
