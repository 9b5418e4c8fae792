"""Are the examiners fair? Stringency with intervals, everybody on one scale, two marks of one encounter. Pure."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import count, no_more_than_chance, number, of_fair
from teleosce.reports.plots.drift import drift
from teleosce.reports.plots.plot import Plot, Spec, beside, data, names, nothing, side, told
from teleosce.reports.plots.wright import wright

FEW_PAIRS = 30
"""Below so many pairs of marks the title says how many: the error of a limit is √(3/n) of their standard deviation."""
MOST_DOTS, MOST_ROWS = 1500, 200
"""So many pairs are drawn, and so many stand in the table, those that differ most first."""

KINDS = ("more lenient", "as the others, as far as can be told", "more stringent")


def of_fair_plots(found: Mapping[str, Any], cohort: Cohort) -> list[Plot]:
    """Stringency, the Wright map, two marks of one encounter, and drift over the day."""
    if "why" in found:
        return [nothing("stringency", str(found["why"]))]
    return [stringency(found), wright(found["rasch"], cohort), both(found["agreement"], cohort), drift(cohort)]


def stringency(found: Mapping[str, Any]) -> Plot:
    """Each examiner's points beside the average, with 95 % intervals."""
    model = found["stringency"]
    if "why" in model or no_more_than_chance(model["examiners"]):
        return nothing("stringency", of_fair(found))
    said = _apart(model["examiners"])
    rows = [
        {
            "who": one["name"],
            "effect": one["effect"],
            "low": one["low"],
            "high": one["high"],
            "marks": one["marks"],
            "kind": KINDS[0] if one["low"] > 0 else KINDS[2] if one["high"] < 0 else KINDS[1],
        }
        for one in sorted(model["examiners"], key=lambda one: one["effect"])
    ]
    return Plot(
        "stringency",
        said,
        "Points by which an examiner’s marks lie above or below those of an average examiner, candidates and "
        "stations allowed for, with 95 % intervals. Of twenty examiners who mark alike, one lies apart by chance.",
        f"{count(len(rows), 'examiner')} in order, from the most stringent to the most lenient; {said}",
        ("Examiner", "Marks", "Beside the average, points", "95 % interval from", "to", "In words"),
        tuple((one["who"], one["marks"], one["effect"], one["low"], one["high"], one["kind"]) for one in rows),
        _stringency(rows),
    )


def _apart(examiners: Sequence[Mapping[str, Any]]) -> str:
    """Who lies apart, by name where they are few."""
    apart = [one for one in examiners if one["low"] > 0 or one["high"] < 0]
    left = count(len(examiners) - len(apart), "examiner")
    if not apart:
        return f"Of {left} nobody can be told from the average: every interval reaches over zero."
    if len(apart) > 3:
        return (
            f"{len(apart)} of {count(len(examiners), 'examiner')} lie apart from the average: theirs are the diamonds."
        )
    named = [
        f"{one['name']} gives {number(abs(one['effect']))} points {'more' if one['effect'] > 0 else 'less'}"
        for one in sorted(apart, key=lambda one: one["effect"])
    ]
    said = f"{', '.join(named)} than the average examiner"
    if len(apart) == len(examiners):
        return f"{said}."
    return f"{said}; the other {left} cannot be told from it."


def _stringency(rows: Sequence[Mapping[str, Any]]) -> Spec:
    y = side("who")
    reach = math.ceil(max(max(abs(one["low"]), abs(one["high"])) for one in rows) / 5) * 5
    x = {
        "field": "effect",
        "type": "quantitative",
        "title": "Points beside the average examiner",
        "scale": {"domain": [-reach, reach], "nice": False},
        "axis": {"tickCount": 6, "labelExpr": "(datum.value > 0 ? '+' : '') + datum.label"},
    }
    seen = told(
        ("who", "Examiner"),
        ("effect", "Points", "+.1f"),
        ("low", "from", "+.1f"),
        ("high", "to", "+.1f"),
        ("marks", "Marks", "d"),
    )
    layers: list[Spec] = [
        {
            "data": data([{"at": 0}]),
            "mark": {"type": "rule", "color": "$line-strong"},
            "encoding": {"x": x | {"field": "at"}},
        }
    ]
    for apart, color, shape, size in ((False, "$ink-soft", "circle", 50), (True, "$bad", "diamond", 120)):
        own = data([one for one in rows if (one["kind"] != KINDS[1]) is apart])
        layers += [
            {
                "data": own,
                "mark": {"type": "rule", "strokeWidth": 2.4 if apart else 1.5, "color": color},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "data": own,
                "mark": {"type": "point", "filled": True, "opacity": 1, "color": color, "shape": shape, "size": size},
                "encoding": {"y": y, "x": x, "tooltip": seen},
            },
        ]
    ends = (({"x": 0, "align": "left"}, "← more stringent"), ({"x": "width", "align": "right"}, "more lenient →"))
    layers += [
        {
            "data": data([{"said": said}]),
            "mark": {"type": "text", "y": -8, "color": "$ink-soft", **where},
            "encoding": {"text": {"field": "said"}},
        }
        for where, said in ends
    ]
    order = [one["who"] for one in rows]
    layers[1]["encoding"]["y"] = y | {"scale": {"domain": order}}
    return {"width": "$width-60", "height": 22 * len(rows), "layer": [*layers, *names(rows, "who")]}


def both(agreement: Mapping[str, Any], cohort: Cohort) -> Plot:
    """Two marks of one encounter: their difference beside their mean (Bland & Altman, Lancet 1986)."""
    limits = agreement.get("limits", agreement)
    if "why" in limits:
        return nothing("two-marks", str(limits["why"]))
    order: dict[str, list[int]] = {}
    for mark, encounter in enumerate(cohort.long_encounter):
        if np.isfinite(cohort.long_score[mark]):
            order.setdefault(encounter, []).append(mark)
    score = cohort.long_score.tolist()
    rows: list[dict[str, Any]] = [
        {
            "mean": (score[first] + score[second]) / 2,
            "difference": score[first] - score[second],
            "station": cohort.stations[int(cohort.long_station[first])].title,
            "first": cohort.examiners[int(cohort.long_examiner[first])],
            "second": cohort.examiners[int(cohort.long_examiner[second])],
            "who": cohort.candidates[int(cohort.long_candidate[first])],
        }
        for own in order.values()
        for first, second in combinations(own, 2)
    ]
    furthest = sorted(rows, key=lambda one: -abs(one["difference"]))
    low, high, bias = limits["low"], limits["high"], limits["bias"]
    if low == high == 0:
        return nothing("two-marks", f"In none of {count(len(rows), 'pair')} of marks do the two scores differ.")
    few = f", as far as {count(len(rows), 'pair')} can tell" if len(rows) < FEW_PAIRS else ""
    title = (
        f"Of 100 pairs of marks of one encounter, 95 differ by between {number(low, signed=True)} and "
        f"{number(high, signed=True)} points{few}."
    )
    error = 1.96 * limits["bias_se"]
    if abs(bias) > error:
        title += f" The first is {number(abs(bias))} points {'higher' if bias > 0 else 'lower'} on average."
    return Plot(
        "two-marks",
        title,
        "A dot is an encounter that two examiners marked. The middle line is the mean difference, the dashed ones "
        "are the limits within which 95 of 100 differences lie, each with its 95 % interval.",
        f"{count(len(rows), 'pair')} of marks: the difference in points beside the mean of both; {title}",
        ("Candidate", "Station", "First examiner", "Second examiner", "Mean, %", "First less second, points"),
        tuple(
            (o["who"], o["station"], o["first"], o["second"], o["mean"], o["difference"]) for o in furthest[:MOST_ROWS]
        ),
        _both(furthest[:MOST_DOTS], limits),
    )


def _both(rows: Sequence[Mapping[str, Any]], limits: Mapping[str, Any]) -> Spec:
    x = {
        "field": "mean",
        "type": "quantitative",
        "title": "Mean of the two scores, %",
        "scale": {"zero": False, "nice": True},
        "axis": {"grid": False},
    }
    y = {"field": "difference", "type": "quantitative", "title": "First less second, points"}
    lines = [
        {
            "at": limits["bias"],
            "se": limits["bias_se"],
            "dash": "mean",
            "said": f"mean {number(limits['bias'], signed=True)}",
        },
        *(
            {"at": limits[key], "se": limits["limit_se"], "dash": "limit", "said": number(limits[key], signed=True)}
            for key in ("low", "high")
        ),
    ]
    bands = [{"from": one["at"] - 1.96 * one["se"], "to": one["at"] + 1.96 * one["se"]} for one in lines]
    return {
        "width": "$width",
        "height": 300,
        "layer": [
            {
                "data": data(bands),
                "mark": {"type": "rect", "color": "$accent", "opacity": 0.12},
                "encoding": {"y": y | {"field": "from"}, "y2": {"field": "to"}},
            },
            {
                "data": data([{"zero": 0}]),
                "mark": {"type": "rule", "color": "$line-strong"},
                "encoding": {"y": {"field": "zero", "type": "quantitative"}},
            },
            {
                "data": data(lines),
                "mark": {"type": "rule", "color": "$accent", "strokeWidth": 1.8},
                "encoding": {
                    "y": y | {"field": "at"},
                    "strokeDash": {
                        "field": "dash",
                        "type": "nominal",
                        "scale": {"domain": ["mean", "limit"], "range": [[1, 0], [6, 4]]},
                        "legend": None,
                    },
                },
            },
            {
                "data": data(rows),
                "mark": {
                    "type": "point",
                    "color": "$accent-strong",
                    "fill": "$accent-soft",
                    "size": 46,
                    "strokeWidth": 1.4,
                },
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": told(
                        ("who", "Candidate"),
                        ("station", "Station"),
                        ("first", "First examiner"),
                        ("second", "Second examiner"),
                        ("difference", "Difference, points", "+.1f"),
                    ),
                },
            },
            beside(lines, y | {"field": "at"}),
        ],
    }
