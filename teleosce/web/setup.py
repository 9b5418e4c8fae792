"""From a plan to an exam: seats, slots round the ring, and a link for each person."""

from collections.abc import Sequence
from dataclasses import dataclass

from teleosce.core.errors import Invalid
from teleosce.people import Role
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
    examiner: str = "Examiner"
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
    links: list[PersonsLink]


async def make_exam(rooms: Rooms, plan: Plan) -> MadeExam:
    """Candidate i is at station (i + rotation) in each rotation: nobody shares a station, SPs stay where they are.

    Raises Invalid when there are more candidates than stations, or a station is not in the bank.
    """
    if len(plan.candidates) > len(plan.stations):
        raise Invalid("In one circuit there can be no more candidates than stations (add a rest station).")
    versions = [await rooms.stations.get(one) for one in plan.stations]
    exam = await rooms.exams.create(plan.title, plan.zone)
    people = rooms.people
    candidates = [
        await people.add_seat(exam.id, Role.candidate, name, f"C{index:02}")
        for index, name in enumerate(plan.candidates, 1)
    ]
    sps = [
        None
        if version.rest
        else await people.add_seat(
            exam.id, Role.standardized_patient, plan.sps[i] if i < len(plan.sps) else f"Patient {i + 1}"
        )
        for i, version in enumerate(versions)
    ]
    examiner = await people.add_seat(exam.id, Role.examiner, plan.examiner)
    organiser = await people.add_seat(exam.id, Role.organiser, "Organiser")
    for rotation in range(len(versions)):
        for index, candidate in enumerate(candidates):
            at = (index + rotation) % len(versions)
            sp = sps[at]
            await rooms.exams.add_slot(
                exam.id,
                position=at + 1,
                rotation=rotation + 1,
                circuit="A",
                station_hash=plan.stations[at],
                timings=versions[at].timings,
                candidate=candidate.id,
                sp=sp.id if sp else None,
                examiner=examiner.id if sp else None,
            )
    now = rooms.clock.now_ms()
    links = []
    for seat in [organiser, *candidates, *[sp for sp in sps if sp], examiner]:
        token = await people.issue_link(seat.id, now - 60_000, now + plan.days * DAY_MS)
        links.append(PersonsLink(seat.role.value, seat.name, f"/j#{token}", seat.id))
    return MadeExam(exam.id, links)
