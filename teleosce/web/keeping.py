"""The keeping room over the rooms of a server."""

from teleosce.keeping.erasure import Erasures
from teleosce.keeping.reels import Reels
from teleosce.keeping.retention import Retention
from teleosce.keeping.teaching import Teaching
from teleosce.reports import Sources
from teleosce.web.context import Rooms


def sources_of(rooms: Rooms) -> Sources:
    """The rooms that exports and deletions read."""
    return Sources(
        rooms.exams, rooms.people, rooms.stations, rooms.recordings, rooms.transcripts, rooms.forms, rooms.marking
    )


def erasures_of(rooms: Rooms) -> Erasures:
    """Erasing people."""
    return Erasures(sources_of(rooms), rooms.database, rooms.clock, rooms.settings.data)


def retention_of(rooms: Rooms) -> Retention:
    """Rules, holds and the sweep."""
    return Retention(sources_of(rooms), rooms.database, rooms.clock, rooms.settings.data)


def teaching_of(rooms: Rooms) -> Teaching:
    """Whose recordings may be shown for teaching."""

    async def allowed(exam_id: str) -> bool:
        return (await rooms.marking.rules(exam_id)).reels

    return Teaching(rooms.people, rooms.recordings, allowed)


def reels_of(rooms: Rooms) -> Reels:
    """Reels for teaching."""
    return Reels(sources_of(rooms), teaching_of(rooms), rooms.database, rooms.clock, rooms.settings.data)
