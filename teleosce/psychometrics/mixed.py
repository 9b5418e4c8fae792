"""Linear mixed models with several random factors, crossed or nested, and any pattern of missing observations.

y = X·fixed + Σ Z(factor)·u(factor) + cell + e: every u, cell and e is independent and normal. Variances are those of
restricted maximum likelihood (Patterson & Thompson, Biometrika 1971), by Henderson's equations (Biometrics 1975) with
the first factor absorbed. Its levels that met the same others (candidates of a circuit) have the same equations but for
y, so each such group is worked out once, and the work hardly grows with the number of candidates.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.undefined import Undefined

if TYPE_CHECKING:
    from scipy import sparse

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

CELL = "cell"
RESIDUAL = "residual"
NOTHING = 1e-12
LEAST = 1e-4
"""The least ratio of standard deviations that is tried; a variance found there is 0."""


@dataclass(frozen=True)
class Fit:
    """variances: of each factor, of the cell where there is one, and of the residual. fixed: the fixed effects.

    effects: what is predicted for each level of each factor (BLUP), and errors: the standard error of that prediction.
    """

    variances: Mapping[str, float]
    fixed: Numbers
    fixed_covariance: Numbers
    effects: Mapping[str, Numbers]
    errors: Mapping[str, Numbers]


def fit(y: Numbers, fixed: Numbers, factors: Mapping[str, Codes], cell: Codes | None = None) -> Fit:
    """Fits the model.

    y: n observations. fixed: n × f, of full rank. factors: for each random factor the level (from 0) of each
    observation; put that with the most levels first. cell: observations that share a random effect of their own, each
    cell within a level of the first factor, such as a candidate at a station who was marked twice; there may be as many
    cells as observations.

    Raises Undefined: `few` when there are no more observations than fixed effects, `same-score` when nothing is left to
    explain, `fit` when the search for the variances finds no end.
    """
    from scipy.optimize import minimize

    work = _Work(y, fixed, factors, cell)
    count = len(factors) + (cell is not None)
    # Standard deviations rather than variances, by which the deviance is nearer to a parabola, at 0 as well.
    found = minimize(
        work.deviance,
        np.full(count, math.sqrt(0.2)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST, 1e2)] * count,
        options={"ftol": 1e-15, "gtol": 1e-5, "maxls": 40},
    )
    if not np.isfinite(found.fun):
        raise Undefined("fit", "The model does not fit these marks: its variances could not be found.")
    return work.solution(np.where(found.x > LEAST, found.x, 0.0))


@dataclass(frozen=True)
class _Sums:
    """Products of a design’s columns. Levels of the first factor go by group; y is apart, by level.

    first: of the first factor with itself, a diagonal, by group. across: of it with the others, groups × others.
    across_y: of it with y, by level. rest: of the others and y with themselves; y is last.
    """

    first: Numbers
    across: Numbers
    across_y: Numbers
    rest: Numbers


@dataclass(frozen=True)
class _Solved:
    """Henderson's equations, each factor scaled to variance 1, solved at some ratios to the residual's variance.

    scale: of the columns of the rest. rows: the first factor's of the rest by its diagonal, by group. inverse: of what
    absorbing left of the others; of it and rows, `met`. effects, first_effects: of the others, and by level of the
    first factor. residual: its variance. deviance: minus twice the restricted log-likelihood, less a constant.
    """

    scale: Numbers
    diagonal: Numbers
    rows: Numbers
    inverse: Numbers
    met: Numbers
    effects: Numbers
    first_effects: Numbers
    residual: float
    deviance: float

    @property
    def first_spread(self) -> Numbers:
        """The diagonal of the inverse that belongs to the first factor, by group."""
        spread: Numbers = 1 / self.diagonal + (self.met * self.rows).sum(axis=1)
        return spread


class _Work:
    """What stays the same while variances are tried: as `sds`, the ratios of standard deviations to the residual's."""

    def __init__(self, y: Numbers, fixed: Numbers, factors: Mapping[str, Codes], cell: Codes | None) -> None:
        from scipy import sparse

        self.names = list(factors)
        self.n, self.f = int(fixed.shape[0]), int(fixed.shape[1])
        if self.n <= self.f + len(self.names):
            raise Undefined("few", "There are too few marks to tell these effects apart.")
        self._refuse_what_does_not_vary(y, fixed)
        codes = list(factors.values())
        rest = sparse.hstack(
            [sparse.csr_array(fixed), *map(_indicator, codes[1:]), sparse.csr_array(y[:, None])], "csr"
        )
        first = _indicator(codes[0])
        ends = np.cumsum([self.f, *(int(one.max()) + 1 for one in codes[1:])])
        self.spans = [slice(int(low), int(high)) for low, high in pairwise(ends)]
        parts = [_products(first, rest)]
        # Within a cell R is s²(I + c·J): its inverse takes c/(1 + m·c) of the cell's sum away, so cells go by size m.
        self.sizes, self.many = np.zeros(0), np.zeros(0)
        if cell is not None:
            _, which, sizes = np.unique(cell, return_inverse=True, return_counts=True)
            gather = _indicator(which).T.tocsr()
            self.sizes, self.many = (part.astype(np.float64) for part in np.unique(sizes, return_counts=True))
            for size in self.sizes:
                of_size = gather[np.flatnonzero(sizes == size)]
                parts.append(_products(of_size @ first, of_size @ rest))
        alike = np.hstack([np.column_stack([own, across[:, :-1]]) for own, across, _ in parts])
        one_of, self.group, self.members = _groups(alike)
        self.sums = [_Sums(own[one_of], across[one_of, :-1], across[:, -1], rest) for own, across, rest in parts]

    @staticmethod
    def _refuse_what_does_not_vary(y: Numbers, fixed: Numbers) -> None:
        left = y - fixed @ np.linalg.lstsq(fixed, y, rcond=None)[0]
        if float(left @ left) <= NOTHING * max(1.0, float(y @ y)):
            raise Undefined("same-score", "The marks do not vary, so there is nothing to explain.")

    def _solve(self, sds: Numbers) -> _Solved | None:
        """None where the equations cannot be solved."""
        from scipy.linalg.lapack import dpotri

        share = float(sds[-1]) ** 2 if len(self.sizes) else 0.0
        weights = [1.0, *(-share / (1 + self.sizes * share))]
        first, across, across_y, rest = (
            sum(weight * getattr(sums, name) for weight, sums in zip(weights, self.sums, strict=True))
            for name in ("first", "across", "across_y", "rest")
        )
        scale = np.ones(len(rest))
        for span, sd in zip(self.spans, sds[1:], strict=False):
            scale[span] = sd
        diagonal = 1 + sds[0] ** 2 * first
        rows, own = sds[0] * across * scale[:-1] / diagonal[:, None], sds[0] * across_y
        left = rest * np.outer(scale, scale)
        left[np.arange(self.f, len(left) - 1), np.arange(self.f, len(left) - 1)] += 1
        y_of_group = np.bincount(self.group, own, minlength=len(diagonal))
        left[:-1, :-1] -= rows.T @ (rows * (diagonal * self.members)[:, None])
        right = left[:-1, -1] - rows.T @ y_of_group
        try:
            lower = np.linalg.cholesky(left[:-1, :-1])
        except np.linalg.LinAlgError:
            return None
        # One triangle of it, in a third of the time that solving for every column of 1 takes.
        triangle: Numbers = dpotri(lower, lower=1)[0]
        inverse = triangle + np.tril(triangle, -1).T
        effects = inverse @ right
        level_diagonal = diagonal[self.group]
        unexplained = float(left[-1, -1] - own @ (own / level_diagonal) - right @ effects)
        if unexplained <= 0:
            return None
        logs = 2 * float(np.log(np.diag(lower)).sum()) + float(self.members @ np.log(diagonal))
        logs += float(self.many @ np.log1p(self.sizes * share))
        return _Solved(
            scale=scale,
            diagonal=diagonal,
            rows=rows,
            inverse=inverse,
            met=rows @ inverse,
            effects=effects,
            first_effects=own / level_diagonal - (rows @ effects)[self.group],
            residual=unexplained / (self.n - self.f),
            deviance=(self.n - self.f) * math.log(unexplained) + logs,
        )

    def deviance(self, sds: Numbers) -> tuple[float, Numbers]:
        """Minus twice the restricted log-likelihood with the residual's variance profiled out, less a constant; and
        its slopes (Searle, Casella & McCulloch, Variance Components, 1992, section 6.6).
        """
        at = self._solve(sds)
        if at is None:
            return math.inf, np.zeros(len(sds))
        # Of a factor of q levels: q less the trace of its part of the inverse, less what its effects explain.
        spread, effects = np.diag(at.inverse), at.effects
        left = [len(self.group) - self.members @ at.first_spread - at.first_effects @ at.first_effects / at.residual]
        left += [
            span.stop - span.start - spread[span].sum() - effects[span] @ effects[span] / at.residual
            for span in self.spans
        ]
        slopes = [2 * one / sd for one, sd in zip(left, sds, strict=False)]
        if len(self.sizes):
            slopes.append(2 * float(sds[-1]) * self._cell_slope(at, sds))
        return at.deviance, np.array(slopes)

    def _cell_slope(self, at: _Solved, sds: Numbers) -> float:
        """By the ratio of the cell's variance, not of its standard deviation."""
        share, slope = float(sds[-1]) ** 2, 0.0
        summed = np.bincount(self.group, at.first_effects)
        squares = np.bincount(self.group, at.first_effects**2)
        both = np.append(-at.effects, 1.0) * at.scale
        for size, many, sums in zip(self.sizes, self.many, self.sums[1:], strict=True):
            first, across = sds[0] ** 2 * sums.first, sds[0] * sums.across * at.scale[:-1]
            rest = sums.rest[:-1, :-1] * np.outer(at.scale[:-1], at.scale[:-1])
            trace = self.members @ (first * at.first_spread - 2 * (across * at.met).sum(axis=1))
            trace += (rest * at.inverse).sum()
            seen = both @ sums.rest @ both + first @ squares + 2 * summed @ (across @ at.effects)
            seen -= 2 * sds[0] * float(at.first_effects @ sums.across_y)
            slope += many * size / (1 + share * size) - (trace + seen / at.residual) / (1 + share * size) ** 2
        return float(slope)

    def solution(self, sds: Numbers) -> Fit:
        """Effects and their errors at the variances that were found. Raises Undefined (`fit`)."""
        at = self._solve(sds)
        if at is None:
            raise Undefined("fit", "The model does not fit these marks: its variances could not be found.")
        effects = {self.names[0]: at.first_effects}
        spread = {self.names[0]: at.first_spread[self.group]}
        for name, span in zip(self.names[1:], self.spans, strict=True):
            effects[name], spread[name] = at.effects[span], np.diag(at.inverse)[span]
        sd = dict(zip([*self.names, CELL], sds, strict=False))
        return Fit(
            variances={**{name: float(one) ** 2 * at.residual for name, one in sd.items()}, RESIDUAL: at.residual},
            fixed=at.effects[: self.f],
            fixed_covariance=at.inverse[: self.f, : self.f] * at.residual,
            effects={name: effect * sd[name] for name, effect in effects.items()},
            errors={name: np.sqrt(own * at.residual) * sd[name] for name, own in spread.items()},
        )


def _indicator(codes: Codes) -> "sparse.csr_array":
    """A row for each observation, with a one in the column of its level."""
    from scipy import sparse

    return sparse.csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)))


def _products(first: "sparse.csr_array", rest: "sparse.csr_array") -> tuple[Numbers, Numbers, Numbers]:
    """Of the first factor with itself (a diagonal), of it with the rest, and of the rest with itself."""
    return (
        np.asarray(first.multiply(first).sum(axis=0)).ravel(),
        (first.T @ rest).toarray(),
        (rest.T @ rest).toarray(),
    )


def _groups(rows: Numbers) -> tuple[Codes, Codes, Numbers]:
    """Rows that are alike: of each group one of its rows, of each row its group, and of each group its size."""
    known: dict[bytes, int] = {}
    group = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows], dtype=np.int64)
    _, one_of, members = np.unique(group, return_index=True, return_counts=True)
    return one_of, group, members.astype(np.float64)
