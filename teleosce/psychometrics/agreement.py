"""How far two or more examiners agree on the same encounters.

Grades are whole numbers from 0, with the number of categories given: a category that nobody used counts as well.
Ratings are arrays of encounters × examiners, NaN where an examiner did not mark.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]


@dataclass(frozen=True)
class Agreement:
    """A coefficient of agreement; `observed` is the plain share of agreement, by the same weights, where it has one."""

    value: float
    n: int
    observed: float | None = None
    low: float | None = None
    high: float | None = None


def kappa(first: Numbers, second: Numbers, categories: int, weights: Weights = "none") -> Agreement:
    """Cohen's kappa, or weighted kappa, of two examiners.

    Sources: Cohen, Educ Psychol Meas 1960; Cohen, Psychol Bull 1968. Raises Undefined without an encounter that both
    marked (`few`), and when both gave one and the same category throughout (`same-rating`).
    """
    both = np.isfinite(first) & np.isfinite(second)
    a, b = first[both].astype(int), second[both].astype(int)
    if not len(a):
        raise Undefined("few", "The two have marked no encounter in common.")
    table = np.zeros((categories, categories))
    np.add.at(table, (a, b), 1 / len(a))
    agree = 1 - _distance(categories, weights)
    expected = float((agree * np.outer(table.sum(1), table.sum(0))).sum())
    if math.isclose(expected, 1):
        raise Undefined("same-rating", "Both gave the same category to all, so chance alone would agree as well.")
    seen = float((agree * table).sum())
    return Agreement((seen - expected) / (1 - expected), len(a), seen)


def _distance(categories: int, weights: Weights) -> Numbers:
    step = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))).astype(float)
    if weights == "none":
        return (step > 0).astype(float)
    far = step / max(categories - 1, 1)
    return far if weights == "linear" else far**2


def fleiss_kappa(ratings: Numbers, categories: int) -> Agreement:
    """Fleiss' kappa of any examiners, the same number of them for each encounter (not Conger's exact kappa).

    Source: Fleiss, Psychol Bull 1971. Raises Undefined: `few`, `uneven` when encounters have different numbers of
    marks, `same-rating`.
    """
    whole = ratings[np.isfinite(ratings).any(axis=1)]
    counts = np.stack([(whole == category).sum(axis=1) for category in range(categories)], axis=1).astype(float)
    marks = counts.sum(axis=1)
    if len(counts) < 2 or marks.max(initial=0) < 2:
        raise Undefined("few", "At least 2 encounters with 2 marks each are needed.")
    if np.ptp(marks) > 0:
        raise Undefined("uneven", "Encounters have different numbers of marks; Krippendorff’s alpha takes those.")
    m = marks[0]
    seen = float(((counts**2).sum(axis=1) - m).mean() / (m * (m - 1)))
    share = counts.sum(axis=0) / counts.sum()
    expected = float((share**2).sum())
    if math.isclose(expected, 1):
        raise Undefined("same-rating", "Everybody gave the same category to all.")
    return Agreement((seen - expected) / (1 - expected), len(counts), seen)


def krippendorff_alpha(ratings: Numbers, level: Level = "ordinal") -> Agreement:
    """Krippendorff's alpha: any number of examiners and of missing marks.

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011. Raises Undefined: `few` without an encounter
    with two marks, `same-rating` without any variation.
    """
    pairable = ratings[np.isfinite(ratings).sum(axis=1) >= 2]
    if not len(pairable):
        raise Undefined("few", "No encounter was marked twice.")
    values = np.unique(pairable[np.isfinite(pairable)])
    counts = np.stack([(pairable == value).sum(axis=1) for value in values], axis=1).astype(float)
    marks = counts.sum(axis=1)
    together = np.einsum("uc,uk->ck", counts / (marks - 1)[:, None], counts) - np.diag(
        (counts / (marks - 1)[:, None]).sum(0)
    )
    margin = together.sum(axis=1)
    n = margin.sum()
    far = _differences(level)(values, margin)
    expected = float((np.outer(margin, margin) * far).sum() / (n - 1))
    if expected <= 1e-15:
        raise Undefined("same-rating", "Everybody gave the same to all, so there is nothing to agree about.")
    return Agreement(1 - float((together * far).sum()) / expected, len(pairable))


def _differences(level: Level) -> Callable[[Numbers, Numbers], Numbers]:
    def nominal(values: Numbers, _margin: Numbers) -> Numbers:
        return np.asarray(values[:, None] != values[None, :], dtype=np.float64)

    def ordinal(_values: Numbers, margin: Numbers) -> Numbers:
        reach = np.cumsum(margin) - margin / 2
        return (reach[:, None] - reach[None, :]) ** 2

    def interval(values: Numbers, _margin: Numbers) -> Numbers:
        return (values[:, None] - values[None, :]) ** 2

    def ratio(values: Numbers, _margin: Numbers) -> Numbers:
        total = values[:, None] + values[None, :]
        return np.where(total == 0, 0, (values[:, None] - values[None, :]) / np.where(total == 0, 1, total)) ** 2

    return {"nominal": nominal, "ordinal": ordinal, "interval": interval, "ratio": ratio}[level]


IccForm = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]


@dataclass(frozen=True)
class _Squares:
    """Mean squares of a table of n encounters × k examiners."""

    n: int
    k: int
    between: float
    judges: float
    within: float
    error: float


def icc(ratings: Numbers, form: IccForm, confidence: float = 0.95) -> Agreement:
    """An intraclass correlation by its name in Shrout & Fleiss, with its interval, on encounters that all marked.

    1: each encounter by examiners of its own; 2: the same examiners, a sample of all; 3: just these examiners. k: of
    the mean of all examiners. Source: Shrout & Fleiss, Psychol Bull 1979; intervals as there. `low` is None
    where the lower bound lies below −1/(k − 1), the least that agreement of a single examiner can be: the marks set no
    bound then. Raises Undefined: `few`, `same-score`, and `within` when the figure itself would lie there.
    """
    whole = ratings[np.isfinite(ratings).all(axis=1)]
    n, k = whole.shape
    if n < 2 or k < 2:
        raise Undefined("few", "At least 2 encounters that the same 2 examiners marked are needed.")
    mean = whole.mean()
    between = k * float(((whole.mean(axis=1) - mean) ** 2).sum()) / (n - 1)
    judges = n * float(((whole.mean(axis=0) - mean) ** 2).sum()) / (k - 1)
    within = float(((whole - whole.mean(axis=1, keepdims=True)) ** 2).sum()) / (n * (k - 1))
    error = (within * n - judges) / (n - 1)
    if between <= 1e-12 or error <= 1e-12:
        raise Undefined(
            "same-score", "The marks do not vary as they must for this: examiners or encounters are all alike."
        )
    squares = _Squares(n, k, between, judges, within, error)
    bounds = _absolute(squares, 1 - confidence) if form[4] == "2" else _by_ratio(form[4], squares, 1 - confidence)
    least = -1 / (k - 1)
    if bounds[0] <= least:
        raise Undefined("within", "Examiners of one encounter differ more than encounters do: there is no agreement.")
    bounded = bounds[1] > least
    if form.endswith("k)"):
        bounds = [k * x / (1 + (k - 1) * x) if x > least else x for x in bounds]
    return Agreement(bounds[0], n, None, bounds[1] if bounded else None, bounds[2])


def _by_ratio(form: str, of: _Squares, risk: float) -> list[float]:
    """Forms 1 and 3 of a single examiner, and their bounds (Shrout & Fleiss 1979, pp. 424 and 426)."""
    from scipy.special import fdtri

    noise, free = (of.within, of.n * (of.k - 1)) if form == "1" else (of.error, (of.n - 1) * (of.k - 1))
    ratio = of.between / noise
    lower = ratio / float(fdtri(of.n - 1, free, 1 - risk / 2))
    upper = ratio * float(fdtri(free, of.n - 1, 1 - risk / 2))
    return [(x - 1) / (x + of.k - 1) for x in (ratio, lower, upper)]


def _absolute(of: _Squares, risk: float) -> list[float]:
    """Form 2 of a single examiner, and its bounds (Shrout & Fleiss 1979, p. 425)."""
    from scipy.special import fdtri

    n, k = of.n, of.k
    value = (of.between - of.error) / (of.between + (k - 1) * of.error + k * (of.judges - of.error) / n)
    ratio = of.judges / of.error
    inner = n * (1 + (k - 1) * value) - k * value
    free = (k - 1) * (n - 1) * (k * value * ratio + inner) ** 2 / ((n - 1) * k**2 * value**2 * ratio**2 + inner**2)
    upper = float(fdtri(n - 1, free, 1 - risk / 2))
    lower = float(fdtri(free, n - 1, 1 - risk / 2))
    rest = k * of.judges + (k * n - k - n) * of.error
    return [
        value,
        n * (of.between - upper * of.error) / (upper * rest + n * of.between),
        n * (lower * of.between - of.error) / (rest + n * lower * of.between),
    ]


@dataclass(frozen=True)
class Limits:
    """Bland–Altman: the mean difference (first − second), and the limits of agreement, with 95 % bounds of each."""

    bias: float
    bias_se: float
    low: float
    high: float
    limit_se: float
    n: int


def bland_altman(first: Numbers, second: Numbers) -> Limits:
    """Mean difference ± 1.96 standard deviations. Source: Bland & Altman, Lancet 1986. Raises Undefined (`few`)."""
    difference = (first - second)[np.isfinite(first) & np.isfinite(second)]
    n = len(difference)
    if n < 3:
        raise Undefined("few", "At least 3 encounters that both marked are needed.")
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    return Limits(bias, sd / math.sqrt(n), bias - 1.96 * sd, bias + 1.96 * sd, sd * math.sqrt(3 / n), n)
