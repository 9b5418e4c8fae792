"""All that is known of an exam's results, read once, for everything that is written of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from teleosce.exams import Encounter, Exam, Incident
from teleosce.people import Seat
from teleosce.reports import analysis
from teleosce.reports.cohort import Cohort
from teleosce.reports.export import Sources
from teleosce.reports.exports.histories import Histories
from teleosce.reports.findings import domain_titles
from teleosce.reports.results import Results
from teleosce.reports.runs import Release, Run, inputs_of
from teleosce.scoring import Assignment, Form, History, Kind, Layout, MarkingRules, Record, layout_of
from teleosce.stations import StationVersion

_FORMS_AT_ONCE = 500
"""So many have their histories in memory at a time."""

SHOWN = (Kind.mark, Kind.settlement, Kind.sp_rating, Kind.note)
"""The kinds of forms that have to do with results; those for practice have not."""


@dataclass(frozen=True)
class Material:
    """One exam. run: the decision run that is meant, the last unless another was named; None where there is none.

    forms, histories: of the kinds in SHOWN, by encounter and by form. versions, layouts: by station hash, in the order
    of the ring, so that one exam is written alike each time. cohort, inputs, analysis: by the run's rules; inputs: as a
    run's, of the marks of record as they are now; analysis: without plots.
    """

    exam: Exam
    seats: Mapping[str, Seat]
    encounters: Sequence[Encounter]
    versions: Mapping[str, StationVersion]
    layouts: Mapping[str, Layout]
    forms: Mapping[str, Sequence[Form]]
    histories: Mapping[str, History]
    records: Mapping[str, Record]
    marking: MarkingRules
    assignments: Sequence[Assignment]
    incidents: Sequence[Incident]
    cohort: Cohort
    runs: Sequence[Run]
    releases: Sequence[Release]
    run: Run | None
    inputs: Mapping[str, Any]
    analysis: Mapping[str, Any]

    def candidate(self, seat_id: str | None) -> str:
        """A candidate by number, as every table knows them; by the seat's id where there is none."""
        seat = self.seats.get(seat_id or "")
        return (seat.number if seat and seat.number else seat_id) or ""

    def person(self, seat_id: str | None) -> str:
        """An examiner or SP by name; somebody without a seat by the account's id."""
        seat = self.seats.get(seat_id or "")
        return seat.name if seat else seat_id or ""

    @cached_property
    def domains(self) -> Mapping[str, str]:
        """The titles of domains by key, no two alike."""
        return domain_titles(one.mark_sheet.domains for one in self.versions.values())

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        plain = {key: version.title for key, version in self.versions.items()}
        return plain | {one.key: one.title for one in self.cohort.stations}

    def title(self, station_hash: str) -> str:
        """A station's title, the same in every table; versions of one station are told apart."""
        return self._titles[station_hash]


async def material_of(
    sources: Sources, results: Results, exam_id: str, folder: Path, run: int | None = None
) -> Material:
    """Reads an exam. folder: where a passing file may lie. run: a decision run by its number, in place of the last.

    Blocks. Raises NotFound, Unavailable when the disk does not let it.
    """
    exam = await sources.exams.exam(exam_id)
    runs = await results.runs(exam_id)
    chosen = await results.numbered(exam_id, run) if runs or run is not None else None
    encounters = await sources.exams.encounters(exam_id)
    versions = {key: await sources.stations.get(key) for key in await sources.exams.stations_of(exam_id)}
    every = await sources.forms.of_encounters([one.id for one in encounters])
    basis = await results.basis(exam_id, chosen.rules if chosen else None, every)
    inputs, cohort, rules = inputs_of(basis.records), basis.cohort(), basis.rules
    # What takes most memory comes one after the other: the analysis without the marks that it rests on, then the rest.
    del basis
    found = analysis.whole(cohort, rules)
    records = await sources.marking.records(exam_id, encounters, every)
    forms = {encounter: [one for one in own if one.kind in SHOWN] for encounter, own in every.items()}
    histories, ids = Histories(folder), [one.id for own in forms.values() for one in own]
    for at in range(0, len(ids), _FORMS_AT_ONCE):
        histories.keep(await sources.forms.histories(ids[at : at + _FORMS_AT_ONCE]))
    return Material(
        exam=exam,
        seats={one.id: one for one in await sources.people.seats(exam_id)},
        encounters=encounters,
        versions=versions,
        layouts={key: layout_of(version) for key, version in versions.items()},
        forms=forms,
        histories=histories,
        records=records,
        marking=await sources.marking.rules(exam_id),
        assignments=await sources.marking.assignments(exam_id, ended=True),
        incidents=await sources.exams.incidents_in([one.id for one in encounters]),
        cohort=cohort,
        runs=runs,
        releases=await results.releases(exam_id),
        run=chosen,
        inputs=inputs,
        analysis=found,
    )


def iso(at_ms: int | None) -> str:
    """A time as ISO 8601 in UTC, to the millisecond; empty for none."""
    if at_ms is None:
        return ""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03}Z"


@lru_cache(maxsize=1024)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None).isoformat()
