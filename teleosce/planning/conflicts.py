"""What is wrong with a plan and its timetable, in words. Pure, and worked out from the timetable alone.

A conflict keeps an exam from being made; a remark (`blocks` is False) is allowed, and perhaps not meant.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from teleosce.planning.conflict import Conflict, again, count, listed
from teleosce.planning.models import Break, ExamPlan, Person
from teleosce.planning.names import of_names
from teleosce.planning.timetable import Bank, Timetable, Visit, whole_ms
from teleosce.stations.findings import did_you_mean

UNEVEN_MS = 60_000
"""Stations whose lengths differ by more than this make the others wait."""


def conflicts(plan: ExamPlan, table: Timetable, bank: Bank) -> list[Conflict]:
    """Everything there is to say, what blocks first."""
    found = [
        *_of_stations(plan, bank),
        *of_names(plan),
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
            elif local.replace(tzinfo=zone).utcoffset() != local.replace(tzinfo=zone, fold=1).utcoffset():
                message = (
                    f"{local:%H:%M} comes twice in {plan.zone} that day, as the clocks go back: the first is meant."
                )
                yield Conflict("time-twice", message, blocks=False, place=place)
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
    size, rounds = len(plan.stations) * (plan.rounds or 1), f" in {count(plan.rounds, 'round')}" if plan.rounds else ""
    known = {circuit.name for circuit in plan.rings}
    left = {at: plan.candidates[at].circuit for at in table.left_out}
    for name in sorted({one for one in left.values() if one in known}) if plan.stations else ():
        pinned = sum(one.circuit == name for one in plan.candidates)
        out = [plan.number_of(at) for at, circuit in left.items() if circuit == name]
        yield Conflict(
            "uneven-ring",
            f"{count(pinned, 'candidate')} are to go round circuit {name}, which takes {size}{rounds} "
            f"({_no_place(out)}). Allow more rounds, or let some go round another circuit.",
            place=("rounds",),
        )
    out = [plan.number_of(at) for at, circuit in left.items() if circuit not in known]
    if out and plan.stations:
        rings = f"{count(len(plan.rings), 'circuit')} of {count(len(plan.stations), 'station')}{rounds}"
        yield Conflict(
            "uneven-ring",
            f"{count(len(out), 'candidate')} too many: {rings} {'take' if plan.rings[1:] else 'takes'} "
            f"{size * len(plan.rings)} ({_no_place(out)}). Allow more rounds, add a circuit or add a rest station.",
            place=("rounds",),
        )


def _no_place(numbers: Sequence[str]) -> str:
    return f"{listed(numbers)} {'has' if len(numbers) == 1 else 'have'} no place"


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
    by_staff: dict[str, list[tuple[str, Visit]]] = defaultdict(list)
    by_station: dict[tuple[str, int], list[Visit]] = defaultdict(list)
    for visit in table.visits:
        by_candidate[visit.candidate].append(visit)
        for role, name in visit.cast:
            by_staff[name].append((role, visit))
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
    for name, met in by_staff.items():
        yield from _of_staff(plan, name, met)
    for (circuit, position), visits in by_station.items():
        for one, other in _clashes(visits):
            numbers = f"{plan.number_of(one.candidate)} and {plan.number_of(other.candidate)}"
            yield Conflict(
                "double-booking",
                f"Candidates {numbers} are both at station {position} of circuit {circuit} at "
                f"{_at(plan, other.starts_ms)}.",
            )


def _of_staff(plan: ExamPlan, name: str, met: Sequence[tuple[str, Visit]]) -> Iterator[Conflict]:
    """One conflict for each two places, not for each two slots. A name is one person, also in two roles."""
    roles = {role for role, _ in met}
    role = met[0][0] if len(roles) == 1 else "person"
    pairs: dict[tuple[tuple[str, int], ...], Visit] = {}
    for one, other in _clashes(visit for _, visit in met):
        places = tuple(sorted({(one.circuit, one.position), (other.circuit, other.position)}))
        pairs.setdefault(places, other)
    for places, other in pairs.items():
        where = " and ".join(f"station {position} of circuit {circuit}" for circuit, position in places)
        kind = "overlapping-circuits" if len({circuit for circuit, _ in places}) > 1 else f"{role}-in-two-places"
        twice = "as patient and examiner at once" if len(places) == 1 else "at the same time"
        both = " If they are two people, write their names differently." if len(roles) > 1 else ""
        message = f"{name} is at {where} {twice} (from {_at(plan, other.starts_ms)}).{both}"
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
            yield f"{said} does not fit: there are at most {count(longest, 'minute')} free of {needs // 60_000}."


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
    for _, title in again(named):
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
                f"Circuit {ring.circuit} has {count(len(ring.candidates), 'candidate')} for "
                f"{count(len(plan.stations), 'station')}: {gaps} left empty in each rotation.",
            )
    yield from _rests(plan, table)
    yield from _without_site(plan)
    yield from _alone(plan, table, bank)
    without = [plan.number_of(at) for at, one in enumerate(plan.candidates) if not one.email]
    if 0 < len(without) < len(plan.candidates):
        yield remark("no-email", f"No e-mail address: {listed(without)}. Their links cannot be mailed.", "candidates")
    yield from _unlisted(plan, table)


def _rests(plan: ExamPlan, table: Timetable) -> Iterator[Conflict]:
    """Where the ring rests so that breaks are kept, and breaks that the timetable knows nothing of."""
    spans = sorted({(visit.circuit, visit.starts_ms, visit.ends_ms) for visit in table.visits if visit.pause})
    for circuit, its in groupby(spans, key=lambda one: one[0]):
        times = listed([f"{_at(plan, starts)} to {_at(plan, ends)}" for _, starts, ends in its])
        message = f"Circuit {circuit} rests from {times}, so that breaks are kept."
        yield Conflict("ring-rests", message, blocks=False, place=("people",))
    needed = {who for visit in table.visits for who in visit.cast}
    for at, person in enumerate(plan.people):
        if person.breaks and needed and (person.role, person.name) not in needed:
            message = f"{person.name}’s break is not planned for: no consultation waits for them."
            yield Conflict("break-not-planned", message, blocks=False, place=("people", at))


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
        message = f"No e-mail address: {listed(missing)}. Hand them their links yourself."
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
