"""Tables for spreadsheets, as CSV and .xlsx, in which no cell is ever taken for a formula."""

import csv
import io
import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | None

LIMIT = 1_048_576
"""Rows of a sheet, the head among them; more go on in a further sheet."""
_LONGEST = 32_767
_WIDEST = 60
_LOOKED_AT = 200
_AT_ONCE = 200
"""Rows that are compressed in one piece: one by one takes twice as long."""
_KNOWN = 4096
"""So many different cells are remembered: most are those of the row before, or of a list that is short."""
_WHOLE = 10**15
"""Up to here a whole number is written without its “.0”."""
_FORMULA = tuple("=+-@＝＋－＠")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PLAIN = re.compile(r"(?! )(?:[A-Za-z0-9 .,:;()/%+-]|_(?!x)){0,200}(?<! )")
"""Most cells: nothing in them needs a second look, which is half of the time that a workbook takes."""
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True)
class Sheet:
    """A table with its head. title: what Excel cannot take of it is replaced."""

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def harmless(text: str) -> str:
    """What begins like a formula gets an apostrophe before it (OWASP, CSV Injection)."""
    if text[:1].isalnum():  # nearly every text
        return text
    return f"'{text}" if text.lstrip()[:1] in _FORMULA or text[:1] in ("\t", "\r", "\n") else text


def write_csv(file: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Comma-separated (RFC 4180), marked as UTF-8 for spreadsheets. Numbers stay numbers. Blocks."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", errors="replace")
    writer = csv.writer(text)
    writer.writerow([harmless(one) for one in head])
    texts = _Remembered(harmless)
    writer.writerows([texts[one] if isinstance(one, str) else _number(one) for one in row] for row in rows)
    text.detach()


def write_xlsx(target: Path | IO[bytes], sheets: Iterable[Sheet]) -> None:
    """A workbook (ECMA-376) of inline texts and numbers, written as the rows come. Blocks.

    openpyxl takes 0.3 ms for a row of ten cells, so minutes for the key presses of a large exam: hence not by it.
    """
    titles: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for sheet in sheets:
            rows = iter(sheet.rows)
            row = next(rows, None)
            part = 1
            while part == 1 or row is not None:
                titles.append(_title(sheet.title, part, titles))
                with book.open(f"xl/worksheets/sheet{len(titles)}.xml", "w") as file:
                    row = _write_sheet(file, sheet.head, row, rows)
                part += 1
        for name, content in _frame(titles):
            book.writestr(name, content)


class _Remembered(dict[Any, str]):
    """What a function makes of each value, worked out once for those that come again and again."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        self._make = make

    def __missing__(self, value: Any) -> str:
        if len(self) == _KNOWN:
            self.clear()
        made = self[value] = self._make(value)
        return made


def _write_sheet(
    file: IO[bytes], head: Sequence[str], first: Sequence[Cell] | None, rows: Iterator[Sequence[Cell]]
) -> Sequence[Cell] | None:
    """Fills a sheet; returns the row that had no place any more."""
    shown: list[Sequence[Cell]] = [] if first is None else [first]
    while len(shown) < _LOOKED_AT and shown and (row := next(rows, None)) is not None:
        shown.append(row)
    widths = [min(_WIDEST, max(len(str(row[at])) for row in (head, *shown)) + 2) for at in range(len(head))]
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{wide}" customWidth="1"/>' for at, wide in enumerate(widths, 1)
    )
    bold = "".join(_cell(one, ' s="1"') for one in head)
    cell = _Remembered(_cell).__getitem__
    file.write(
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        f'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{columns}</cols><sheetData>'
        f"<row>{bold}</row>".encode()
    )
    over = None
    written: list[str] = []
    for number, row in enumerate(chain(shown, rows), 1):
        if number == LIMIT:
            over = row
            break
        written.append(f"<row>{''.join(map(cell, row))}</row>")
        if len(written) == _AT_ONCE:
            file.write("".join(written).encode())
            written.clear()
    file.write(f"{''.join(written)}</sheetData></worksheet>".encode())
    return over


def _cell(value: Cell, style: str = "") -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            return f'<c t="inlineStr"{style}><is><t>{value}</t></is></c>'
        value = escape(_ESCAPE.sub("_x005F_", _NO_XML.sub("", value))[:_LONGEST], {"\r": "&#13;"})
        return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{value}</t></is></c>'
    number = _number(value)
    if number is None:
        return "<c/>"
    # 1 and 1.0 are one value to whoever remembers cells, so they are written alike.
    return f"<c><v>{int(number) if number == number // 1 and abs(number) < _WHOLE else number!r}</v></c>"


def _number(value: float | None) -> float | None:
    """None for what is no number."""
    return None if value is None or not math.isfinite(value) else value


def _title(wanted: str, part: int, taken: Sequence[str]) -> str:
    """Excel takes at most 31 characters, none of some, and no title twice."""
    plain = "".join(" " if letter in "[]:*?/\\" else letter for letter in wanted)
    after = f" ({part})" if part > 1 else ""
    title = plain[: 31 - len(after)] + after
    again = 2
    while title.casefold() in {one.casefold() for one in taken}:
        title = f"{plain[:26]} ~{again}"
        again += 1
    return title


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/>'
    '<sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs '
    'count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def _frame(titles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The parts of a workbook besides its sheets."""
    numbered = list(enumerate(titles, 1))
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for at, _ in numbered
    )
    sheets = "".join(f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="r{at}"/>' for at, name in numbered)
    links = "".join(
        f'<Relationship Id="r{at}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>' for at, _ in numbered
    )
    yield (
        "[Content_Types].xml",
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{kinds}</Types>',
    )
    yield (
        "_rels/.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "xl/workbook.xml",
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{links}<Relationship Id="styles" '
        f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    )
    yield "xl/styles.xml", _STYLES
