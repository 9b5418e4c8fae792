"""What an exam's results rest on, read from the rooms: attempts that count, their marks of record, what is missing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from teleosce.exams import LATER_ROUND, Decision, Encounter, Incident, Outcome, Phase
from teleosce.psychometrics.standards import Judged
from teleosce.reports.cohort import Cohort, Mark, Missing, Station, cohort_of
from teleosce.reports.export import Sources
from teleosce.reports.rules import ResultRules
from teleosce.scoring import COUNTS, SHUT, Form, Kind, Record, Status, layout_of
from teleosce.stations import StationVersion

OUTDATED = "A mark was amended after it was settled; the settlement counts until a moderator looks again."


@dataclass(frozen=True)
class Basis:
    """What results rest on: stations in ring order, each candidate's circuit, marks of record, all submitted marks, and
    what is missing or outdated, with its reason. panel: what judges expect of borderline candidates, by station hash.
    groups: candidates' (a class, a morning), of those who are in one; sites: those of their circuits, where named.
    """

    rules: ResultRules
    stations: list[Station] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    records: list[Mark] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    outdated: list[Missing] = field(default_factory=list)
    panel: dict[str, Judged] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)

    def cohort(self) -> Cohort:
        """The same as arrays."""
        return cohort_of(
            self.stations,
            self.people,
            self.records,
            self.marks,
            self.rules,
            missing=self.missing,
            outdated=self.outdated,
            panel=self.panel,
            groups=self.groups,
            sites=self.sites,
        )


async def basis_of(
    sources: Sources, exam_id: str, rules: ResultRules, forms: Mapping[str, Sequence[Form]] | None = None
) -> Basis:
    """What an exam's results rest on, by rules. forms: all of the exam's by encounter, where they were read already.

    An attempt that is void, or that by a decision on an incident is void or to be run again, does not count. Of several
    that may, the last completed one does: a re-run that is still to come, or that the candidate missed, takes nothing
    from them. Raises NotFound.
    """
    encounters = await sources.exams.encounters(exam_id)
    ids = [one.id for one in encounters]
    forms = await sources.forms.of_encounters(ids) if forms is None else forms
    records = await sources.marking.records(exam_id, encounters, forms)
    counted, gone = attempts(encounters, await sources.exams.incidents_in(ids))
    at = {one.name: one.site for one in await sources.exams.circuits(exam_id) if one.site}
    stations: dict[str, tuple[int, Station]] = {}
    basis = Basis(rules)
    basis.groups.update({one.id: one.group for one in await sources.people.seats(exam_id) if one.group})
    for (candidate, key), one in sorted(counted.items(), key=lambda pair: (pair[1].circuit, pair[1].position)):
        version = await sources.stations.get(key)
        if version.rest or not version.mark_sheet.items:
            continue
        if key not in stations:
            stations[key] = one.position, station_of(version)
        # A later round runs as a circuit of its own (“A round 2”), but it is the same ring with the same examiners.
        basis.people.setdefault(candidate, one.circuit.partition(LATER_ROUND)[0])
        if one.circuit in at:
            basis.sites.setdefault(candidate, at[one.circuit])
        if (candidate, key) in gone:
            basis.missing.append(Missing(candidate, key, gone[candidate, key]))
            continue
        own, station = forms[one.id], stations[key][1]
        basis.marks.extend(
            mark_of(one, candidate, station, form) for form in own if form.kind is Kind.mark and form.state in SHUT
        )
        record = records[one.id]
        if record.status in COUNTS:
            rated = rating_of(own) if rules.weights_of(version.slug).sp_rating else None
            basis.records.extend(mark_of(one, candidate, station, of, rated) for of in counting(record, own, rules))
            if record.outdated:
                basis.outdated.append(Missing(candidate, key, OUTDATED))
        else:
            absent = one.outcome is Outcome.missed
            basis.missing.append(Missing(candidate, key, _why(one, record.status), absent))
    basis.stations.extend(told_apart([station for _, station in sorted(stations.values(), key=lambda pair: pair[0])]))
    return basis


def station_of(version: StationVersion) -> Station:
    """A station version as results know it."""
    return Station(version.hash, version.title, layout_of(version), version.slug)


def told_apart(stations: Sequence[Station]) -> list[Station]:
    """The same, with those that are versions of one station numbered in their titles, as each has a sheet of its own;
    and different stations that have one title.
    """
    versions = _numbered(stations, [one.slug for one in stations], "version ")
    return _numbered(versions, [one.title for one in versions])


def _numbered(stations: Sequence[Station], names: Sequence[str], word: str = "") -> list[Station]:
    """The same, with those of one name numbered in their titles."""
    many, seen = Counter(names), Counter[str]()
    found = []
    for one, name in zip(stations, names, strict=True):
        seen[name] += 1
        several = name and many[name] > 1
        found.append(replace(one, title=f"{one.title} ({word}{seen[name]} of {many[name]})") if several else one)
    return found


def attempts(
    encounters: Iterable[Encounter], incidents: Iterable[Incident]
) -> tuple[dict[tuple[str, str], Encounter], dict[tuple[str, str], str]]:
    """By candidate and station hash the attempt that counts; for those of whom none does, the last one and why."""
    encounters = list(encounters)
    decided = _decided(encounters, incidents)
    counted: dict[tuple[str, str], Encounter] = {}
    gone: dict[tuple[str, str], str] = {}
    for one in sorted(encounters, key=lambda one: (one.outcome is Outcome.completed, one.attempt)):
        if not one.candidate:
            continue
        place = one.candidate, one.station_hash
        why = _void(one, decided.get(one.id))
        if not why:
            counted[place] = one
            gone.pop(place, None)
        elif place not in counted or place in gone:
            counted[place], gone[place] = one, why
    return counted, gone


def _decided(encounters: Sequence[Encounter], incidents: Iterable[Incident]) -> dict[str, Decision]:
    """By encounter what an incident's decision does to it. Of two in one room it is that of the one whom it befell, or
    both where it befell neither. A void that was carried out is the encounter's outcome, which alone says so.
    """
    found: dict[str, Decision] = {}
    for incident in incidents:
        decision = incident.decision
        if decision is Decision.rerun or (decision is Decision.void and not incident.carried_out):
            room = [one for one in encounters if one.room == incident.encounter_id]
            own = [one for one in room if one.candidate == incident.seat_id]
            found |= {one.id: decision for one in own or room}
    return found


def _void(one: Encounter, decision: Decision | None) -> str:
    if decision is Decision.rerun:
        return "It was decided to run this encounter again, and that has not been done."
    return "This encounter is void." if one.outcome is Outcome.void or decision is Decision.void else ""


def counting(record: Record, forms: Sequence[Form], rules: ResultRules) -> list[Form | Record]:
    """What counts: the mark of record, or where two do not differ by much both, for their mean."""
    if rules.examiners == "mean" and record.status is Status.confirmed:
        return [one for one in forms if one.id in record.parents]
    return [record]


def rating_of(forms: Iterable[Form]) -> Form | None:
    """The standardized patient's submitted form."""
    return next((one for one in forms if one.kind is Kind.sp_rating and one.state in SHUT), None)


def mark_of(
    encounter: Encounter, candidate: str, station: Station, of: Form | Record, rated: Form | None = None
) -> Mark:
    """A submitted mark, or a mark of record, as figures are made of it. rated: the standardized patient's form."""
    form, examiner, at_ms = (
        (of.id, of.author_id, of.state_ms) if isinstance(of, Form) else (of.settlement or of.parents[0], "", 0)
    )
    value = of.values.get if isinstance(of, Form) else of.value
    return Mark(
        encounter_id=encounter.id,
        form_id=form,
        candidate=candidate,
        station=station.key,
        circuit=encounter.circuit,
        examiner=examiner,
        at_ms=at_ms,
        items={name: value(field) for name, field in station.layout.fields.items()},
        grade=value("global"),
        sp={name: rated.value(f"sp.{name}") for name in station.layout.sp} if rated else {},
        sp_form=rated.id if rated else None,
    )


WHYS: Mapping[Status, str] = {
    Status.second_missing: "The other of two marks is not submitted yet.",
    Status.disputed: "Two marks differ, and nobody has settled it.",
}


def _why(encounter: Encounter, status: Status) -> str:
    if encounter.outcome is Outcome.missed:
        return "The candidate was not there."
    if status in WHYS:
        return WHYS[status]
    return "The encounter is not over yet." if encounter.phase is not Phase.done else "No mark is submitted yet."
