"""Linear mixed models with several random factors, crossed or nested, and any pattern of missing observations.

y = X·fixed + Σ Z(factor)·u(factor) + cell + e: every u, cell and e is independent and normal. Variances are those of
restricted maximum likelihood (Patterson & Thompson, Biometrika 1971), by Henderson's equations (Biometrics 1975) with
the first factor absorbed, so the work hardly grows with the number of candidates.
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
    found = minimize(
        work.deviance,
        np.full(count, 0.2),
        method="L-BFGS-B",
        bounds=[(0.0, 1e4)] * count,
        options={"ftol": 1e-11, "maxls": 40},
    )
    if not np.isfinite(found.fun):
        raise Undefined("fit", "The model does not fit these marks: its variances could not be found.")
    return work.solution(found.x)


@dataclass(frozen=True)
class _Sums:
    """Products of a design’s columns. first: of the first factor with itself, a diagonal. across: of it with the
    others and y, levels × rest. rest: of the others and y with themselves; y is last.
    """

    first: Numbers
    across: Numbers
    rest: Numbers


class _Work:
    """What stays the same while variances are tried. Variances are tried as ratios to the residual's."""

    def __init__(self, y: Numbers, fixed: Numbers, factors: Mapping[str, Codes], cell: Codes | None) -> None:
        from scipy import sparse

        self.names = list(factors)
        self.has_cell = cell is not None
        self.n, self.f = int(fixed.shape[0]), int(fixed.shape[1])
        if self.n <= self.f + len(self.names):
            raise Undefined("few", "There are too few marks to tell these effects apart.")
        codes = list(factors.values())
        rest = sparse.hstack(
            [sparse.csr_array(fixed), *map(_indicator, codes[1:]), sparse.csr_array(y[:, None])], "csr"
        )
        first = _indicator(codes[0])
        ends = np.cumsum([self.f, *(int(one.max()) + 1 for one in codes[1:])])
        self.spans = [slice(int(low), int(high)) for low, high in pairwise(ends)]
        self.plain = _sums(first, rest)
        # Within a cell R is s²(I + c·J): its inverse takes c/(1 + m·c) of the cell's sum away, so cells go by size m.
        self.cells: dict[int, tuple[int, _Sums]] = {}
        if cell is not None:
            _, which, sizes = np.unique(cell, return_inverse=True, return_counts=True)
            gather = _indicator(which).T.tocsr()
            for size in np.unique(sizes):
                of_size = gather[np.flatnonzero(sizes == size)]
                self.cells[int(size)] = of_size.shape[0], _sums(of_size @ first, of_size @ rest)
        self._refuse_what_does_not_vary(y, fixed)

    @staticmethod
    def _refuse_what_does_not_vary(y: Numbers, fixed: Numbers) -> None:
        left = y - fixed @ np.linalg.lstsq(fixed, y, rcond=None)[0]
        if float(left @ left) <= NOTHING * max(1.0, float(y @ y)):
            raise Undefined("same-score", "The marks do not vary, so there is nothing to explain.")

    def _absorbed(self, ratios: Numbers) -> tuple[Numbers, Numbers, Numbers, float]:
        """Henderson's equations with each factor scaled to variance 1 and the first absorbed.

        Returns what is left (y last), the first factor's diagonal, its rows of the rest, and log|R|.
        """
        first, across, rest, log_r = self.plain.first, self.plain.across, self.plain.rest, 0.0
        if self.has_cell:
            share = float(ratios[-1])
            for size, (many, sums) in self.cells.items():
                less = share / (1 + size * share)
                first, across, rest = first - less * sums.first, across - less * sums.across, rest - less * sums.rest
                log_r += many * math.log1p(size * share)
        scale = np.ones(len(rest))
        for span, ratio in zip(self.spans, ratios[1:], strict=False):
            scale[span] = math.sqrt(ratio)
        diagonal = 1 + ratios[0] * first
        rows = math.sqrt(ratios[0]) * across * scale
        left = rest * np.outer(scale, scale)
        left[np.arange(self.f, len(left) - 1), np.arange(self.f, len(left) - 1)] += 1
        return left - rows.T @ (rows / diagonal[:, None]), diagonal, rows, log_r

    def deviance(self, ratios: Numbers) -> float:
        """Minus twice the restricted log-likelihood, the residual's variance profiled out; a constant is left away."""
        left, diagonal, _, log_r = self._absorbed(ratios)
        try:
            lower = np.linalg.cholesky(left)
        except np.linalg.LinAlgError:
            return math.inf
        # y is the last row: what its pivot is squared is what no effect explains.
        free = self.n - self.f
        logs = float(np.log(np.diag(lower)[:-1]).sum())
        left_over = float(lower[-1, -1])
        return 2 * free * math.log(left_over) + log_r + 2 * logs + float(np.log(diagonal).sum())

    def solution(self, ratios: Numbers) -> Fit:
        """Effects and their errors at the variances that were found."""
        left, diagonal, rows, _ = self._absorbed(ratios)
        inverse: Numbers = np.asarray(np.linalg.inv(left[:-1, :-1]), dtype=np.float64)
        found = inverse @ left[:-1, -1]
        residual = float(left[-1, -1] - left[:-1, -1] @ found) / (self.n - self.f)
        solved = rows[:, :-1] / diagonal[:, None]
        effects = {self.names[0]: rows[:, -1] / diagonal - solved @ found}
        spread = {self.names[0]: 1 / diagonal + np.einsum("ij,jk,ik->i", solved, inverse, solved)}
        for name, span in zip(self.names[1:], self.spans, strict=True):
            effects[name], spread[name] = found[span], np.diag(inverse)[span]
        sd = dict(zip(self.names, np.sqrt(ratios), strict=False))
        variances = {name: float(ratio) * residual for name, ratio in zip(self.names, ratios, strict=False)}
        if self.has_cell:
            variances[CELL] = float(ratios[-1]) * residual
        return Fit(
            variances={**variances, RESIDUAL: residual},
            fixed=found[: self.f],
            fixed_covariance=inverse[: self.f, : self.f] * residual,
            effects={name: effect * sd[name] for name, effect in effects.items()},
            errors={name: np.sqrt(own * residual) * sd[name] for name, own in spread.items()},
        )


def _indicator(codes: Codes) -> "sparse.csr_array":
    """A row for each observation, with a one in the column of its level."""
    from scipy import sparse

    return sparse.csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)))


def _sums(first: "sparse.csr_array", rest: "sparse.csr_array") -> _Sums:
    return _Sums(
        first=np.asarray(first.multiply(first).sum(axis=0)).ravel(),
        across=(first.T @ rest).toarray(),
        rest=(rest.T @ rest).toarray(),
    )
