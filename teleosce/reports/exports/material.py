"""All that is known of an exam's results, read once, for everything that is written of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from teleosce.exams import Encounter, Exam, Incident
from teleosce.people import Seat
from teleosce.reports.cohort import Cohort
from teleosce.reports.export import Sources
from teleosce.reports.results import Results
from teleosce.reports.runs import Release, Run
from teleosce.scoring import Assignment, Form, History, Kind, Layout, MarkingRules, Record, layout_of
from teleosce.stations import StationVersion

SHOWN = (Kind.mark, Kind.settlement, Kind.sp_rating, Kind.note)
"""The kinds of forms that have to do with results; those for practice have not."""


@dataclass(frozen=True)
class Material:
    """One exam. run: the decision run that is meant, the last unless another was named; None where there is none.

    forms, histories: of the kinds in SHOWN, by encounter and by form. analysis: `Results.analysis`. versions, layouts:
    by station hash. cohort: by the run's rules.
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
    def _titles(self) -> Mapping[str, str]:
        plain = {key: version.title for key, version in self.versions.items()}
        return plain | {one.key: one.title for one in self.cohort.stations}

    def title(self, station_hash: str) -> str:
        """A station's title, the same in every table; versions of one station are told apart."""
        return self._titles[station_hash]


async def material_of(sources: Sources, results: Results, exam_id: str, run: int | None = None) -> Material:
    """Reads an exam. run: a decision run by its number, in place of the last. Raises NotFound."""
    exam = await sources.exams.exam(exam_id)
    runs = await results.runs(exam_id)
    chosen = await results.numbered(exam_id, run) if runs or run is not None else None
    encounters = await sources.exams.encounters(exam_id)
    versions = {key: await sources.stations.get(key) for key in {one.station_hash for one in encounters}}
    forms: dict[str, list[Form]] = defaultdict(list)
    for encounter, every in (await sources.forms.of_encounters([one.id for one in encounters])).items():
        forms[encounter] = [one for one in every if one.kind in SHOWN]
    histories = await sources.forms.histories([one.id for every in forms.values() for one in every])
    return Material(
        exam=exam,
        seats={one.id: one for one in await sources.people.seats(exam_id)},
        encounters=encounters,
        versions=versions,
        layouts={key: layout_of(version) for key, version in versions.items()},
        forms=forms,
        histories=histories,
        records=await sources.marking.records(exam_id),
        marking=await sources.marking.rules(exam_id),
        assignments=await sources.marking.assignments(exam_id, ended=True),
        incidents=await sources.exams.incidents_in([one.id for one in encounters]),
        cohort=await results.cohort(exam_id, chosen.rules if chosen else None),
        runs=runs,
        releases=await results.releases(exam_id),
        run=chosen,
        analysis=await results.analysis(exam_id, chosen.rules if chosen else None),
    )


def iso(at_ms: int | None) -> str:
    """A time as ISO 8601 in UTC, to the millisecond; empty for none."""
    if at_ms is None:
        return ""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
