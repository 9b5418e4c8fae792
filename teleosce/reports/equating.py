"""What examiners' stringency does to scores, how each drifts over the day, and how circuits could be linked. Pure.

Circuits that share no examiner and no candidate cannot be told apart: a strict circuit looks like a weak group. A
sample of recordings of each circuit, marked by examiners of another, links them (Yeates et al., Med Educ 2019).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.reports.cohort import CHECKLIST, NOTE, Cohort
from teleosce.reports.rules import ResultRules
from teleosce.scoring import Given, uniform
from teleosce.scoring.watch import drift

Numbers = NDArray[np.float64]
Plain = dict[str, Any]

LINKS_EACH = 3
"""So many recordings each examiner is proposed to mark of another circuit: a low, a middle and a high one."""


def adjusted(cohort: Cohort, effects: Mapping[int, float], rules: ResultRules) -> Numbers:
    """Station scores, candidates × stations, less the effects of those who marked them; percent, within 0 and 100.

    effects: by examiner's code.
    An effect is of a whole sheet: of a station's score it counts for as much as the sheet does. What two examiners
    marked has the mean of their effects.
    """
    shape = cohort.scores.shape
    total, many = np.zeros(shape), np.zeros(shape)
    at = cohort.long_candidate, cohort.long_station
    np.add.at(total, at, np.array([effects.get(code, 0.0) for code in cohort.long_examiner.tolist()]))
    np.add.at(many, at, 1)
    mean = np.divide(total, many, out=np.zeros(shape), where=many > 0)
    counted: Numbers = np.clip(cohort.scores - mean * _sheet_share(cohort, rules), 0, 100)
    return counted


def _sheet_share(cohort: Cohort, rules: ResultRules) -> Numbers:
    """How much of each score is the examiner's sheet, 0 to 1."""
    share = np.ones(cohort.scores.shape)
    for column, station in enumerate(cohort.stations):
        weights = rules.weights_of(station.slug)
        given = {name: getattr(weights, name) or 0.0 for name in cohort.parts}
        known = {name: np.isfinite(table[:, column]) * given[name] for name, table in cohort.parts.items()}
        whole = sum(known.values(), np.zeros(len(share)))
        sheet = known[CHECKLIST] + known[NOTE]
        share[:, column] = np.divide(sheet, whole, out=np.ones(len(share)), where=whole > 0)
    return share


def drifts(cohort: Cohort) -> list[Plain]:
    """Of each examiner by how many points marks rise or fall in ten, with its 95 % interval (`scoring.watch.drift`)."""
    own: dict[str, list[Given]] = defaultdict(list)
    for at, code in enumerate(cohort.long_examiner.tolist()):
        name = cohort.examiners[code]
        score = float(cohort.long_score[at])
        if np.isfinite(score):
            own[name].append(
                Given(name, int(cohort.long_station[at]), score, 1, int(cohort.long_at_ms[at]), uniform({}))
            )
    return [{"name": name, **asdict(drift(marks))} for name, marks in sorted(own.items())]


@dataclass(frozen=True)
class Link:
    """A recording that an examiner of another circuit is proposed to mark as well. circuit: the recording's."""

    encounter: str
    station: str
    circuit: str
    examiner: str


def links(cohort: Cohort, each: int = LINKS_EACH) -> list[Link]:
    """Recordings for linked marking: at each station each circuit's examiners mark `each` of the next circuit.

    Round the circuits, so that all are joined in one ring; spread over the scores, as a link says most when it holds
    for weak and strong candidates. What the examiner has marked already counts towards the number and is not proposed
    again. Empty with fewer than two circuits.
    """
    marked: dict[tuple[int, str], list[int]] = defaultdict(list)
    for at, (row, column) in enumerate(zip(cohort.long_candidate.tolist(), cohort.long_station.tolist(), strict=True)):
        marked[column, cohort.circuits[row]].append(at)
    found: list[Link] = []
    for column, station in enumerate(cohort.stations):
        circuits = sorted({circuit for at, circuit in marked if at == column})
        if len(circuits) < 2:
            continue
        homes = {one: _home(cohort, marked[column, one]) for one in circuits}
        for here, there in zip(circuits, [*circuits[1:], circuits[0]], strict=True):
            examiner = homes[here]
            theirs = marked[column, there]
            if examiner is None or examiner == homes[there]:
                continue
            done = {cohort.long_encounter[at] for at in theirs if cohort.long_examiner[at] == examiner}
            open_ = {
                cohort.long_encounter[at]: float(cohort.long_score[at])
                for at in theirs
                if cohort.long_encounter[at] not in done and np.isfinite(cohort.long_score[at])
            }
            name = cohort.examiners[examiner]
            picked = _spread(sorted(open_, key=lambda one: (open_[one], one)), each - len(done))
            found += [Link(one, station.key, there, name) for one in picked]
    return found


def _home(cohort: Cohort, marks: list[int]) -> int | None:
    """Who marked most in a circuit at a station."""
    counts = np.bincount(cohort.long_examiner[marks]) if marks else np.array([], dtype=np.int64)
    return int(counts.argmax()) if counts.size else None


def _spread(ordered: list[str], many: int) -> list[str]:
    """So many of a list, evenly from its ends to its middle."""
    if many <= 0 or not ordered:
        return []
    at = np.linspace(0, len(ordered) - 1, num=min(many, len(ordered)) + 2)[1:-1] if many > 1 else [len(ordered) // 2]
    return list(dict.fromkeys(ordered[round(float(one))] for one in at))
