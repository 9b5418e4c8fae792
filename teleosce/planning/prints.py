"""What is printed: the timetable, and a card with a QR code for each person. PDF by ReportLab, codes by Segno."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import segno
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

from teleosce.planning.schedule import ROLES, Schedule, place_name
from teleosce.planning.sheets import Link, Row, grid, people_rows

_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
_CARD = (95 * mm, 66 * mm)
_MARGIN = 10 * mm
_WIDE = 9
"""A ring of more stations is printed in parts of so many columns."""


@cache
def _fonts() -> tuple[str, str]:
    """(regular, bold): DejaVu, which has most scripts of Europe, or Vera, which comes with ReportLab."""
    files = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    folder = _DEJAVU if all((_DEJAVU / file).is_file() for file in files) else None
    for name, file, spare in zip(("Plain", "Bold"), files, ("Vera.ttf", "VeraBd.ttf"), strict=True):
        pdfmetrics.registerFont(TTFont(name, str(folder / file) if folder else spare))
    return "Plain", "Bold"


def timetable_pdf(schedule: Schedule) -> bytes:
    """The circuits, each on pages of its own, and all people with when they are wanted. Blocks."""
    plain, bold = _fonts()
    title = ParagraphStyle("title", fontName=bold, fontSize=15, leading=19)
    small = ParagraphStyle("small", fontName=plain, fontSize=8.5, leading=11, textColor=colors.HexColor("#465352"))
    story: list[object] = []
    for name, entries in schedule.by_circuit.items():
        day = schedule.day(entries[0].starts_ms, name)
        where = f"{day}. Times are those of {place_name(schedule.exam.zone)}." if day else "Times count from the start."
        site = f", {its}" if (its := schedule.sites.get(name)) else ""
        rows = grid(schedule, name)
        for first in range(3, len(rows[0]), _WIDE):
            part = [(*row[:3], *row[first : first + _WIDE]) for row in rows]
            story += [
                Paragraph(escape(f"{schedule.exam.title}: circuit {name}{site}"), title),
                Paragraph(escape(where), small),
            ]
            story += [Spacer(1, 5 * mm), _table(part, [20 * mm, 15 * mm, 15 * mm]), PageBreak()]
    story += [Paragraph(escape(f"{schedule.exam.title}: people"), title), Spacer(1, 5 * mm)]
    story.append(_table(people_rows(schedule), [34 * mm, 20 * mm, 50 * mm, 22 * mm, 48 * mm, 16 * mm, 16 * mm]))
    out = io.BytesIO()
    made = SimpleDocTemplate(
        out,
        pagesize=landscape(A4),
        title=schedule.exam.title,
        author="teleosce",
        leftMargin=12 * mm,
        rightMargin=12 * mm,
        topMargin=12 * mm,
        bottomMargin=14 * mm,
    )
    made.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(_fonts()[0], 8)
    canvas.drawRightString(landscape(A4)[0] - 12 * mm, 8 * mm, f"{document.page}")


def _table(rows: Sequence[Row], widths: Sequence[float]) -> Table:
    plain, bold = _fonts()
    cell = ParagraphStyle("cell", fontName=plain, fontSize=8.5, leading=10.5)
    head = ParagraphStyle("head", fontName=bold, fontSize=8.5, leading=10.5)
    body = [
        [Paragraph(escape(str(value)), head if number == 0 else cell) for value in row]
        for number, row in enumerate(rows)
    ]
    free = landscape(A4)[0] - 24 * mm - sum(widths)
    count = len(rows[0]) - len(widths)
    made = Table(body, colWidths=[*widths, *([free / count] * count if count else [])], repeatRows=1)
    made.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#d3dada")),
            ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e9eded")),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    return made


def cards_pdf(schedule: Schedule, links: Iterable[Link]) -> bytes:
    """Eight cards to a page of A4, each with the QR code of its link, to be cut and handed out. Blocks."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(f"{schedule.exam.title}: links")
    for number, link in enumerate(links):
        at = number % 8
        if number and at == 0:
            canvas.showPage()
        left = _MARGIN + (at % 2) * _CARD[0]
        bottom = A4[1] - _MARGIN - (at // 2 + 1) * _CARD[1]
        _card(canvas, schedule, link, left, bottom)
    canvas.save()
    return out.getvalue()


def _card(canvas: Canvas, schedule: Schedule, link: Link, left: float, bottom: float) -> None:
    plain, bold = _fonts()
    width, height = _CARD
    canvas.setStrokeColor(colors.HexColor("#d3dada"))
    canvas.rect(left, bottom, width, height)
    seat = link.seat
    stretches = [one for one in schedule.of(seat) if one.circuit in schedule.planned]
    when = [
        f"{schedule.day(one.starts_ms, one.circuit)}, {schedule.clock(one.starts_ms, one.circuit)}" for one in stretches
    ]
    lines = [
        (bold, 12, seat.name),
        (plain, 9, f"{seat.number}, {ROLES[seat.role]}" if seat.number else ROLES[seat.role].capitalize()),
        (plain, 9, schedule.exam.title),
        *((plain, 8, one) for one in when[:2]),
        (plain, 8, place_name(schedule.exam.zone) if when else ""),
    ]
    top = bottom + height - 9 * mm
    for font, size, text in lines:
        canvas.setFont(font, size)
        canvas.setFillColor(colors.HexColor("#17201f"))
        canvas.drawString(left + 5 * mm, top, _cut(text, font, size, width - 10 * mm))
        top -= size * 1.45
    code = 34 * mm
    _code(canvas, link.url, left + width - code - 4 * mm, bottom + 8 * mm, code)
    canvas.setFont(plain, 7.5)
    canvas.drawString(left + 5 * mm, bottom + 14 * mm, "Scan the code with the device")
    canvas.drawString(left + 5 * mm, bottom + 10.5 * mm, "on which you will sit the exam.")
    canvas.setFont(plain, 5.2)
    canvas.drawString(left + 5 * mm, bottom + 4 * mm, _cut(link.url, plain, 5.2, width - 10 * mm))


def _code(canvas: Canvas, url: str, left: float, bottom: float, size: float) -> None:
    code = segno.make(url, error="m", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=2)]
    module = size / len(rows)
    canvas.setFillColor(colors.black)
    for down, row in enumerate(rows):
        start = None
        for across, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = across
            elif not dark and start is not None:
                y = bottom + size - (down + 1) * module
                canvas.rect(left + start * module, y, (across - start) * module, module, stroke=0, fill=1)
                start = None


def _cut(text: str, font: str, size: float, width: float) -> str:
    if pdfmetrics.stringWidth(text, font, size) <= width:
        return text
    while text and pdfmetrics.stringWidth(text + "…", font, size) > width:
        text = text[:-1]
    return text + "…"
