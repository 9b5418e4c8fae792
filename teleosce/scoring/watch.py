"""Whose marks stand out while marking goes on: too lenient or stringent, too flat, drifting. Pure.

Simple estimates that an examiner can be shown, each with its interval and its number of marks. They start
conversations and decide nothing: candidates differ too, and an examiner's candidates are taken to be as good as those
of the others at the same stations, which is what random places in circuits give.

Intervals are of 95 %, widened for comparing as many examiners as are compared (Bonferroni), so that of twenty
examiners who mark alike hardly ever one stands out by chance.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from scipy.special import stdtrit

LENIENCY_NEEDS = 5
"""Marks at stations where others have as many."""
SPREAD_NEEDS = 8
SPREAD_GROUP = 4
"""A spread is taken of so many marks at one station, at least."""
DRIFT_NEEDS = 10
DRIFT_STEP = 10
"""Drift is told per so many marks."""
_ALPHA = 0.05


@dataclass(frozen=True)
class Given:
    """A submitted mark. percent: the station percentage, 0 to 100. grade: the global rating, 1 to 5.

    at_ms: when it was first submitted. uniform: every item carries the same mark.
    """

    examiner: str
    station: Hashable
    percent: float
    grade: int
    at_ms: int
    uniform: bool = False


@dataclass(frozen=True)
class Estimate:
    """What was found in `n` marks; `value` is None while these are too few to tell (`needs`).

    own, others: what is compared, where two things are.
    """

    n: int
    needs: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    own: float | None = None
    others: float | None = None

    @property
    def stands_out(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Watched:
    """One examiner's marks beside the others' at the same stations.

    leniency: points above (lenient) or below (stringent) the others. spread, grades: how far station percentages and
    global ratings lie from the examiner's own mean, less the same of the others: far below zero is flat marking.
    drift: points that the marks rise or fall by in ten marks. uniform: sheets whose items all carry one mark.
    """

    examiner: str
    n: int
    leniency: Estimate
    spread: Estimate
    grades: Estimate
    drift: Estimate
    uniform: int


Cells = Mapping[Hashable, Mapping[str, Sequence[float]]]
"""Values by station, then by examiner."""


def watch(marks: Iterable[Given]) -> list[Watched]:
    """Everybody who has submitted a mark, by id."""
    every = list(marks)
    own: dict[str, list[Given]] = defaultdict(list)
    for one in every:
        own[one.examiner].append(one)
    people = sorted(own)
    percents = _cells((one.station, one.examiner, one.percent) for one in every)
    grades = _cells((one.station, one.examiner, float(one.grade)) for one in every)
    deviations, rated_apart = _deviations(percents), _deviations(grades)
    leniency = _for_all(people, lambda who, k: contrast(percents, who, LENIENCY_NEEDS, k))
    spread = _for_all(people, lambda who, k: contrast(deviations, who, SPREAD_NEEDS, k))
    rated = _for_all(people, lambda who, k: contrast(rated_apart, who, SPREAD_NEEDS, k))
    drifts = _for_all(people, lambda who, k: drift(own[who], k))
    return [
        Watched(
            who,
            len(own[who]),
            leniency[who],
            spread[who],
            rated[who],
            drifts[who],
            sum(one.uniform for one in own[who]),
        )
        for who in people
    ]


def _for_all(people: Sequence[str], estimate: Callable[[str, int], Estimate]) -> dict[str, Estimate]:
    """Everybody's, widened for as many as can be told at all."""
    told = sum(estimate(who, 1).value is not None for who in people)
    return {who: estimate(who, max(1, told)) for who in people}


def contrast(cells: Cells, examiner: str, needs: int, compared: int = 1) -> Estimate:
    """An examiner's mean less that of the others at the same stations, with a t interval.

    Stations count by how many marks the examiner gave there. The variance is that within station and examiner, pooled,
    so that the others' own leniency does not widen it (one-way analysis of variance, e.g. Snedecor and Cochran,
    Statistical Methods, chapter 12; the question is that of McManus et al., BMC Medical Education 2006;6:42).
    """
    shared = [cell for cell in cells.values() if examiner in cell and len(cell) > 1]
    mine = [cell[examiner] for cell in shared]
    theirs = [[y for who, group in cell.items() if who != examiner for y in group] for cell in shared]
    n, others = sum(map(len, mine)), sum(map(len, theirs))
    freedom = n + others - sum(map(len, shared))
    if n < needs or others < needs or freedom < 1:
        return Estimate(n, needs)
    weights = [len(group) / n for group in mine]
    own_mean = sum(w * fmean(group) for w, group in zip(weights, mine, strict=True))
    others_mean = sum(w * fmean(group) for w, group in zip(weights, theirs, strict=True))
    within = sum(_squares(group) for cell in shared for group in cell.values()) / freedom
    scale = sum(w * w * (1 / len(a) + 1 / len(b)) for w, a, b in zip(weights, mine, theirs, strict=True))
    reach = sqrt(within * scale) * _quantile(freedom, compared)
    return _estimate(n, needs, own_mean - others_mean, reach, (own_mean, others_mean))


def drift(marks: Sequence[Given], compared: int = 1) -> Estimate:
    """By how many points one examiner's marks rise or fall in ten marks, in the order in which they were given.

    The slope of least squares with a level of its own for each station, which is that of deviations from the station's
    mean (Frisch and Waugh, Econometrica 1933;1:387-401), with its t interval. That examiners drift in an OSCE:
    McLaughlin et al., Medical Education 2009;43:989-992.
    """
    stations: dict[Hashable, list[tuple[float, float]]] = defaultdict(list)
    for order, one in enumerate(sorted(marks, key=lambda mark: mark.at_ms)):
        stations[one.station].append((float(order), one.percent))
    groups = [group for group in stations.values() if len(group) > 1]
    n = sum(map(len, groups))
    freedom = n - len(groups) - 1
    if n < DRIFT_NEEDS or freedom < 1:
        return Estimate(n, DRIFT_NEEDS)
    points = [point for group in groups for point in _centred(group)]
    sxx = sum(x * x for x, _ in points)
    slope = sum(x * y for x, y in points) / sxx
    residual = sum((y - slope * x) ** 2 for x, y in points) / freedom
    reach = sqrt(residual / sxx) * _quantile(freedom, compared)
    return _estimate(n, DRIFT_NEEDS, slope * DRIFT_STEP, reach * DRIFT_STEP)


def _cells(values: Iterable[tuple[Hashable, str, float]]) -> Cells:
    cells: dict[Hashable, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for station, examiner, value in values:
        cells[station][examiner].append(value)
    return cells


def _deviations(cells: Cells) -> Cells:
    """How far each mark lies from its examiner's own mean at the station: the test of Levene as a comparison of means.

    Levene in Contributions to Probability and Statistics, Stanford 1960. A mean of n values lies nearer to each of them
    than the true one does, by the square root of (n - 1) / n, which is put right here.
    """
    return {
        station: {who: _apart(group) for who, group in cell.items() if len(group) >= SPREAD_GROUP}
        for station, cell in cells.items()
    }


def _apart(group: Sequence[float]) -> list[float]:
    mean, grown = fmean(group), sqrt(len(group) / (len(group) - 1))
    return [abs(value - mean) * grown for value in group]


def _estimate(n: int, needs: int, value: float, reach: float, means: tuple[float, float] | None = None) -> Estimate:
    own, others = means or (None, None)
    return Estimate(n, needs, value, value - reach, value + reach, own, others)


def _quantile(freedom: int, compared: int) -> float:
    """Of the t distribution, for a two-sided interval that holds for `compared` examiners at once."""
    return float(stdtrit(freedom, 1 - _ALPHA / (2 * compared)))


def _squares(group: Sequence[float]) -> float:
    mean = fmean(group)
    return sum((y - mean) ** 2 for y in group)


def _centred(group: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    x_mean, y_mean = fmean(x for x, _ in group), fmean(y for _, y in group)
    return [(x - x_mean, y - y_mean) for x, y in group]


def uniform(items: Mapping[str, str]) -> bool:
    """Whether a sheet of several items carries the same mark on each."""
    return len(items) > 2 and len(set(items.values())) == 1
