"""Second markings, settling marks that differ, and what counts of an encounter."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from teleosce.core.errors import NotFound
from teleosce.exams import Encounter
from teleosce.people import Permission, Principal
from teleosce.scoring import Record, layout_of
from teleosce.web.access import exam_of, moderates, oversees, own_encounter, person_of
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.routing import Route, answer, body


class TakeCase(BaseModel):
    """`instead_of`: from whom the case is taken over, as the page showed it."""

    model_config = ConfigDict(extra="forbid")
    instead_of: str | None = Field(None, max_length=40)


async def double(request: web.Request) -> web.Response:
    """Gives whatever the rules want marked twice a second marker. Asked again it adds only what is new."""
    exam_id = exam_of(request, oversees)
    done = await rooms(request).marking.double(exam_id, principal(request))
    return answer({"made": list(done.made), "without": list(done.without)})


async def take(request: web.Request) -> web.Response:
    """The case is this moderator's to settle from now on; 409 when somebody else was first."""
    asked = await body(request, TakeCase)
    house, who = rooms(request), principal(request)
    encounter = await moderated_encounter(house, who, request.match_info["id"])
    await house.marking.take(encounter.id, person_of(who), who, instead_of=asked.instead_of)
    return answer({"moderator": person_of(who)})


async def record(request: web.Request) -> web.Response:
    """What counts of an encounter's marks, and where each value comes from."""
    house = rooms(request)
    encounter = await moderated_encounter(house, principal(request), request.match_info["id"])
    return answer(await _record(house, encounter, await house.marking.record(encounter.id)))


async def records(request: web.Request) -> web.Response:
    """The same of all encounters of an exam."""
    house, exam_id = rooms(request), exam_of(request, oversees)
    known = {one.id: one for one in await house.exams.encounters(exam_id)}
    found = await house.marking.records(exam_id)
    return answer({"records": [await _record(house, known[one], its) for one, its in found.items()]})


async def moderated_encounter(house: Rooms, who: Principal, encounter_id: str) -> Encounter:
    """The encounter, for those who settle its marks or run its exam. Raises NotFound for all others."""
    encounter = await own_encounter(house, who, encounter_id)
    if oversees(who, encounter.exam_id) or await moderates(house, who, encounter):
        return encounter
    raise NotFound("There is no such encounter, or it is not yours to settle.")


async def _record(house: Rooms, encounter: Encounter, one: Record) -> dict[str, Any]:
    layout = layout_of(await house.stations.get(encounter.station_hash))
    differs = one.difference
    return {
        "encounter": one.encounter_id,
        "status": one.status.value,
        "total": one.total(layout),
        "parents": list(one.parents),
        "settlement": one.settlement,
        "outdated": one.outdated,
        "fields": {
            name: {"value": its.value, "forms": list(its.forms), "reason": its.reason}
            for name, its in one.fields.items()
        },
        "difference": {
            "points": differs.points,
            "grades": differs.grades,
            "items": list(differs.items),
            "critical": list(differs.critical),
            "disputes": [rule.value for rule in differs.disputes],
        }
        if differs
        else None,
    }


ROUTES = [
    Route("POST", "/api/exams/{exam}/marking/double", double, Permission.run_exam, "Make the second markings"),
    Route("GET", "/api/exams/{exam}/records", records, Permission.run_exam, "What counts of an exam's marks"),
    Route("GET", "/api/encounters/{id}/record", record, Permission.read_marks, "What counts of an encounter's marks"),
    Route("POST", "/api/encounters/{id}/moderation", take, Permission.moderate, "Take a case to settle", TakeCase),
]
