"""From stations to the exam: its pass mark, and who passes by which rule.

Scores and grades are arrays of candidates × stations, NaN where a candidate was not seen; percent, and 0 to 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

NOISE = 1e-9
"""Sums of floating-point numbers may miss a boundary by so much; it is never held against a candidate."""


def alike(known: Numbers) -> bool:
    """Whether all are the same, but for what floating-point numbers miss. Without NaN, at least one."""
    return bool(np.ptp(known) <= NOISE)


def totals(scores: Numbers) -> Numbers:
    """Each candidate's mean over the stations they sat; NaN for one who sat none."""
    known = np.isfinite(scores)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, scores, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


def pass_marks(scores: Numbers, cuts: Numbers) -> Numbers:
    """Each candidate's pass mark: the mean of the unrounded cuts of the stations that they sat.

    cuts: a cut for each station, NaN for a station without one, which then counts for nobody.
    """
    return totals(np.where(np.isfinite(scores), cuts, np.nan))


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
    """passed: None when the candidate sat no station that counts, or misses nothing but has no mark in a domain of the
    rule: nothing says that its least was reached. failed_by: the parts of the rule that were missed, `domain:` and its
    name among them; of who is undecided for want of marks, `unmarked:` and the domain.
    """

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
        unmarked = tuple(
            f"unmarked:{name}"
            for name in rule.domains or {}
            if (reached := (domains or {}).get(name)) is not None and np.isnan(reached[one])
        )
        decided = None if unmarked and not missed else not missed
        why = missed or unmarked
        verdicts.append(Verdict(decided, float(total[one]), float(needed[one]), int(passed[one]), int(sat[one]), why))
    return verdicts
