"""Timetable and links as spreadsheets. Every cell is text or a number: none is ever taken for a formula."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from teleosce.core.spreadsheet import harmless
from teleosce.people import Seat
from teleosce.planning.schedule import ROLES, Entry, Schedule, Stretch

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

Row = Sequence[str | int]
_WIDEST = 60


@dataclass(frozen=True)
class Link:
    """A person's link, complete. It is told once."""

    seat: Seat
    url: str


def timetable_xlsx(schedule: Schedule) -> bytes:
    """A sheet for each circuit (rotations down, stations across), one of all slots, one of all people. Blocks."""
    book = _workbook()
    for name in schedule.by_circuit:
        _fill(_sheet(book, f"Circuit {name}"), grid(schedule, name))
    head: Row = ("Circuit", "Rotation", "Date", "From", "To", "Station", "Title", "Candidate", "Name", "SP", "Examiner")
    rows = [head, *(_slot(schedule, entry) for entry in _in_order(schedule.entries))]
    if schedule.sites:
        sites = ["Site", *(schedule.sites.get(one.circuit, "") for one in _in_order(schedule.entries))]
        rows = [(*row, site) for row, site in zip(rows, sites, strict=True)]
    _fill(_sheet(book, "Slots"), rows)
    _fill(_sheet(book, "People"), people_rows(schedule))
    return _saved(book)


def grid(schedule: Schedule, circuit: str) -> list[Row]:
    """The rotations of a circuit with the candidate at each station, by number."""
    entries = schedule.by_circuit[circuit]
    stations = {}
    for entry in entries:
        if not entry.pause:
            stations[entry.position] = entry.station
    rows: list[Row] = [("Rotation", "From", "To", *(f"{at}. {stations[at]}" for at in sorted(stations)))]
    for rotation in sorted({entry.rotation for entry in entries}):
        its: dict[int, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.rotation == rotation:
                its[entry.position].append(entry)
        one = next(iter(its.values()))[0]
        times = (schedule.clock(one.starts_ms, circuit), schedule.clock(one.ends_ms, circuit))
        cells = ("Break" if one.pause else " + ".join(map(_number, its[at])) for at in sorted(stations))
        rows.append((rotation, *times, *cells))
    return rows


def people_rows(schedule: Schedule) -> list[Row]:
    """Everybody, with when they are wanted."""
    rows: list[Row] = [("Role", "Number", "Name", "Circuit", "Date", "From", "To", "Stations")]
    for seat in schedule.seats:
        stretches: list[Stretch | None] = [*schedule.of(seat)] or [None]
        for one in stretches:
            who = (ROLES[seat.role], seat.number or "", seat.name)
            if one is None:
                rows.append((*who, "", "", "", "", ""))
                continue
            stations = sorted({entry.position for entry in one.entries if not entry.rest})
            first = schedule.clock(one.starts_ms, one.circuit)
            last = schedule.clock(one.ends_ms, one.circuit)
            day = schedule.day(one.starts_ms, one.circuit)
            rows.append((*who, one.circuit, day, first, last, ", ".join(map(str, stations))))
    return rows


def links_rows(links: Iterable[Link]) -> list[Row]:
    """The sheet of links."""
    head: Row = ("Role", "Number", "Name", "E-mail", "Group", "Link")
    body = [
        (
            ROLES[one.seat.role],
            one.seat.number or "",
            one.seat.name,
            one.seat.email or "",
            one.seat.group or "",
            one.url,
        )
        for one in links
    ]
    return [head, *body]


def links_xlsx(links: Iterable[Link]) -> bytes:
    """Blocks."""
    book = _workbook()
    _fill(_sheet(book, "Links"), links_rows(links))
    return _saved(book)


def links_csv(links: Iterable[Link]) -> bytes:
    """Comma-separated (RFC 4180), with the mark that tells a spreadsheet that it is UTF-8."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        [harmless(str(cell)) for cell in row] for row in links_rows(links)
    )
    return text.getvalue().encode("utf-8-sig")


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: (one.starts_ms, one.circuit, one.position))


def _slot(schedule: Schedule, one: Entry) -> Row:
    times = (schedule.clock(one.starts_ms, one.circuit), schedule.clock(one.ends_ms, one.circuit))
    day = schedule.day(one.starts_ms, one.circuit)
    people = (_number(one), one.candidate.name if one.candidate else "", _name(one.sp), _name(one.examiner))
    station = "Break" if one.pause else one.station
    return (one.circuit, one.rotation, day, *times, one.position, station, *people)


def _number(entry: Entry) -> str:
    return "" if entry.candidate is None else entry.candidate.number or entry.candidate.name


def _name(seat: Seat | None) -> str:
    return seat.name if seat else ""


def _workbook() -> "Workbook":
    # Loaded when it is needed: a server that was killed must be back at once.
    from openpyxl import Workbook

    return Workbook()


def _sheet(book: "Workbook", title: str) -> "Worksheet":
    from openpyxl.worksheet.properties import PageSetupProperties

    # Excel takes at most 31 characters and none of these.
    plain = "".join(" " if letter in "[]:*?/\\" else letter for letter in title)[:31]
    sheet: Worksheet = book.create_sheet(plain)
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    return sheet


def _fill(sheet: "Worksheet", rows: Iterable[Row]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    widths: dict[int, int] = {}
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
                cell.alignment = Alignment(vertical="top", wrap_text=True)
            if number == 1:
                cell.font = Font(bold=True)
            widths[column] = max(widths.get(column, 6), min(_WIDEST, len(str(value)) + 2))
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = width


def _saved(book: "Workbook") -> bytes:
    if len(book.sheetnames) > 1:
        book.remove(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
