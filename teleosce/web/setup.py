"""From a plan to an exam: seats, slots round the ring, and a link for each person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from teleosce.people import Role, Seat
from teleosce.web.context import Rooms
from teleosce.web.plans import plans_of

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
    """The exam of a plan of one circuit and one round, with a link for each person.

    Raises Conflicts, with the list, when there are more candidates than stations or a station is not in the bank.
    """
    plans = plans_of(rooms)
    kept = await plans.create(_document(plan))
    table = await plans.build(kept.exam_id, kept.version)
    seats = await rooms.people.seats(kept.exam_id)
    synthetic = await _sample(rooms, kept.exam_id, plan, seats) if plan.played else []
    order = [visit.sp for visit in sorted(table.visits, key=lambda one: one.position)]
    found = {role: [seat for seat in seats if seat.role is role] for role in Role}
    sps = sorted(found[Role.standardized_patient], key=lambda seat: order.index(seat.name))
    (organiser,) = found[Role.organiser]
    people = [organiser, *found[Role.candidate], *sps, *found[Role.examiner]]
    links = [await _link(rooms, seat, plan.days) for seat in people]
    links += [replace(await _link(rooms, seat, plan.days), synthetic=True) for seat in synthetic]
    return MadeExam(kept.exam_id, organiser.id, links)


def _document(plan: Plan) -> dict[str, object]:
    names = [name.strip() for name in plan.sps] + [""] * len(plan.stations)
    examiner = plan.examiner.strip()
    return {
        "title": plan.title,
        "zone": plan.zone,
        "rounds": 1,
        "circuits": ["A"],
        "stations": [
            {"station": station, "people": {"A": {"sp": name, "examiner": examiner}}}
            for station, name in zip(plan.stations, names, strict=False)
        ],
        "candidates": [{"name": name} for name in plan.candidates],
    }


async def _sample(rooms: Rooms, exam_id: str, plan: Plan, seats: Sequence[Seat]) -> list[Seat]:
    """A synthetic candidate and patient, with an encounter of their own at the first station."""
    assert plan.played is not None
    made = [
        await rooms.people.add_seat(exam_id, Role.candidate, plan.played[0], "C00"),
        await rooms.people.add_seat(exam_id, Role.standardized_patient, plan.played[1]),
    ]
    version = await rooms.stations.get(plan.stations[0])
    examiner = next(seat for seat in seats if seat.role is Role.examiner)
    await rooms.exams.add_slot(
        exam_id,
        position=1,
        rotation=1,
        circuit="sample",
        station_hash=version.hash,
        timings=version.timings,
        candidate=made[0].id,
        sp=made[1].id,
        examiner=examiner.id,
    )
    return made


async def _link(rooms: Rooms, seat: Seat, days: int) -> PersonsLink:
    now = rooms.clock.now_ms()
    # Opened a minute back: a browser's clock that is a little behind must not show a link that is not open yet.
    token = await rooms.people.issue_link(seat.id, now - 60_000, now + days * DAY_MS)
    return PersonsLink(seat.role.value, seat.name, f"/j#{token}", seat.id)
