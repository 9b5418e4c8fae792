"""The rules by which an exam is marked, and who marks what."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import Invalid
from teleosce.people import Permission, Role
from teleosce.scoring import Assignment, AssignmentKind, MarkingRules
from teleosce.web.access import exam_of, oversees, seat_of
from teleosce.web.context import principal, rooms
from teleosce.web.routing import Route, answer, body

MARKERS = (Role.examiner, Role.moderator)


class RulesSave(BaseModel):
    """The next version of rules that were `version` when they were read."""

    model_config = ConfigDict(extra="forbid")
    rules: MarkingRules
    version: int = Field(ge=0, le=2**31)


class Assign(BaseModel):
    """Encounters that go to a seat, in place of whoever has them."""

    model_config = ConfigDict(extra="forbid")
    encounters: list[str] = Field(min_length=1, max_length=1000)
    seat: str = Field(max_length=40)
    kind: AssignmentKind = AssignmentKind.first
    reason: str = Field("", max_length=1000)


async def rules(request: web.Request) -> web.Response:
    """The rules as they are kept; version 0 means that none were set and the defaults hold."""
    exam_id = exam_of(request, oversees)
    await rooms(request).exams.exam(exam_id)
    return answer((await rooms(request).marking.kept_rules(exam_id)).plain())


async def set_rules(request: web.Request) -> web.Response:
    """Keeps the next version; 409, with what is kept, when somebody else's came first."""
    exam_id = exam_of(request, oversees)
    asked = await body(request, RulesSave)
    house = rooms(request)
    await house.exams.exam(exam_id)
    kept = await house.marking.set_rules(exam_id, asked.rules, asked.version, principal(request))
    return answer(kept.plain())


async def assignments(request: web.Request) -> web.Response:
    """Who was given which encounters, with what has ended; all others are as the day had it."""
    exam_id = exam_of(request, oversees)
    found = await rooms(request).marking.assignments(exam_id, ended=True)
    return answer({"assignments": [_assignment(one) for one in found]})


def _assignment(one: Assignment) -> dict[str, Any]:
    return {
        "id": one.id,
        "encounter": one.encounter_id,
        "seat": one.seat_id,
        "kind": one.kind.value,
        "made_ms": one.made_ms,
        "made_by": one.made_by,
        "ended_ms": one.ended_ms,
        "reason": one.reason,
    }


async def assign(request: web.Request) -> web.Response:
    """Gives encounters to somebody else to mark; those that must stay where they are come back with the reason."""
    exam_id = exam_of(request, oversees)
    asked = await body(request, Assign)
    house = rooms(request)
    seat = await seat_of(house, exam_id, asked.seat)
    if seat.role not in MARKERS or (asked.kind is AssignmentKind.moderation and seat.role is not Role.moderator):
        raise Invalid("Examiners mark, and moderators settle. Choose one of those. Nothing was changed.", code="marker")
    here = {one.id for one in await house.exams.some(asked.encounters) if one.exam_id == exam_id}
    if here != set(asked.encounters):
        raise Invalid("Some of these encounters are not of this exam. Nothing was changed.", code="encounters")
    done = await house.marking.reassign(
        asked.encounters, seat.id, asked.kind, by=principal(request), reason=asked.reason
    )
    left = [{"encounter": one, "why": why} for one, why in done.left.items()]
    return answer({"moved": list(done.moved), "left": left})


_RULES, _WHO = "/api/exams/{exam}/marking/rules", "/api/exams/{exam}/marking/assignments"
ROUTES = [
    Route("GET", _RULES, rules, Permission.run_exam, "The rules of marking"),
    Route("POST", _RULES, set_rules, Permission.run_exam, "Change the rules of marking", RulesSave),
    Route("GET", _WHO, assignments, Permission.run_exam, "Who marks what"),
    Route("POST", _WHO, assign, Permission.run_exam, "Give encounters to somebody to mark", Assign),
]
