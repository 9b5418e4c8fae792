"""Whose is it? A role may do a thing in general; these say whether it is theirs. What is not theirs is not found."""

from collections.abc import Callable

from aiohttp import web

from teleosce.core.errors import Fault, NotFound
from teleosce.core.ids import is_id
from teleosce.exams import Encounter, Phase
from teleosce.people import Permission, Principal, Role, Seat
from teleosce.web.context import Rooms
from teleosce.web.context import principal as principal_of


def _nothing() -> Fault:
    return NotFound("There is no such encounter, or it is not yours. Open your link again to get to your place.")


def takes_part(principal: Principal, encounter: Encounter) -> bool:
    """Whether the seat is in the encounter's room."""
    return principal.seat_id is not None and principal.seat_id in encounter.people


def speaks(principal: Principal, encounter: Encounter) -> bool:
    """Whether the seat is an examiner who talks with the candidate."""
    return principal.role is Role.examiner and takes_part(principal, encounter)


def person_of(principal: Principal) -> str:
    """Who somebody is in media rooms: the seat, or the account of staff without one."""
    return principal.seat_id or principal.account_id or principal.session_id


async def examines(rooms: Rooms, principal: Principal, encounter: Encounter) -> bool:
    """Whether the encounter is this seat's to mark, first or second; staff with an account have no seat."""
    if principal.seat_id is None or not principal.may(Permission.mark):
        return False
    return principal.seat_id in (await rooms.marking.markers(encounter)).seats


async def met_in(rooms: Rooms, encounter: Encounter) -> Encounter:
    """The encounter in whose room it is held: another candidate's, where it joins that."""
    return encounter if encounter.joins is None else await rooms.exams.encounter(encounter.joins)


async def moderates(rooms: Rooms, principal: Principal, encounter: Encounter) -> bool:
    """Whether the person may settle the encounter's marks: a moderator of its exam, where two people mark it."""
    if not principal.may(Permission.moderate) or principal.exam_id not in (None, encounter.exam_id):
        return False
    markers = await rooms.marking.markers(encounter)
    return markers.second is not None and principal.seat_id not in markers.seats


def oversees(principal: Principal, exam_id: str) -> bool:
    """Whether the person runs this exam: staff run all, a seat only its own exam."""
    return principal.may(Permission.run_exam) and principal.exam_id in (None, exam_id)


def supervises(principal: Principal, exam_id: str) -> bool:
    """Whether the person acts on this exam's running day."""
    return principal.may(Permission.supervise) and principal.exam_id in (None, exam_id)


def watches(principal: Principal, exam_id: str) -> bool:
    """Whether the person sees this exam's day as it runs."""
    return principal.may(Permission.watch_health) and principal.exam_id in (None, exam_id)


Whose = Callable[[Principal, str], bool]


def exam_of(request: web.Request, whose: Whose) -> str:
    """The exam that a request is about, for one of the checks above. Raises NotFound when it is not theirs."""
    exam_id = request.match_info["exam"]
    if not whose(principal_of(request), exam_id):
        raise NotFound("There is no such exam, or it is not yours.")
    return exam_id


async def seat_of(rooms: Rooms, exam_id: str, seat_id: str) -> Seat:
    """A person of an exam. Raises NotFound for one of another."""
    seat = await rooms.people.seat(seat_id)
    if seat.exam_id != exam_id:
        raise NotFound("There is no such person in your exam.")
    return seat


async def observes(rooms: Rooms, principal: Principal, encounter: Encounter) -> bool:
    """Whether the person may look in on the encounter; an examiner only where it is theirs to mark."""
    theirs = principal.exam_id in (None, encounter.exam_id) and principal.may(Permission.observe_encounter)
    if not theirs or principal.role is not Role.examiner:
        return theirs
    # Whoever speaks in it goes in, whoever marks it.
    if principal.seat_id in encounter.people:
        return True
    together = await rooms.exams.together(encounter)
    return any([await examines(rooms, principal, one) for one in together])


def makes_exams(principal: Principal) -> bool:
    """Whether the person makes exams of their own: staff with an account, not a seat that came by link."""
    return principal.may(Permission.build_exam) and principal.exam_id is None


async def own_encounter(rooms: Rooms, principal: Principal, encounter_id: str) -> Encounter:
    """The encounter, for those in it, and for those who mark it, settle its marks or run its exam.

    Raises NotFound for all others.
    """
    if not is_id(encounter_id):
        raise _nothing()
    encounter = await rooms.exams.encounter(encounter_id)
    for one in await rooms.exams.together(encounter):
        if takes_part(principal, one) or await _reads(rooms, principal, one):
            return encounter
    raise _nothing()


async def marked_encounter(rooms: Rooms, principal: Principal, encounter_id: str) -> Encounter:
    """The encounter, for those who mark it, settle its marks or run its exam. Raises NotFound for all others."""
    if not is_id(encounter_id):
        raise _nothing()
    encounter = await rooms.exams.encounter(encounter_id)
    # Of two candidates who met the SP together, whoever marks one hears both.
    for one in await rooms.exams.together(encounter):
        if await _reads(rooms, principal, one):
            return encounter
    raise _nothing()


async def _reads(rooms: Rooms, principal: Principal, encounter: Encounter) -> bool:
    return (
        oversees(principal, encounter.exam_id)
        or await examines(rooms, principal, encounter)
        or await moderates(rooms, principal, encounter)
        or (speaks(principal, encounter) and encounter.phase is not Phase.done)
    )


async def readable(rooms: Rooms, principal: Principal) -> set[str] | None:
    """The ids of the encounters whose recording and transcript are this person's to read; None: every one there is."""
    if principal.may(Permission.run_exam):
        return (
            None if principal.exam_id is None else {one.id for one in await rooms.exams.encounters(principal.exam_id)}
        )
    found: set[str] = set()
    if principal.may(Permission.mark) and principal.seat_id is not None:
        found |= {one.room for one in await rooms.marking.worklist(principal.seat_id)}
    if principal.may(Permission.moderate):
        exams = [principal.exam_id] if principal.exam_id else [exam.id for exam in await rooms.exams.exams()]
        for exam_id in exams:
            marked_twice = await rooms.marking.marked_twice(exam_id)
            ids = [one for one, markers in marked_twice.items() if principal.seat_id not in markers.seats]
            found |= {one.room for one in await rooms.exams.some(ids)}
    return found


async def observed_encounter(rooms: Rooms, principal: Principal, encounter_id: str) -> Encounter:
    """The encounter, for those who may look in on it: its examiner, and whoever supervises or observes its exam.

    Raises NotFound for all others.
    """
    if not is_id(encounter_id):
        raise _nothing()
    encounter = await rooms.exams.encounter(encounter_id)
    if await observes(rooms, principal, encounter):
        return encounter
    raise _nothing()
