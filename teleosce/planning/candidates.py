"""Candidates from a spreadsheet or from pasted lines: every fault by row and column, and nothing half taken."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from pydantic import ValidationError

from teleosce.core.errors import Invalid
from teleosce.planning.models import MOST_CANDIDATES, Candidate
from teleosce.stations.findings import did_you_mean
from teleosce.stations.validate import faults_of
from teleosce.stations.yaml_lines import Document

LARGEST = 4 * 1024 * 1024
MOST_COLUMNS = 60
HEADERS: Mapping[str, tuple[str, ...]] = {
    "number": (
        "number", "candidate number", "candidate no", "no", "nr", "id", "student id", "student number",
        "matriculation number", "registration number",
    ),
    "name": ("name", "candidate", "full name", "candidate name", "student", "student name"),
    "first": ("first name", "forename", "given name", "firstname"),
    "last": ("last name", "surname", "family name", "lastname"),
    "email": ("e mail", "email", "mail", "e mail address", "email address"),
    "group": ("group", "cohort", "wave", "class"),
    "extra_percent": (
        "extra percent", "extra time", "extra time percent", "extra", "accommodation", "additional time",
        "adjustment",
    ),
    "circuit": ("circuit", "track"),
    "zone": ("zone", "time zone", "timezone"),
}  # fmt: skip
_FIELD = {spelling: field for field, spellings in HEADERS.items() for spelling in spellings}
_SIGNS = re.compile(r"[^\w]+")


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
class Imported:
    """Everything that was understood, and all findings; only without one that blocks may it be taken."""

    candidates: tuple[Candidate, ...]
    findings: tuple[RowFinding, ...]

    @property
    def sound(self) -> bool:
        """Whether it may be taken."""
        return not any(one.blocks for one in self.findings)


def read_candidates(name: str, content: bytes) -> Imported:
    """The candidates of a file by its name (.xlsx, .csv or .txt) and content. Blocks.

    Raises Invalid for what is no table at all.
    """
    if len(content) > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1024 // 1024} MiB. Is it the list of candidates?")
    if content[:4] == b"PK\x03\x04":
        return _understood(_of_workbook(content))
    if (
        name.lower().endswith((".xls", ".ods", ".numbers", ".pdf", ".doc", ".docx"))
        or b"\0" in _decoded(content)[:2000].encode()
    ):
        raise Invalid("Save the list as .xlsx or .csv: this kind of file cannot be read.", code="candidates-kind")
    return _understood(_of_text(_decoded(content)))


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # as older spreadsheets save CSV


def _of_text(text: str) -> list[list[str]]:
    # Lines as they stand in the file, so that a row has the number that an editor shows.
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(";\t,", key=lambda sign: (first.count(sign), sign != ","))
    if not first.count(separator):
        separator = "\t"
    try:
        return [row[:MOST_COLUMNS] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise Invalid(f"The file cannot be read as a table ({error}). Save it as .xlsx or .csv.") from error


def _of_workbook(content: bytes) -> list[list[str]]:
    # Loaded when it is needed: a server that was killed must be back at once.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_row=MOST_CANDIDATES + 200, max_col=MOST_COLUMNS)
        table = [[_cell(cell) for cell in row] for row in rows]
        book.close()
    except (
        zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, AttributeError,
        IndexError, OSError, EOFError, zipfile.LargeZipFile, NotImplementedError,
    ) as error:  # fmt: skip
        raise Invalid("The file cannot be read as a spreadsheet. Open it and save it as .xlsx again.") from error
    return table


def _cell(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and "%" in (cell.number_format or ""):
        return f"{value * 100:g} %"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _understood(table: Sequence[Sequence[str]]) -> Imported:
    rows = [(number, [_plain(cell) for cell in row]) for number, row in enumerate(table, 1)]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        raise Invalid("There is nothing in this list.", code="candidates-empty")
    findings: list[RowFinding] = []
    columns = _columns(rows[0], findings)
    if columns is None:
        if len(rows[0][1]) > 1 and any(len([cell for cell in row if cell]) > 1 for _, row in rows):
            known = "number, name, e-mail, group, extra time, circuit"
            message = f"The first row must say what the columns are, such as: {known}."
            return Imported((), (RowFinding(rows[0][0], "", message),))
        columns, headings = {"name": 0}, []
    else:
        headings, rows = list(rows[0][1]), rows[1:]
    if not rows:
        raise Invalid("There is no candidate below the headings.", code="candidates-empty")
    if len(rows) > MOST_CANDIDATES:
        message = f"An exam takes at most {MOST_CANDIDATES} candidates; here are {len(rows)}."
        return Imported((), (RowFinding(rows[0][0], "", message),))
    reading = _Reading(columns, headings, findings)
    candidates = [one for number, row in rows if (one := reading.row(number, row)) is not None]
    return Imported(tuple(candidates), tuple(sorted(findings, key=lambda one: (not one.blocks, one.row, one.column))))


def _letter(column: int) -> str:
    """What a spreadsheet calls a column, counted from 1; a list has at most 60."""
    before, last = divmod(column - 1, 26)
    return (chr(ord("A") + before - 1) if before else "") + chr(ord("A") + last)


def _plain(cell: str) -> str:
    text = unicodedata.normalize("NFC", cell.replace("\0", "")).encode("utf-8", "replace").decode()
    return " ".join(text.split())


def _columns(first: tuple[int, Sequence[str]], findings: list[RowFinding]) -> dict[str, int] | None:
    """Which field stands in which column; None when the first row has no headings."""
    number, cells = first
    found: dict[str, int] = {}
    strange = []
    for at, cell in enumerate(cells):
        spelling = _SIGNS.sub(" ", cell.casefold().replace("_", " ")).strip()
        field = _FIELD.get(spelling)
        if field is None and cell:
            strange.append(at)
        elif field in found:
            message = f"“{cell[:40]}” and “{cells[found[field]][:40]}” mean the same. Leave one of them out."
            findings.append(RowFinding(number, _letter(at + 1), message))
        elif field is not None:
            found[field] = at
    if not found:
        return None
    if not {"name", "first", "last"} & found.keys():
        findings.append(RowFinding(number, "", "No column is headed “name”."))
    for at in strange:
        hint = did_you_mean(_SIGNS.sub(" ", cells[at].casefold()), _FIELD)
        message = f"The column “{cells[at][:40]}” is not used.{hint}"
        findings.append(RowFinding(number, _letter(at + 1), message, blocks=False))
    return found


@dataclass
class _Reading:
    columns: Mapping[str, int]
    headings: Sequence[str]
    findings: list[RowFinding]

    def __post_init__(self) -> None:
        self.seen: dict[tuple[str, str], int] = {}

    def row(self, number: int, cells: Sequence[str]) -> Candidate | None:
        given = {field: cells[at] for field, at in self.columns.items() if at < len(cells) and cells[at]}
        name = given.pop("name", "") or " ".join(filter(None, (given.pop("first", ""), given.pop("last", ""))))
        given.pop("first", None)
        given.pop("last", None)
        values: dict[str, Any] = {**given, "name": name}
        if "extra_percent" in values:
            values["extra_percent"] = _percent(values["extra_percent"])
        again = [self._again(number, field, values.get(field, "")) for field in ("number", "email")]
        try:
            made = Candidate.model_validate(values)
        except ValidationError as error:
            for place, message in faults_of(error, Candidate, Document(values)):
                field = str(place[0]) if place else "name"
                # The column is named before it, so what stands in the cell is said.
                said = message.replace(f"“{field}”", f"“{given.get(field, name)[:60]}”")
                self._say(number, field, "The name is missing." if field == "name" and not name else said)
            return None
        return None if any(again) else made

    def _again(self, number: int, field: str, value: str) -> bool:
        """Whether a row before has the same; it is said."""
        key = (field, value.casefold())
        known = bool(value) and key in self.seen
        if known:
            what = "number" if field == "number" else "e-mail address"
            self._say(number, field, f"The {what} “{value[:60]}” stands in row {self.seen[key]} already.")
        self.seen.setdefault(key, number)
        return known

    def _say(self, number: int, field: str, message: str) -> None:
        at = self.columns.get(field)
        if at is None and field == "name":
            at = self.columns.get("last", self.columns.get("first"))
        column = "" if at is None else _letter(at + 1)
        heading = self.headings[at].strip() if at is not None and at < len(self.headings) else ""
        self.findings.append(RowFinding(number, f"{column} ({heading[:30]})" if heading else column, message))


def _percent(text: str) -> int | str:
    """“25”, “25 %”, “+25%” or “none” as a number; what is none of these as it stands, to be refused."""
    plain = text.casefold().replace(",", ".").strip(" +%")
    if plain in ("", "no", "none", "-", "–"):
        return 0
    try:
        value = float(plain)
    except ValueError:
        return text
    return int(value) if value == int(value) else text
