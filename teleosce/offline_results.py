"""What the commands on results do with the rooms, without a server: it may run beside them."""

from pathlib import Path

from teleosce.core.errors import Invalid, NotFound
from teleosce.core.settings import Settings
from teleosce.exams import Exam
from teleosce.offline import rooms_of
from teleosce.reports.exports import material_of, tables_of, write_tables
from teleosce.web import Rooms
from teleosce.web.keeping import sources_of


async def export_tables(settings: Settings, exam: str, target: Path, run: int | None) -> list[str]:
    """Writes an exam's tables; returns their names. Raises NotFound, Invalid, Unavailable."""
    async with rooms_of(settings) as rooms:
        found = await exam_of(rooms, exam)
        tables = tables_of(await material_of(sources_of(rooms), rooms.results, found.id, run))
        write_tables(tables, target)
        return [one.name for one in tables]


async def exam_of(rooms: Rooms, said: str) -> Exam:
    """An exam by its id or title. Raises NotFound, or Invalid when several have the title."""
    found = [one for one in await rooms.exams.exams() if said in (one.id, one.title)]
    if not found:
        raise NotFound(f"There is no exam “{said}”. `teleosce encounters` lists all of them.")
    if len(found) > 1:
        raise Invalid(
            f"{len(found)} exams are called “{said}”. Name one by its id: {', '.join(one.id for one in found)}."
        )
    return found[0]
