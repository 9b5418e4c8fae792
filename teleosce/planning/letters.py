"""The letter that brings somebody their link: when, in their zone and the school's, and what to do before."""

from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from teleosce.people import Role, Seat
from teleosce.planning.ics import calendar_of, lines_of
from teleosce.planning.schedule import ROLES, Schedule, Stretch, local, place_name

BEFORE = {
    Role.candidate: "Open it some days before with the device on which you will sit the exam, to check camera and "
    "microphone, and again fifteen minutes before your time. It always leads to where you should be.",
    Role.standardized_patient: "Open it some days before to check camera and microphone, and again fifteen minutes "
    "before your time. It always leads to where you should be; candidates come to you by themselves.",
    Role.examiner: "It leads to the consultations that are yours to mark, as they become ready.",
}


def _envelope(seat: Seat, subject: str, sender: str, now_ms: int) -> EmailMessage:
    """Its id tells nothing of the person."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = seat.email or ""
    made["Subject"] = " ".join(subject.split())
    made["Date"] = format_datetime(local(now_ms, "UTC"))
    made["Message-ID"] = make_msgid(domain="teleosce")
    made["Auto-Submitted"] = "auto-generated"
    return made


def feedback_letter(schedule: Schedule, seat: Seat, url: str, sender: str, now_ms: int) -> EmailMessage:
    """That a candidate's result can be read, and by which link. It tells nothing of the result."""
    made = _envelope(seat, f"{schedule.exam.title}: your result can be read", sender, now_ms)
    lines = [
        f"Dear {seat.name},",
        "",
        f"your result of “{schedule.exam.title}” can be read, with feedback for each station:",
        "",
        url,
        "",
        "This link is yours alone; whoever has it reads what you read. It works for two weeks. You can keep what you",
        "read as a PDF file.",
        "",
        "If the link does not work, ask the school for a new one.",
    ]
    made.set_content("\n".join(lines))
    return made


def letter(schedule: Schedule, seat: Seat, url: str, sender: str, now_ms: int) -> EmailMessage:
    """A plain letter with the times as an .ics, to the seat's address."""
    made = _envelope(seat, f"{schedule.exam.title}: your link", sender, now_ms)
    made.set_content("\n".join(_text(schedule, seat, url)))
    if any(one.circuit in schedule.planned for one in schedule.of(seat)):
        calendar = calendar_of(schedule, seat, now_ms)
        made.add_attachment(
            calendar, maintype="text", subtype="calendar", filename="exam.ics", params={"charset": "utf-8"}
        )
    return made


def _text(schedule: Schedule, seat: Seat, url: str) -> list[str]:
    number = f", number {seat.number}" if seat.number else ""
    return [
        f"Dear {seat.name},",
        "",
        f"you are {ROLES[seat.role]}{number} in “{schedule.exam.title}”.",
        "",
        *_when(schedule, seat),
        "This link is yours alone; whoever has it takes your seat:",
        "",
        url,
        "",
        BEFORE.get(seat.role, "It leads to your page of the exam."),
        "",
        "If the link does not work, ask the school for a new one.",
    ]


def _when(schedule: Schedule, seat: Seat) -> list[str]:
    lines: list[str] = []
    for stretch in schedule.of(seat):
        if stretch.circuit not in schedule.planned:
            continue
        zone = seat.zone or schedule.exam.zone
        lines.append(f"{_span(schedule, stretch, zone)}.")
        if zone != schedule.exam.zone:
            lines.append(f"At the school that is {_span(schedule, stretch, schedule.exam.zone)}.")
        lines += ["", *(f"  {line}" for line in lines_of(schedule, seat, stretch, zone)), ""]
    return lines


def _span(schedule: Schedule, stretch: Stretch, zone: str) -> str:
    day = schedule.day(stretch.starts_ms, stretch.circuit, zone)
    first = schedule.clock(stretch.starts_ms, stretch.circuit, zone)
    last = schedule.clock(stretch.ends_ms, stretch.circuit, zone)
    return f"{day}, {first} to {last} in {place_name(zone)}"
