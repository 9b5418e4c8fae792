"""The planning room over the rooms of a server."""

from teleosce.planning import Invitations, Plans, Reminders, Schedule, schedule_of
from teleosce.web.context import Rooms


def plans_of(rooms: Rooms) -> Plans:
    """Plans that are kept."""
    return Plans(rooms.database, rooms.clock, rooms.exams, rooms.people, rooms.stations)


def invitations_of(rooms: Rooms) -> Invitations:
    """Links by mail."""
    return Invitations(rooms.database, rooms.clock, rooms.people, rooms.settings)


def feedback_letters_of(rooms: Rooms) -> Invitations:
    """Letters that a result can be read."""
    return Invitations(rooms.database, rooms.clock, rooms.people, rooms.settings, "feedback")


def reminders_of(rooms: Rooms) -> Reminders:
    """Reminders by mail."""
    return Reminders(rooms.database, rooms.clock, rooms.people, rooms.settings)


async def schedule_in(rooms: Rooms, exam_id: str) -> Schedule:
    """The timetable of an exam that is made. Raises NotFound."""
    return await schedule_of(rooms.exams, rooms.people, rooms.stations, exam_id)
