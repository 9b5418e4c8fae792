"""Is the exam sound? Each station's scores beside its ratings and by circuit, and what more stations would give."""

import math
from collections.abc import Mapping
from typing import Any

from teleosce.reports.cohort import Cohort
from teleosce.reports.findings import of_study
from teleosce.reports.plots.circuits import circuits
from teleosce.reports.plots.plot import Plot, Spec, beside, data, nothing, told
from teleosce.reports.plots.regression import regression


def of_sound(found: Mapping[str, Any], cohort: Cohort) -> list[Plot]:
    """The D-study, the stations by circuit, and a regression for each station."""
    plots = [d_study(found["generalizability"]), circuits(cohort, [one["cut"] for one in found["stations"]])]
    return plots + [regression(cohort, column) for column in range(len(cohort.stations))]


def d_study(study: Mapping[str, Any]) -> Plot:
    """How reliable an exam of 6 to 24 stations like these would be."""
    said = of_study(study)
    if "why" in study:
        return nothing("d-study", said)
    now = study["now"]
    known = {one["stations"]: one for one in [*study["curve"], now]}
    points = [known[many] for many in sorted(known)]
    kinds = (("absolute", "Φ, for a pass mark"), ("relative", "Eρ², for ranking"))
    rows = [{"stations": one["stations"], "value": one[key], "kind": words} for key, words in kinds for one in points]
    x = {
        "field": "stations",
        "type": "quantitative",
        "title": "Number of stations",
        "scale": {"zero": False, "nice": False},
        "axis": {"tickMinStep": 1, "format": "d"},
    }
    least = min(0.4, math.floor(10 * min(one["value"] for one in rows)) / 10)
    y = {
        "field": "value",
        "type": "quantitative",
        "title": "Reliability (0 to 1)",
        "scale": {"domain": [least, 1], "zero": False},
    }
    dash = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": [words for _, words in kinds], "range": [[1, 0], [6, 3]]},
        "legend": None,
    }
    told_points = [{"stations": now["stations"], "value": now["absolute"], "said": f"now {now['absolute']:.2f}"}]
    needed = study["needed"]["absolute"]
    if needed in known and needed != now["stations"]:
        told_points.append({"stations": needed, "value": known[needed]["absolute"], "said": f"{needed} stations"})
    layers: list[Spec] = [
        {
            "data": data([{"line": 0.8}]),
            "mark": {"type": "rule", "color": "$fair", "strokeWidth": 1.5, "strokeDash": [2, 2]},
            "encoding": {"y": y | {"field": "line"}},
        },
        {
            "data": data(rows),
            "mark": {"type": "line", "color": "$accent", "strokeWidth": 2.2, "interpolate": "monotone"},
            "encoding": {"x": x, "y": y, "strokeDash": dash},
        },
        {
            "data": data(rows),
            "mark": {"type": "point", "opacity": 0, "size": 160},
            "encoding": {
                "x": x,
                "y": y,
                "tooltip": told(("stations", "Stations", "d"), ("kind", "Coefficient"), ("value", "Value", ".2f")),
            },
        },
        {
            "data": data(told_points),
            "mark": {"type": "point", "filled": True, "size": 90, "color": "$accent", "opacity": 1},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": data(told_points),
            "mark": {"type": "text", "align": "left", "dx": 6, "dy": 14, "fontWeight": "bold"},
            "encoding": {"x": x, "y": y, "text": {"field": "said"}},
        },
        beside(_ends({words.partition(",")[0]: points[-1][key] for key, words in kinds}, near=(1 - least) / 15), y),
    ]
    return Plot(
        "d-study",
        said,
        "What exams of more or fewer stations like these would reach, one examiner at each: Φ tells how well a pass "
        "mark sorts candidates, Eρ² how well they are ranked among those whom the same examiners mark. The dotted line "
        "is 0.80.",
        f"Two lines that rise with the number of stations, from {points[0]['stations']} to {points[-1]['stations']}; "
        f"{said}",
        ("Stations", "Φ, for a pass mark", "Eρ², for ranking", "Error of a total, points"),
        tuple((one["stations"], one["absolute"], one["relative"], one["absolute_error"]) for one in points),
        {"width": "$width", "height": 280, "layer": layers},
    )


def _ends(values: Mapping[str, float], near: float) -> list[dict[str, Any]]:
    """What stands at the end of each line; of lines that end as near as one letter is high, once for all."""
    if max(values.values()) - min(values.values()) < near:
        return [{"value": sum(values.values()) / len(values), "said": ", ".join(values)}]
    return [{"value": value, "said": said} for said, value in values.items()]
