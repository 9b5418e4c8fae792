"""Search across recordings: the page, and what it asks. Each finds what is theirs to read, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from teleosce.core.errors import Invalid
from teleosce.exams import Encounter, Exam, Outcome, Phase
from teleosce.people import Permission, Principal, Role, Seat
from teleosce.stations import StationVersion
from teleosce.transcripts import LEAST, Found, Match
from teleosce.web.access import readable
from teleosce.web.context import Rooms, principal, rooms
from teleosce.web.keeping import teaching_of
from teleosce.web.rendering import page
from teleosce.web.routing import Route, answer

LONGEST = 200
EACH = 5
"""So many moments are told of an encounter; the count says how many more there are."""


@dataclass(frozen=True)
class _Field:
    """What somebody may search."""

    exams: Mapping[str, Exam]
    encounters: Mapping[str, Encounter]
    versions: Mapping[str, StationVersion]


async def search_page(request: web.Request) -> web.Response:
    """The search, with what it can be narrowed to."""
    house, who = rooms(request), principal(request)
    field = await _field(house, who)
    titles = {version.slug: version.title for version in field.versions.values()}
    return page(
        request,
        "search.html",
        place="search",
        exams=[{"id": exam.id, "title": exam.title} for exam in field.exams.values()],
        stations=sorted(titles.items(), key=lambda one: one[1]),
        may_export=who.may(Permission.export_data),
    )


async def search(request: web.Request) -> web.Response:
    """Moments by encounter, the best first; and, apart, the encounters in which nothing was found."""
    house, who, query = rooms(request), principal(request), request.query
    asked = " ".join(query.get("q", "")[:LONGEST].split())
    match, least = _match(query.get("match", "")), _least(query.get("strength", ""))
    role = query.get("said") or None
    if role not in (None, Role.candidate.value, Role.standardized_patient.value):
        raise Invalid("Somebody who speaks is a candidate or a patient (said=candidate, said=sp).")
    field = await _field(house, who, exam_id=query.get("exam"), station=query.get("station"))
    if not any(letter.isalnum() for letter in asked):
        raise Invalid("Say what to look for, in a word or a sentence.", code="nothing-asked")
    findings = await house.transcripts.find(asked, field.encounters, match=match, role=role, least=least)
    refused = await teaching_of(house).refused(list(field.encounters.values()))
    seats = {seat.id: seat for exam_id in field.exams for seat in await house.people.seats(exam_id)}
    views = {one.id: _view(field, seats, one) | {"refused": refused.get(one.id)} for one in field.encounters.values()}
    best = sorted(findings.found.items(), key=lambda one: -one[1][0].weight)
    return answer(
        {
            "fault": findings.fault,
            "found": [
                views[encounter_id] | {"count": len(found), "moments": [_moment(one) for one in found[:EACH]]}
                for encounter_id, found in best
            ],
            "none": [view for one, view in views.items() if one in findings.searched - findings.found.keys()],
            "unsearched": [view for one, view in views.items() if one not in findings.searched],
            "unread": len(findings.unread),
        }
    )


async def _field(house: Rooms, who: Principal, *, exam_id: str | None = None, station: str | None = None) -> _Field:
    """The encounters that somebody may read, of one exam and station if wanted; in the order of the day."""
    mine = await readable(house, who)
    exams = {exam.id: exam for exam in await house.exams.exams() if who.exam_id in (None, exam.id)}
    chosen = {one: exam for one, exam in exams.items() if exam_id in (None, "", one)}
    known = [one for exam in chosen for one in await house.exams.encounters(exam)]
    # Words stand under the encounter in whose room they were said: it is searched while it counts for anybody.
    held_in = {one.room for one in known if _was_held(one)}
    held = [one for one in known if (mine is None or one.id in mine) and one.joins is None and one.id in held_in]
    versions = {one: await house.stations.get(one) for one in {encounter.station_hash for encounter in held}}
    wanted = {one: version for one, version in versions.items() if not version.rest}
    wanted = {one: version for one, version in wanted.items() if station in (None, "", version.slug)}
    return _Field(chosen, {one.id: one for one in held if one.station_hash in wanted}, wanted)


def _was_held(encounter: Encounter) -> bool:
    return encounter.phase is not Phase.waiting and encounter.outcome not in (Outcome.void, Outcome.missed)


def _match(said: str) -> Match:
    try:
        return Match(said or Match.both)
    except ValueError:
        raise Invalid("A search goes by words, by meaning, or both (match=words, meaning, both).") from None


def _least(said: str) -> float:
    if said and said not in LEAST:
        raise Invalid(f"A likeness is one of: {', '.join(LEAST)}.")
    return LEAST[said or "likely"]


def _view(field: _Field, seats: Mapping[str, Seat], encounter: Encounter) -> dict[str, Any]:
    assessed = [seats[one] for one in encounter.people if one in seats and seats[one].role is Role.candidate]
    return {
        "encounter": encounter.id,
        "exam": {"id": encounter.exam_id, "title": field.exams[encounter.exam_id].title},
        "station": {"number": encounter.position, "title": field.versions[encounter.station_hash].title},
        "candidate": " + ".join(one.number or one.name for one in assessed),
        "attempt": encounter.attempt,
    }


def _moment(found: Found) -> dict[str, Any]:
    return {
        "role": found.role,
        "starts_ms": found.starts_ms,
        "from_ms": found.from_ms,
        "to_ms": found.to_ms,
        "by": found.by.value,
        "strength": _strength(found.likeness, LEAST.items()),
        "text": found.text,
    }


def _strength(likeness: float | None, levels: Iterable[tuple[str, float]]) -> str | None:
    """The strongest level that a likeness reaches."""
    return next((name for name, least in levels if likeness is not None and likeness >= least), None)


ROUTES = [
    Route("GET", "/search", search_page, Permission.search_recordings, "Search across recordings"),
    Route(
        "GET",
        "/api/search",
        search,
        Permission.search_recordings,
        "Moments in which something was said",
        query=("q", "exam", "station", "said", "match", "strength"),
    ),
]
