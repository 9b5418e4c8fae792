"""Settling marks that differ: the moderator's list, and both sheets of one encounter side by side."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from teleosce.exams import Encounter
from teleosce.people import Permission, Principal
from teleosce.scoring import Case, Form, Forms, Kind, State, Status, layout_of
from teleosce.stations import StationVersion
from teleosce.web.access import person_of
from teleosce.web.api.moderation import moderated_encounter
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.place import encounter_view
from teleosce.web.rendering import page
from teleosce.web.routing import Route


async def cases(request: web.Request) -> web.Response:
    """What is in dispute and why, the largest difference first; what is settled; what waits for a mark."""
    house, who = rooms(request), principal(request)
    exams = [one for one in await house.exams.exams() if who.exam_id in (None, one.id)]
    rows = [
        await _row(house, who, case, exam.title)
        for exam in exams
        for case in await house.marking.cases(exam.id)
        if who.seat_id not in case.markers.seats
    ]
    return page(request, "moderation.html", place="moderation", rows=rows, exams=len({row["exam"] for row in rows}))


async def _row(house: Rooms, who: Principal, case: Case, exam: str) -> dict[str, Any]:
    version = await house.stations.get(case.encounter.station_hash)
    layout = layout_of(version)
    first, second = case.mark(case.markers.first), case.mark(case.markers.second)
    texts = {item.id: item.text for item in version.mark_sheet.items}
    differs = case.record.difference
    return {
        "exam": exam,
        "encounter": await encounter_view(house, case.encounter),
        "candidate": await _candidate(house, case.encounter),
        "record": case.record,
        "totals": [Forms.total(one, layout) if one else None for one in (first, second)],
        "grades": [one.value("global") if one else None for one in (first, second)],
        "critical": [texts[one] for one in differs.critical] if differs else [],
        "moderator": await _moderator(house, who, case),
    }


async def _moderator(house: Rooms, who: Principal, case: Case) -> dict[str, Any] | None:
    """Who settles it: whether that is the reader, their name if it is a seat's, and how far they are."""
    person = case.markers.moderator
    if person is None:
        return None
    form = case.form(Kind.settlement, person)
    names = {seat.id: seat.name for seat in await house.people.seats(case.encounter.exam_id)}
    return {
        "id": person,
        "own": person == person_of(who),
        "name": names.get(person, ""),
        "state": form.state.value if form else "new",
    }


async def _candidate(house: Rooms, encounter: Encounter) -> str:
    seat = await house.people.seat(encounter.candidate) if encounter.candidate else None
    return str(seat.number or seat.name) if seat else ""


async def moderate(request: web.Request) -> web.Response:
    """Both marks of one encounter, the differences first. Half of it is never shown: both are submitted, or none is."""
    house, who = rooms(request), principal(request)
    encounter = await moderated_encounter(house, who, request.match_info["encounter"])
    case = await house.marking.case(encounter.id)
    version = await house.stations.get(encounter.station_hash)
    marks = [case.mark(case.markers.first), case.mark(case.markers.second)]
    both = [one for one in marks if one is not None]
    rows = _fields(version, both) if len(both) == 2 else []
    return page(
        request,
        "moderate.html",
        place="moderation",
        encounter=await encounter_view(house, encounter),
        version=version,
        candidate=await _candidate(house, encounter),
        record=case.record,
        rows=rows,
        overall=[_overall(one) for one in both] if rows else [],
        totals=[Forms.total(one, layout_of(version)) for one in both] if rows else [],
        moderator=await _moderator(house, who, case),
        reader=person_of(who),
        may_settle=bool(rows) and person_of(who) not in case.markers.seats,
        disputed=case.record.status is Status.disputed,
    )


def _fields(version: StationVersion, marks: Sequence[Form]) -> list[dict[str, Any]]:
    """Every field that counts, in the order of the sheet, the global rating last, with what each mark says of it."""
    sheet = version.mark_sheet
    rows: list[dict[str, Any]] = [
        {
            "field": f"item.{item.id}",
            "text": item.text,
            "critical": item.critical,
            "weight": item.weight,
            "domain": sheet.domains[item.domain],
            "sides": [_side(one, f"item.{item.id}", f"comment.{item.id}", f"evidence.{item.id}.") for one in marks],
        }
        for domain in sheet.domains
        for item in sheet.items
        if item.domain == domain
    ]
    rows.append(
        {
            "field": "global",
            "text": sheet.global_rating.text,
            "critical": False,
            "weight": 1,
            "domain": "",
            "sides": [_side(one, "global", "", "") for one in marks],
        }
    )
    return [row | {"differs": len({side["value"] for side in row["sides"]}) > 1} for row in rows]


def _side(form: Form, field: str, comment: str, evidence: str) -> dict[str, Any]:
    """What one mark says of a field: its value, the moments it points at, and its comment."""
    moments = [
        known for name, known in form.values.items() if evidence and name.startswith(evidence) and known is not None
    ]
    return {
        "value": form.value(field),
        "comment": form.value(comment) or "",
        "moments": sorted(moments, key=lambda one: (one["from_ms"], one["to_ms"])),
    }


def _overall(form: Form) -> dict[str, Any]:
    """What one mark says of the whole: its comment, its bookmarks, and whether it was amended."""
    bookmarks = [known for name, known in form.values.items() if name.startswith("bookmark.") and known is not None]
    return {
        "comment": form.value("comment") or "",
        "bookmarks": sorted(bookmarks, key=lambda one: int(one["at_ms"])),
        "amended": form.state is State.amended,
    }


ROUTES = [
    Route("GET", "/moderate", cases, Permission.moderate, "What is in dispute"),
    Route("GET", "/moderate/{encounter}", moderate, Permission.moderate, "Settle an encounter's marks"),
]
