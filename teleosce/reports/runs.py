"""A decision run: what was decided about each candidate, by which rule, from what. It never changes. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from teleosce.core.errors import Invalid
from teleosce.psychometrics import Undefined
from teleosce.reports.analysis import Standard, cuts_of, error_of, numbers, verdicts_of
from teleosce.reports.cohort import Cohort, Mark
from teleosce.reports.findings import of_run
from teleosce.reports.rules import ResultRules


@dataclass(frozen=True)
class RunHead:
    """What a list of runs tells of one. marks: of how many encounters it rests on; said: who passed."""

    id: str
    number: int
    rules: ResultRules
    inputs_hash: str
    by: str | None
    at_ms: int
    marks: int
    said: str


@dataclass(frozen=True)
class Run:
    """inputs: each mark of record by encounter, with a hash of what it held. found: cuts, and each candidate's result.

    number: counts the exam's runs from 1. by: the account or seat that ran it. at_ms: when.
    """

    id: str
    exam_id: str
    number: int
    rules: ResultRules
    inputs: Mapping[str, Any]
    inputs_hash: str
    found: Mapping[str, Any]
    by: str | None
    at_ms: int

    @property
    def head(self) -> RunHead:
        """What a list of runs tells of it."""
        return RunHead(
            id=self.id,
            number=self.number,
            rules=self.rules,
            inputs_hash=self.inputs_hash,
            by=self.by,
            at_ms=self.at_ms,
            marks=len(self.inputs),
            said=of_run(self.found),
        )


@dataclass(frozen=True)
class Release:
    """That candidates may see a run's results from a time on: all of them, or a group. Withdrawn, they see nothing."""

    id: str
    run_id: str
    exam_id: str
    group: str | None
    from_ms: int
    by: str | None
    at_ms: int
    withdrawn_by: str | None = None
    withdrawn_ms: int | None = None
    withdrawn_why: str | None = None

    def shows(self, group: str | None, now_ms: int) -> bool:
        """Whether somebody of this group sees it now."""
        return self.withdrawn_ms is None and self.from_ms <= now_ms and self.group in (None, group)


@dataclass(frozen=True)
class Difference:
    """What another run says of a candidate. None: the run knows no such candidate, or decided nothing."""

    candidate: str
    before: bool | None
    after: bool | None
    total_before: float | None
    total_after: float | None


def decide(cohort: Cohort, rules: ResultRules) -> dict[str, Any]:
    """What a run finds: the cuts, and by candidate the result with each station's part in it. Fit for JSON.

    A candidate without any station that counts is not decided (`passed` None). `missing` is what was not there, with
    its reason; `outdated` what counts although a mark that it was settled from was amended since. Raises Invalid for a
    rule that asks for what the exam does not have.
    """
    check(cohort, rules)
    answers = cuts_of(cohort, Standard(rules.method, rules.fixed_cut, rules.panel_cuts))
    cuts = numbers(answers)
    sem = _sem(cohort, rules)
    verdicts = verdicts_of(cohort, cuts, rules, sem or 0.0)
    return {
        "stations": [
            {"key": station.key, "title": station.title, **answer}
            for station, answer in zip(cohort.stations, answers, strict=True)
        ],
        "sem": sem,
        "missing": [asdict(one) for one in cohort.missing],
        "outdated": [asdict(one) for one in cohort.outdated],
        "candidates": {
            name: {
                **{key: _number(value) for key, value in asdict(verdict).items()},
                "failed_by": list(verdict.failed_by),
                "scores": [_number(score) for score in cohort.scores[row]],
                "grades": [_number(grade) for grade in cohort.grades[row]],
                "domains": {domain: _number(own[row]) for domain, own in cohort.domains.items()},
                "critical": int(cohort.critical[row]),
                "parts": {part: [_number(one) for one in own[row]] for part, own in cohort.parts.items()},
            }
            for row, (name, verdict) in enumerate(zip(cohort.candidates, verdicts, strict=True))
        },
    }


def check(cohort: Cohort, rules: ResultRules) -> None:
    """Raises Invalid where the rules name a domain or a station that the exam does not have."""
    unknown = sorted(set(rules.station_weights) - {one.slug for one in cohort.stations})
    if unknown:
        raise Invalid(f"There is no station “{unknown[0]}” in this exam to give weights to.", code="no-station")
    strange = sorted(set(rules.domains) - set(cohort.domains))
    if strange:
        known = ", ".join(cohort.domains) or "none"
        raise Invalid(f"No station has the domain “{strange[0]}”. Known here: {known}.", code="no-domain")
    if set(rules.panel_cuts) - {one.key for one in cohort.stations}:
        raise Invalid("The panel's cuts are for a station version that is not in this exam.", code="no-station")


def _sem(cohort: Cohort, rules: ResultRules) -> float | None:
    """None where there is none and the rule does without. Raises Invalid where it does not."""
    try:
        return error_of(cohort)
    except Undefined as missing:
        if rules.sems:
            raise Invalid(
                f"The rule adds standard errors of measurement, and there is none here: {missing} Nothing was decided.",
                code="no-sem",
            ) from missing
        return None


def _number(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


def inputs_of(records: list[Mark]) -> dict[str, Any]:
    """What a run rests on: for each mark of record its form and a hash of what it held, by encounter."""
    known: dict[str, Any] = {}
    for one in sorted(records, key=lambda one: one.encounter_id):
        own = known.setdefault(one.encounter_id, {})
        own[one.form_id] = digest(held(one.items, one.grade, one.station))
        if one.sp_form:
            own[one.sp_form] = digest(dict(sorted(one.sp.items())))
    return known


def sealed(rules: Any, inputs: Any, found: Any) -> str:
    """A hash of all that a run says, as JSON has it; the audit log keeps it, so that no run is changed unnoticed."""
    return digest([rules, inputs, found])


def held(items: Mapping[str, str | None], grade: str | None, station: str) -> dict[str, Any]:
    """What of a mark a run rests on."""
    return {"items": dict(sorted(items.items())), "grade": grade, "station": station}


def digest(content: Any) -> str:
    """SHA-256 of content as JSON with sorted keys, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def differences(before: Run, after: Run) -> list[Difference]:
    """The candidates about whom two runs do not say the same."""
    one, other = before.found["candidates"], after.found["candidates"]
    found = []
    for name in {**one, **other}:
        a, b = one.get(name, {}), other.get(name, {})
        if (a.get("passed"), a.get("total")) != (b.get("passed"), b.get("total")):
            found.append(Difference(name, a.get("passed"), b.get("passed"), a.get("total"), b.get("total")))
    return found
