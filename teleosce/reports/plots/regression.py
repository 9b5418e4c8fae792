"""A station's scores beside the ratings, the line through them, and the cut where it meets “borderline”. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics import Undefined
from teleosce.psychometrics.standards import BORDERLINE, borderline_regression
from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import count, number
from teleosce.reports.plots.plot import Plot, Spec, beside, data, nothing, percent_axis, told
from teleosce.scoring import GRADES

Numbers = NDArray[np.float64]

MOST_DOTS = 1500
"""More dots than that nobody tells apart; a sample is drawn, and the note says so."""


def regression(cohort: Cohort, column: int) -> Plot:
    """A station's scores beside the ratings, the line through them, and the cut where it meets “borderline”."""
    station = cohort.stations[column]
    name, score, grade = f"regression-{column + 1}", cohort.scores[:, column], cohort.grades[:, column]
    try:
        cut = borderline_regression(score, grade)
    except Undefined as missing:
        return nothing(name, f"{station.title}: {missing}")
    rows = np.flatnonzero(np.isfinite(score) & np.isfinite(grade))
    below = int((score[rows] < cut.cut).sum())
    share, own = number(100 * cut.facts["r2"], 0), grade[rows]
    title = (
        f"{station.title}: the cut is {number(cut.cut)} %, {below} of {count(len(rows), 'candidate')} below it; "
        f"ratings explain {share} % of the differences in scores"
    )
    # The slope's own 95 % interval.
    loose = cut.facts["slope"] < 1.96 * cut.facts["residual_se"] / math.sqrt(float(((own - own.mean()) ** 2).sum()))
    title += ", so the cut has little to rest on." if loose else "."
    table = []
    for code, word in enumerate(GRADES):
        own = score[rows][grade[rows] == code]
        low, mean, high = (float(own.min()), float(own.mean()), float(own.max())) if len(own) else (None, None, None)
        table.append((word, len(own), mean, low, high))
    shown = rows if len(rows) <= MOST_DOTS else np.random.default_rng(1).choice(rows, MOST_DOTS, replace=False)
    return Plot(
        name,
        title,
        "A dot is a candidate, moved a little to the side so that dots do not hide each other; the band about the "
        "line is its 95 % interval. The cut is the score that the line gives at “borderline”."
        + (f" A sample of {MOST_DOTS} is drawn." if len(rows) > MOST_DOTS else ""),
        f"Scores rise by {number(cut.facts['slope'])} points with each step of the rating; {title}",
        ("Rating", "Candidates", "Mean score, %", "Lowest, %", "Highest, %"),
        tuple(table),
        _regression(cohort, column, shown, cut.cut, _line(cut, score[rows], grade[rows])),
    )


def _line(cut: Any, score: Numbers, grade: Numbers) -> list[dict[str, float]]:
    """The fitted line with the 95 % interval of the mean, from the lowest to the highest rating."""
    mean, spread, n = float(grade.mean()), float(((grade - grade.mean()) ** 2).sum()), len(score)
    found = []
    for at in np.linspace(-0.35, 4.35, 24):
        y = cut.facts["intercept"] + cut.facts["slope"] * at
        half = 1.96 * cut.facts["residual_se"] * math.sqrt(1 / n + (at - mean) ** 2 / spread)
        if -2 <= y <= 102:
            low, high = max(0.0, y - half), min(100.0, y + half)
            found.append({"grade": float(at), "score": min(100.0, max(0.0, y)), "low": low, "high": high})
    return found


def _regression(
    cohort: Cohort, column: int, rows: NDArray[np.int64], cut: float, line: Sequence[Mapping[str, float]]
) -> Spec:
    jitter = np.random.default_rng(column).uniform(-0.24, 0.24, len(cohort.candidates))
    dots = [
        {
            "at": float(cohort.grades[row, column] + jitter[row]),
            "score": float(cohort.scores[row, column]),
            "rating": GRADES[int(cohort.grades[row, column])],
            "who": cohort.candidates[row],
            "side": "below the cut" if cohort.scores[row, column] < cut else "at or above the cut",
        }
        for row in rows.tolist()
    ]
    x = {
        "field": "at",
        "type": "quantitative",
        "title": "Global rating",
        "scale": {"domain": [-0.5, 4.5], "nice": False},
        "axis": {
            "values": [0, 1, 2, 3, 4],
            "labelExpr": f"{list(GRADES)}[datum.value]",
            "grid": False,
            "labelOverlap": False,
        },
    }
    y = percent_axis("Score, % of the points", field="score")
    sides = ["at or above the cut", "below the cut"]
    return {
        "width": "$width",
        "height": 320,
        "layer": [
            {
                "data": data([{"from": BORDERLINE - 0.42, "to": BORDERLINE + 0.42}]),
                "mark": {"type": "rect", "color": "$fair-soft", "opacity": 1},
                "encoding": {"x": {"field": "from", "type": "quantitative"}, "x2": {"field": "to"}},
            },
            {
                "data": data(line),
                "mark": {"type": "area", "color": "$accent", "opacity": 0.16},
                "encoding": {"x": x | {"field": "grade"}, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": data(line),
                "mark": {"type": "line", "color": "$accent", "strokeWidth": 2.2},
                "encoding": {"x": x | {"field": "grade"}, "y": y},
            },
            {
                "data": data(dots),
                "mark": {"type": "point", "strokeWidth": 1.3, "size": 46, "opacity": 0.9},
                "encoding": {
                    "x": x,
                    "y": y,
                    "shape": {
                        "field": "side",
                        "type": "nominal",
                        "scale": {"domain": sides, "range": ["circle", "cross"]},
                        "legend": {"title": None},
                    },
                    "color": {
                        "field": "side",
                        "type": "nominal",
                        "scale": {"domain": sides, "range": ["$accent", "$bad"]},
                        "legend": {"title": None},
                    },
                    "fill": {
                        "field": "side",
                        "type": "nominal",
                        "scale": {"domain": sides, "range": ["$accent-soft", "$bad"]},
                        "legend": {"title": None},
                    },
                    "tooltip": told(("who", "Candidate"), ("score", "Score, %", ".1f"), ("rating", "Rating")),
                },
            },
            {
                "data": data([{"score": cut}]),
                "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 1.6, "color": "$bad"},
                "encoding": {"y": y},
            },
            beside([{"score": cut, "said": f"cut {number(cut)}"}], y),
        ],
    }
