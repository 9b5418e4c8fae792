"""Candidates, stations and examiners on one scale of logits (a Wright map). Pure.

Source: Linacre, Many-facet Rasch measurement, 1989; Wilson, Constructing measures, 2005.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import count, number
from teleosce.reports.plots.plot import Plot, Spec, data, nothing, told, wrapped

BIN = 0.25
"""Logits that one row of candidates' dots stands for."""

COLUMNS = (0.0, 0.82, 2.15, 3.0)
"""Where the columns of candidates, stations and examiners begin, and the last one ends."""

LEAST, MOST, GAP = 380, 620, 13
"""Pixels of the scale, as many as its names need between these, and of a line of a name."""

LETTERS = 17
"""Of a line of a name: as many as a phone has room for beside the next column."""


def wright(found: Mapping[str, Any], cohort: Cohort) -> Plot:
    """The map, from the Rasch model of the global ratings."""
    if "why" in found:
        return nothing("wright", f"There is no common scale: {found['why']}")
    graded = np.isfinite(cohort.long_grade)
    people, stations, examiners = (
        np.unique(codes[graded]) for codes in (cohort.long_candidate, cohort.long_station, cohort.long_examiner)
    )
    groups = {
        "Candidate": [(cohort.candidates[at], value) for at, value in zip(people, found["abilities"], strict=True)],
        "Station": [(cohort.stations[at].title, value) for at, value in zip(stations, found["stations"], strict=True)],
        "Examiner": [
            (cohort.examiners[at], value)
            for at, value in zip(examiners, found["examiners"], strict=True)
            if value is not None
        ],
    }
    alone = len(examiners) - len(groups["Examiner"])
    left_out = f" Left out: {count(alone, 'examiner')} with whom nobody shares a station." if alone else ""
    height = min(MOST, max(LEAST, *(_height(groups[kind]) for kind in ("Station", "Examiner"))))
    if any(len(_outermost(groups[kind], height)) < len(groups[kind]) for kind in ("Station", "Examiner")):
        left_out += " Names stand at those that are furthest from the middle; the table has all."
    spread = {kind: max(v for _, v in own) - min(v for _, v in own) for kind, own in groups.items()}
    title = _said(spread, len(groups["Station"]))
    rows = [(kind, name, value) for kind, own in groups.items() for name, value in sorted(own, key=lambda one: -one[1])]
    return Plot(
        "wright",
        title,
        "Higher up: abler candidates, harder stations, stricter examiners. A candidate level with a station has an "
        "even chance of the next better rating from an examiner at 0. From the global ratings, by a many-facet "
        f"Rasch model.{left_out}",
        f"Three columns on one scale in logits: {count(len(people), 'candidate')} as stacked dots, "
        f"{count(len(stations), 'station')} and {count(len(groups['Examiner']), 'examiner')} by name. {title}",
        ("What", "Name", "Logits"),
        tuple(rows),
        _map(groups, height),
    )


def _said(spread: Mapping[str, float], stations: int) -> str:
    who, by = spread["Candidate"], spread["Examiner"]
    said = f"Candidates spread over {number(who)} logits, examiners over {number(by)}"
    if stations > 1:
        said += f", stations over {number(spread['Station'])}"
    if by > who:
        return f"{said}: a rating hangs more on the examiner than on the candidate."
    if by > who / 2:
        return f"{said}: who examines matters more than half as much as who is examined."
    return f"{said}: a rating hangs on the candidate far more than on the examiner."


def _map(groups: Mapping[str, Sequence[tuple[str, float]]], height: int) -> Spec:
    every = [value for own in groups.values() for _, value in own]
    low, high = np.floor(min(every)) - 0.25, np.ceil(max(every)) + 0.25
    y = {
        "field": "at",
        "type": "quantitative",
        "title": "Logits",
        "scale": {"domain": [float(low), float(high)], "nice": False},
        "axis": {"tickMinStep": 1},
    }
    x = {"type": "quantitative", "scale": {"domain": [0, 3], "nice": False}, "axis": None}
    dots = _stacked(groups["Candidate"])
    most = max(one["place"] for one in dots) + 1
    dots = [one | {"x": 0.04 + 0.66 * one["place"] / max(most, 12)} for one in dots]
    layers: list[Spec] = [
        {
            "data": data([{"at": 0}]),
            "mark": {"type": "rule", "color": "$line-strong"},
            "encoding": {"y": y},
        },
        {
            "data": data(dots),
            "mark": {"type": "point", "filled": True, "color": "$accent", "size": 34, "opacity": 0.9},
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "row"},
                "tooltip": told(("who", "Candidate"), ("at", "Logits", ".2f")),
            },
        },
        {
            "data": data(
                [
                    {"x": at + 0.03 if at else -0.12, "said": words}
                    for at, words in zip(COLUMNS, ("Candidates", "Stations", "Examiners"), strict=False)
                ]
            ),
            "mark": {"type": "text", "align": "left", "y": -10, "fontWeight": "bold"},
            "encoding": {"x": x | {"field": "x"}, "text": {"field": "said"}},
        },
    ]
    for (kind, shape), column in zip((("Station", "square"), ("Examiner", "diamond")), COLUMNS[1:], strict=False):
        named = _named(_outermost(groups[kind], height), float(high - low) / height)
        points = [{"name": name, "at": value, "x": column + 0.05} for name, value in groups[kind]]
        layers += [
            {
                "data": data([one | {"from": column + 0.05, "to": column + 0.13} for one in named]),
                "mark": {"type": "rule", "color": "$line-strong", "strokeWidth": 0.8},
                "encoding": {"x": x | {"field": "from"}, "x2": {"field": "to"}, "y": y, "y2": {"field": "label"}},
            },
            {
                "data": data(points),
                "mark": {"type": "point", "filled": True, "shape": shape, "color": "$fair", "size": 60, "opacity": 1},
                "encoding": {"x": x | {"field": "x"}, "y": y, "tooltip": told(("name", kind), ("at", "Logits", ".2f"))},
            },
            *(
                {
                    "data": data([one | {"x": column + 0.15} for one in named if one["name"].count("\n") == more]),
                    "mark": {
                        "type": "text",
                        "align": "left",
                        "fontSize": 11,
                        "lineBreak": "\n",
                        "lineHeight": GAP,
                        "dy": -more * GAP / 2,
                    },
                    "encoding": {"x": x | {"field": "x"}, "y": y | {"field": "label"}, "text": {"field": "name"}},
                }
                for more in sorted({one["name"].count("\n") for one in named})
            ),
        ]
    return {"width": "$width", "height": height, "layer": layers}


def _stacked(people: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    """Candidates in rows of their bin, each with its place in the row."""
    count_: dict[int, int] = {}
    found = []
    for who, value in sorted(people, key=lambda one: one[1]):
        row = round(value / BIN)
        found.append({"who": who, "at": value, "row": row * BIN, "place": count_.get(row, 0)})
        count_[row] = count_.get(row, 0) + 1
    return found


def _tall(name: str) -> int:
    """Pixels that a name takes; one of several lines stands a little apart."""
    more = name.count("\n")
    return GAP * (more + 1) + (6 if more else 0)


def _height(own: Sequence[tuple[str, float]]) -> int:
    """Pixels that all names take, and as much as a line."""
    return GAP + sum(_tall(wrapped(name, LETTERS)) for name, _ in own)


def _outermost(own: Sequence[tuple[str, float]], height: int) -> list[tuple[str, float]]:
    """Those whose names have room: all, or those furthest from 0."""
    kept = sorted(own, key=lambda one: -abs(one[1]))
    room = height - _height(())
    for at, (name, _) in enumerate(kept):
        room -= _tall(wrapped(name, LETTERS))
        if room < 0:
            return kept[:at]
    return kept


def _named(own: Sequence[tuple[str, float]], pixel: float) -> list[dict[str, Any]]:
    """Names beside their points, moved apart where they would lie on each other; as close to them as can be.

    pixel: how many logits it is.
    """
    ordered = sorted(((wrapped(name, LETTERS), value) for name, value in own), key=lambda one: one[1])
    tall = [pixel * _tall(name) for name, _ in ordered]

    def middles(group: list[int]) -> list[float]:
        """Where the names of a group lie that touch: on average where their points are."""
        ends = np.cumsum([tall[at] for at in group])
        own_ = ends - np.array([tall[at] for at in group]) / 2
        shift = np.mean([ordered[at][1] for at in group]) - own_.mean()
        return [float(one) for one in own_ + shift]

    groups: list[list[int]] = []
    for at in range(len(ordered)):
        groups.append([at])
        while len(groups) > 1 and _touch(middles(groups[-2])[-1], middles(groups[-1])[0], tall, groups[-2:]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [
        {"name": ordered[at][0], "at": ordered[at][1], "label": label}
        for group in groups
        for at, label in zip(group, middles(group), strict=True)
    ]


def _touch(below: float, above: float, tall: Sequence[float], pair: Sequence[list[int]]) -> bool:
    """Whether the highest name of one group and the lowest of the next need more room than they have."""
    return above - below < (tall[pair[0][-1]] + tall[pair[1][0]]) / 2
