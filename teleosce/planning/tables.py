"""A list from a spreadsheet or a text file as rows of cells, with what cannot be believed of it. Pure.

Rows count from 1, as the spreadsheet shows them. A cell that does not say what its author saw is marked, not guessed.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

from teleosce.core.errors import Invalid

LARGEST = 4 * 1024 * 1024
MOST_COLUMNS = 60
MOST_ROWS = 100_000
"""Down to here a sheet is looked at: rows far below the list are seen as well."""
_LARGEST_XML = 64 * 1024 * 1024
_SEPARATOR = re.compile(r"\s*sep=(.)\s*\n")
_MERGED = re.compile(rb'mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_SHOWN = re.compile(r'(?:"([^"]*)")?(0+)(?:"([^"]*)")?')
"""A number format such as 0000 or "C"00: what is shown, and meant, is more than the number."""
_LOST = "\ufffd"


@dataclass(frozen=True)
class RowFinding:
    """A remark on a cell. Rows count from 1, as the spreadsheet shows them; `column` is its letter and heading."""

    row: int
    column: str
    message: str
    blocks: bool = True

    def __str__(self) -> str:
        where = f"row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Table:
    """The rows that hold something, by number. doubtful: by row and column (both from 1), why a cell is not believed.

    findings: what there is to say of the file as a whole.
    """

    rows: Sequence[tuple[int, Sequence[str]]]
    doubtful: Mapping[tuple[int, int], str] = field(default_factory=dict)
    findings: Sequence[RowFinding] = ()


def letter(column: int) -> str:
    """What a spreadsheet calls a column, counted from 1; a list has at most 60."""
    before, last = divmod(column - 1, 26)
    return (chr(ord("A") + before - 1) if before else "") + chr(ord("A") + last)


def read_table(name: str, content: bytes) -> Table:
    """The table of a file by its name (.xlsx, .csv or .txt) and content. Blocks. Raises Invalid for what is none."""
    if len(content) > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1024 // 1024} MiB. Is it the list of candidates?")
    if content[:4] == b"PK\x03\x04":
        return _of_workbook(content)
    text, guessed = _decoded(content)
    if name.lower().endswith((".xls", ".ods", ".numbers", ".pdf", ".doc", ".docx")) or "\0" in text[:2000]:
        raise Invalid("Save the list as .xlsx or .csv: this kind of file cannot be read.", code="candidates-kind")
    return _of_text(text, guessed=guessed)


def _decoded(content: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding is a guess."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace"), False
    try:
        return content.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), True  # as older spreadsheets save CSV


def _of_text(text: str, *, guessed: bool) -> Table:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if said := _SEPARATOR.match(text):  # a line for Excel, which it does not show
        separator, text = said[1], text[said.end() :]
    else:
        first = next((line for line in text.splitlines() if line.strip()), "")
        separator = max(";\t,", key=lambda sign: (first.count(sign), sign != ","))
        if not first.count(separator):
            separator = "\t"
    rows: list[tuple[int, Sequence[str]]] = []
    doubtful = {}
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=separator, strict=True), 1):
            rows.append((number, row[:MOST_COLUMNS]))
            for at, cell in enumerate(row[:MOST_COLUMNS], 1):
                if "\n" in cell.strip():
                    doubtful[number, at] = "The cell goes over several lines: is a quotation mark missing or too many?"
    except csv.Error:
        # Else a mark that is never closed takes all rows below into its cell, and nobody misses them.
        message = 'A quotation mark (") is not closed, or stands in the middle. Put it right or leave it out.'
        return Table(rows, doubtful, [RowFinding(len(rows) + 1, "", message)])
    return Table(rows, doubtful | _lost(rows), _guess(rows) if guessed else ())


def _guess(rows: Sequence[tuple[int, Sequence[str]]]) -> list[RowFinding]:
    odd = [(number, cell.strip()) for number, row in rows for cell in row if not cell.isascii()]
    listed = ", ".join(f"“{cell[:40]}”" for _, cell in odd[:3])
    message = f"The file is not UTF-8. Is this written right: {listed}? If not, save the list as .xlsx or as CSV UTF-8."
    return [RowFinding(odd[0][0], "", message, blocks=False)] if odd else []


def _lost(rows: Sequence[tuple[int, Sequence[str]]]) -> dict[tuple[int, int], str]:
    return {
        (number, at): f"A letter of “{cell.strip()[:40]}” was lost when the list was saved. Save it as .xlsx."
        for number, row in rows
        for at, cell in enumerate(row, 1)
        if _LOST in cell
    }


def _of_workbook(content: bytes) -> Table:
    # Loaded when it is needed: a server that was killed must be back at once.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows, doubtful = _of_sheet(sheet)
        doubtful |= _of_merged(sheet, rows) | _lost(rows)
        titles = [one.title for one in book.worksheets]
        book.close()
    except (
        zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, AttributeError,
        IndexError, OSError, EOFError, zipfile.LargeZipFile, NotImplementedError,
    ) as error:  # fmt: skip
        raise Invalid("The file cannot be read as a spreadsheet. Open it and save it as .xlsx again.") from error
    if not rows and len(titles) > 1:
        raise Invalid(f"There is nothing on the first sheet, “{titles[0][:40]}”. Put the list first.")
    others = ", ".join(f"“{one[:40]}”" for one in titles[1:4]) + (" …" if len(titles) > 4 else "")
    message = f"Only the first sheet, “{titles[0][:40]}”, is read, and not {others}."
    return Table(rows, doubtful, [RowFinding(1, "", message, blocks=False)] if others else ())


def _of_sheet(sheet: Any) -> tuple[list[tuple[int, Sequence[str]]], dict[tuple[int, int], str]]:
    rows: list[tuple[int, Sequence[str]]] = []
    doubtful: dict[tuple[int, int], str] = {}
    sheet.reset_dimensions()  # what a sheet says of its own size may be wrong
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        if number > MOST_ROWS:
            message = f"The sheet goes on below row {MOST_ROWS}. Delete the rows below the list and save it again."
            raise Invalid(message)
        cells = [_cell(cell) for cell in row]
        if any(cells):
            rows.append((number, cells))
            doubtful |= {(number, at): why for at, cell in enumerate(row, 1) if (why := _odd(cell))}
    return rows, doubtful


def _of_merged(sheet: Any, rows: Sequence[tuple[int, Sequence[str]]]) -> dict[tuple[int, int], str]:
    """The empty cells that look filled, as they are merged with another: openpyxl’s streaming tells nothing of it."""
    with sheet._get_source() as source:
        found = _MERGED.findall(source.read(_LARGEST_XML))
    ranges = [
        (_column(left), int(top), _column(right), int(bottom), b"%s%s:%s%s" % (left, top, right, bottom))
        for left, top, right, bottom in found
    ]
    empty = ((number, at) for number, row in rows for at, cell in enumerate(row, 1) if not cell) if ranges else ()
    return dict(_covered(empty, ranges))


def _covered(
    empty: Iterator[tuple[int, int]] | tuple[()], ranges: Sequence[tuple[int, int, int, int, bytes]]
) -> Iterator[tuple[tuple[int, int], str]]:
    for number, at in empty:
        name = next((one[4] for one in ranges if one[1] <= number <= one[3] and one[0] <= at <= one[2]), None)
        if name is not None:
            yield (
                (number, at),
                f"{name.decode()} are merged, so only the first has what they show. Unmerge and fill in each.",
            )


def _column(letters: bytes) -> int:
    number = 0
    for one in letters:
        number = number * 26 + one - ord("A") + 1
    return number


def _odd(cell: Any) -> str:
    """Why what stands in a cell is not what was meant; empty when nothing speaks against it."""
    if isinstance(cell.value, date | time | timedelta):  # a datetime is a date
        shown = str(cell.value).removesuffix(" 00:00:00")
        return f"The spreadsheet has made a date or time of it ({shown}). Format the column as text and enter it again."
    return f"The cell holds an error ({cell.value})." if cell.data_type == "e" else ""


def _cell(cell: Any) -> str:
    value, shown = cell.value, cell.number_format or ""
    if value is None:
        return ""
    if isinstance(value, float) and "%" in shown:
        return f"{value * 100:g} %"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value >= 0 and (padded := _SHOWN.fullmatch(shown)):
        return (padded[1] or "") + str(value).zfill(len(padded[2])) + (padded[3] or "")
    return str(value)
