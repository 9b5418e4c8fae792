"""What the commands on results do with the rooms, without a server: it may run beside them."""

from pathlib import Path

from teleosce.core.errors import Invalid, NotFound
from teleosce.core.settings import Settings
from teleosce.core.signing import signing_key
from teleosce.exams import Exam
from teleosce.offline import rooms_of
from teleosce.reports.exports import (
    material_of,
    statements_of,
    tables_of,
    write_appeal,
    write_decision,
    write_lines,
    write_tables,
)
from teleosce.web import Rooms
from teleosce.web.keeping import sources_of


async def export_tables(settings: Settings, exam: str, target: Path, run: int | None) -> list[str]:
    """Writes an exam's tables; returns their names. Raises NotFound, Invalid, Unavailable."""
    async with rooms_of(settings) as rooms:
        found = await exam_of(rooms, exam)
        tables = tables_of(await material_of(sources_of(rooms), rooms.results, found.id, settings.data, run))
        write_tables(tables, target)
        return [one.name for one in tables]


async def write_bundle(settings: Settings, exam: str, target: Path, number: int | None) -> int:
    """Writes the signed bundle of a decision run, the last when no number is given, and returns its number.

    Raises NotFound, also when there is no run; Invalid, also for a run that was altered; Unavailable.
    """
    async with rooms_of(settings) as rooms:
        found = await exam_of(rooms, exam)
        run_id = await rooms.results.id_of(found.id, number)
        if why := (await rooms.results.altered(found.id, run_id)).get(run_id):
            raise Invalid(f"{why} It is not signed, and nothing was written.", code="run-altered")
        run = await rooms.results.one(run_id)
        known = await material_of(sources_of(rooms), rooms.results, found.id, settings.data, run.number)
        audit = await rooms.people.audit_about(found.id)
        key = signing_key(settings.data)
        now_ms = rooms.clock.now_ms()
        write_decision(known, run, target, audit=audit, key=key, made_ms=now_ms)
        return run.number


async def write_appeal_bundle(settings: Settings, encounter_id: str, target: Path) -> list[str]:
    """Writes all there is of an encounter, signed, with a page to open; returns the names. Raises as `write_appeal`."""
    async with rooms_of(settings) as rooms:
        key = signing_key(settings.data)
        sources, now_ms = sources_of(rooms), rooms.clock.now_ms()
        return await write_appeal(sources, rooms.results, encounter_id, target, key=key, made_ms=now_ms)


async def write_xapi(
    settings: Settings,
    exam: str,
    target: Path,
    *,
    number: int | None = None,
    base: str | None = None,
    names: bool = False,
) -> int:
    """Writes an exam's xAPI statements as JSON lines into a new file; returns how many.

    base: what all IRIs begin with; `public_url` when not given. Raises NotFound, Invalid, Unavailable.
    """
    address = base or settings.public_url
    if not address:
        raise Invalid("Statements need the address that all their names begin with. Give --base, or set public_url.")
    async with rooms_of(settings) as rooms:
        found = await exam_of(rooms, exam)
        known = await material_of(sources_of(rooms), rooms.results, found.id, settings.data, number)
        return write_lines(target, statements_of(known, address, rooms.secret, names=names))


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
