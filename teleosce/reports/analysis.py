"""What an organiser asks of a cohort, answered: every figure with what it rests on, or the sentence why there is none.

Pure. The answers are plain data (numbers, texts, lists, mappings; None for what is missing), fit for JSON.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics import (
    Undefined,
    bootstrap,
    exam,
    generalizability,
    rasch,
    reliability,
    standards,
    stations,
    stringency,
)
from teleosce.reports import equating
from teleosce.reports.answers import Answer, or_why, plain, why
from teleosce.reports.cohort import Cohort, Station
from teleosce.reports.overlap import overlap
from teleosce.reports.rules import ResultRules

Numbers = NDArray[np.float64]

METHODS: Mapping[str, Callable[[Numbers, Numbers], standards.Cut]] = {
    "borderline-regression": standards.borderline_regression,
    "borderline-group": standards.borderline_group,
    "contrasting-groups": standards.contrasting_groups,
    "cohen": lambda score, _grade: standards.cohen(score),
    "modified-cohen": lambda score, _grade: standards.cohen(score, 90, 0.65),
}
"""The ways to a cut that need nothing but marks."""


@dataclass(frozen=True)
class Standard:
    """How the line is drawn. fixed: percent, for the method `fixed`. given: for Angoff, by station hash, percent that
    stand in place of the panel's cut.
    """

    method: str = "borderline-regression"
    fixed: float = 50.0
    given: Mapping[str, float] | None = None


def cuts_of(cohort: Cohort, standard: Standard) -> list[Answer]:
    """For each station its cut with its standard error, or why it has none."""
    found = []
    for column, station in enumerate(cohort.stations):
        score, grade = cohort.scores[:, column], cohort.grades[:, column]
        if standard.method == "fixed":
            found.append(plain(standards.fixed(standard.fixed)))
        elif standard.method == "angoff":
            found.append(_angoff(cohort, station.key, standard.given or {}))
        else:
            found.append(or_why(partial(METHODS[standard.method], score, grade)))
    return found


def _angoff(cohort: Cohort, key: str, given: Mapping[str, float]) -> Answer:
    if key in given:
        answer: Answer = plain(standards.fixed(given[key])) | {"method": "angoff"}
        return answer
    judged = cohort.panel.get(key)
    return plain(judged.cut) if judged else {"why": "No panel has judged this station yet.", "code": "few"}


def numbers(answers: list[Answer]) -> Numbers:
    """The cuts of `cuts_of` as an array, NaN for none."""
    return np.array([one.get("cut", np.nan) for one in answers], dtype=np.float64)


def whole(cohort: Cohort, rules: ResultRules, told: Callable[[str], None] = lambda _: None) -> Answer:
    """All answers: `sound`, `lines` and `fair`. told: called with each step, in words."""
    found: Answer = {}
    # Examiners take as long as all else, and numpy counts on two threads at once.
    with ThreadPoolExecutor(1) as beside:
        examiners = beside.submit(fair, cohort)
        told("Reliability, stations and items")
        found["sound"] = sound(cohort)
        told("Standard setting, method by method")
        found["lines"] = lines(cohort, rules)
        told("Examiners: stringency and agreement")
        found["fair"] = examiners.result()
    model = found["fair"].get("stringency", {})
    if "examiners" in model:
        found["fair"]["adjusted"] = or_why(lambda: adjusted(cohort, rules, model["examiners"]))
    return found


def adjusted(cohort: Cohort, rules: ResultRules, examiners: list[Answer]) -> Answer:
    """Who would pass or fail if each examiner were as an average one: marks less their effects (of two marks
    the mean of both), the line where it is.

    candidates: each with both totals and results; largest: those whose total would move most. Raises Undefined as
    `error_of` where the rule needs that, and `few` when the rule draws no line.
    """
    cuts = numbers(cuts_of(cohort, Standard(rules.method, rules.fixed_cut, rules.panel_cuts)))
    if not np.isfinite(cuts).any():
        raise Undefined("few", "The rule draws no line here.")
    sem = error_of(cohort) if rules.sems else 0.0
    effects = {one["examiner"]: one["effect"] for one in examiners}
    without = replace(cohort, scores=equating.adjusted(cohort, effects, rules))
    pairs = list(
        zip(
            cohort.candidates,
            verdicts_of(cohort, cuts, rules, sem),
            verdicts_of(without, cuts, rules, sem),
            strict=True,
        )
    )
    judged = [(name, now.total, then.total) for name, now, then in pairs if now.passed is not None]
    largest = sorted(judged, key=lambda one: -abs(one[2] - one[1]))[:10]
    return {
        "method": rules.method,
        "judged": len(judged),
        "candidates": [
            {
                "candidate": name,
                "total": now.total,
                "adjusted": then.total,
                "passed": now.passed,
                "adjusted_passed": then.passed,
            }
            for name, now, then in pairs
        ],
        "pass_then": [name for name, now, then in pairs if now.passed is False and then.passed is True],
        "fail_then": [name for name, now, then in pairs if now.passed is True and then.passed is False],
        "largest": [{"candidate": name, "total": now, "adjusted": then} for name, now, then in largest],
    }


def sound(cohort: Cohort) -> Answer:
    """Is the exam sound? Reliability, what a longer exam would give, and each station and item."""
    known = np.isfinite(cohort.scores)
    where = np.nonzero(known)
    whole = or_why(lambda: reliability.alpha(cohort.scores))
    study = _study(cohort, where)
    return {
        "candidates": int(known.any(axis=1).sum()),
        "encounters": int(known.sum()),
        "missing": [asdict(one) for one in cohort.missing],
        "versions": _versions(cohort),
        "alpha": whole,
        "omega": or_why(lambda: reliability.omega(cohort.scores)),
        "sem": or_why(lambda: {"value": error_of(cohort)}),
        "generalizability": study,
        "stations": [
            {"title": station.title, "key": station.key, **plain(one), "items_alpha": _items_alpha(station, marks)}
            for station, one, marks in zip(
                cohort.stations,
                stations.stations(
                    cohort.scores, cohort.grades, cohort.circuits, sites=cohort.sites, groups=cohort.groups
                ),
                cohort.items,
                strict=True,
            )
        ],
        "items": [
            [
                {"item": name, **plain(one)}
                for name, one in zip(
                    names,
                    stations.items(marks, np.array([abs(item.weight) for item in station.layout.items.values()])),
                    strict=True,
                )
            ]
            for station, names, marks in zip(cohort.stations, cohort.item_names, cohort.items, strict=True)
        ],
    }


def _versions(cohort: Cohort) -> list[Answer]:
    """Stations that were marked by several versions of their sheet, with how many scores each has."""
    slugs = [one.slug for one in cohort.stations]
    known = np.isfinite(cohort.scores).sum(axis=0)
    return [
        {"title": one.title, "n": int(n)}
        for one, n in zip(cohort.stations, known, strict=True)
        if one.slug and slugs.count(one.slug) > 1
    ]


def _items_alpha(station: Station, marks: Numbers) -> Answer:
    """Alpha within a station: of its items, each by its weight."""
    weights = np.array([abs(item.weight) for item in station.layout.items.values()])
    return or_why(lambda: reliability.alpha(marks * weights))


def _study(cohort: Cohort, where: tuple[NDArray[Any], ...]) -> Answer:
    twice = len(set(zip(cohort.long_candidate.tolist(), cohort.long_station.tolist(), strict=True))) < len(
        cohort.long_score
    )
    try:
        if twice:
            code = cohort.long_examiner * len(cohort.stations) + cohort.long_station
            study = generalizability.by_reml(cohort.long_score, cohort.long_candidate, cohort.long_station, code)
        else:
            study = generalizability.by_reml(cohort.scores[where], where[0], where[1])
        many = len(cohort.stations)
        return {
            "design": "p×(r:s)" if twice else "p×s",
            "components": dict(study.components),
            "now": plain(generalizability.project(study, many)),
            "curve": [plain(generalizability.project(study, count)) for count in range(6, 25)],
            "needed": {
                "absolute": generalizability.needed(study),
                "relative": generalizability.needed(study, absolute=False),
            },
        }
    except Undefined as missing:
        return why(missing)


def verdicts_of(cohort: Cohort, cuts: Numbers, rules: ResultRules, sem: float) -> list[exam.Verdict]:
    """What a rule says of each candidate. sem: the standard error of measurement, 0 where the rule does without."""
    scores = cohort.scores
    if rules.missing_stations == "zero-if-absent":
        scores = np.where(cohort.absent & np.isnan(scores), 0.0, scores)
    verdicts = exam.decide(
        scores,
        cuts,
        exam.Rule(rules.sems, rules.stations, rules.critical, rules.domains),
        sem=sem,
        critical=cohort.critical > 0,
        domains=cohort.domains,
    )
    if rules.missing_stations != "undecided":
        return verdicts
    lacking = np.any(cohort.lacks & np.isfinite(cuts), axis=1)
    return [
        replace(one, passed=None, failed_by=()) if lacks else one for one, lacks in zip(verdicts, lacking, strict=True)
    ]


def lines(cohort: Cohort, rules: ResultRules) -> list[Answer]:
    """Where is the line? Each method with its pass mark, its uncertainty, and what it does to the pass list.

    A rule that adds standard errors of measurement draws no line where there is none, and says so.
    """
    sem = or_why(lambda: {"value": error_of(cohort)})
    found = list[Answer]()
    more = ["angoff"] if cohort.panel or rules.panel_cuts else []
    for method in (*METHODS, *more, *(["fixed"] if rules.method == "fixed" else [])):
        answers = cuts_of(cohort, Standard(method, rules.fixed_cut, rules.panel_cuts))
        cuts = numbers(answers)
        if not np.isfinite(cuts).any():
            found.append({"method": method, "stations": answers, **answers[0]} if answers else {"method": method})
            continue
        if rules.sems and "why" in sem:
            found.append({"method": method, "stations": answers, **sem})
            continue
        verdicts = verdicts_of(cohort, cuts, rules, sem.get("value", 0.0))
        judged = [one for one in verdicts if one.passed is not None]
        spread, of_stations = _spreads(method, cohort)
        for answer, own in zip(answers, of_stations, strict=True):
            answer["bootstrap"] = own
        found.append(
            {
                "method": method,
                "stations": answers,
                "pass_mark": float(np.nanmean(cuts)),
                "without_cut": int(np.isnan(cuts).sum()),
                "spread": spread,
                "passed": sum(bool(one.passed) for one in judged),
                "judged": len(judged),
                "fails": [name for name, one in zip(cohort.candidates, verdicts, strict=True) if one.passed is False],
            }
        )
    return found


def _spreads(method: str, cohort: Cohort) -> tuple[Answer, list[Answer | None]]:
    """How far the pass mark and each station's cut would move with other candidates; with other judges for a panel."""
    none: list[Answer | None] = [None] * len(cohort.stations)
    if method == "fixed":
        return {"why": "It was agreed, and not drawn from marks.", "code": "agreed"}, none
    if method == "angoff":
        return or_why(
            lambda: _of_judges([cohort.panel[one.key] for one in cohort.stations if one.key in cohort.panel])
        ), none
    try:
        whole, each = bootstrap.cut_spread(method, cohort.scores, cohort.grades)
    except Undefined as missing:
        return why(missing), none
    return plain(whole), [plain(one) if np.isfinite(one.se) else None for one in each]


def _of_judges(stations: list[standards.Judged]) -> Answer:
    from scipy.special import stdtrit

    mark = standards.panel_mark(stations)
    if mark.se is None:
        raise Undefined("same-score", standards.AGREED)
    reach = float(stdtrit(mark.n - 1, 0.975)) * mark.se
    return {"se": mark.se, "low": mark.cut - reach, "high": mark.cut + reach, "judges": mark.n}


def error_of(cohort: Cohort) -> float:
    """The standard error of measurement of totals, in percent, by alpha. Raises Undefined as `reliability.alpha`."""
    return reliability.standard_error(cohort.scores, reliability.alpha(cohort.scores).value)


def fair(cohort: Cohort) -> Answer:
    """Are the examiners fair? Stringency, a Rasch model where it is identified, agreement where marks overlap, drift.

    links: recordings that examiners of another circuit could mark as well, so that circuits can be compared.
    """
    if not len(cohort.long_score):
        return {"why": "Nothing is marked yet.", "code": "few"}
    graded = np.isfinite(cohort.long_grade)

    def model() -> Answer:
        found = stringency.stringency(
            cohort.long_score, cohort.long_candidate, cohort.long_station, cohort.long_examiner
        )
        changed = np.zeros(len(cohort.candidates))
        np.add.at(changed, cohort.long_candidate, found.adjusted - cohort.long_score)
        marks = np.bincount(cohort.long_candidate, minlength=len(cohort.candidates))
        return {
            "examiners": [plain(one) | {"name": cohort.examiners[one.examiner]} for one in found.examiners],
            "variances": found.variances,
            "links": found.links,
            "caution": found.caution,
            "change": [float(c / m) if m else None for c, m in zip(changed, marks, strict=True)],
        }

    def facets() -> Answer:
        found = rasch.rasch(
            cohort.long_grade[graded].astype(np.int64),
            cohort.long_candidate[graded],
            cohort.long_station[graded],
            cohort.long_examiner[graded],
        )
        return {
            "abilities": found.abilities.tolist(),
            "stations": found.stations.tolist(),
            "examiners": found.examiners.tolist(),
            "examiner_errors": found.examiner_errors.tolist(),
            "thresholds": found.thresholds.tolist(),
            "fit": found.fit.tolist(),
        }

    return {
        "stringency": or_why(model),
        "rasch": or_why(facets),
        "agreement": or_why(lambda: overlap(cohort)),
        "drift": plain(equating.drifts(cohort)),
        "links": plain(equating.links(cohort)),
    }
