"""Tables as spreadsheets see them: whatever somebody wrote, no cell of it is a formula."""

import csv
import io
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as some
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from teleosce.core import spreadsheet
from teleosce.core.spreadsheet import Cell, Sheet, harmless, write_csv, write_xlsx

TEXTS = some.one_of(
    some.text(max_size=60),
    some.builds(
        lambda first, rest: first + rest,
        some.sampled_from(
            ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\t=", "\r\n@", "＝", "_x000D_", "'", '"', "\x00="]
        ),
        some.text(max_size=20),
    ),
)
CELLS = some.one_of(TEXTS, some.integers(-(10**9), 10**9), some.floats(-1e9, 1e9), some.none())


def as_csv(rows: list[list[Cell]]) -> list[list[str]]:
    file = io.BytesIO()
    write_csv(file, [f"c{at}" for at in range(3)], rows)
    return list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))


def as_xlsx(*sheets: Sheet) -> io.BytesIO:
    file = io.BytesIO()
    write_xlsx(file, sheets)
    return file


@given(some.lists(some.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_no_cell_of_csv_begins_like_a_formula(rows: list[list[Cell]]) -> None:
    for given_row, row in zip(rows, as_csv(rows)[1:], strict=True):
        for value, cell in zip(given_row, row, strict=True):
            if isinstance(value, str):
                assert cell.lstrip()[:1] not in tuple("=+-@")
                assert cell[:1] not in ("\t", "\r", "\n")
                assert cell.removeprefix("'") == value.removeprefix("'") or cell == value
            elif value is None:
                assert not cell
            else:
                assert float(cell) == value


@given(some.lists(some.lists(CELLS, min_size=3, max_size=3), max_size=5))
def test_no_cell_of_a_workbook_is_a_formula(rows: list[list[Cell]]) -> None:
    book = load_workbook(as_xlsx(Sheet("One", ["=a", "b", "c"], rows)))
    read = list(book["One"].iter_rows())
    assert read[0][0].value == "=a"
    for given_row, row in zip(rows, read[1:], strict=True):
        for value, cell in zip(given_row, row, strict=True):
            assert cell.data_type != "f"
            if isinstance(value, int | float):
                assert cell.value == value


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\n=1"])
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert as_csv([[text, "plain", -1.5]])[1] == [f"'{text}", "plain", "-1.5"]


def test_numbers_that_are_none_are_empty_and_texts_come_back_as_they_were() -> None:
    odd = "_x000D_ é ﷽ <&> \" ' "
    book = load_workbook(as_xlsx(Sheet("A", ["x", "y"], [[float("nan"), odd], [None, "a\nb"], ["a<b", "<&>"]])))
    rows = list(book["A"].iter_rows(min_row=2, values_only=True))
    assert rows[0][0] is None
    # As Excel reads it (ECMA-376, ST_Xstring); openpyxl leaves that to its caller.
    assert unescape(rows[0][1]) == odd
    assert rows[1:] == [(None, "a\nb"), ("a<b", "<&>")]
    assert book["A"].freeze_panes == "A2"
    assert book["A"]["A1"].font.bold


def test_titles_are_what_excel_takes_and_more_rows_than_fit_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "LIMIT", 301)
    long = [[number, "x"] for number in range(650)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        book = load_workbook(as_xlsx(Sheet("a/b" * 20, ["n", "t"], long), Sheet("A B" * 20, ["n", "t"], [])))
    assert [len(name) <= 31 for name in book.sheetnames] == [True] * 4
    assert len({name.casefold() for name in book.sheetnames}) == 4
    numbers = [row[0] for name in book.sheetnames[:3] for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert numbers == list(range(650))
    assert zipfile.ZipFile(as_xlsx(Sheet("A", ["x"], []))).testzip() is None
