"""How each station and each item behaves. Source: Pell, Fuller, Homer & Roberts, AMEE guide 49, Med Teach 2010."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.exam import NOISE
from teleosce.psychometrics.reliability import alpha_if_deleted, corrected_correlations
from teleosce.psychometrics.standards import borderline_regression
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Station:
    """A station's figures; None where these data have none.

    facility: the mean score, percent. total_correlation: corrected, the station taken out of the total. r2: how much of
    the scores the global rating explains. discrimination: what a grade more is worth, in percent (the slope); it is
    there where it is not positive, too, although no cut is then. no_cut: why there is none by borderline regression.
    between_circuits, _sites, _groups: the share (0 to 1) of the score's variance between them. failing: below the cut.
    """

    n: int
    facility: float | None
    sd: float | None
    total_correlation: float | None
    alpha_without: float | None
    cut: float | None
    r2: float | None
    discrimination: float | None
    between_circuits: float | None
    between_sites: float | None
    between_groups: float | None
    failing: int | None
    no_cut: str = ""


def stations(
    scores: Numbers,
    grades: Numbers,
    circuits: Sequence[str] | None = None,
    *,
    sites: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    cuts: Numbers | None = None,
) -> list[Station]:
    """The figures of each station. scores, grades: candidates × stations. circuits, sites, groups: of each candidate.

    cuts: the cuts that count, where they are not those of borderline regression.
    """
    try:
        alphas, correlations = alpha_if_deleted(scores), corrected_correlations(scores)
    except Undefined:
        alphas = correlations = [None] * scores.shape[1]
    found = []
    for k in range(scores.shape[1]):
        score = scores[:, k]
        known = score[np.isfinite(score)]
        line = _line(score, grades[:, k])
        cut = line[0] if cuts is None else float(cuts[k])
        settled = cut is not None and bool(np.isfinite(cut))
        found.append(
            Station(
                n=len(known),
                facility=float(known.mean()) if len(known) else None,
                sd=float(known.std(ddof=1)) if len(known) > 1 else None,
                total_correlation=correlations[k],
                alpha_without=alphas[k],
                cut=cut if settled else None,
                r2=line[1],
                discrimination=line[2],
                between_circuits=between(score, circuits) if circuits else None,
                between_sites=between(score, sites) if sites else None,
                between_groups=between(score, groups) if groups else None,
                failing=int((known < cut - NOISE).sum()) if settled and cut is not None else None,
                no_cut=line[3],
            )
        )
    return found


def _line(score: Numbers, grade: Numbers) -> tuple[float | None, float | None, float | None, str]:
    try:
        line = borderline_regression(score, grade)
    except Undefined as why:
        if why.code != "slope":
            return None, None, None, why.code
        # Ratings that go against scores have no cut, and are what an organiser must see first.
        both = np.isfinite(score) & np.isfinite(grade)
        covariance = np.cov(grade[both], score[both])
        slope = float(covariance[0, 1] / covariance[0, 0])
        return None, slope * float(covariance[0, 1] / covariance[1, 1]), slope, why.code
    return line.cut, line.facts["r2"], line.facts["slope"], ""


def between(score: Numbers, groups: Sequence[str]) -> float | None:
    """The share (0 to 1) of a score's variance that lies between groups: η², the groups' sum of squares by the whole.

    None with fewer than two groups, no variance, or a single candidate in each. With few in a group much is chance.
    """
    names = np.asarray(groups)
    known = np.isfinite(score)
    score, names = score[known], names[known]
    kinds = np.unique(names)
    if not 2 <= len(kinds) < len(score):
        return None
    mean = score.mean()
    whole = float(((score - mean) ** 2).sum())
    if whole <= NOISE:
        return None
    parts = [score[names == kind] for kind in kinds]
    return sum(len(part) * float((part.mean() - mean) ** 2) for part in parts) / whole


@dataclass(frozen=True)
class Item:
    """An item's figures. facility: the mean share (0 to 1) of its points. discrimination: corrected item-total."""

    n: int
    facility: float | None
    discrimination: float | None
    never: int
    always: int


def items(marks: Numbers, weights: Numbers | None = None) -> list[Item]:
    """The figures of each item of a station.

    marks: candidates × items, the share (0 to 1) of the item's points that was reached. The discrimination is with the
    weighted sum of the other items.
    """
    weighted = marks if weights is None else marks * weights
    try:
        discriminations = corrected_correlations(weighted)
    except Undefined:
        discriminations = [None] * marks.shape[1]
    found = []
    for k in range(marks.shape[1]):
        known = marks[np.isfinite(marks[:, k]), k]
        found.append(
            Item(
                n=len(known),
                facility=float(known.mean()) if len(known) else None,
                discrimination=discriminations[k],
                never=int((known <= NOISE).sum()),
                always=int((known >= 1 - NOISE).sum()),
            )
        )
    return found
