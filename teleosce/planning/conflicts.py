"""What is wrong with a plan and its timetable, in words. Pure, and worked out from the timetable alone.

A conflict keeps an exam from being made; a remark (`blocks` is False) is allowed, and perhaps not meant.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from teleosce.planning.models import Break, ExamPlan, Person
from teleosce.planning.timetable import Bank, Timetable, Visit, whole_ms
from teleosce.stations.findings import did_you_mean

H = TypeVar("H", bound=Hashable)

UNEVEN_MS = 60_000
"""Stations whose lengths differ by more than this make the others wait."""


@dataclass(frozen=True)
class Conflict:
    """`kind` is for programs; `place` is where in the plan it can be mended: (`candidates`, 3), (`stations`, 0) …"""

    kind: str
    message: str
    blocks: bool = True
    place: tuple[str | int, ...] = ()


def conflicts(plan: ExamPlan, table: Timetable, bank: Bank) -> list[Conflict]:
    """Everything there is to say, what blocks first."""
    found = [
        *_of_stations(plan, bank),
        *_of_names(plan),
        *_of_times(plan, table),
        *_of_room(plan, table),
        *_of_visits(plan, table),
        *_of_people(plan, table),
        *_of_breaks(plan, table),
        *_remarks(plan, table, bank),
    ]
    return sorted(dict.fromkeys(found), key=lambda one: not one.blocks)


def _of_stations(plan: ExamPlan, bank: Bank) -> Iterator[Conflict]:
    if not plan.stations:
        yield Conflict("no-stations", "The ring has no station yet.", place=("stations",))
    for at, one in enumerate(plan.stations):
        if one.station not in bank:
            hint = did_you_mean(one.station, [name for name in bank if len(name) < 64])
            yield Conflict(
                "unknown-station",
                f"Station {at + 1}: the bank has no “{one.station[:60]}”.{hint}",
                place=("stations", at),
            )
        for name in one.people:
            if name not in {circuit.name for circuit in plan.rings}:
                yield Conflict(
                    "unknown-circuit",
                    f"Station {at + 1} has people for circuit {name}, which there is not.",
                    place=("stations", at, "people"),
                )
        if one.station in bank and bank[one.station].candidates == 2:
            behind = plan.stations[(at + 1) % len(plan.stations)].station
            if behind not in bank or not bank[behind].rest:
                yield Conflict(
                    "no-rest-behind",
                    f"Station {at + 1} is for two candidates at once and takes two places of the ring: put a rest "
                    "station right behind it.",
                    place=("stations", at),
                )
    if plan.stations and all(one.station in bank and bank[one.station].rest for one in plan.stations):
        yield Conflict("no-task", "Every station is a rest station: there is nothing to assess.", place=("stations",))


def _of_names(plan: ExamPlan) -> Iterator[Conflict]:
    circuits = [circuit.name for circuit in plan.circuits]
    for at, name in _again(circuits):
        yield Conflict("double-circuit", f"Two circuits are called {name}.", place=("circuits", at))
    for at, number in _again([plan.number_of(at) for at in range(len(plan.candidates))]):
        yield Conflict("double-number", f"Two candidates have the number {number}.", place=("candidates", at))
    for at, email in _again([one.email.casefold() for one in plan.candidates]):
        if email:
            yield Conflict(
                "double-candidate",
                f"Candidate {plan.number_of(at)} has the same e-mail address as another.",
                place=("candidates", at),
            )
    for at, (role, name) in _again([(one.role, one.name) for one in plan.people]):
        yield Conflict("double-person", f"“{name}” stands twice in the list of people ({role}).", place=("people", at))
    known = {circuit.name for circuit in plan.rings}
    for at, candidate in enumerate(plan.candidates):
        if candidate.circuit and candidate.circuit not in known:
            yield Conflict(
                "unknown-circuit",
                f"Candidate {plan.number_of(at)} is to go round circuit {candidate.circuit}, which there is not.",
                place=("candidates", at),
            )


def _again(names: Sequence[H]) -> Iterator[tuple[int, H]]:
    """Where something stands that stood before."""
    seen: set[H] = set()
    for at, name in enumerate(names):
        if name in seen:
            yield at, name
        seen.add(name)


def _of_times(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    zone = ZoneInfo(plan.zone)
    every = [(plan.starts, ("starts",)), *((one.starts, ("circuits", at)) for at, one in enumerate(plan.circuits))]
    for starts, place in every:
        for local in starts:
            back = datetime.fromtimestamp(plan.utc_ms(local) / 1000, UTC).astimezone(zone).replace(tzinfo=None)
            if back != local:
                yield Conflict(
                    "no-such-time",
                    f"{local.day} {local:%B %Y %H:%M} does not exist in {plan.zone}: the clocks change then.",
                    place=place,
                )
    by_circuit = defaultdict(list)
    for ring in sorted(table.rings, key=lambda one: one.round):
        by_circuit[ring.of].append(ring)
    for rings in by_circuit.values():
        for before, after in pairwise(rings):
            if after.starts_ms < before.ends_ms:
                yield Conflict(
                    "overlapping-rounds",
                    f"Round {after.round} of circuit {after.of} begins at {_at(plan, after.starts_ms)}, before round "
                    f"{before.round} ends at {_at(plan, before.ends_ms)}.",
                    place=("starts",),
                )


def _of_room(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    if not plan.candidates:
        yield Conflict("no-candidates", "There is no candidate yet.", place=("candidates",))
    if table.left_out and plan.stations:
        size, circuits = len(plan.stations), len(plan.rings)
        room = size * circuits * (plan.rounds or 1)
        rounds = f" in {_count(plan.rounds, 'round')}" if plan.rounds else ""
        listed = _listed([plan.number_of(at) for at in table.left_out])
        yield Conflict(
            "uneven-ring",
            f"{_count(len(table.left_out), 'candidate')} too many: {_count(circuits, 'circuit')} of "
            f"{_count(size, 'station')}{rounds} take {room} ({listed} have no place). Allow more rounds, add a circuit "
            "or add a rest station.",
            place=("rounds",),
        )


def _of_visits(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    """Every candidate at every station once."""
    seen: dict[int, Counter[int]] = defaultdict(Counter)
    for visit in table.visits:
        if not visit.pause:
            seen[visit.candidate][visit.number] += 1
    for candidate in sorted(set(range(len(plan.candidates))) - set(table.left_out)):
        for position in range(1, len(plan.stations) + 1):
            times = seen[candidate][position]
            if times != 1:
                what = "never comes to" if not times else f"comes {times} times to"
                yield Conflict(
                    "missed-station",
                    f"Candidate {plan.number_of(candidate)} {what} station {position}.",
                    place=("candidates", candidate),
                )


def _of_people(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    """Nobody in two places, and no place of the ring with two candidates."""
    by_candidate: dict[int, list[Visit]] = defaultdict(list)
    by_staff: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    by_station: dict[tuple[str, int], list[Visit]] = defaultdict(list)
    for visit in table.visits:
        by_candidate[visit.candidate].append(visit)
        for who in visit.cast:
            by_staff[who].append(visit)
        if not visit.pause:
            by_station[visit.circuit, visit.position].append(visit)
    for candidate, visits in by_candidate.items():
        for one, other in _clashes(visits):
            yield Conflict(
                "double-booking",
                f"Candidate {plan.number_of(candidate)} is at station {one.position} and station {other.position} "
                f"at {_at(plan, other.starts_ms)}.",
                place=("candidates", candidate),
            )
    for (role, name), visits in by_staff.items():
        yield from _of_staff(plan, role, name, visits)
    for (circuit, position), visits in by_station.items():
        for one, other in _clashes(visits):
            numbers = f"{plan.number_of(one.candidate)} and {plan.number_of(other.candidate)}"
            yield Conflict(
                "double-booking",
                f"Candidates {numbers} are both at station {position} of circuit {circuit} at "
                f"{_at(plan, other.starts_ms)}.",
            )


def _of_staff(plan: ExamPlan, role: str, name: str, visits: Sequence[Visit]) -> Iterator[Conflict]:
    """One conflict for each two places, not for each two slots."""
    pairs: dict[tuple[tuple[str, int], ...], Visit] = {}
    for one, other in _clashes(visits):
        places = tuple(sorted({(one.circuit, one.position), (other.circuit, other.position)}))
        pairs.setdefault(places, other)
    for places, other in pairs.items():
        where = " and ".join(f"station {position} of circuit {circuit}" for circuit, position in places)
        kind = "overlapping-circuits" if len({circuit for circuit, _ in places}) > 1 else f"{role}-in-two-places"
        message = f"{name} is at {where} at the same time (from {_at(plan, other.starts_ms)})."
        yield Conflict(kind, message, place=("stations", places[0][1] - 1, "people"))


def _clashes(visits: Iterable[Visit]) -> Iterator[tuple[Visit, Visit]]:
    """Pairs that overlap in time, each with the one before it that ends last."""
    last: Visit | None = None
    for visit in sorted(visits, key=lambda one: (one.starts_ms, one.ends_ms)):
        if last is not None and visit.starts_ms < last.ends_ms:
            yield last, visit
        if last is None or visit.ends_ms > last.ends_ms:
            last = visit


def _of_breaks(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    mine: dict[tuple[str, str], list[Visit]] = defaultdict(list)
    for visit in table.visits:
        for who in visit.cast:
            mine[who].append(visit)
    for at, person in enumerate(plan.people):
        for wanted in person.breaks:
            for fault in _break_faults(plan, table, person, wanted, mine[person.role, person.name]):
                yield Conflict("break-does-not-fit", fault, place=("people", at))


def _break_faults(
    plan: ExamPlan, table: Timetable, person: Person, wanted: Break, visits: Sequence[Visit]
) -> Iterator[str]:
    said = f"{person.name}’s break from {_hours(wanted.opens)} to {_hours(wanted.closes)}"
    if wanted.closes <= wanted.opens:
        yield f"{said} ends before it begins."
        return
    zone = ZoneInfo(plan.zone)
    planned = {ring.circuit for ring in table.rings if ring.planned}
    if visits and not any(visit.circuit in planned for visit in visits):
        yield f"{said} cannot be planned as long as the exam has no start time."
        return
    days = {datetime.fromtimestamp(one.starts_ms / 1000, UTC).astimezone(zone).date() for one in visits}
    for day in sorted(days):
        opens, closes = (plan.utc_ms(datetime.combine(day, when)) for when in (wanted.opens, wanted.closes))
        needs = closes - opens if wanted.minutes is None else wanted.minutes * 60_000
        if needs > closes - opens:
            yield f"{said} is shorter than the {wanted.minutes} minutes it is to last."
        elif _longest_free(opens, closes, visits) < needs:
            longest = max(0, _longest_free(opens, closes, visits)) // 60_000
            yield f"{said} does not fit: there are at most {_count(longest, 'minute')} free of {needs // 60_000}."


def _longest_free(opens: int, closes: int, visits: Sequence[Visit]) -> int:
    free, since = 0, opens
    for visit in sorted(visits, key=lambda one: one.starts_ms):
        if visit.ends_ms > opens and visit.starts_ms < closes:
            free = max(free, visit.starts_ms - since)
            since = max(since, visit.ends_ms)
    return max(free, closes - since)


def _remarks(plan: ExamPlan, table: Timetable, bank: Bank) -> Iterator[Conflict]:
    def remark(kind: str, message: str, *place: str | int) -> Conflict:
        return Conflict(kind, message, blocks=False, place=place)

    if not plan.starts and not all(circuit.starts for circuit in plan.rings):
        yield remark("no-start", "There is no start time yet: nobody can be told when to come.", "starts")
    named = [bank[one.station].title for one in plan.stations if one.station in bank and not bank[one.station].rest]
    for _, title in _again(named):
        yield remark("repeated-station", f"“{title}” is in the ring more than once.", "stations")
    lengths = {
        visit.number: whole_ms(visit.timings)
        for visit in table.visits
        if not visit.rest and not plan.candidates[visit.candidate].extra_percent
    }
    if lengths and max(lengths.values()) - min(lengths.values()) > UNEVEN_MS:
        slow = max(lengths, key=lambda position: lengths[position])
        waits = (max(lengths.values()) - min(lengths.values())) // 60_000
        yield remark(
            "uneven-lengths",
            f"Station {slow} takes longest: elsewhere people wait for it, up to {waits} min.",
            "stations",
        )
    for ring in table.rings:
        gaps = len(plan.stations) - len(ring.candidates)
        if gaps:
            yield remark(
                "gaps",
                f"Circuit {ring.circuit} has {_count(len(ring.candidates), 'candidate')} for "
                f"{_count(len(plan.stations), 'station')}: {gaps} left empty in each rotation.",
            )
    yield from _without_site(plan)
    yield from _alone(plan, table, bank)
    without = [plan.number_of(at) for at, one in enumerate(plan.candidates) if not one.email]
    if 0 < len(without) < len(plan.candidates):
        yield remark("no-email", f"No e-mail address: {_listed(without)}. Their links cannot be mailed.", "candidates")
    yield from _unlisted(plan, table)


def _without_site(plan: ExamPlan) -> Iterator[Conflict]:
    """Circuits whose candidates sit nobody knows where, beside those that have a site."""
    some = any(one.site for one in plan.circuits)
    for at, one in enumerate(plan.circuits):
        if some and not one.site:
            said = f"Circuit {one.name} has no site and others have: results compare sites only where all have one."
            yield Conflict("no-site", said, blocks=False, place=("circuits", at))


def _alone(plan: ExamPlan, table: Timetable, bank: Bank) -> Iterator[Conflict]:
    """Of an odd number of candidates one has no partner at a station for two."""
    twos = [at for at, one in enumerate(plan.stations) if one.station in bank and bank[one.station].candidates == 2]
    for ring in table.rings:
        if twos and len(ring.candidates) % 2:
            number = plan.number_of(ring.candidates[-1])
            yield Conflict(
                "alone",
                f"Candidate {number} has no partner at station {', '.join(str(at + 1) for at in twos)} of circuit "
                f"{ring.circuit} and meets the patient there alone.",
                blocks=False,
                place=("candidates", ring.candidates[-1]),
            )


def _unlisted(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    known = {(person.role, person.name) for person in plan.people if person.email}
    cast = {("sp", visit.sp) for visit in table.visits if visit.sp}
    cast |= {("examiner", visit.examiner) for visit in table.visits if visit.examiner}
    missing = sorted(name for role, name in cast if (role, name) not in known)
    if missing and (known or any(one.email for one in plan.candidates)):
        message = f"No e-mail address: {_listed(missing)}. Hand them their links yourself."
        yield Conflict("no-email", message, blocks=False, place=("people",))
    for at, person in enumerate(plan.people):
        if cast and person.role in ("sp", "examiner") and (person.role, person.name) not in cast:
            message = f"{person.name} is at no station and is kept as a spare."
            yield Conflict("spare", message, blocks=False, place=("people", at))


def _at(plan: ExamPlan, at_ms: int) -> str:
    if at_ms < 10**11:  # the exam has no date yet: from the first bell on
        return f"{at_ms // 3_600_000}:{at_ms // 60_000 % 60:02} after the start"
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(plan.zone)):%H:%M}"


def _hours(when: time) -> str:
    return f"{when:%H:%M}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _count(number: int | None, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
