"""Do marks rise or fall over the day? Pure.

Each first mark of an encounter, less what its examiner gives on average at the station, against the hours since the
first. The slope is by least squares after the same was taken from the hours (Frisch & Waugh), and its error counts
the marks of one candidate as one (Liang & Zeger, Biometrika 1986). It takes for granted that strong candidates were
not all put early, or late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics import Undefined
from teleosce.psychometrics.exam import alike
from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import count, number
from teleosce.reports.plots.plot import Plot, Spec, data, nothing, told

Numbers = NDArray[np.float64]

HOUR_MS = 3_600_000
FEWEST = 10
"""Candidates that such an error needs; below, it is too small to be believed."""


@dataclass(frozen=True)
class Slope:
    """Points an hour with a 95 % interval, and the marks that it is made of: their hours, residuals and numbers."""

    an_hour: float
    low: float
    high: float
    hours: Numbers
    beside: Numbers
    marks: NDArray[np.int64]


def slope_of(cohort: Cohort) -> Slope:
    """The drift of first marks. Raises Undefined (`few`, `same-time`, `same-score`)."""
    from scipy.special import stdtrit

    marks = _first(cohort)
    place = cohort.long_station[marks] * len(cohort.examiners) + cohort.long_examiner[marks]
    _, place = np.unique(place, return_inverse=True)
    many = np.bincount(place)
    # Who gave one mark at a station tells nothing about change.
    marks, place = marks[many[place] > 1], place[many[place] > 1]
    people, who = np.unique(cohort.long_candidate[marks], return_inverse=True)
    if len(people) < FEWEST:
        raise Undefined(
            "few", f"Drift over the day needs at least {FEWEST} candidates with marks; here are {len(people)}."
        )
    hours = (cohort.long_at_ms[marks] - cohort.long_at_ms[marks].min()) / HOUR_MS
    x, y = _within(hours, place), _within(cohort.long_score[marks], place)
    spread = float(x @ x)
    if spread < 1e-6:
        raise Undefined("same-time", "All marks of each examiner were submitted at one time, so no drift can be seen.")
    if alike(y):
        raise Undefined("same-score", "Each examiner gave everybody the same, so no drift can be seen.")
    slope = float(x @ y) / spread
    sums = np.bincount(who, weights=x * (y - slope * x))
    error = float(np.sqrt((sums**2).sum() * len(people) / (len(people) - 1))) / spread
    half = float(stdtrit(len(people) - 1, 0.975)) * error
    return Slope(slope, slope - half, slope + half, hours, y, marks)


def _first(cohort: Cohort) -> NDArray[np.int64]:
    """The earliest mark of each encounter."""
    order = np.argsort(cohort.long_at_ms, kind="stable")
    seen, found = set[str](), []
    for mark in order.tolist():
        if cohort.long_encounter[mark] not in seen and np.isfinite(cohort.long_score[mark]):
            seen.add(cohort.long_encounter[mark])
            found.append(mark)
    return np.array(found, dtype=np.int64)


def _within(value: Numbers, group: NDArray[np.int64]) -> Numbers:
    _, group = np.unique(group, return_inverse=True)
    mean = np.bincount(group, weights=value) / np.bincount(group)
    within: Numbers = value - mean[group]
    return within


def drift(cohort: Cohort) -> Plot:
    """Marks over the day with the line through them."""
    try:
        slope = slope_of(cohort)
    except Undefined as missing:
        return nothing("drift", str(missing))
    points, interval = (
        number(abs(slope.an_hour)),
        f"{number(slope.low, signed=True)} to {number(slope.high, signed=True)}",
    )
    way = "rise" if slope.an_hour > 0 else "fall"
    if slope.low <= 0 <= slope.high:
        title = (
            f"No drift over the day is to be seen: {number(slope.an_hour, signed=True)} points an hour ({interval})."
        )
    else:
        title = f"Marks {way} over the day, by {points} points an hour (95 % interval {interval})."
    bins = _bins(slope)
    return Plot(
        "drift",
        title,
        "A dot is a mark, less the mean of its examiner’s marks at that station; squares are means of an hour with "
        "95 % intervals. Whether examiners change or candidates do, and whether abler ones came earlier, it cannot "
        "tell.",
        f"{count(len(slope.marks), 'mark')} over {number(float(slope.hours.max()))} hours; {title}",
        (
            "Hours since the first mark, from",
            "to",
            "Marks",
            "Mean beside the examiner’s own, points",
            "95 % interval from",
            "to",
        ),
        tuple((one["from"], one["to"], one["n"], one["mean"], one["low"], one["high"]) for one in bins),
        _spec(cohort, slope, bins),
    )


def _bins(slope: Slope) -> list[dict[str, Any]]:
    from scipy.special import stdtrit

    found = []
    for hour in range(int(slope.hours.max()) + 1):
        own = slope.beside[(slope.hours >= hour) & (slope.hours < hour + 1)]
        if len(own) < 5:
            continue
        half = float(stdtrit(len(own) - 1, 0.975) * own.std(ddof=1) / np.sqrt(len(own)))
        mean = float(own.mean())
        found.append(
            {
                "from": hour,
                "to": hour + 1,
                "at": hour + 0.5,
                "n": len(own),
                "mean": mean,
                "low": mean - half,
                "high": mean + half,
            }
        )
    return found


def _spec(cohort: Cohort, slope: Slope, bins: Sequence[Mapping[str, Any]]) -> Spec:
    some = np.arange(len(slope.marks))
    if len(some) > 1500:
        some = np.random.default_rng(1).choice(some, 1500, replace=False)
    dots = [
        {
            "hours": float(slope.hours[at]),
            "beside": float(slope.beside[at]),
            "who": cohort.examiners[int(cohort.long_examiner[slope.marks[at]])],
            "station": cohort.stations[int(cohort.long_station[slope.marks[at]])].title,
        }
        for at in some.tolist()
    ]
    ends = [float(slope.hours.min()), float(slope.hours.max())]
    middle = float(slope.hours.mean())
    line = [{"hours": at, "beside": slope.an_hour * (at - middle)} for at in ends]
    x = {
        "field": "hours",
        "type": "quantitative",
        "title": "Hours since the first mark",
        "scale": {"nice": False, "zero": False},
        "axis": {"grid": False, "tickMinStep": 1},
    }
    y = {"field": "beside", "type": "quantitative", "title": "Points beside the examiner’s mean"}
    return {
        "width": "$width",
        "height": 280,
        "layer": [
            {
                "data": data([{"zero": 0}]),
                "mark": {"type": "rule", "color": "$line-strong"},
                "encoding": {"y": {"field": "zero", "type": "quantitative"}},
            },
            {
                "data": data(dots),
                "mark": {"type": "point", "color": "$accent", "size": 22, "opacity": 0.55},
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": told(("who", "Examiner"), ("station", "Station"), ("beside", "Points", "+.1f")),
                },
            },
            {
                "data": data(line),
                "mark": {"type": "line", "color": "$accent-strong", "strokeWidth": 2.2},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": data(bins),
                "mark": {"type": "rule", "color": "$fair", "strokeWidth": 2},
                "encoding": {"x": x | {"field": "at"}, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": data(bins),
                "mark": {
                    "type": "point",
                    "filled": True,
                    "shape": "square",
                    "color": "$fair",
                    "size": 55,
                    "opacity": 1,
                },
                "encoding": {
                    "x": x | {"field": "at"},
                    "y": y | {"field": "mean"},
                    "tooltip": told(
                        ("n", "Marks", "d"),
                        ("mean", "Mean, points", "+.1f"),
                        ("low", "from", "+.1f"),
                        ("high", "to", "+.1f"),
                    ),
                },
            },
        ],
    }
