"""A person's times for their calendar (RFC 5545): they show in the zone in which it is read."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from teleosce.people import Role, Seat
from teleosce.planning.schedule import ROLES, Schedule, Stretch, place_name

if TYPE_CHECKING:
    from icalendar import Calendar, Event


def calendar_of(schedule: Schedule, seat: Seat, now_ms: int) -> bytes:
    """The .ics of one person: an event for each circuit they are in, without the link, as calendars are shared."""
    made = _calendar()
    made.add("method", "PUBLISH")
    for stretch in schedule.of(seat):
        if stretch.circuit in schedule.planned:
            made.add_component(_event(schedule, seat, stretch, now_ms))
    return bytes(made.to_ical())


def calendar_of_all(schedule: Schedule, now_ms: int) -> bytes:
    """The .ics of the exam: an event for each circuit."""
    made = _calendar()
    for name, entries in schedule.by_circuit.items():
        if name in schedule.planned:
            stretch = Stretch(name, entries[0].starts_ms, max(one.ends_ms for one in entries), tuple(entries))
            made.add_component(_event(schedule, None, stretch, now_ms))
    return bytes(made.to_ical())


def lines_of(schedule: Schedule, seat: Seat | None, stretch: Stretch, zone: str = "") -> list[str]:
    """What somebody does when, a line for each rotation. A candidate is told numbers, not what a station is about."""
    lines = []
    seen = set()
    for entry in stretch.entries:
        at = schedule.clock(entry.starts_ms, stretch.circuit, zone)
        if seat is None or (seat.role is Role.examiner and not entry.speaks):
            # An examiner marks from recordings: what they are told is which stations, not when.
            line = "" if entry.rest else f"Station {entry.position}: {entry.station}"
        elif entry.pause:
            line = f"{at}  Break"
        elif seat.role is Role.candidate:
            line = f"{at}  " + ("Rest" if entry.rest else f"Station {entry.position}")
            if entry.partner:
                line += f", with candidate {entry.partner.number or entry.partner.name}"
        else:
            number = entry.candidate.number if entry.candidate else None
            line = f"{at}  Candidate {number or ''} at station {entry.position}, {entry.station}"
        if line and line not in seen:
            seen.add(line)
            lines.append(line)
    return lines


def _calendar() -> "Calendar":
    # Heavy libraries are loaded when they are needed: a server that was killed must be back at once.
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", "-//teleosce//exam day//EN")
    made.add("version", "2.0")
    return made


def _event(schedule: Schedule, seat: Seat | None, stretch: Stretch, now_ms: int) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"{seat.id if seat else schedule.exam.id}-{stretch.circuit.replace(' ', '-')}@teleosce")
    event.add("dtstamp", _utc(now_ms))
    event.add("dtstart", _utc(stretch.starts_ms))
    event.add("dtend", _utc(stretch.ends_ms))
    what = (
        f"{schedule.exam.title} ({ROLES[seat.role]})" if seat else f"{schedule.exam.title}, circuit {stretch.circuit}"
    )
    event.add("summary", what)
    zone = (seat.zone if seat else "") or schedule.exam.zone
    # A calendar shows the event by its own clock, and these lines as they stand.
    clock = [f"By the clock in {place_name(zone)}:"] if seat and seat.role is not Role.examiner else []
    event.add("description", "\n".join([*clock, *lines_of(schedule, seat, stretch, zone)]))
    return event


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)
