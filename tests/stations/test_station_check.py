"""What a check says of a folder: every fault, on its line, at once, and never a traceback."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teleosce.stations import Severity, StationFaults, check, findings_text, read
from teleosce.stations.command import check_paths


def said(folder: Path) -> list[tuple[str, int, str]]:
    return [(Path(f.file).name, f.line, f.message) for f in check(folder)]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_sound_folder_has_no_findings(make):
    assert check(make()) == []
    assert findings_text([]) == "No findings."


def test_nobody_meets_at_a_rest_station(tmp_path):
    folder = tmp_path / "rest"
    folder.mkdir()
    (folder / "station.yaml").write_text("title: Rest\nrest: true\ncandidates: 2\n")
    assert [(line, message[:26]) for _, line, message in said(folder)] == [(3, "At a rest station nobody m")]


def test_all_faults_are_said_at_once(make, sound):
    station = sound["station.yaml"].replace("licence:", "license:").replace("reading_s: 60", "reading_s: soon")
    sheet = sound["mark-sheet.yaml"].replace("weight: 2", "weight: 0", 1)
    folder = make({"station.yaml": station, "mark-sheet.yaml": sheet, "door-note.md": " \n", "note.yaml": "fields: 3"})
    files = {(file, line) for file, line, _ in said(folder)}
    assert {
        ("station.yaml", line_of(station, "license")),
        ("station.yaml", line_of(station, "reading_s")),
        ("mark-sheet.yaml", line_of(sheet, "weight: 0")),
        ("door-note.md", 1),
        ("note.yaml", 1),
    } <= files
    assert any("Did you mean “licence”?" in message for _, _, message in said(folder))
    with pytest.raises(StationFaults) as caught:
        read(folder)
    assert caught.value.findings == check(folder)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("station.yaml", "title: A", "title: [A", "not YAML"),
        ("station.yaml", "title: A sore throat", "title: 12", "“title” must be text"),
        ("station.yaml", "title: A sore", "title: A: sore", "colon"),
        ("station.yaml", "  reading_s: 60", "\treading_s: 60", "tab"),
        ("station.yaml", "encounter_s: 480", "encounter_s: 99999", "“encounter_s” must be at most 7200"),
        ("station.yaml", "encounter_s: 480", "encounter_s: true", "must be a whole number"),
        ("station.yaml", "title: A", "candidates: 3\ntitle: A", "“candidates” must be at most 2"),
        ("station.yaml", "encounter_s: 480", "encounter_s: 60", "before the encounter begins"),
        ("station.yaml", "note_s: 120", "note_s: 0", "note_s is 0"),
        ("station.yaml", "reading_s: 60", "reading: 60", "Did you mean “reading_s”?"),
        ("station.yaml", "title: A", "title: B\ntitle: A", "already in line 1"),
        ("station.yaml", "shown: on-request", "shown: 900", "after the encounter"),
        ("station.yaml", "shown: on-request", "shown: later", "not known"),
        ("station.yaml", "file: throat.svg", "file: throte.svg", "Did you mean “throat.svg”?"),
        ("station.yaml", "file: throat.svg", "file: ../door-note.md", "outside the folder"),
        ("station.yaml", "file: throat.svg", "file: /etc/hostname", "outside the folder"),
        ("station.yaml", "specialty: General practice", "specialty: !!python/name:os.system x", "tag"),
        ("station.yaml", "author: A. Author", "author: &me A\nauthor2: *me", "aliases"),
        ("station.yaml", "author: A. Author", "author: \x07", "character"),
        ("station.yaml", "author: A. Author", 'author: "\\uD800"', "control character"),
        ("station.yaml", "history: History taking", "History: History taking", "lower-case"),
        ("mark-sheet.yaml", "domain: history", "domain: histroy", "Did you mean “history”?"),
        ("mark-sheet.yaml", "id: item-1\n", "id: item-0\n", "already used in line 2"),
        ("mark-sheet.yaml", "id: item-1\n", "id: Item.1\n", "lower-case letters"),
        ("mark-sheet.yaml", "weight: 2", "weight: .nan", "ordinary number|more than 0"),
        ("mark-sheet.yaml", "weight: 2", "weight: 0", "below 0 for what costs them"),
        ("mark-sheet.yaml", "weight: 2", "weight: 2\n    partly: 1.5", "at most 1"),
        ("mark-sheet.yaml", "weight: 2", "weight: " + "9" * 5000, "not a value"),
        ("mark-sheet.yaml", "weight: 2", "weigth: 2", "Did you mean “weight”?"),
        ("mark-sheet.yaml", "    fail: Unsafe.", "    failed: Unsafe.", "not known"),
        ("mark-sheet.yaml", "items:\n", "items:\n  - nonsense\n", "key: value"),
        ("mark-sheet.yaml", "  - id: item-0\n", "  - text: And\n", "stands here twice"),
        ("note.yaml", "id: plan, ", "", "“id” is missing"),
        ("rehearsal.yaml", "speaker: sp", "speaker: nurse", "must be"),
        ("rehearsal.yaml", "speaker: sp", "speaker: candidate", "sp says nothing"),
        ("sp-script.md", "## Opening line", "## Openning line", "Did you mean “opening line”?"),
        ("sp-script.md", "# Script", "Be kind.", "belongs to no part"),
        ("sp-script.md", "Worried.", "", "is empty"),
        ("sp-script.md", "## Story", "## Opening line", "already a part"),
        ("stimuli/throat.svg", "<circle", "<script/><circle", "<script>"),
        ("stimuli/throat.svg", "<circle", "<circle onload='x()'", "onload"),
        ("stimuli/throat.svg", "<circle", "<use href='https://example.org/a.svg'/><circle", "fetch"),
        ("stimuli/throat.svg", "<svg", "<!DOCTYPE svg [<!ENTITY a 'aaaa'>]><svg", "DOCTYPE"),
        ("stimuli/throat.svg", "</svg>", "", "not a well-formed"),
    ],
)
def test_a_fault_is_said_in_words(make, sound, file, old, new, message):  # noqa: PLR0917
    assert old in sound[file]
    findings = check(make({file: sound[file].replace(old, new, 1)}))
    matching = [f for f in findings if any(part in f.message for part in message.split("|"))]
    assert matching, findings_text(findings)
    assert all(f.line >= 1 and f.file for f in findings)


def test_the_line_is_that_of_the_fault(make, sound):
    sheet = sound["mark-sheet.yaml"].replace("domain: telehealth", "domain: teleheath")
    lines = [f.line for f in check(make({"mark-sheet.yaml": sheet})) if "Unknown domain" in f.message]
    assert lines == [number for number, row in enumerate(sheet.splitlines(), 1) if "teleheath" in row]


@pytest.mark.parametrize("file", ["station.yaml", "door-note.md", "sp-script.md", "mark-sheet.yaml"])
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, 1),
        (b"", 1),
        (b"one\ntwo \xff\xfe\n", 2),
        (b"a" * 300_000, 1),
        (b"a\n\0", 2),
        (b"[" * 5_000, 1),
        (b"- 1\n- 2\n", 1),
    ],
)
def test_a_file_that_is_missing_or_unusable(make, file, content, line):
    folder = make({file: content})
    findings = [f for f in check(folder) if Path(f.file).name == file]
    if file == "door-note.md" and content in (b"[" * 5_000, b"- 1\n- 2\n"):
        return
    assert findings
    if content not in (b"[" * 5_000, b"- 1\n- 2\n"):
        assert line in {f.line for f in findings}


def test_a_stimulus_of_another_kind_than_its_name(make, sound):
    station = sound["station.yaml"].replace("throat.svg", "throat.png")
    folder = make({"station.yaml": station, "stimuli/throat.svg": None, "stimuli/throat.png": "no picture"})
    assert any("content is something else" in message for _, _, message in said(folder))
    station = sound["station.yaml"].replace("throat.svg", "throat.exe")
    folder = make({"station.yaml": station, "stimuli/throat.exe": "MZ"}, name="other")
    assert any("cannot be shown" in message for _, _, message in said(folder))


def test_symbolic_links_and_other_strange_files_are_refused(make):
    folder = make({"stimuli/throat.svg": None, "note.yaml": None})
    (folder / "stimuli").mkdir()
    (folder / "stimuli" / "throat.svg").symlink_to("/etc/hostname")
    (folder / "note.yaml").symlink_to("nowhere")
    os.mkfifo(folder / "stimuli" / "pipe")
    messages = {(file, message.split(".")[0]) for file, _, message in said(folder)}
    assert ("throat.svg", "This is a symbolic link") in messages
    assert ("note.yaml", "This is a symbolic link") in messages
    assert ("pipe", "This is not a file") in messages


def test_names_that_are_no_text_can_still_be_printed(make):
    folder = make()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n.md")).write_text("x")
    findings_text(check(folder)).encode()
    assert any("Rename it" in message for _, _, message in said(folder))


def test_a_slip_in_a_file_name_is_noticed(make, sound):
    folder = make({"door-note.md": None, "door_note.md": "Hello"})
    assert ("door-note.md", 1, "door-note.md is missing.") in said(folder)
    assert any("Did you mean “door-note.md”?" in message for _, _, message in said(folder))


def test_paths_that_are_no_station(make, tmp_path):
    (tmp_path / "file").write_text("x")
    assert "no such folder" in check(tmp_path / "nothing")[0].message
    assert "not a folder" in check(tmp_path / "file")[0].message
    assert check_paths([tmp_path / "file", tmp_path / "nothing"]) == check(tmp_path / "file") + check(
        tmp_path / "nothing"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    assert {f.severity for f in check_paths([empty])} == {Severity.error}
    too_long = tmp_path / ("x" * 300)
    assert check(too_long)[0].severity is Severity.error
    assert check_paths([too_long])[0].severity is Severity.error


def test_a_folder_of_stations_is_checked_whole(make, tmp_path):
    make(name="one")
    make({"door-note.md": ""}, name="two")
    (tmp_path / "README.md").write_text("hello")
    findings = check_paths([tmp_path])
    assert [Path(f.file).parts[-2:] for f in findings] == [("two", "door-note.md")]


def test_a_rest_station_needs_only_its_title(make, tmp_path):
    folder = tmp_path / "rest"
    folder.mkdir()
    (folder / "station.yaml").write_text("title: Rest\nrest: true\n")
    assert check(folder) == []
    version = read(folder)
    assert version.rest
    assert version.mark_sheet.items == ()
    assert version.door_note == ""


def test_items_that_cost_points_and_items_of_the_note(make, sound):
    costs = sound["mark-sheet.yaml"].replace("weight: 2", "weight: -2", 1)
    folder = make({"mark-sheet.yaml": costs})
    assert [message for _, _, message in said(folder)] == [
        "“item-0” costs points, so examiners need an anchor: say what done looks like."
    ]
    assert read(folder).mark_sheet.items[0].weight == -2
    none = make({"mark-sheet.yaml": sound["mark-sheet.yaml"].replace("weight: 2", "weight: -2")})
    assert any("there are none to reach" in message for _, _, message in said(none))
    noted = sound["mark-sheet.yaml"].replace("weight: 2", "weight: 2\n    note: true", 1)
    assert check(make({"mark-sheet.yaml": noted})) == []
    without = make({"mark-sheet.yaml": noted, "note.yaml": None}, "no-note")
    assert any("no note.yaml to write one in" in message for _, _, message in said(without))


def test_weak_content_is_a_warning_and_still_reads(make, sound):
    sheet = sound["mark-sheet.yaml"].replace("weight: 2", "weight: 2\n    critical: true", 1)
    sheet = sheet.replace("  - id: item-9\n    text: Does thing 9\n    domain: history\n    weight: 2\n", "")
    station = sound["station.yaml"].replace("[tonsils, paracetamol]", "[tonsils, thing 3]")
    folder = make({"mark-sheet.yaml": sheet, "station.yaml": station, "door-note.md": "word " * 500})
    findings = check(folder)
    assert {f.severity for f in findings} == {Severity.warning}
    text = findings_text(findings)
    for part in (
        "critical, so examiners need anchors",
        "9 items are few",
        "“thing 3” stands on the mark sheet",
        "500",
    ):
        assert part in text
    assert text.endswith("0 errors, 4 warnings.")
    assert read(folder).title == "A sore throat"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_edit_of_a_file_gives_a_traceback(make, sound, data):
    file = data.draw(st.sampled_from(sorted(sound)))
    content = sound[file].encode()
    at = data.draw(st.integers(0, len(content)))
    until = data.draw(st.integers(at, min(len(content), at + 40)))
    folder = make({file: content[:at] + data.draw(st.binary(max_size=12)) + content[until:]})
    findings_text(check(folder)).encode()
