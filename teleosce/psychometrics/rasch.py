"""A many-facet Rasch model of ratings: candidates, stations and examiners on one scale of logits.

log P(x)/P(x−1) = ability − difficulty(station) − severity(examiner) − threshold(x), with thresholds shared by all.
Source: Linacre, Many-Facet Rasch Measurement, 1989. Fitted by marginal maximum likelihood (abilities normal,
Gauss–Hermite quadrature; Bock & Aitkin, Psychometrika 1981), which has not the bias of joint maximum likelihood.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.stringency import links
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

NODES = 25


@dataclass(frozen=True)
class Rasch:
    """All in logits. stations, examiners: by code in order, each with mean 0, with standard errors; a higher severity
    gives lower ratings. abilities: of each candidate (expected a posteriori) with its error. thresholds: from each
    category to the next. fit: of each examiner, the mean square of residuals by what the model expects of them (infit):
    near 1 when ratings are as noisy as that; above, they are erratic; below, too alike.
    """

    abilities: Numbers
    ability_errors: Numbers
    ability_sd: float
    stations: Numbers
    station_errors: Numbers
    examiners: Numbers
    examiner_errors: Numbers
    thresholds: Numbers
    fit: Numbers


def rasch(rating: Codes, candidate: Codes, station: Codes, examiner: Codes, categories: int = 5) -> Rasch:
    """Fits ratings from 0 to categories − 1, an element each.

    Candidates and examiners must all be linked through each other: else stations', examiners' and candidates' parts
    cannot be told apart, and no number is given.

    Raises Undefined: `links` when they are not, `few` for fewer than 5 candidates or 2 examiners, `same-rating` when a
    station, examiner or all candidates have only lowest or only highest ratings, `unused` when a category between used
    ones was never given, `fit`.
    """
    from scipy.optimize import minimize

    work = _Work(rating, candidate, station, examiner, categories)
    found = minimize(work.misfit, work.start(), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    if not np.isfinite(found.fun) or found.status not in (0, 2):
        raise Undefined("fit", "The model does not fit these ratings: the search did not end.")
    return work.solution(found.x)


class _Work:
    def __init__(self, rating: Codes, candidate: Codes, station: Codes, examiner: Codes, categories: int) -> None:
        self.people, self.who = np.unique(candidate, return_inverse=True)
        names, self.where = np.unique(station, return_inverse=True)
        marks, self.by = np.unique(examiner, return_inverse=True)
        self.n, self.s, self.e = len(self.people), len(names), len(marks)
        if self.n < 5 or self.e < 2:
            raise Undefined("few", "At least 5 candidates and 2 examiners are needed.")
        if len(np.unique(links(self.who, self.by))) > 1:
            raise Undefined(
                "links",
                "Circuits have neither candidates nor examiners in common, so strict examiners cannot be told from "
                "weak candidates. Have some recordings marked by examiners of another circuit.",
            )
        used = np.bincount(rating, minlength=categories)
        low, high = int(rating.min()), int(rating.max())
        if (used[low : high + 1] == 0).any() or low == high:
            raise Undefined(
                "unused", "A rating between those that were given was never given, so its place is unknown."
            )
        self.x, self.m = rating - low, high - low
        # The chances of a rating hang on its station and examiner alone, so they are worked out once for each pair.
        pairs, self.pair = np.unique(np.column_stack([self.where, self.by]), axis=0, return_inverse=True)
        self.pair_station, self.pair_examiner = pairs[:, 0], pairs[:, 1]
        self.by_person, self.by_pair = _Groups(self.who), _Groups(self.pair)
        for what, codes in (("station", self.where), ("examiner", self.by)):
            mean = np.bincount(codes, self.x) / np.bincount(codes)
            if (mean <= 0).any() or (mean >= self.m).any():
                raise Undefined(
                    "same-rating", f"At least one {what} has nothing but the lowest or the highest ratings."
                )
        points, weights = np.polynomial.hermite_e.hermegauss(NODES)
        self.points, self.log_weights = points, np.log(weights / weights.sum())
        self.steps = np.arange(self.m + 1)

    def start(self) -> Numbers:
        # Thresholds are not held in order: data may disorder them, and that is worth seeing.
        return np.concatenate([np.zeros(self.s - 1 + self.e - 1), np.linspace(-1, 1, self.m), [0.0]])

    def _parts(self, p: Numbers) -> tuple[Numbers, Numbers, Numbers, float]:
        """Stations and examiners around 0, thresholds (their mean places the 0 of ability), log sd of ability."""
        a, b = self.s - 1, self.s - 1 + self.e - 1
        stations = np.append(p[:a], -p[:a].sum())
        examiners = np.append(p[a:b], -p[a:b].sum())
        return stations, examiners, p[b : b + self.m], float(p[-1])

    def _probabilities(self, p: Numbers) -> tuple[Numbers, Numbers]:
        """Of each category log P, pairs × nodes × categories, and each node's ability."""
        from scipy.special import logsumexp

        stations, examiners, thresholds, log_sd = self._parts(p)
        ability = np.exp(log_sd) * self.points
        ease = ability[None, :] - (stations[self.pair_station] + examiners[self.pair_examiner])[:, None]
        log_p = ease[:, :, None] * self.steps - np.concatenate([[0.0], np.cumsum(thresholds)])
        return log_p - logsumexp(log_p, axis=2, keepdims=True), ability

    def _posterior(self, log_p: Numbers) -> tuple[Numbers, Numbers]:
        """Each candidate's log-likelihood, and the share of each node in it."""
        from scipy.special import logsumexp

        own = log_p[self.pair, :, self.x]
        joint = self.by_person.sums(own) + self.log_weights
        total = logsumexp(joint, axis=1)
        return total, np.exp(joint - total[:, None])

    def misfit(self, p: Numbers) -> tuple[float, Numbers]:
        """Minus the marginal log-likelihood, and its gradient (by Fisher's identity)."""
        log_p, ability = self._probabilities(p)
        total, share = self._posterior(log_p)
        probability = np.exp(log_p)
        weight = share[self.who]
        # How much of each node the ratings of a pair hold, and how high they are there.
        held = self.by_pair.sums(weight)
        reached = self.by_pair.sums(weight * self.x[:, None])
        over = reached - held * (probability @ self.steps)
        each = over.sum(axis=1)
        by_station = -np.bincount(self.pair_station, each, minlength=self.s)
        by_examiner = -np.bincount(self.pair_examiner, each, minlength=self.e)
        above = np.flip(np.cumsum(np.flip(probability, axis=2), axis=2), axis=2)[:, :, 1:]
        passed = (self.x[:, None] >= self.steps[1:]).sum(axis=0)
        by_threshold = np.einsum("pqk,pq->k", above, held) - passed
        by_sd = float((over * ability).sum())
        gradient = np.concatenate(
            [by_station[:-1] - by_station[-1], by_examiner[:-1] - by_examiner[-1], by_threshold, [by_sd]]
        )
        return -float(total.sum()), -gradient

    def solution(self, p: Numbers) -> Rasch:
        """Everything at the parameters that were found."""
        log_p, ability = self._probabilities(p)
        _, share = self._posterior(log_p)
        stations, examiners, thresholds, log_sd = self._parts(p)
        eap = share @ ability
        # The information that ratings hold of their station and examiner, by the spread of what was expected of them.
        probability = np.exp(log_p)
        expected = probability @ self.steps
        spread = probability @ self.steps**2 - expected**2
        weight = share[self.who]
        information = (spread[self.pair] * weight).sum(axis=1)
        # Over all that an ability may be, not at its estimate: then the model expects 1, with few ratings as with many.
        misfit = ((self.x[:, None] - expected[self.pair]) ** 2 * weight).sum(axis=1)
        return Rasch(
            abilities=eap,
            ability_errors=np.sqrt(np.maximum(share @ ability**2 - eap**2, 0)),
            ability_sd=float(np.exp(log_sd)),
            stations=stations,
            station_errors=1 / np.sqrt(np.bincount(self.where, information)),
            examiners=examiners,
            examiner_errors=1 / np.sqrt(np.bincount(self.by, information)),
            thresholds=thresholds,
            fit=np.bincount(self.by, misfit) / np.bincount(self.by, information),
        )


class _Groups:
    """Sums rows by group; groups are 0 and up, none empty."""

    def __init__(self, codes: Codes) -> None:
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.searchsorted(codes[self._order], np.arange(int(codes.max()) + 1))

    def sums(self, rows: Numbers) -> Numbers:
        return np.add.reduceat(rows[self._order], self._starts, axis=0)
