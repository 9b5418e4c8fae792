"""How far cuts would move with other candidates: a bootstrap for each method that rests on candidates.

Scores and grades are arrays of candidates × stations, as in `exam`. Candidates are drawn with all their stations. Each
method is worked out for all draws at once, from the number of times that each candidate was drawn.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.exam import NOISE, alike, totals
from teleosce.psychometrics.standards import BORDERLINE
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]
Cuts = Callable[[Numbers, Numbers, Numbers], Numbers]
"""From scores, grades, and draws × candidates (how often each was drawn) to draws × stations, NaN where undefined."""


@dataclass(frozen=True)
class Spread:
    """What drawing the candidates anew did to a figure: its standard error, a 95 % interval, and in how many of the
    `draws` it was `undefined`.
    """

    se: float
    low: float
    high: float
    draws: int
    undefined: int


def cut_spread(
    method: str, scores: Numbers, grades: Numbers, draws: int = 1000, seed: int = 1
) -> tuple[Spread, list[Spread]]:
    """The spread of the exam's pass mark and of each station's cut.

    method: borderline-regression, borderline-group, contrasting-groups, cohen or modified-cohen, as in `standards`.
    What stations share is kept: a formula that takes them as independent gives about 30 % too little. In a draw, a
    station whose cut is undefined leaves the exam's mean.
    Source: Efron & Tibshirani, An introduction to the bootstrap, 1993.

    Raises Undefined: `few` when more than half of the draws give no pass mark, `same-score` when no draw moves it.
    """
    n = len(scores)
    if n < 3:
        raise Undefined("few", "A bootstrap needs at least 3 candidates.")
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    cuts = CUTS[method](scores, grades, drawn)
    return _spread(totals(cuts)), [_spread_or_none(column) for column in cuts.T]


def _spread(values: Numbers) -> Spread:
    """Of a figure over draws, NaN where it was undefined.

    Raises Undefined: `few` if most are, `same-score` when it never moved: an error of 0 would be certainty.
    """
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:
        raise Undefined("few", "In more than half of the draws there is no such figure: there are too few candidates.")
    if alike(known):
        raise Undefined(
            "same-score",
            "Other draws of the candidates never move it, as those it rests on score alike: "
            "how sure it is cannot be told.",
        )
    low, high = np.percentile(known, [2.5, 97.5])
    return Spread(float(known.std(ddof=1)), float(low), float(high), len(values), len(values) - len(known))


def _spread_or_none(values: Numbers) -> Spread:
    try:
        return _spread(values)
    except Undefined:
        return Spread(np.nan, np.nan, np.nan, len(values), int(np.isnan(values).sum()))


def regression_cuts(scores: Numbers, grades: Numbers, drawn: Numbers) -> Numbers:
    """`standards.borderline_regression` of each draw."""
    both = np.isfinite(scores) & np.isfinite(grades)
    # Sums over each draw's candidates, for all stations at once: a regression needs no more.
    y, g = np.where(both, scores, 0.0), np.where(both, grades, 0.0)
    count, sum_g, sum_y, sum_gg, sum_gy = (drawn @ part for part in (both.astype(np.float64), g, y, g * g, g * y))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = sum_gg - sum_g**2 / count
        slope = (sum_gy - sum_g * sum_y / count) / np.where(spread > NOISE, spread, np.nan)
        cuts = sum_y / count + slope * (BORDERLINE - sum_g / count)
    return np.where((count >= 3) & (slope > NOISE), cuts, np.nan)


def group_cuts(scores: Numbers, grades: Numbers, drawn: Numbers) -> Numbers:
    """`standards.borderline_group` of each draw."""
    count, mean, _ = _moments(scores, np.isfinite(scores) & (grades == BORDERLINE), drawn)
    both = np.isfinite(scores) & np.isfinite(grades)
    differ = np.array([own.any() and not alike(column[own]) for column, own in zip(scores.T, both.T, strict=True)])
    differ &= (both & (grades != BORDERLINE)).any(axis=0)
    return np.where((count >= 3) & differ, mean, np.nan)


def contrasting_cuts(scores: Numbers, grades: Numbers, drawn: Numbers, passes_from: int = 2) -> Numbers:
    """`standards.contrasting_groups` of each draw."""
    known = np.isfinite(scores) & np.isfinite(grades)
    few, a, low = _moments(scores, known & (grades < passes_from), drawn)
    many, b, high = _moments(scores, known & (grades >= passes_from), drawn)
    there = (few >= 3) & (many >= 3) & (low > NOISE) & (high > NOISE) & (a < b)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where the two densities are equal: (p − q)x² + 2(qb − pa)x + pa² − qb² + log(sa/sb) = 0.
        p, q = 1 / (2 * low), 1 / (2 * high)
        square, half, rest = p - q, q * b - p * a, p * a**2 - q * b**2 + np.log(low / high) / 2
        root = np.sqrt(np.maximum(half**2 - square * rest, 0))
        first, second = (-half + root) / square, (-half - root) / square
        sa, sb = np.sqrt(low), np.sqrt(high)
        beyond = (a * sb + b * sa) / (sa + sb)
        found = np.where((a <= first) & (first <= b), first, np.where((a <= second) & (second <= b), second, beyond))
        found = np.where(np.isclose(sa, sb, rtol=1e-9, atol=0), (a + b) / 2, found)
    cuts: Numbers = np.where(there, found, np.nan)
    return cuts


def cohen_cuts(
    scores: Numbers, _grades: Numbers, drawn: Numbers, percentile: float = 95, share: float = 0.60
) -> Numbers:
    """`standards.cohen` of each draw, from scores that are smoothed.

    A high percentile of a sample is one of its few highest scores, and drawing these anew gives intervals that are much
    too narrow. So each score drawn is moved by normal noise, and all towards the mean again so that their variance
    stays (Silverman & Young, Biometrika 1987; the width by Silverman's rule of thumb, Density Estimation 1986, p. 48).
    The percentile of a sample also lies below that of the many it stands for; by how much is known here, and taken away
    (Efron & Tibshirani 1993, chapter 10).
    """
    cuts = np.full((len(drawn), scores.shape[1]), np.nan)
    chance = np.random.default_rng(1)
    who = np.repeat(np.tile(np.arange(len(scores)), len(drawn)), drawn.astype(np.int64).ravel())
    for station, column in enumerate(scores.T):
        known = column[np.isfinite(column)]
        if len(known) < 3 or alike(known):
            continue
        sd, mean = float(known.std(ddof=1)), float(known.mean())
        quarters = float(np.subtract(*np.percentile(known, [75, 25]))) / 1.349
        width = 0.9 * (min(sd, quarters) or sd) * len(known) ** -0.2
        less = math.sqrt(1 + (width / sd) ** 2) if sd > NOISE else 1.0
        smooth = mean + (column[who] - mean + width * chance.standard_normal(len(who))) / less
        smooth = np.clip(smooth, 0, 100).reshape(len(drawn), -1)
        found, all_of_them = _percentile(smooth, percentile), _percentile(smooth.reshape(1, -1), percentile)
        cuts[:, station] = share * (found - np.nanmean(found) + all_of_them)
    return cuts


def _percentile(rows: Numbers, percentile: float) -> Numbers:
    """Of each row, by linear interpolation (numpy's default), leaving out what is NaN; NaN where all are."""
    count = np.isfinite(rows).sum(axis=1)
    at = np.maximum(count - 1, 0) * percentile / 100
    low, high = np.floor(at).astype(np.int64), np.ceil(at).astype(np.int64)
    # What is NaN comes last.
    placed = np.partition(rows, np.unique([low, high]), axis=1)
    line = np.arange(len(rows))
    best: Numbers = placed[line, low] + (at - low) * (placed[line, high] - placed[line, low])
    return best


def _moments(scores: Numbers, there: NDArray[np.bool_], drawn: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Number, mean and sample variance of the scores that are there, for each draw and station."""
    count = drawn @ there.astype(np.float64)
    # About the middle of all, so that no digits are lost in the squares.
    middle = np.nanmean(np.where(there, scores, np.nan)) if there.any() else 0.0
    away = np.where(there, scores - middle, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (drawn @ away) / count
        variance = (drawn @ away**2 - count * mean**2) / (count - 1)
    return count, mean + middle, variance


CUTS: dict[str, Cuts] = {
    "borderline-regression": regression_cuts,
    "borderline-group": group_cuts,
    "contrasting-groups": contrasting_cuts,
    "cohen": cohen_cuts,
    "modified-cohen": lambda scores, grades, drawn: cohen_cuts(scores, grades, drawn, 90, 0.65),
}
