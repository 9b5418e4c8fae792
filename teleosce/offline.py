"""What commands do with the rooms, without a server: it may run beside them."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from teleosce.app import at_rest
from teleosce.core.blobs import sha256, write_durably
from teleosce.core.errors import Invalid, NotFound
from teleosce.core.memory import settle
from teleosce.core.settings import Settings
from teleosce.exams import Encounter, Exam
from teleosce.keeping.erasure import Outcome, only_one
from teleosce.keeping.film import Plan, make_film
from teleosce.keeping.film.of_encounter import film_plan
from teleosce.keeping.person import write_person_data
from teleosce.people import Account, AuditReport, Seat
from teleosce.reports import Sources, write_export
from teleosce.reports.exports import finish, new_part, no_room
from teleosce.web import Rooms
from teleosce.web.keeping import erasures_of, sources_of

FILM = "film.mp4"
CAPTIONS = "film.vtt"
SUMS = "SHA256SUMS"
NICENESS = 15
"""A film may take the processor only when nobody else wants it."""


@asynccontextmanager
async def rooms_of(settings: Settings) -> AsyncIterator[Rooms]:
    """The rooms of a data folder that is there: a mistyped --data makes none. Raises NotFound."""
    if settings.database_url is None and not (settings.data / "teleosce.db").is_file():
        raise NotFound(f"There is no teleosce data in {settings.data}. Name its folder with --data.")
    async with at_rest(settings) as rooms:
        settle()
        yield rooms


async def change_password(settings: Settings, *, email: str, password: str) -> Account:
    """Gives a member of staff another password. Raises NotFound, and Invalid for a short one."""
    async with rooms_of(settings) as rooms:
        return await rooms.people.change_password(email, password)


async def account_of(settings: Settings, email: str) -> Account:
    """The account of an e-mail address. Raises NotFound."""
    async with rooms_of(settings) as rooms:
        return await rooms.people.account(email)


async def verify_audit(settings: Settings) -> AuditReport:
    """Reads the whole audit log and checks its chain. Raises NotFound where there is none."""
    async with rooms_of(settings) as rooms:
        return await rooms.people.verify_audit()


async def export(settings: Settings, encounter_id: str, folder: Path) -> list[str]:
    """Writes all there is of an encounter; returns the names. Raises NotFound, Invalid when the folder is not empty."""
    async with rooms_of(settings) as rooms:
        return await _export(sources_of(rooms), encounter_id, folder)


async def _export(sources: Sources, encounter_id: str, folder: Path) -> list[str]:
    """Under a passing name until it is whole; nothing is left of one that ends before."""
    part = await asyncio.to_thread(_new_part, folder)
    try:
        names = await write_export(sources, encounter_id, part)
        finish(part, folder)
    except OSError as error:
        raise no_room(folder, error) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return names


@dataclass(frozen=True)
class Film:
    """What a film is made of, and the captions beside it."""

    plan: Plan
    captions: str | None


async def prepare_film(settings: Settings, encounter_id: str, folder: Path) -> Film:
    """What the side-by-side film of an encounter is made of. Exports the encounter first, unless `folder` has it.

    Raises NotFound, Invalid when the folder holds something else.
    """
    async with rooms_of(settings) as rooms:
        sources = sources_of(rooms)
        if not await asyncio.to_thread(_is_export_of, folder, encounter_id):
            await _export(sources, encounter_id, folder)
        plan = await film_plan(sources, encounter_id)
        return Film(plan, await sources.transcripts.webvtt(encounter_id) if plan.cues else None)


def add_film(film: Film, folder: Path, *, told: Callable[[int, int], None]) -> list[str]:
    """Adds the film to the export of its encounter; returns all names there. Raises as `make_film`.

    Blocks for long, at low priority: call it without an event loop, so that Ctrl-C ends it at once.
    """
    os.nice(NICENESS)
    if not (folder / FILM).exists():
        make_film(film.plan, folder / FILM, told=told)
    if film.captions is not None:
        write_durably(folder / CAPTIONS, film.captions.encode())
    return _list_hashes(folder)


def _new_part(folder: Path) -> Path:
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    return new_part(folder)


def _is_export_of(folder: Path, encounter_id: str) -> bool:
    encounter = folder / "encounter.json"
    return (folder / SUMS).is_file() and encounter.is_file() and encounter_id in encounter.read_text()


def _list_hashes(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != SUMS)
    write_durably(folder / SUMS, "".join(f"{sha256(folder / name)}  {name}\n" for name in names).encode())
    return [*names, SUMS]


@dataclass(frozen=True)
class Listed:
    """An encounter as `teleosce encounters` lists it: by candidate number, never by name."""

    exam: Exam
    encounter: Encounter
    station: str
    candidate: str
    began_ms: int | None
    recording: str
    transcript: str
    marks: str


async def list_encounters(settings: Settings, exam_id: str | None) -> list[Listed]:
    """Every attempt of one exam, or of all. `exam_id` may be an exam's id or its title. Raises NotFound."""
    async with rooms_of(settings) as rooms:
        exams = [exam for exam in await rooms.exams.exams() if exam_id in (None, exam.id, exam.title)]
        if exam_id is not None and not exams:
            raise NotFound(f"There is no exam “{exam_id}”. `teleosce encounters` lists all of them.")
        return [await _listed(rooms, exam, one) for exam in exams for one in await rooms.exams.encounters(exam.id)]


async def _listed(rooms: Rooms, exam: Exam, encounter: Encounter) -> Listed:
    seat = await rooms.people.seat(encounter.candidate) if encounter.candidate else None
    manifest = await rooms.recordings.manifest(encounter.room)
    takes = await rooms.recordings.takes(encounter.room)
    forms = [form for form in await rooms.forms.of_encounter(encounter.id) if form.kind == "mark"]
    return Listed(
        exam=exam,
        encounter=encounter,
        station=(await rooms.stations.get(encounter.station_hash)).title,
        candidate=(seat.number or "–") if seat else "–",
        began_ms=await rooms.exams.began_ms(encounter.id),
        recording=_recording(takes, manifest is not None),
        transcript=(await rooms.transcripts.status(encounter.room)).state.value if takes else "–",
        marks=", ".join(form.state.value for form in forms) or "–",
    )


def _recording(takes: Sequence[object], sealed: bool) -> str:
    if not takes:
        return "–"
    return "sealed" if sealed else "not sealed"


async def find_person(settings: Settings, said: Sequence[str]) -> list[Seat | Account]:
    """The person meant. Raises NotFound or Invalid when that is not one for each thing said."""
    async with rooms_of(settings) as rooms:
        titles = {exam.id: exam.title for exam in await rooms.exams.exams()}
        erasures = erasures_of(rooms)
        return [only_one(one, await erasures.find(one), titles) for one in said]


async def erase(settings: Settings, people: Sequence[Seat | Account], asked_by: str) -> Outcome:
    """Erases a person who has these seats and accounts."""
    async with rooms_of(settings) as rooms:
        return await erasures_of(rooms).erase(people, asked_by=asked_by, by=None)


async def person_data(settings: Settings, people: Sequence[Seat | Account], target: Path) -> list[str]:
    """Writes a person's own data to a new ZIP file. Raises Invalid when the file is there, or cannot be written."""
    part = target.with_name(f".{target.name}.part")
    if await asyncio.to_thread(target.exists):
        raise Invalid(f"{target} is there already. Nothing was written: choose a new name.")
    try:
        with part.open("wb") as file:
            async with rooms_of(settings) as rooms:
                names = await write_person_data(sources_of(rooms), rooms.clock, people, file, None)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise Invalid(f"{target} cannot be written ({error.strerror}). Choose another name.") from error
    finally:
        part.unlink(missing_ok=True)
    return names


async def erase_again(settings: Settings, file: Path) -> int:
    """Erases those in a restored data folder whom `file` names; returns how many erasures that were."""
    try:
        lines = await asyncio.to_thread(file.read_text, "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read as a list of erasures. Those it names are not erased yet.") from error
    async with rooms_of(settings) as rooms:
        return len(await erasures_of(rooms).erase_again(lines))
