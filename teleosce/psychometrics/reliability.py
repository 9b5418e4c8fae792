"""How far a total would come out the same again. Scores are arrays of candidates × parts, NaN where missing."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient, and the candidates and parts it rests on: those without a missing part."""

    value: float
    n: int
    parts: int


def complete(scores: Numbers) -> Numbers:
    """The candidates with all parts. Raises Undefined (`few`) for fewer than 3 of them or fewer than 2 parts."""
    whole = scores[np.isfinite(scores).all(axis=1)]
    if scores.shape[1] < 2:
        raise Undefined("few", "Consistency is between parts: with one part there is none.")
    if len(whole) < 3:
        raise Undefined("few", f"At least 3 candidates with every part are needed; {len(whole) or 'none'} so far.")
    return whole


def alpha(scores: Numbers) -> Coefficient:
    """Cronbach's alpha: k/(k−1)·(1 − Σ var(part)/var(total)), sample variances, listwise.

    A part without any variance stays in. Source: Cronbach, Psychometrika 1951. Raises Undefined: `few`, or
    `same-score` when all totals are the same.
    """
    whole = complete(scores)
    parts = whole.shape[1]
    total = float(whole.sum(axis=1).var(ddof=1))
    if total <= 1e-12:
        raise Undefined("same-score", "All candidates have the same total, so nothing tells them apart.")
    return Coefficient(parts / (parts - 1) * (1 - float(whole.var(axis=0, ddof=1).sum()) / total), len(whole), parts)


def alpha_if_deleted(scores: Numbers) -> list[float | None]:
    """Alpha without each part in turn, in the order of the parts; None where that is undefined."""
    found: list[float | None] = []
    for part in range(scores.shape[1]):
        try:
            found.append(alpha(np.delete(complete(scores), part, axis=1)).value)
        except Undefined:
            found.append(None)
    return found


def omega(scores: Numbers) -> Coefficient:
    """McDonald's omega total of one factor, fitted to the covariances by maximum likelihood.

    (Σ loadings)²/((Σ loadings)² + Σ uniquenesses). Source: McDonald, Test Theory 1999. Raises Undefined as `alpha`, for
    fewer than 3 parts (`few`), a part without variance (`same-score`), and when the fit ends at a boundary (`fit`).
    """
    from scipy.optimize import minimize

    whole = complete(scores)
    n, parts = whole.shape
    if parts < 3:
        raise Undefined("few", "One factor needs at least 3 parts.")
    if n <= parts:
        raise Undefined("few", f"One factor of {parts} parts needs more than {parts} candidates; here are {n}.")
    sd = whole.std(axis=0, ddof=1)
    if (sd < 1e-12).any():
        raise Undefined("same-score", "A part on which all candidates have the same score has no place in a factor.")
    seen = np.corrcoef(whole, rowvar=False)

    def misfit(x: Numbers) -> tuple[float, Numbers]:
        # Discrepancy of maximum likelihood, log|Σ| + tr(SΣ⁻¹), by loadings and log uniquenesses, with its gradient.
        loading, unique = x[:parts], np.exp(x[parts:])
        inverse_unique = 1 / unique
        scaled = loading * inverse_unique
        grown = 1 + float(loading @ scaled)
        inverse = np.diag(inverse_unique) - np.outer(scaled, scaled) / grown
        gradient = inverse - inverse @ seen @ inverse
        value = float(np.log(unique).sum()) + math.log(grown) + float((seen * inverse).sum())
        return value, np.concatenate([2 * gradient @ loading, np.diag(gradient) * unique])

    start = np.concatenate([np.full(parts, 0.5), np.log(np.full(parts, 0.75))])
    bounds = [(None, None)] * parts + [(math.log(1e-3), math.log(1.5))] * parts
    fitted = minimize(misfit, start, jac=True, method="L-BFGS-B", bounds=bounds)
    loading, unique = fitted.x[:parts] * sd, np.exp(fitted.x[parts:]) * sd**2
    if not fitted.success or (np.exp(fitted.x[parts:]) < 2e-3).any():
        raise Undefined("fit", "One factor does not fit: a single part would have to explain everything by itself.")
    common = float(loading.sum()) ** 2
    return Coefficient(common / (common + float(unique.sum())), n, parts)


def standard_error(scores: Numbers, reliability: float) -> float:
    """The standard error of measurement of the mean over parts, in the unit of the scores: sd·√(1 − reliability).

    Raises Undefined as `complete`. A reliability below 0 counts as 0.
    """
    sd = float(complete(scores).mean(axis=1).std(ddof=1))
    return sd * math.sqrt(1 - min(max(reliability, 0.0), 1.0))


def corrected_correlations(scores: Numbers) -> list[float | None]:
    """For each part, the correlation with the sum of the others (the part itself removed); None without variance."""
    whole = complete(scores)
    rest = whole.sum(axis=1, keepdims=True) - whole
    return [_correlation(whole[:, part], rest[:, part]) for part in range(whole.shape[1])]


def _correlation(x: Numbers, y: Numbers) -> float | None:
    if x.std() < 1e-12 or y.std() < 1e-12:
        return None
    return float(np.corrcoef(x, y)[0, 1])
