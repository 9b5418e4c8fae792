"""Calibration as pages show it: who practises on what, what is left before marking live, how far marks differ."""

from collections.abc import Sequence
from typing import Any

from teleosce.core.errors import Conflict, NotFound
from teleosce.core.ids import is_id
from teleosce.exams import Encounter
from teleosce.people import Permission, Principal, Role, Seat
from teleosce.scoring import OPEN, Agreement, Compared, Gate, Kind, Practice, Reference, gate, together
from teleosce.stations import StationVersion
from teleosce.web.access import examines, marked_encounter, person_of
from teleosce.web.context import Rooms


async def practises(rooms: Rooms, principal: Principal, encounter_id: str) -> bool:
    """Whether the encounter is a reference that this examiner's exam uses, open now, and not theirs to mark live."""
    if principal.seat_id is None or principal.exam_id is None or not principal.may(Permission.mark):
        return False
    named = [one for one in await rooms.calibration.of_exam(principal.exam_id) if one.encounter_id == encounter_id]
    if not named or await rooms.calibration.why_closed(named[0]) is not None:
        return False
    return not await examines(rooms, principal, await rooms.exams.encounter(encounter_id))


def refers(principal: Principal, exam_id: str) -> bool:
    """Whether the person makes references of this exam's encounters, and says which its examiners mark."""
    return principal.may(Permission.moderate) and principal.exam_id in (None, exam_id)


async def read_encounter(rooms: Rooms, principal: Principal, encounter_id: str) -> tuple[Encounter, bool]:
    """The encounter, for those who mark it, run its exam, or practise on it; and whether its people go without a name.

    Raises NotFound for all others.
    """
    if is_id(encounter_id):
        if await practises(rooms, principal, encounter_id):
            return await rooms.exams.encounter(encounter_id), True
        if principal.may(Permission.moderate) and await _is_reference_of(rooms, principal, encounter_id):
            return await rooms.exams.encounter(encounter_id), True
    return await marked_encounter(rooms, principal, encounter_id), False


async def apart(rooms: Rooms, encounter: Encounter, *, unnamed: bool) -> dict[str, str]:
    """By seat, how two candidates who met the SP together are told apart; nothing where there is one.

    Whoever reads without names is given letters.
    """
    together = [one.candidate for one in await rooms.exams.together(encounter) if one.candidate]
    if len(together) < 2:
        return {}
    if unnamed:
        return dict(zip(together, "ABCDEF", strict=False))
    seats = [await rooms.people.seat(one) for one in together]
    return {seat.id: seat.number or seat.name for seat in seats}


async def _is_reference_of(rooms: Rooms, principal: Principal, encounter_id: str) -> bool:
    """Whether it is a reference that was made in this moderator's exam."""
    known = {one.encounter_id for one in await rooms.calibration.every()}
    return encounter_id in known and refers(principal, (await rooms.exams.encounter(encounter_id)).exam_id)


async def may_fill(rooms: Rooms, principal: Principal, encounter_id: str, kind: Kind) -> Encounter:
    """The encounter, for whoever may write such a sheet of it: an attempt, or the agreed marks. Raises NotFound."""
    if kind is Kind.calibration and (
        await practises(rooms, principal, encounter_id) or await _has_begun(rooms, principal, encounter_id)
    ):
        return await rooms.exams.encounter(encounter_id)
    if kind is Kind.reference and is_id(encounter_id):
        reference = await rooms.calibration.reference(encounter_id)
        encounter = await rooms.exams.encounter(encounter_id)
        if refers(principal, encounter.exam_id) and person_of(principal) == reference.made_by:
            return encounter
    raise NotFound("There is no such form, or it is not yours to fill in.")


async def _has_begun(rooms: Rooms, principal: Principal, encounter_id: str) -> bool:
    """Whether somebody's attempt at a reference of their exam is open: it can be finished while that is closed."""
    if principal.exam_id is None or not principal.may(Permission.mark):
        return False
    if encounter_id not in {one.encounter_id for one in await rooms.calibration.of_exam(principal.exam_id)}:
        return False
    forms = await rooms.forms.of_encounter(encounter_id)
    mine = [one for one in forms if one.kind is Kind.calibration and one.author_id == principal.seat_id]
    return any(one.state in OPEN for one in mine)


async def practice_of(rooms: Rooms, exam_id: str, seat_ids: Sequence[str]) -> dict[str, list[Practice]]:
    """What each of some examiners made of their exam's references that have agreed marks, closed for now or not.

    A reference whose encounter is theirs to mark live is none for them.
    """
    references = await rooms.calibration.agreed(exam_id)
    found = await rooms.calibration.practice(references, seat_ids)
    markers = await rooms.marking.markers_in(await rooms.exams.some([one.encounter_id for one in references]))
    return {
        seat: [one for one in those if seat not in markers[one.reference.encounter_id].seats]
        for seat, those in found.items()
    }


async def gate_after(rooms: Rooms, exam_id: str, practice: Sequence[Practice]) -> Gate:
    """The gate of an exam, for somebody with this practice."""
    rules = await rooms.marking.rules(exam_id)
    unmarked = [one.reference for one in practice if not one.attempts]
    shut = [one for one in unmarked if await rooms.calibration.why_closed(one) is not None]
    wanted, share = rules.calibration_encounters, rules.calibration_agreement
    return gate(wanted, share, len(practice), together(practice), len(shut))


async def gate_of(rooms: Rooms, principal: Principal) -> Gate | None:
    """What an examiner does before they mark live; None where nothing is asked for, or it is done.

    Whoever has begun to mark goes on: a rule that came later does not take their worklist away.
    """
    seat_id, exam_id = principal.seat_id, principal.exam_id
    if seat_id is None or exam_id is None:
        return None
    if (await rooms.marking.rules(exam_id)).calibration_encounters == 0:
        return None
    found = await gate_after(rooms, exam_id, (await practice_of(rooms, exam_id, [seat_id]))[seat_id])
    if found.open or any(form.kind is Kind.mark for form in await rooms.forms.of_author(seat_id)):
        return None
    return found


async def pass_gate(rooms: Rooms, principal: Principal) -> None:
    """Raises Conflict, saying what is left to do, while the gate is closed."""
    closed = await gate_of(rooms, principal)
    if closed is not None:
        raise Conflict(f"{gate_words(closed)} Open “Calibration” to go on.", code="calibrate-first")


def gate_words(closed: Gate) -> str:
    """What is left to do before marking live."""
    share = ""
    if closed.share_wanted > 0:
        yours = "" if closed.share is None else f"; so far {percent(closed.share)} of yours do"
        share = f" At least {percent(closed.share_wanted)} of the items have to agree with the agreed marks{yours}."
    if closed.left:
        count = "1 reference recording" if closed.left == 1 else f"{closed.left} reference recordings"
        shut = " Not every recording is open at the moment: please ask the organiser." if closed.shut else ""
        return f"Before you mark live, please mark {count}.{share}{shut}"
    return f"Before you mark live, please mark reference recordings again.{share}"


def percent(share: float) -> str:
    """A share as people write it; never rounded up to what was not reached."""
    return f"{int(share * 100 + 1e-9)} %"


def agreement_view(done: Agreement) -> dict[str, Any]:
    """Agreement as JSON."""
    return {
        "references": done.references,
        "items": done.items,
        "equal": done.equal,
        "share": done.share,
        "kappa": done.kappa,
        "leniency": done.leniency,
    }


async def comparison(rooms: Rooms, reference: Reference, practice: Practice) -> dict[str, Any]:
    """The latest submitted attempt beside the agreed marks: item by item, with explanation and moments."""
    agreed = (await rooms.forms.form(reference.form_id)).values
    latest: Compared = practice.attempts[-1]
    return {
        "attempt": len(practice.attempts),
        "items": [
            {
                "item": one.item,
                "agreed": one.agreed,
                "own": one.own,
                "points": round(one.points, 2),
                "critical": one.critical,
                "explanation": agreed.get(f"comment.{one.item}") or "",
                "moments": [
                    value for name, value in agreed.items() if name.startswith(f"evidence.{one.item}.") and value
                ],
            }
            for one in latest.items
        ],
        "global": {"agreed": agreed.get("global"), "steps": latest.grade},
        "explanation": agreed.get("comment") or "",
        "equal": latest.equal,
        "points": round(latest.points, 2),
    }


async def title_of(rooms: Rooms, reference: Reference) -> StationVersion:
    """The station version that a reference belongs to."""
    return await rooms.stations.get(reference.station_hash)


async def examiners_of(rooms: Rooms, exam_id: str) -> list[Seat]:
    """Those who mark in an exam."""
    return [seat for seat in await rooms.people.seats(exam_id) if seat.role in (Role.examiner, Role.moderator)]
