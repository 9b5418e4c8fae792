"""Where the line is at one station: methods of setting a cut score.

A score is the station percentage (0 to 100); a grade the global rating coded 0 to 4 (fail, borderline, pass, good,
excellent). Both are arrays with an element for each candidate, NaN where missing. Cuts are never rounded.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics.exam import alike
from teleosce.psychometrics.undefined import Undefined

Numbers = NDArray[np.float64]

BORDERLINE = 1
SMALL_COHORT = 50
"""Below so many candidates a regression's cut is little to lean on (Homer et al., Med Teach 2016; AMEE guide 49)."""

AGREED = "The judges agree entirely, so their spread says nothing of how sure the line is."


@dataclass(frozen=True)
class Cut:
    """A cut score in percent. se: its standard error by the formula named in `se_is`, None where there is none.

    n: how many candidates (for Angoff: judges) it rests on. facts: the method's own figures, by name.
    """

    method: str
    cut: float
    se: float | None
    se_is: str
    n: int
    facts: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def borderline_regression(score: Numbers, grade: Numbers, at: float = BORDERLINE) -> Cut:
    """The score that ordinary least squares of score on grade predicts at the grade `at`.

    se is that of the fitted mean: s·√(1/n + (at − ḡ)²/Σ(g − ḡ)²), s² with n − 2. facts: slope and intercept, r2,
    residual_se (n − 2) and rmse (n): the literature calls either “RMSE”. A pair with a missing half is left out.
    Source: Kramer et al., Med Educ 2003; Pell et al., AMEE guide 49, Med Teach 2010.

    Raises Undefined for fewer than 3 pairs (`few`), one grade only (`same-rating`), one score only (`same-score`),
    and a slope that is not positive (`slope`).
    """
    score, grade = _pairs(score, grade)
    n = len(score)
    if n < 3:
        raise Undefined(
            "few", f"A regression needs at least 3 candidates with both a score and a rating; here {_are(n)}."
        )
    across = grade - grade.mean()
    spread = float(across @ across)
    if spread == 0:
        raise Undefined("same-rating", "All candidates have the same global rating, so there is no line to draw.")
    if alike(score):
        raise Undefined("same-score", "All candidates have the same score, so ratings tell nothing about scores.")
    slope = float(across @ score) / spread
    if slope <= 1e-12:
        raise Undefined("slope", "Better ratings do not go with higher scores here, so the line has no meaning.")
    mean = float(score.mean())
    residual = score - mean - slope * across
    left = float(residual @ residual)
    total = float(((score - mean) ** 2).sum())
    s = math.sqrt(left / (n - 2)) if n > 2 else 0.0
    away = at - float(grade.mean())
    return Cut(
        method="borderline-regression",
        cut=mean + slope * away,
        se=s * math.sqrt(1 / n + away**2 / spread),
        se_is="standard error of the fitted mean",
        n=n,
        facts={
            "slope": slope,
            "intercept": mean - slope * float(grade.mean()),
            "r2": 1 - left / total,
            "residual_se": s,
            "rmse": math.sqrt(left / n),
            "borderline": float((grade == BORDERLINE).sum()),
        },
        warnings=(*_small(n), *_outside(grade, at)),
    )


def borderline_group(score: Numbers, grade: Numbers) -> Cut:
    """The mean score of those rated borderline; se is sd/√n.

    Source: Wilkinson et al., Med Educ 2001. Raises Undefined when fewer than 3 are borderline (`few`), all are
    (`same-rating`) or all candidates have the same score (`same-score`).
    """
    score, grade = _pairs(score, grade)
    group, better = score[grade == BORDERLINE], score[grade > BORDERLINE]
    n = len(group)
    if n < 3:
        raise Undefined("few", f"The method needs at least 3 candidates rated borderline; here {_are(n)}.")
    if n == len(score):
        # Their mean would fail about half of them, whatever they can do.
        raise Undefined("same-rating", "All candidates were rated borderline, so ratings tell nobody from anybody.")
    _differ(score)
    same = alike(group)
    sd = 0.0 if same else float(group.std(ddof=1))
    few = f"Only {n} candidates were rated borderline."
    untold = "All who were rated borderline have the same score, so how sure the cut is cannot be told."
    mean = float(group.mean())
    order = "Those rated better than borderline do not score higher on average than those rated borderline."
    above = len(better) > 0 and float(better.mean()) <= mean
    warnings = tuple(said for said, holds in ((few, n < 10), (untold, same), (order, above)) if holds)
    return Cut(
        "borderline-group",
        mean,
        None if same else sd / math.sqrt(n),
        "" if same else "sd/√n",
        n,
        {"sd": sd, "median": float(np.median(group))},
        warnings,
    )


def contrasting_groups(score: Numbers, grade: Numbers, passes_from: int = 2) -> Cut:
    """Where the scores of those rated below `passes_from` and those from it on are equally likely.

    Each group is taken as normal; the cut is where the two densities, each by itself, meet between the means. No
    formula gives its standard error: bootstrap it. Source: Livingston & Zieky, Passing Scores, ETS 1982.

    Raises Undefined when a group has fewer than 3 (`few`), no spread (`same-score`), or the lower group does not score
    lower (`order`).
    """
    score, grade = _pairs(score, grade)
    low, high = score[grade < passes_from], score[grade >= passes_from]
    if min(len(low), len(high)) < 3:
        raise Undefined(
            "few",
            "The method needs at least 3 candidates in each group; "
            f"{len(low)} were rated below the line and {len(high)} on or above it.",
        )
    (a, sa), (b, sb) = ((float(x.mean()), float(x.std(ddof=1))) for x in (low, high))
    if alike(low) or alike(high):
        raise Undefined("same-score", "All candidates of one group have the same score, so their scores have no shape.")
    if a >= b:
        raise Undefined(
            "order", "Those rated below the line did not score lower on average, so there is no line between."
        )
    facts = {"low_n": len(low), "low_mean": a, "low_sd": sa, "high_n": len(high), "high_mean": b, "high_sd": sb}
    warnings = (
        (f"Only {min(len(low), len(high))} candidates are in one of the groups.",)
        if min(len(low), len(high)) < 10
        else ()
    )
    return Cut("contrasting-groups", _meet(a, sa, b, sb), None, "", len(score), facts, warnings)


def _meet(a: float, sa: float, b: float, sb: float) -> float:
    """Where two normal densities are equal, between their means; nearest to the middle if that lies outside."""
    if math.isclose(sa, sb, rel_tol=1e-9):
        return (a + b) / 2
    p, q = 1 / (2 * sa**2), 1 / (2 * sb**2)
    roots = np.roots([p - q, 2 * (q * b - p * a), p * a**2 - q * b**2 + math.log(sa / sb)])
    # With very unequal spreads the wider density may be above the other all the way between the means: then no root
    # is real there, and the point where each is as far off in its own standard deviations stands in.
    inside = [float(root.real) for root in roots if abs(root.imag) < 1e-9 and a <= root.real <= b]
    return inside[0] if inside else (a * sb + b * sa) / (sa + sb)


def cohen(score: Numbers, percentile: float = 95, share: float = 0.60, chance: float = 0.0) -> Cut:
    """`share` of the way from `chance` to the score at `percentile`.

    0.60 of the 95th percentile is Cohen's; “modified Cohen” differs by author (0.65 of the 90th: Taylor, Med Teach
    2011), so both are parameters and are told in facts. Percentiles are numpy's (type 7).
    Source: Cohen-Schotanus & van der Vleuten, Med Teach 2010. Raises Undefined for fewer than 3 scores (`few`)
    or scores that are all the same (`same-score`).
    """
    known = score[np.isfinite(score)]
    if len(known) < 3:
        raise Undefined("few", f"A percentile of scores needs at least 3 candidates; here {_are(len(known))}.")
    _differ(known)
    best = float(np.percentile(known, percentile))
    return Cut(
        "cohen",
        chance + share * (best - chance),
        None,
        "",
        len(known),
        {"percentile": percentile, "share": share, "chance": chance, "best": best},
        _small(len(known)),
    )


def angoff(judgements: Numbers, weights: Numbers | None = None) -> Cut:
    """The mean over judges of what each expects of a borderline candidate.

    judgements: judges × items, the share (0 to 1) of an item's points that a borderline candidate gets; NaN where a
    judge said nothing: that judge's mean is of the items judged. weights: of the items, equal when left out; below 0
    for an item that costs points when it is done. se is the standard deviation of the judges' cuts/√judges; None where
    all have one and the same cut, as that tells nothing of what other judges would say.
    Source: Angoff 1971; Norcini, Med Educ 2003.

    Raises Undefined for fewer than 2 judges (`few`).
    """
    cuts = judges_cuts(judgements, weights)
    cuts = cuts[np.isfinite(cuts)]
    if len(cuts) < 2:
        raise Undefined("few", f"The method needs at least 2 judges; here {_are(len(cuts))}.")
    agreed = alike(cuts)
    sd = 0.0 if agreed else float(cuts.std(ddof=1))
    few = "Fewer than 6 judges: another panel could well differ."
    warnings = tuple(said for said, holds in ((few, len(cuts) < 6), (AGREED, agreed)) if holds)
    return Cut(
        "angoff",
        float(cuts.mean()),
        None if agreed else sd / math.sqrt(len(cuts)),
        "" if agreed else "sd of judges/√judges",
        len(cuts),
        {"sd": sd},
        warnings,
    )


def judges_cuts(judgements: Numbers, weights: Numbers | None = None) -> Numbers:
    """Each judge's own cut in percent, as `angoff` takes them; NaN for one who judged nothing that is worth points."""
    weight = np.ones(judgements.shape[1]) if weights is None else weights
    known = np.isfinite(judgements)
    worth = known @ np.maximum(weight, 0)
    reached = np.maximum(np.where(known, judgements, 0) @ weight, 0)
    cuts: Numbers = np.divide(100 * reached, worth, out=np.full(len(judgements), np.nan), where=worth > 0)
    return cuts


@dataclass(frozen=True)
class Judged:
    """What a panel makes of a station: its cut, and each judge's own, in percent, by the judge's name."""

    cut: Cut
    judges: Mapping[str, float]


def judged(judgements: Numbers, names: Sequence[str], weights: Numbers | None = None) -> Judged:
    """`angoff` with who judged what. Raises Undefined as that does."""
    own = dict(zip(names, judges_cuts(judgements, weights).tolist(), strict=True))
    return Judged(angoff(judgements, weights), {name: cut for name, cut in own.items() if math.isfinite(cut)})


def panel_mark(stations: Sequence[Judged]) -> Cut:
    """The pass mark of an exam by a panel: of each judge the mean over all stations, and of these the mean.

    se is the standard deviation between judges/√judges; they differ as a whole, so stations are not independent.
    Judges who left a station out have no part in it. Raises Undefined for fewer than 2 judges of all stations (`few`).
    """
    if not stations:
        raise Undefined("few", "No panel has judged a station yet.")
    everywhere = [name for name in stations[0].judges if all(name in one.judges for one in stations)]
    table = np.array([[one.judges[name] for one in stations] for name in everywhere]).reshape(-1, len(stations))
    return angoff(table / 100)


def fixed(cut: float) -> Cut:
    """A cut that was agreed beforehand, in percent."""
    return Cut("fixed", cut, None, "", 0)


def _pairs(score: Numbers, grade: Numbers) -> tuple[Numbers, Numbers]:
    both = np.isfinite(score) & np.isfinite(grade)
    return score[both], grade[both]


def _differ(score: Numbers) -> None:
    if alike(score):
        raise Undefined("same-score", "All candidates have the same score, so scores tell nobody from anybody.")


def _are(n: int) -> str:
    return "there is 1" if n == 1 else f"there are {n or 'none'}"


def _small(n: int) -> tuple[str, ...]:
    return (
        (f"Only {n} candidates: below {SMALL_COHORT}, another cohort could well give another cut.",)
        if n < SMALL_COHORT
        else ()
    )


def _outside(grade: Numbers, at: float) -> tuple[str, ...]:
    if grade.min() <= at <= grade.max():
        return ()
    return ("Nobody was rated borderline or below, so the line is drawn beyond what was seen.",)
