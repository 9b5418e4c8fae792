"""Each station's scores by circuit, as boxes (Tukey, Exploratory data analysis, 1977). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import count, number
from teleosce.reports.plots.plot import Plot, Spec, data, names, nothing, percent_axis, side, told, wrapped

Numbers = NDArray[np.float64]


def circuits(cohort: Cohort, cuts: Sequence[float | None]) -> Plot:
    """Each station's scores by circuit, as boxes."""
    rings = sorted(set(cohort.circuits))
    boxes = [
        _box(cohort.scores[:, column], cohort.circuits, name)
        | {"station": wrapped(station.title), "title": station.title}
        for column, station in enumerate(cohort.stations)
        for name in rings
    ]
    boxes = [one for one in boxes if one["n"]]
    if not boxes:
        return nothing("circuits", "No mark that counts is submitted yet, so there are no scores to show.")
    title = _circuits_said(boxes, rings)
    marks = [
        {"station": wrapped(station.title), "cut": cut}
        for station, cut in zip(cohort.stations, cuts, strict=True)
        if cut is not None
    ]
    outside = [
        {"station": one["station"], "circuit": one["circuit"], "score": score, "title": one["title"]}
        for one in boxes
        for score in one["outside"]
    ]
    return Plot(
        "circuits",
        title,
        "A box holds the middle half of a circuit’s candidates, the line in it is the median, whiskers reach to 1.5 "
        "times the box’s length, circles lie beyond; the long upright line is the station’s cut by borderline "
        "regression.",
        f"Boxes of scores for {count(len(cohort.stations), 'station')} in {count(len(rings), 'circuit')}; {title}",
        ("Station", "Circuit", "Candidates", "Median, %", "Middle half from, %", "to, %"),
        tuple((one["title"], one["circuit"], one["n"], one["q2"], one["q1"], one["q3"]) for one in boxes),
        _boxes([{key: one[key] for key in one if key != "outside"} for one in boxes], outside, marks, rings),
    )


def _box(score: Numbers, homes: Sequence[str], name: str) -> dict[str, Any]:
    own = score[np.array([home == name for home in homes]) & np.isfinite(score)]
    if not len(own):
        return {"circuit": name, "n": 0}
    q1, q2, q3 = (float(one) for one in np.percentile(own, [25, 50, 75]))
    inside = own[(own >= q1 - 1.5 * (q3 - q1)) & (own <= q3 + 1.5 * (q3 - q1))]
    outside = sorted(set(own.tolist()) - set(inside.tolist()))
    return {
        "circuit": name,
        "n": len(own),
        "q1": q1,
        "q2": q2,
        "q3": q3,
        "low": float(inside.min()),
        "high": float(inside.max()),
        "outside": outside,
    }


def _circuits_said(boxes: Sequence[Mapping[str, Any]], rings: Sequence[str]) -> str:
    if len(rings) == 1:
        low, high = min(boxes, key=lambda one: one["q2"]), max(boxes, key=lambda one: one["q2"])
        if low is high:
            return f"{low['title']}: half of the candidates have {number(low['q2'], 0)} % or more."
        return (
            f"Medians of stations lie between {number(low['q2'], 0)} % ({low['title']}) and {number(high['q2'], 0)} "
            f"% ({high['title']})."
        )
    by: dict[str, list[Mapping[str, Any]]] = {}
    for one in boxes:
        by.setdefault(one["title"], []).append(one)
    widest = max(by.values(), key=lambda own: max(one["q2"] for one in own) - min(one["q2"] for one in own))
    low, high = min(widest, key=lambda one: one["q2"]), max(widest, key=lambda one: one["q2"])
    if all(len(own) == 1 for own in by.values()):
        return "No station was marked in more than one circuit, so circuits cannot be compared."
    if round(high["q2"]) == round(low["q2"]):
        return "At each station the circuits have the same median."
    return (
        f"Circuits differ most at “{low['title']}”: the median is {number(low['q2'], 0)} % in circuit "
        f"{low['circuit']} and {number(high['q2'], 0)} % in circuit {high['circuit']}."
    )


def _boxes(
    boxes: Sequence[Mapping[str, Any]],
    outside: Sequence[Mapping[str, Any]],
    cuts: Sequence[Mapping[str, Any]],
    circuits_: Sequence[str],
) -> Spec:
    many = len({one["station"] for one in boxes})
    # Names in the order of the ring, whichever layer comes first.
    y = side("station", scale={"domain": list(dict.fromkeys(one["station"] for one in boxes)), "padding": 0.12})
    down = {"field": "circuit", "type": "nominal", "scale": {"domain": list(circuits_)}}
    x = percent_axis("Score, % of the points")
    seen = told(
        ("title", "Station"),
        ("circuit", "Circuit"),
        ("n", "Candidates", "d"),
        ("q2", "Median, %", ".1f"),
        ("q1", "Middle half from, %", ".1f"),
        ("q3", "to, %", ".1f"),
    )
    both = {"y": y, "yOffset": down}
    return {
        "width": "$width-110",
        "height": many * max(34, 8 + 17 * len(circuits_)),
        "layer": [
            {
                "data": data(boxes),
                "mark": {"type": "rule", "color": "$accent"},
                "encoding": both | {"x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "data": data(boxes),
                "mark": {"type": "bar", "height": 12, "color": "$accent-soft", "stroke": "$accent", "strokeWidth": 1.2},
                "encoding": both | {"x": x | {"field": "q1"}, "x2": {"field": "q3"}, "tooltip": seen},
            },
            {
                "data": data(boxes),
                "mark": {"type": "tick", "color": "$accent-strong", "thickness": 2.5, "height": 12},
                "encoding": both | {"x": x | {"field": "q2"}},
            },
            {
                "data": data(cuts),
                "mark": {
                    "type": "tick",
                    "orient": "vertical",
                    "color": "$bad",
                    "thickness": 1.5,
                    "opacity": 1,
                    "height": {"band": 1},
                },
                "encoding": {"y": y, "x": x | {"field": "cut"}},
            },
            {
                "data": data(outside),
                "mark": {"type": "point", "color": "$accent", "size": 22},
                "encoding": both | {"x": x | {"field": "score"}},
            },
            *(
                []
                if len(circuits_) == 1
                else [
                    {
                        "data": data(boxes),
                        "mark": {"type": "text", "align": "right", "x": -7, "color": "$ink-soft", "fontSize": 11},
                        "encoding": both | {"text": {"field": "circuit"}},
                    }
                ]
            ),
            *names(boxes, "station", 8 if len(circuits_) == 1 else 26),
        ],
    }
