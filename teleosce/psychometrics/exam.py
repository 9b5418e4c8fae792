"""From stations to the exam: its pass mark with its uncertainty, and who passes by which rule.

Scores and grades are arrays of candidates × stations, NaN where a candidate was not seen; percent, and 0 to 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.standards import BORDERLINE
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]

NOISE = 1e-9
"""Sums of floating-point numbers may miss a boundary by so much; it is never held against a candidate."""


def totals(scores: Numbers) -> Numbers:
    """Each candidate's mean over the stations they sat; NaN for one who sat none."""
    return _mean(scores)


def pass_marks(scores: Numbers, cuts: Numbers) -> Numbers:
    """Each candidate's pass mark: the mean of the unrounded cuts of the stations that they sat.

    cuts: a cut for each station, NaN for a station without one, which then counts for nobody.
    """
    return _mean(np.where(np.isfinite(scores), cuts, np.nan))


def _mean(table: Numbers) -> Numbers:
    known = np.isfinite(table)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, table, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


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


def regression_spread(
    scores: Numbers, grades: Numbers, draws: int = 1000, seed: int = 1
) -> tuple[Spread, list[Spread]]:
    """A bootstrap over candidates of borderline regression: the exam's pass mark, and the cut of each station.

    Candidates are drawn with all their stations, so that what stations share is kept: a formula that takes them as
    independent gives about 30 % too little. In a draw, a station where the line is undefined leaves the exam's mean.

    Raises Undefined (`few`) when more than half of the draws give no pass mark.
    """
    both = np.isfinite(scores) & np.isfinite(grades)
    n = len(scores)
    if n < 3:
        raise Undefined("few", "A bootstrap needs at least 3 candidates.")
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    # Sums over each draw's candidates, for all stations at once: a regression needs no more.
    y, g = np.where(both, scores, 0.0), np.where(both, grades, 0.0)
    count, sum_g, sum_y, sum_gg, sum_gy = (drawn @ part for part in (both.astype(np.float64), g, y, g * g, g * y))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = sum_gg - sum_g**2 / count
        slope = (sum_gy - sum_g * sum_y / count) / np.where(spread > NOISE, spread, np.nan)
        cuts = sum_y / count + slope * (BORDERLINE - sum_g / count)
    cuts = np.where((count >= 3) & (slope > NOISE), cuts, np.nan)
    return spread_of(_mean(cuts)), [spread_or_none(column) for column in cuts.T]


def spread_of(values: Numbers) -> Spread:
    """The spread of a figure over draws, NaN where it was undefined. Raises Undefined (`few`) if most are."""
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:
        raise Undefined("few", "In more than half of the draws there is no such figure: there are too few candidates.")
    low, high = np.percentile(known, [2.5, 97.5])
    return Spread(float(known.std(ddof=1)), float(low), float(high), len(values), len(values) - len(known))


def spread_or_none(values: Numbers) -> Spread:
    """The same, with NaN in place of the fault."""
    try:
        return spread_of(values)
    except Undefined:
        return Spread(np.nan, np.nan, np.nan, len(values), int(np.isnan(values).sum()))


@dataclass(frozen=True)
class Rule:
    """What a candidate must reach.

    sems: how many standard errors of measurement above the pass mark the total must be. stations: how many stations
    must be passed, as a share (0 to 1) of those sat. critical: whether failing a critical item fails the exam.
    domains: the least percent in each domain.
    """

    sems: float = 0.0
    stations: float = 0.0
    critical: bool = False
    domains: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Verdict:
    """passed: None when the candidate sat no station that counts. failed_by: the parts of the rule that were missed."""

    passed: bool | None
    total: float
    needed: float
    stations_passed: int
    stations_sat: int
    failed_by: tuple[str, ...]


def decide(
    scores: Numbers,
    cuts: Numbers,
    rule: Rule,
    *,
    sem: float = 0.0,
    critical: NDArray[np.bool_] | None = None,
    domains: Mapping[str, Numbers] | None = None,
) -> list[Verdict]:
    """A verdict for each candidate, at or above the line being a pass.

    critical: who failed a critical item. domains: each domain's percent by candidate. sem: the standard error of
    measurement of the total, in percent.
    """
    counts = np.isfinite(cuts)
    seen = np.where(counts, scores, np.nan)
    total, needed = totals(seen), pass_marks(seen, cuts) + rule.sems * sem
    sat = np.isfinite(seen).sum(axis=1)
    passed = (seen >= cuts - NOISE).sum(axis=1)
    verdicts = []
    for one in range(len(scores)):
        if not sat[one]:
            verdicts.append(Verdict(None, float("nan"), float("nan"), 0, 0, ()))
            continue
        parts = {
            "total": total[one] < needed[one] - NOISE,
            "stations": passed[one] < rule.stations * sat[one] - NOISE,
            "critical": rule.critical and critical is not None and critical[one],
            **{
                f"domain:{name}": reached[one] < least - NOISE
                for name, least in (rule.domains or {}).items()
                if (reached := (domains or {}).get(name)) is not None
            },
        }
        missed = tuple(name for name, failed in parts.items() if failed)
        verdicts.append(
            Verdict(not missed, float(total[one]), float(needed[one]), int(passed[one]), int(sat[one]), missed)
        )
    return verdicts
