"""Candidates from a spreadsheet or from pasted lines: every fault by row and column, and nothing half taken."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from teleosce.core.errors import Invalid
from teleosce.planning.models import MOST_CANDIDATES, Candidate
from teleosce.planning.tables import RowFinding, Table, letter, read_table
from teleosce.stations.findings import did_you_mean
from teleosce.stations.validate import faults_of
from teleosce.stations.yaml_lines import Document

HEADERS: Mapping[str, tuple[str, ...]] = {
    "number": (
        "number", "candidate number", "candidate no", "no", "nr", "id", "student id", "student number",
        "matriculation number", "registration number", "nummer", "matrikelnummer", "matrikel nr", "matr nr",
    ),
    "name": ("name", "candidate", "full name", "candidate name", "student", "student name", "vollständiger name"),
    "first": ("first name", "forename", "given name", "firstname", "vorname"),
    "last": ("last name", "surname", "family name", "lastname", "nachname", "familienname"),
    "email": ("e mail", "email", "mail", "e mail address", "email address", "e mail adresse", "emailadresse"),
    "group": ("group", "cohort", "wave", "class", "gruppe", "kohorte"),
    "extra_percent": (
        "extra percent", "extra time", "extra time percent", "extra", "accommodation", "additional time",
        "adjustment", "zeitzuschlag", "zeitverlängerung", "nachteilsausgleich",
    ),
    "circuit": ("circuit", "track", "parcours"),
    "zone": ("zone", "time zone", "timezone", "zeitzone"),
}  # fmt: skip
_FIELD = {spelling: field for field, spellings in HEADERS.items() for spelling in spellings}
_SIGNS = re.compile(r"[^\w]+")
_CONTROL = (*range(9), *range(14, 32), *range(127, 160))
_FORMAT = (0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSEEN = dict.fromkeys((*_CONTROL, *_FORMAT))
"""Signs that nobody sees, which come with what is copied from a web page: they would make two numbers of one."""


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
    return _understood(read_table(name, content))


def _understood(table: Table) -> Imported:
    rows = [(number, [_plain(cell) for cell in row]) for number, row in table.rows]
    rows = [(number, row) for number, row in rows if any(row)]
    findings = list(table.findings)
    if any(one.blocks for one in findings):
        return Imported((), tuple(findings))
    if not rows:
        raise Invalid("There is nothing in this list.", code="candidates-empty")
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
    reading = _Reading(columns, headings, table.doubtful, findings)
    candidates = [one for number, row in rows if (one := reading.row(number, row)) is not None]
    return Imported(tuple(candidates), tuple(sorted(findings, key=lambda one: (not one.blocks, one.row, one.column))))


def _plain(cell: str) -> str:
    text = unicodedata.normalize("NFC", cell.translate(_UNSEEN)).encode("utf-8", "replace").decode()
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
            findings.append(RowFinding(number, letter(at + 1), message))
        elif field is not None:
            found[field] = at
    if not found:
        return None
    if not {"name", "first", "last"} & found.keys():
        findings.append(RowFinding(number, "", "No column is headed “name”."))
    for at in strange:
        hint = did_you_mean(_SIGNS.sub(" ", cells[at].casefold()), _FIELD)
        message = f"The column “{cells[at][:40]}” is not used.{hint}"
        findings.append(RowFinding(number, letter(at + 1), message, blocks=False))
    return found


@dataclass
class _Reading:
    columns: Mapping[str, int]
    headings: Sequence[str]
    doubtful: Mapping[tuple[int, int], str]
    findings: list[RowFinding]

    def __post_init__(self) -> None:
        self.seen: dict[tuple[str, str], int] = {}

    def row(self, number: int, cells: Sequence[str]) -> Candidate | None:
        if not self._believed(number, cells):
            return None
        given = {field: cells[at] for field, at in self.columns.items() if at < len(cells) and cells[at]}
        name = given.pop("name", "") or " ".join(filter(None, (given.pop("first", ""), given.pop("last", ""))))
        given.pop("first", None)
        given.pop("last", None)
        values: dict[str, Any] = {**given, "name": name}
        if "extra_percent" in values:
            values["extra_percent"] = _percent(values["extra_percent"])
        again = [self._again(number, field, values.get(field, "")) for field in ("number", "email")]
        self._namesake(number, name)
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

    def _believed(self, number: int, cells: Sequence[str]) -> bool:
        """Whether every cell says what its author saw, and stands where it belongs; what does not is said."""
        before = len(self.findings)
        for field, at in self.columns.items():
            if why := self.doubtful.get((number, at + 1)):
                self._say(number, field, why)
        for at, cell in enumerate(cells):
            if cell and self.headings and not (at < len(self.headings) and self.headings[at]):
                message = f"“{cell[:60]}” stands below no heading: is there a separator too many in this row?"
                self.findings.append(RowFinding(number, letter(at + 1), message))
        return len(self.findings) == before

    def _again(self, number: int, field: str, value: str) -> bool:
        """Whether a row before has the same; it is said."""
        key = (field, value.casefold())
        known = bool(value) and key in self.seen
        if known:
            what = "number" if field == "number" else "e-mail address"
            self._say(number, field, f"The {what} “{value[:60]}” stands in row {self.seen[key]} already.")
        self.seen.setdefault(key, number)
        return known

    def _namesake(self, number: int, name: str) -> None:
        first = self.seen.setdefault(("name", name.casefold()), number)
        if name and first != number:
            said = f"“{name[:60]}” stands in row {first} too. Are they two people?"
            self._say(number, "name", said, blocks=False)

    def _say(self, number: int, field: str, message: str, *, blocks: bool = True) -> None:
        at = self.columns.get(field)
        if at is None and field == "name":
            at = self.columns.get("last", self.columns.get("first"))
        column = "" if at is None else letter(at + 1)
        heading = self.headings[at].strip() if at is not None and at < len(self.headings) else ""
        self.findings.append(RowFinding(number, f"{column} ({heading[:30]})" if heading else column, message, blocks))


def _percent(text: str) -> int | str:
    """“25”, “25 %”, “+25%” or “none” as a number; what is none of these as it stands, to be refused."""
    plain = text.casefold().replace(",", ".").strip(" +%")
    if plain in ("", "no", "none", "nein", "kein", "keiner", "keine", "-", "–"):
        return 0
    try:
        value = float(plain)
    except ValueError:
        return text
    # Of “nan” and “inf” Python makes numbers.
    return int(value) if value.is_integer() else text
