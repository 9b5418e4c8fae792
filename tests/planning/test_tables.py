"""Lists as people save them: what a spreadsheet or a stray sign has altered is named, and nobody goes missing."""

import io
from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from teleosce.core.errors import Invalid
from teleosce.planning.candidates import Imported, read_candidates

HEAD = "number,name,e-mail,group\n"


def _csv(lines: str, encoding: str = "utf-8") -> Imported:
    return read_candidates("list.csv", (HEAD + lines).encode(encoding))


def _workbook(*rows: list[Any], then: Callable[[Worksheet], object] = lambda _: None) -> Imported:
    book = Workbook()
    for row in [["number", "name", "group"], *rows]:
        book.active.append(row)
    then(book.active)
    out = io.BytesIO()
    book.save(out)
    return read_candidates("list.xlsx", out.getvalue())


@pytest.mark.parametrize(
    ("lines", "row"),
    [
        ('1,"Ann Smith,a@x.org,A\n2,Ben,b@x.org,A\n3,Cy,c@x.org,A\n', 2),
        ('1,Ann,a@x.org,A\n2,Ben,b@x.org,"A\n3,Cy,c@x.org,A\n', 3),
        ('1,"Ann" Smith,a@x.org,A\n', 2),
    ],
)
def test_a_quotation_mark_that_is_never_closed_swallows_nobody(lines: str, row: int) -> None:
    found = _csv(lines)
    assert (found.sound, found.candidates) == (False, ())
    assert str(found.findings[0]).startswith(f"row {row}: A quotation mark")


def test_a_cell_over_several_lines_is_named_as_it_may_have_taken_rows_into_it() -> None:
    found = _csv('1,"Ann,a@x.org,A\n2,Ben",b@x.org,A\n3,Cy,c@x.org,A\n')
    assert [str(one) for one in found.findings if one.blocks] == [
        "row 2, column B (name): The cell goes over several lines: is a quotation mark missing or too many?"
    ]


def test_a_comma_too_many_moves_nothing_into_another_column_unseen() -> None:
    found = read_candidates("list.csv", b"number,name,group\n1,Smith, Ann,A\n2,Ben Bull,B\n")
    assert "row 2, column D: “A” stands below no heading" in str(found.findings[0])
    assert [one.name for one in found.candidates] == ["Ben Bull"]


@pytest.mark.parametrize("encoding", ["cp1250", "mac_roman", "cp1252"])
def test_whoever_guesses_the_encoding_says_what_it_makes_of_the_names(encoding: str) -> None:
    found = _csv("1,Ann,a@x.org,A\n2,Žofie Müller,b@x.org,A\n" if encoding == "cp1250" else "2,Müller,,\n", encoding)
    (said,) = found.findings
    assert said.message.startswith(f"The file is not UTF-8. Is this written right: “{found.candidates[-1].name}”?")
    assert not said.blocks


def test_a_letter_that_was_lost_before_is_no_letter() -> None:
    found = _csv("1,M�ller,,\n")
    assert "A letter of “M�ller” was lost" in found.findings[0].message
    assert not found.sound


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n"])
def test_lines_end_as_on_any_machine_and_the_separator_may_be_said(ends: str) -> None:
    text = f"sep=;\n{HEAD}1,Ann,a@x.org,A\n".replace(",", ";").replace("\n", ends)
    found = read_candidates("list.csv", text.encode())
    assert [(one.number, one.name, one.group) for one in found.candidates] == [("1", "Ann", "A")]


def test_what_nobody_sees_makes_no_second_number() -> None:
    found = _csv("1,Ann,,\n1\u200b,Ben,,\n")
    assert "The number “1” stands in row 2 already." in found.findings[0].message


def test_two_of_one_name_are_asked_about_and_may_be() -> None:
    found = _csv("1,Ann Smith,,\n2,ann  smith,,\n")
    assert (found.sound, len(found.candidates)) == (True, 2)
    assert str(found.findings[0]) == "row 3, column B (name): “ann smith” stands in row 2 too. Are they two people?"


def test_merged_cells_give_the_others_nothing_and_say_so() -> None:
    found = _workbook([1, "Ann", "Red"], [2, "Ben"], [3, "Cy"], then=lambda sheet: sheet.merge_cells("C2:C4"))
    assert [one.name for one in found.candidates] == ["Ann"]
    assert [(one.row, one.column, one.message[:17]) for one in found.findings] == [
        (3, "C (group)", "C2:C4 are merged,"),
        (4, "C (group)", "C2:C4 are merged,"),
    ]


def test_merged_cells_apart_from_what_is_read_disturb_nobody() -> None:
    found = _workbook(
        [1, "Ann", "Red", "late"], [2, "Ben", "Red"], then=lambda sheet: (sheet.merge_cells("D2:D3"), _head(sheet))
    )
    assert found.sound, found.findings


def _head(sheet: Worksheet) -> None:
    sheet["D1"] = "remarks"


def test_what_the_spreadsheet_has_made_of_an_entry_is_no_number() -> None:
    found = _workbook([date(2026, 3, 1), "Ann", "A"], [2, "Ben", time(10, 30)], [3, "#N/A", "A"], [4, "Di", "A"])
    assert [one.name for one in found.candidates] == ["Di"]
    said = [str(one) for one in found.findings]
    assert said[0].startswith("row 2, column A (number): The spreadsheet has made a date or time of it (2026-03-01).")
    assert said[1].startswith("row 3, column C (group): The spreadsheet has made a date or time of it (10:30:00).")
    assert said[2] == "row 4, column B (name): The cell holds an error (#N/A)."


@pytest.mark.parametrize(("shown", "number"), [("0000", "0007"), ('"C"00', "C07"), ("General", "7"), ("0", "7")])
def test_a_number_is_what_the_sheet_shows(shown: str, number: str) -> None:
    found = _workbook([7, "Ann"], then=lambda sheet: setattr(sheet["A2"], "number_format", shown))
    assert [one.number for one in found.candidates] == [number]


def test_whoever_stands_far_below_is_not_left_behind() -> None:
    found = _workbook([1, "Ann"], *([None] for _ in range(900)), [2, "Ben"])
    assert [one.name for one in found.candidates] == ["Ann", "Ben"]
    with pytest.raises(Invalid, match="below row 100000"):
        _workbook([1, "Ann"], then=lambda sheet: sheet.cell(100_002, 2, "Ben"))


def test_another_sheet_is_not_read_and_that_is_said() -> None:
    found = _workbook([1, "Ann"], then=lambda sheet: sheet.parent.create_sheet("Afternoon"))
    assert found.sound
    assert found.findings[0].message == "Only the first sheet, “Sheet”, is read, and not “Afternoon”."
    with pytest.raises(Invalid, match="nothing on the first sheet, “Notes”"):
        _workbook([1, "Ann"], then=lambda sheet: sheet.parent.create_sheet("Notes", 0))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_german_list_keeps_its_numbers_and_its_extra_time(encoding: str) -> None:
    head = "Matrikel-Nr.;Nachname;Vorname;E-Mail-Adresse;Gruppe;Nachteilsausgleich;;"
    lines = f"{head}\r\n0071;Müller;Änne;a@x.org;A;25,0 %;;\r\n0072;Weiß;Jörg;j@x.org;B;nein;;\r\n;;;;;;;\r\n"
    found = read_candidates("Liste.csv", lines.encode(encoding))
    assert found.sound
    assert [(one.number, one.name, one.group, one.extra_percent) for one in found.candidates] == [
        ("0071", "Änne Müller", "A", 25),
        ("0072", "Jörg Weiß", "B", 0),
    ]


@pytest.mark.parametrize("extra", ["nan", "inf", "1e400"])
def test_extra_time_that_is_no_number_is_a_finding(extra: str) -> None:
    (finding,) = read_candidates("list.csv", f"number,name,extra time\n1,Ann,{extra}\n".encode()).findings
    assert (finding.row, finding.blocks) == (2, True)
