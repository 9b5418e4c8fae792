"""A many-facet Rasch model of ratings: candidates, stations and examiners on one scale of logits.

log P(x)/P(x−1) = ability − difficulty(station) − severity(examiner) − threshold(x), with thresholds shared by all.
Source: Linacre, Many-Facet Rasch Measurement, 1989. Fitted by marginal maximum likelihood (abilities normal,
Gauss–Hermite quadrature; Bock & Aitkin, Psychometrika 1981), which has not the bias of joint maximum likelihood.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.stringency import ALONE, links
from teleosce.psychometrics.undefined import Undefined

if TYPE_CHECKING:
    from scipy import sparse

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

NODES = 25


@dataclass(frozen=True)
class Rasch:
    """All in logits. stations, examiners: by code in order, with standard errors; higher severity gives lower ratings.

    What all examiners of a station share is the station's, as nothing tells the two apart: severities have mean 0 among
    all whom stations in common join, their errors are of the distance from that mean, and difficulties have mean 0.
    An examiner whom nobody joins so has neither (NaN).
    abilities: of each candidate (expected a posteriori) with its error. thresholds: from each category to the next.
    fit: of each examiner, the mean square of residuals by what the model expects of them (infit): near 1 when ratings
    are as noisy as that; above, they are erratic; below, too alike.
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

    Raises Undefined: `links` when they are not, `few` for fewer than 5 candidates or 2 examiners, `alone` when no
    station has two examiners, `same-rating` when a station, examiner or all candidates have only lowest or only highest
    ratings, `unused` when a category between used ones was never given, `fit`.
    """
    from scipy.optimize import minimize

    work = _Work(rating, candidate, station, examiner, categories)
    found = minimize(work.misfit, work.start(), jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-11})
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
        if len(pairs) == self.s:
            raise Undefined("alone", ALONE)
        # Candidates × pairs: how many ratings, and the sums of the ratings and of their squares; and candidates × pairs
        # and categories. Everything the model asks of the ratings is in them.
        self.counts, self.reached, self.squares = (self._met(self.x**power) for power in (0, 1, 2))
        self.given = _table(self.who, self.pair * (self.m + 1) + self.x, (self.n, len(pairs) * (self.m + 1)))
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
        # A step in the mean rating is about its variance in logits. Thresholds are not held in order: data may disorder
        # them, and that is worth seeing.
        station, spread = np.bincount(self.where, self.x) / np.bincount(self.where), float(self.x.var())
        examiner = np.bincount(self.by, self.x - station[self.where]) / np.bincount(self.by)
        low, high = station.mean() - station, examiner.mean() - examiner
        used = np.bincount(self.x, minlength=self.m + 1)
        return np.concatenate([low[:-1] / spread, high[:-1] / spread, np.log(used[:-1] / used[1:]), [0.0]])

    def _parts(self, p: Numbers) -> tuple[Numbers, Numbers, Numbers, float]:
        """Stations and examiners around 0, thresholds (their mean places the 0 of ability), log sd of ability."""
        a, b = self.s - 1, self.s - 1 + self.e - 1
        stations = np.append(p[:a], -p[:a].sum())
        examiners = np.append(p[a:b], -p[a:b].sum())
        return stations, examiners, p[b : b + self.m], float(p[-1])

    def _met(self, what: Numbers | Codes) -> "sparse.csr_array":
        return _table(self.who, self.pair, (self.n, len(self.pair_station)), what)

    def _probabilities(self, p: Numbers) -> tuple[Numbers, Numbers]:
        """Of each category log P, pairs × categories × nodes, and each node's ability."""
        from scipy.special import logsumexp

        stations, examiners, thresholds, log_sd = self._parts(p)
        ability = np.exp(log_sd) * self.points
        ease = ability[None, :] - (stations[self.pair_station] + examiners[self.pair_examiner])[:, None]
        log_p = ease[:, None, :] * self.steps[:, None] - np.concatenate([[0.0], np.cumsum(thresholds)])[:, None]
        return log_p - logsumexp(log_p, axis=1, keepdims=True), ability

    def _posterior(self, log_p: Numbers) -> tuple[Numbers, Numbers]:
        """Each candidate's log-likelihood, and the share of each node in it."""
        from scipy.special import logsumexp

        joint = self.given @ log_p.reshape(-1, NODES) + self.log_weights
        total = logsumexp(joint, axis=1)
        return total, np.exp(joint - total[:, None])

    def misfit(self, p: Numbers) -> tuple[float, Numbers]:
        """Minus the marginal log-likelihood, and its gradient (by Fisher's identity)."""
        log_p, ability = self._probabilities(p)
        total, share = self._posterior(log_p)
        probability = np.exp(log_p)
        # How much of each node the ratings of a pair hold, and how high they are there.
        held, reached = self.counts.T @ share, self.reached.T @ share
        over = reached - held * (self.steps @ probability)
        each = over.sum(axis=1)
        by_station = -np.bincount(self.pair_station, each, minlength=self.s)
        by_examiner = -np.bincount(self.pair_examiner, each, minlength=self.e)
        above = np.flip(np.cumsum(np.flip(probability, axis=1), axis=1), axis=1)[:, 1:]
        passed = (self.x[:, None] >= self.steps[1:]).sum(axis=0)
        by_threshold = np.einsum("pkq,pq->k", above, held) - passed
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
        # Where examiners stay at their stations, the search may end anywhere along what cannot be told apart.
        group = links(self.pair_station, self.pair_examiner)
        of_station, of_examiner = (
            group[np.unique(codes, return_index=True)[1]] for codes in (self.pair_station, self.pair_examiner)
        )
        many = np.bincount(of_examiner)
        shared = np.bincount(of_examiner, examiners) / many
        examiners, stations = examiners - shared[of_examiner], stations + shared[of_station]
        stations, thresholds = stations - stations.mean(), thresholds + stations.mean()
        eap = share @ ability
        # The information that ratings hold of their station and examiner, by the spread of what was expected of them.
        probability = np.exp(log_p)
        expected = self.steps @ probability
        spread = self.steps**2 @ probability - expected**2
        held = self.counts.T @ share
        information = (spread * held).sum(axis=1)
        # Over all that an ability may be, not at its estimate: then the model expects 1, with few ratings as with many.
        misfit = self.squares.T @ share - 2 * expected * (self.reached.T @ share) + expected**2 * held
        own = 1 / np.bincount(self.pair_examiner, information)
        of_mean = np.bincount(of_examiner, own) / many**2
        joined = many[of_examiner]
        errors = np.sqrt(own * (1 - 2 / joined) + of_mean[of_examiner])
        return Rasch(
            abilities=eap,
            ability_errors=np.sqrt(np.maximum(share @ ability**2 - eap**2, 0)),
            ability_sd=float(np.exp(log_sd)),
            stations=stations,
            station_errors=1 / np.sqrt(np.bincount(self.pair_station, information)),
            examiners=np.where(joined > 1, examiners, np.nan),
            examiner_errors=np.where(joined > 1, errors, np.nan),
            thresholds=thresholds,
            fit=np.bincount(self.pair_examiner, misfit.sum(axis=1)) / np.bincount(self.pair_examiner, information),
        )


def _table(
    rows: Codes, columns: Codes, shape: tuple[int, int], what: Numbers | Codes | None = None
) -> "sparse.csr_array":
    """What there is at each place of a table, summed; how often each place comes when nothing is given."""
    from scipy import sparse

    values = np.ones(len(rows)) if what is None else what.astype(np.float64)
    return sparse.csr_array((values, (rows, columns)), shape=shape)
