"""How strict each examiner is, and what scores would be if all were alike.

An element is one mark: the score (percent of a station) that an examiner gave a candidate. An examiner who marks at
two stations is one examiner.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.mixed import RESIDUAL, fit
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

CANDIDATE, EXAMINER = "candidate", "examiner"

ALONE = "Every station was marked by one examiner alone, so strict examiners cannot be told from hard stations."


@dataclass(frozen=True)
class Examiner:
    """effect: percent by which marks are higher (lenient, above 0) or lower than an average examiner's, shrunk towards
    0 as far as the marks leave it open. low, high: its interval. marks: how many it rests on.
    """

    examiner: int
    effect: float
    low: float
    high: float
    marks: int


@dataclass(frozen=True)
class Stringency:
    """examiners: by code. variances: of candidates, examiners and the rest. adjusted: each mark less its examiner's
    effect. links: groups of candidates and examiners that nothing links; 1 when all can be compared. caution: what the
    figures assume when there are more.
    """

    examiners: Sequence[Examiner]
    variances: dict[str, float]
    adjusted: Numbers
    links: int
    caution: str


def links(candidate: Codes, examiner: Codes) -> NDArray[np.int32]:
    """For each mark, the group that it belongs to. Candidates and examiners of different groups never met.

    Within a group everybody can be compared with everybody through those between them; a layout of candidates and
    examiners is identified just then (Weeks & Williams, Technometrics 1964).
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    _, candidate = np.unique(candidate, return_inverse=True)
    _, examiner = np.unique(examiner, return_inverse=True)
    many = int(candidate.max()) + 1
    size = many + int(examiner.max()) + 1
    met = sparse.coo_array((np.ones(len(candidate)), (candidate, many + examiner)), shape=(size, size))
    groups: NDArray[np.int32] = connected_components(met, directed=False)[1]
    return groups[candidate]


def stringency(
    score: Numbers, candidate: Codes, station: Codes, examiner: Codes, confidence: float = 0.95
) -> Stringency:
    """Examiners' effects by a mixed model: stations fixed; candidates and examiners random (REML, BLUP).

    Where circuits share neither candidates nor examiners, a strict circuit and a weak group of candidates look alike.
    The model then leans on candidates having been dealt to circuits by chance, and `caution` says so. Having recordings
    of one circuit marked by examiners of another links them.

    Raises Undefined as `mixed.fit`; `few` for fewer than 2 examiners, `alone` when no station has two.
    """
    from scipy.special import ndtri

    names, coded = np.unique(examiner, return_inverse=True)
    if len(names) < 2:
        raise Undefined("few", "Stringency is between examiners: there is only one.")
    stations, station = np.unique(station, return_inverse=True)
    if len(np.unique(np.column_stack([station, coded]), axis=0)) == len(stations):
        raise Undefined("alone", ALONE)
    _, candidate = np.unique(candidate, return_inverse=True)
    fixed = np.zeros((len(score), len(stations)))
    fixed[np.arange(len(score)), station] = 1
    found = fit(score, fixed, {CANDIDATE: candidate, EXAMINER: coded})
    reach = float(ndtri(0.5 + confidence / 2))
    groups = len(np.unique(links(candidate, coded)))
    caution = (
        f"{groups} groups of candidates and examiners have nobody in common. Differences between them are taken as the "
        "examiners’, which is right only if candidates were dealt to them by chance."
    )
    return Stringency(
        examiners=[
            Examiner(int(name), float(effect), float(effect - reach * error), float(effect + reach * error), int(marks))
            for name, effect, error, marks in zip(
                names, found.effects[EXAMINER], found.errors[EXAMINER], np.bincount(coded), strict=True
            )
        ],
        variances={
            CANDIDATE: found.variances[CANDIDATE],
            EXAMINER: found.variances[EXAMINER],
            "rest": found.variances[RESIDUAL],
        },
        adjusted=score - found.effects[EXAMINER][coded],
        links=groups,
        caution=caution if groups > 1 else "",
    )
