"""How far a result generalizes over stations and examiners, and how many of them it would take.

Designs: p×s (candidates by stations, a mark each) and p×(r:s) (examiners within stations). Source: Brennan,
Generalizability Theory, 2001; Bloch & Norman, AMEE guide 68, Med Teach 2012.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.mixed import CELL, RESIDUAL, fit
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

P, S, R = "candidate", "station", "examiner"
PS, REST = "candidate×station", "rest"


@dataclass(frozen=True)
class Study:
    """Variance components by name, and what they were estimated from.

    components: as used, none below 0. negative: those that the estimate put below 0 before they were set to 0 (by
    ANOVA only; REML keeps to 0 and above). mean: of all marks.
    """

    components: Mapping[str, float]
    negative: Mapping[str, float]
    mean: float
    mean_variance: float
    candidates: int
    stations: int
    by: str


@dataclass(frozen=True)
class Projection:
    """What an exam of so many stations, with so many examiners at each, would reach.

    relative: Eρ², for ranking; absolute: Φ, for a pass mark. Errors are standard errors in the unit of the marks.
    """

    stations: int
    examiners: int
    relative: float
    absolute: float
    relative_error: float
    absolute_error: float


def by_reml(score: Numbers, candidate: Codes, station: Codes, examiner: Codes | None = None) -> Study:
    """Components from marks, one an element; missing cells and unequal numbers are no hindrance.

    examiner: a code for each examiner at each station (an examiner at two stations has two). Without it, the design is
    p×s, and its rest holds what candidate and station do together.

    Raises Undefined as `mixed.fit`, and `few` for fewer than 3 candidates or 2 stations, or when examiners are given
    and nobody was marked twice at a station: then `candidate×station` and `rest` cannot be told apart.
    """
    candidates, stations = len(np.unique(candidate)), len(np.unique(station))
    if candidates < 3 or stations < 2:
        raise Undefined("few", "At least 3 candidates and 2 stations are needed.")
    _, candidate = np.unique(candidate, return_inverse=True)
    _, station = np.unique(station, return_inverse=True)
    factors = {P: candidate, S: station}
    cell = None
    if examiner is not None:
        cell = candidate * stations + station
        if len(np.unique(cell)) == len(cell):
            raise Undefined("few", "No candidate was marked by two examiners at a station.")
        _, factors[R] = np.unique(examiner, return_inverse=True)
    found = fit(score, np.ones((len(score), 1)), factors, cell)
    names = {CELL: PS, RESIDUAL: REST}
    return Study(
        components={names.get(name, name): variance for name, variance in found.variances.items()},
        negative={},
        mean=float(found.fixed[0]),
        mean_variance=float(found.fixed_covariance[0, 0]),
        candidates=candidates,
        stations=stations,
        by="REML",
    )


def by_anova(table: Numbers) -> Study:
    """Components of p×s from mean squares. table: candidates × stations, none missing.

    Raises Undefined (`few`, `missing`).
    """
    n, k = table.shape
    if n < 3 or k < 2:
        raise Undefined("few", "At least 3 candidates and 2 stations are needed.")
    if not np.isfinite(table).all():
        raise Undefined("missing", "Mean squares need every candidate at every station; REML does not.")
    mean = float(table.mean())
    p = k * float(((table.mean(axis=1) - mean) ** 2).sum()) / (n - 1)
    s = n * float(((table.mean(axis=0) - mean) ** 2).sum()) / (k - 1)
    rest = (float(((table - mean) ** 2).sum()) - p * (n - 1) - s * (k - 1)) / ((n - 1) * (k - 1))
    raw = {P: (p - rest) / k, S: (s - rest) / n, REST: rest}
    used = {name: max(0.0, value) for name, value in raw.items()}
    return Study(
        used,
        {name: value for name, value in raw.items() if value < 0},
        mean,
        used[P] / n + used[S] / k + used[REST] / (n * k),
        n,
        k,
        "ANOVA",
    )


def project(study: Study, stations: int, examiners: int = 1) -> Projection:
    """A D-study: the coefficients of an exam of other sizes. Raises Undefined (`same-score`) without any variance."""
    part = study.components
    p, both = part[P], stations * examiners
    if R in part:
        relative = part[PS] / stations + part[REST] / both
        absolute = relative + part[S] / stations + part[R] / both
    else:
        relative = part[REST] / stations
        absolute = relative + part[S] / stations
    if p + relative <= 0 or p + absolute <= 0:
        raise Undefined("same-score", "The marks do not vary.")
    return Projection(
        stations, examiners, p / (p + relative), p / (p + absolute), math.sqrt(relative), math.sqrt(absolute)
    )


def needed(
    study: Study, target: float = 0.8, *, absolute: bool = True, examiners: int = 1, most: int = 100
) -> int | None:
    """The fewest stations with which the coefficient reaches `target`; None when `most` do not."""
    for stations in range(1, most + 1):
        found = project(study, stations, examiners)
        if (found.absolute if absolute else found.relative) >= target:
            return stations
    return None


def at_cut(study: Study, cut: float, stations: int, examiners: int = 1) -> float:
    """Φ(λ): how far decisions at the cut (in the unit of the marks) generalize.

    (σ²p + (μ − λ)²)/(σ²p + (μ − λ)² + σ²Δ), the squared distance corrected for the variance of the estimated mean
    (Brennan 2001, p. 48), and not below 0.
    """
    distance = max(0.0, (study.mean - cut) ** 2 - study.mean_variance)
    signal = study.components[P] + distance
    return signal / (signal + project(study, stations, examiners).absolute_error ** 2)
