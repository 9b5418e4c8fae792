"""A many-facet Rasch model of ratings: candidates, stations and examiners on one scale of logits.

log P(x)/P(x−1) = ability − difficulty(station) − severity(examiner) − threshold(x), with thresholds shared by all.
Source: Linacre, Many-Facet Rasch Measurement, 1989. Fitted by marginal maximum likelihood (abilities normal,
summed over a grid; Bock & Aitkin, Psychometrika 1981), which has not the bias of joint maximum likelihood.
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

REACH = 6.0
"""How far the grid of abilities goes, in their standard deviations."""

WIDE = 1.5
"""From this standard deviation of abilities on, in logits, the grid is laid anew for it: it was laid for 1."""

FAR = 10.0
"""In logits. Abilities that spread further have no found spread, and a place with a greater error is not known: where
ratings separate candidates, the likelihood rises for ever or hardly falls (Albert & Anderson, Biometrika 1984)."""

SEPARATED = (
    "The ratings are too few for this model, or separate candidates too cleanly: no place of stations and examiners "
    "fits best. More candidates, or more examiners for each, would tell."
)


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
    ratings, `unused` when a category between used ones was never given, `fit` when the search does not end, or ends
    where nothing is best: ratings are too few or too separated.
    """
    work = _Work(rating, candidate, station, examiner, categories)
    found = work.search(work.start())
    sd = float(np.exp(found[-1]))
    if sd > WIDE:
        work.lay(min(sd, FAR))
        found = work.search(found if sd < FAR else work.start())
    if np.exp(found[-1]) > FAR:
        raise Undefined("fit", SEPARATED)
    return work.solution(found)


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
        self.steps = np.arange(self.m + 1)
        self.lay(1.0)

    def lay(self, sd: float) -> None:
        """The grid of abilities, for those that spread by `sd` logits.

        In units of sd its step is what the most ratings of one candidate leave unknown of an ability, if each tells as
        much as ratings vary. A sum over equal steps is exact to eight digits where a posterior is normal and no
        narrower than the step, and still to three where it is a third narrower (by Poisson's summation formula).
        Gauss-Hermite nodes lie as far apart however many ratings there are, and miss what lies between two.
        """
        from scipy.special import logsumexp

        step = 1 / np.sqrt(1 + sd**2 * np.bincount(self.who).max() * self.x.var())
        self.points = np.linspace(-REACH, REACH, 2 * int(np.ceil(REACH / step)) + 1)
        self.log_weights = -(self.points**2) / 2 - logsumexp(-(self.points**2) / 2)

    def search(self, start: Numbers) -> Numbers:
        """Where the likelihood is highest from there on; the spread of abilities ends a little beyond `FAR`."""
        from scipy.optimize import minimize

        found = minimize(
            self.misfit,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(None, None)] * (len(start) - 1) + [(None, np.log(1.2 * FAR))],
            options={"maxiter": 500, "ftol": 1e-11},
        )
        if not np.isfinite(found.fun) or found.status not in (0, 2):
            raise Undefined("fit", "The model does not fit these ratings: the search did not end.")
        best: Numbers = found.x
        return best

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

        joint = self.given @ log_p.reshape(-1, len(self.points)) + self.log_weights
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
        above = self._above(probability)
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
        # Where examiners stay at their stations, the search may end anywhere along what cannot be told apart: what all
        # of a group share goes to their stations, whose mean goes to the thresholds. As a matrix, for the errors too.
        group = links(self.pair_station, self.pair_examiner)
        of_station, of_examiner = (
            group[np.unique(codes, return_index=True)[1]] for codes in (self.pair_station, self.pair_examiner)
        )
        many = np.bincount(of_examiner)
        shared = np.eye(len(many))[of_examiner].T / many[:, None]
        tell = np.eye(self.s + self.e)
        tell[: self.s, self.s :] = shared[of_station]
        tell[self.s :, self.s :] -= shared[of_examiner]
        centre = tell[: self.s].mean(axis=0)
        tell[: self.s] -= centre
        told, thresholds = tell @ np.append(stations, examiners), thresholds + centre @ np.append(stations, examiners)
        errors = self._errors(p, tell)
        alone = many[of_examiner] < 2
        eap = share @ ability
        probability = np.exp(log_p)
        expected = self.steps @ probability
        spread = self.steps**2 @ probability - expected**2
        held = self.counts.T @ share
        information = (spread * held).sum(axis=1)
        # Over all that an ability may be, not at its estimate: then the model expects 1, with few ratings as with many.
        misfit = self.squares.T @ share - 2 * expected * (self.reached.T @ share) + expected**2 * held
        return Rasch(
            abilities=eap,
            ability_errors=np.sqrt(np.maximum(share @ ability**2 - eap**2, 0)),
            ability_sd=float(np.exp(log_sd)),
            stations=told[: self.s],
            station_errors=errors[: self.s],
            examiners=np.where(alone, np.nan, told[self.s :]),
            examiner_errors=np.where(alone, np.nan, errors[self.s :]),
            thresholds=thresholds,
            fit=np.bincount(self.pair_examiner, misfit.sum(axis=1)) / np.bincount(self.pair_examiner, information),
        )

    def _errors(self, p: Numbers, tell: Numbers) -> Numbers:
        """Of what is told of stations and examiners: what is unknown of abilities and thresholds counts in them too.

        By the curvature of the marginal likelihood at its top: what is expected of the whole data's, less the spread
        of its slopes over what abilities may be (Louis, Journal of the Royal Statistical Society B 1982). Along what
        cannot be told apart there is none, and nothing that is told may lie there.

        Raises Undefined (`fit`) where that does, or is hardly curved: ratings leave it open.
        """
        log_p, ability = self._probabilities(p)
        _, share = self._posterior(log_p)
        probability, held = np.exp(log_p), self.counts.T @ share
        expected, above = self.steps @ probability, self._above(probability)
        pairs, places = np.arange(len(self.pair_station)), self.s + self.e
        # A pair's ratings have slopes by its station and its examiner, which are alike, by each threshold and by the
        # sd: so of each pair a small table is summed, and spread over the places at the end.
        own = np.append(self.pair_station, self.s + self.pair_examiner)
        place = _table(np.tile(pairs, 2), own, (len(pairs), places), np.full(2 * len(pairs), -1))
        passed = self.steps[:, None] >= self.steps[1:]
        all_passed = self.given @ np.tile(passed, (len(pairs), 1))
        of_pair = np.zeros((len(pairs), self.m + 2, self.m + 2))
        spread, mean = np.zeros((places + self.m + 1,) * 2), np.zeros((self.n, places + self.m + 1))
        for q, at in enumerate(ability):
            over = (self.steps - expected[:, q, None])[:, :, None]
            slopes = np.concatenate([over, above[:, None, :, q] - passed, at * over], axis=2)
            of_pair += np.swapaxes(slopes * (held[:, q, None] * probability[:, :, q])[:, :, None], 1, 2) @ slopes
            met, of_node = self.reached - self.counts * expected[:, q], share[:, q, None]
            by_threshold, by_sd = self.counts @ above[:, :, q] - all_passed, at * met.sum(axis=1)
            each = np.column_stack([(met @ place).toarray(), by_threshold, by_sd])
            spread += each.T @ (of_node * each)
            mean += of_node * each
        by_place = place.T @ of_pair[:, 0, 1:]
        whole = np.block([
            [(place.T @ (place * of_pair[:, 0, 0][:, None])).toarray(), by_place],
            [by_place.T, of_pair[:, 1:, 1:].sum(axis=0)],
        ])  # fmt: skip
        curvature = whole - spread + mean.T @ mean
        free = np.vstack([np.concatenate(self._parts(one)[:2]) for one in np.eye(len(p))]).T
        around = np.vstack([free, np.eye(len(p))[places - 2 :]])
        reach = tell @ free
        values, directions = np.linalg.eigh(around.T @ curvature @ around)
        along, curved = reach @ directions, values > 1e-10 * values.max()
        errors: Numbers = np.sqrt((along[:, curved] ** 2 / values[curved]).sum(axis=1))
        if np.abs(along[:, ~curved]).max(initial=0) > 1e-6 or errors.max() > FAR:
            raise Undefined("fit", SEPARATED)
        return errors

    @staticmethod
    def _above(probability: Numbers) -> Numbers:
        """The chances of each category but the lowest, or of one above it."""
        return np.flip(np.cumsum(np.flip(probability, axis=1), axis=1), axis=1)[:, 1:]


def _table(
    rows: Codes, columns: Codes, shape: tuple[int, int], what: Numbers | Codes | None = None
) -> "sparse.csr_array":
    """What there is at each place of a table, summed; how often each place comes when nothing is given."""
    from scipy import sparse

    values = np.ones(len(rows)) if what is None else what.astype(np.float64)
    return sparse.csr_array((values, (rows, columns)), shape=shape)
