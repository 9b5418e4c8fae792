"""From a plan to an exam: seats, slots round the ring, and a link for each person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from teleosce.core.errors import Invalid
from teleosce.people import Role, Seat
from teleosce.stations import StationVersion
from teleosce.web.context import Rooms

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Plan:
    """An exam of one circuit. `stations` are station version hashes in ring order."""

    title: str
    zone: str
    stations: Sequence[str]
    candidates: Sequence[str]
    sps: Sequence[str] = ()
    examiner: str = ""
    played: tuple[str, str] | None = None
    """Names of a synthetic candidate and patient who get an encounter of their own at the first station."""
    days: int = 14
    """For how long the links work."""


@dataclass(frozen=True)
class PersonsLink:
    """What a person gets. The path is complete but for the server's address."""

    role: str
    name: str
    path: str
    seat: str
    synthetic: bool = False


@dataclass(frozen=True)
class MadeExam:
    """A new exam and the links, which can be read only now."""

    exam_id: str
    organiser: str
    """The organiser's seat."""
    links: list[PersonsLink]


async def make_exam(rooms: Rooms, plan: Plan) -> MadeExam:
    """Candidate i is at station (i + rotation) in each rotation: nobody shares a station, SPs stay where they are.

    Raises Invalid when there are more candidates than stations, NotFound when a station is not in the bank.
    """
    if len(plan.candidates) > len(plan.stations):
        raise Invalid("In one circuit there can be no more candidates than stations (add a rest station).")
    versions = [await rooms.stations.get(one) for one in plan.stations]
    exam = await rooms.exams.create(plan.title, plan.zone)
    add = rooms.people.add_seat
    organiser = await add(exam.id, Role.organiser, "Organiser")
    examiner = await add(exam.id, Role.examiner, plan.examiner.strip() or "Examiner")
    candidates = [
        await add(exam.id, Role.candidate, name, f"C{number:02}") for number, name in enumerate(plan.candidates, 1)
    ]
    given = [*plan.sps, *[""] * len(versions)]
    names = [name.strip() or f"Patient {number}" for number, name in enumerate(given, 1)]
    sps = [
        None if version.rest else await add(exam.id, Role.standardized_patient, name)
        for version, name in zip(versions, names, strict=False)
    ]
    for rotation, (index, candidate) in product(range(len(versions)), enumerate(candidates)):
        at = (index + rotation) % len(versions)
        await _add_slot(rooms, versions[at], at, rotation, "A", candidate, sps[at], examiner)
    synthetic: list[Seat] = []
    if plan.played:
        synthetic = [
            await add(exam.id, Role.candidate, plan.played[0], "C00"),
            await add(exam.id, Role.standardized_patient, plan.played[1]),
        ]
        await _add_slot(rooms, versions[0], 0, 0, "sample", synthetic[0], synthetic[1], examiner)
    seats = [organiser, *candidates, *(sp for sp in sps if sp), examiner]
    links = [await _link(rooms, seat, plan.days) for seat in seats]
    links += [replace(await _link(rooms, seat, plan.days), synthetic=True) for seat in synthetic]
    return MadeExam(exam.id, organiser.id, links)


async def _add_slot(  # noqa: PLR0917
    rooms: Rooms,
    version: StationVersion,
    at: int,
    rotation: int,
    circuit: str,
    candidate: Seat,
    sp: Seat | None,
    examiner: Seat,
) -> None:
    await rooms.exams.add_slot(
        candidate.exam_id,
        position=at + 1,
        rotation=rotation + 1,
        circuit=circuit,
        station_hash=version.hash,
        timings=version.timings,
        candidate=candidate.id,
        sp=sp.id if sp else None,
        examiner=examiner.id if sp else None,
    )


async def _link(rooms: Rooms, seat: Seat, days: int) -> PersonsLink:
    now = rooms.clock.now_ms()
    # Opened a minute back: a browser's clock that is a little behind must not show a link that is not open yet.
    token = await rooms.people.issue_link(seat.id, now - 60_000, now + days * DAY_MS)
    return PersonsLink(seat.role.value, seat.name, f"/j#{token}", seat.id)
