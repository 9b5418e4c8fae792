"""Where is the line? How many pass by each method, and what the method's own error does to that. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics import Undefined
from teleosce.reports.analysis import error_of, verdicts_of
from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import METHOD_NAMES, count, extremes, number, passes
from teleosce.reports.plots.plot import Plot, Spec, data, names, nothing, side, told, wrapped
from teleosce.reports.rules import ResultRules

Numbers = NDArray[np.float64]


def of_lines(lines: Sequence[Mapping[str, Any]], cohort: Cohort, rules: ResultRules) -> list[Plot]:
    """The pass list by method."""
    return [methods(lines, cohort, rules)]


def methods(lines: Sequence[Mapping[str, Any]], cohort: Cohort, rules: ResultRules) -> Plot:
    """How many of a hundred pass by each method, with the range that the uncertainty of the pass mark leaves open."""
    rows = [_row(one, cohort, rules) for one in lines if "pass_mark" in one and one["judged"]]
    if not rows:
        whys = [str(one["why"]) for one in lines if "why" in one]
        return nothing("methods", "No method draws a line yet, so nobody passes or fails. " + (whys[0] if whys else ""))
    few, most = extremes(rows)
    all_of = count(most["judged"], "candidate")
    if few["said"] == most["said"]:
        title = f"Whichever method draws the line, {most['passed']} of {all_of} {passes(most['passed'])}."
    elif few["judged"] == most["judged"]:
        title = (
            f"Between {few['passed']} ({few['name']}) and {most['passed']} ({most['name']}) of {all_of} pass: that "
            "much hangs on the method."
        )
    else:
        title = (
            f"{few['said']} candidates pass by one method ({few['name']}) and {most['said']} by another "
            f"({most['name']}), which do not decide about the same."
        )
    open_ = [one["name"] for one in rows if one["low"] is None]
    note = "A bar reaches over the shares that pass when the pass mark lies anywhere in its 95 % interval."
    if open_:
        note += f" No bar, as it has no interval here: {', '.join(open_)}."
    return Plot(
        "methods",
        title,
        note,
        f"A dot for each of {count(len(rows), 'method')} at the share of candidates who pass; {title}",
        ("Method", "Pass mark, %", "Pass", "Of", "Share, %", "At least, %", "At most, %"),
        tuple(
            (one["name"], one["mark"], one["passed"], one["judged"], one["share"], one["low"], one["high"])
            for one in rows
        ),
        _methods(rows),
    )


def _row(one: Mapping[str, Any], cohort: Cohort, rules: ResultRules) -> dict[str, Any]:
    name, spread = METHOD_NAMES[one["method"]], one.get("spread") or {}
    cuts = np.array([own.get("cut", np.nan) for own in one["stations"]], dtype=np.float64)
    ends: list[float | None] = [None, None]
    if "low" in spread:
        ends = [_share(cohort, cuts + spread[end] - one["pass_mark"], rules) for end in ("high", "low")]
    share = 100 * one["passed"] / one["judged"]
    said = f"{one['passed']} of {one['judged']}"
    return {
        "method": f"{wrapped(name)}\n{number(one['pass_mark'])} %",
        "name": name,
        "mark": one["pass_mark"],
        "passed": one["passed"],
        "judged": one["judged"],
        "share": share,
        "low": None if ends[0] is None else min(ends[0], share),
        "high": None if ends[1] is None else max(ends[1], share),
        "said": said,
    }


def _share(cohort: Cohort, cuts: Numbers, rules: ResultRules) -> float | None:
    verdicts = verdicts_of(cohort, cuts, rules, _sem(cohort))
    judged = [one.passed for one in verdicts if one.passed is not None]
    return 100 * sum(judged) / len(judged) if judged else None


def _sem(cohort: Cohort) -> float:
    try:
        return error_of(cohort)
    except Undefined:
        return 0.0


def _methods(rows: Sequence[Mapping[str, Any]]) -> Spec:
    y = side("method")
    low = min(one["share"] if one["low"] is None else one["low"] for one in rows)
    least = max(0, 10 * math.floor(low / 10) - 10)
    x = {
        "field": "share",
        "type": "quantitative",
        "title": "Candidates who pass, %",
        "scale": {"domain": [least, 100], "nice": False},
    }
    seen = told(
        ("name", "Method"),
        ("mark", "Pass mark, %", ".1f"),
        ("said", "Pass"),
        ("low", "At least, %", ".0f"),
        ("high", "At most, %", ".0f"),
    )
    return {
        "width": "$width-120",
        "height": 54 * len(rows),
        "layer": [
            {
                "data": data([one for one in rows if one["low"] is not None]),
                "mark": {"type": "bar", "height": 12, "color": "$accent-soft", "stroke": "$accent", "strokeWidth": 1.2},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "tooltip": seen},
            },
            {
                "data": data(rows),
                "mark": {"type": "point", "filled": True, "size": 80, "color": "$accent-strong", "opacity": 1},
                "encoding": {"y": y, "x": x, "tooltip": seen},
            },
            *(
                {
                    "data": data([one for one in rows if _side(one["share"], least) == align]),
                    "mark": {"type": "text", "dy": -15, "fontWeight": "bold", "align": align},
                    "encoding": {"y": y, "x": x, "text": {"field": "said"}},
                }
                for align in ("left", "center", "right")
            ),
            *names(rows, "method"),
        ],
    }


def _side(share: float, least: float) -> str:
    """To which side of its dot a number lies: at the edges inwards, so that it is neither on a name nor cut off."""
    at = (share - least) / (100 - least)
    return "left" if at < 0.15 else "right" if at > 0.92 else "center"
