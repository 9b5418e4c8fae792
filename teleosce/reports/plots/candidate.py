"""How one candidate did: total, stations and domains beside everybody and the cut. Pure."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from teleosce.reports.findings import count, number
from teleosce.reports.plots.look import ROOM
from teleosce.reports.plots.plot import LEADING, Plot, Spec, data, names, nothing, percent_axis, told, wrapped

NAME = "beside-the-cohort"
LEAST = 5
"""Of fewer candidates with a score there are no quartiles."""


def of_candidate(found: Mapping[str, Any], candidate: str, domains: Mapping[str, str] | None = None) -> Plot:
    """From what a decision run found. domains: their titles."""
    own, titles = found["candidates"].get(candidate), domains or {}
    if own is None:
        return nothing(NAME, "The decision run knows no such candidate.")
    every = list(found["candidates"].values())
    rows = [_row("Total", "Whole exam", own.get("total"), own.get("needed"), [one.get("total") for one in every])]
    for at, station in enumerate(found["stations"]):
        scores = [one["scores"][at] for one in every]
        rows.append(_row(station["title"], "Stations", own["scores"][at], station.get("cut"), scores))
    domain_rows = []
    for name in own["domains"]:
        scores = [one["domains"].get(name) for one in every]
        domain_rows.append(_row(titles.get(name, name), "Domains", own["domains"][name], None, scores))
    domain_rows.sort(key=lambda one: -math.inf if one["score"] is None else one["score"], reverse=True)
    rows = [one for one in [*rows, *domain_rows] if one["score"] is not None]
    if not rows:
        return nothing(NAME, "No station of this candidate has a mark that counts, so there is nothing to draw.")
    columns = ("What", "Score, %", "Cut, %", "Cohort's median, %", "Middle half from, %", "to, %", "Candidates")
    table = [(one["title"], *(one.get(name) for name in ("score", "cut", "q2", "q1", "q3", "n"))) for one in rows]
    title = _said(rows)
    note = "The filled dot is the candidate, the long upright line the cut"
    if any("q2" in one for one in rows):
        note += "; the bar holds the middle half of all candidates, and the short line in it is the median"
    else:
        note += f"; with fewer than {LEAST} scores beside it no middle half is drawn"
    alt = f"Scores of one candidate in per cent, total, stations and domains one below the other. {title}"
    return Plot(NAME, title, f"{note}.", alt, columns, tuple(table), _dots(rows))


def _row(title: str, group: str, score: float | None, cut: float | None, others: list[float | None]) -> dict[str, Any]:
    known = np.array([one for one in others if one is not None], dtype=np.float64)
    row: dict[str, Any] = {
        "title": title,
        "what": wrapped(title, 29),
        "group": group,
        "score": score,
        "cut": cut,
        "n": len(known),
    }
    if len(known) >= LEAST:
        row |= {f"q{number}": float(np.percentile(known, 25 * number)) for number in (1, 2, 3)}
    return row


def _said(rows: list[dict[str, Any]]) -> str:
    stations = [one for one in rows if one["group"] == "Stations" and one["cut"] is not None]
    domains = [one for one in rows if one["group"] == "Domains"]
    said = []
    if stations:
        above = sum(one["score"] >= one["cut"] - 1e-9 for one in stations)
        said.append(f"At or above the cut at {above} of {count(len(stations), 'station')}")
    if len(domains) > 1:
        ordered = sorted(domains, key=lambda one: one["score"])
        if ordered[0]["score"] < ordered[-1]["score"]:
            said.append(
                f"strongest in “{ordered[-1]['title']}” ({number(ordered[-1]['score'], 0)} %), weakest in "
                f"“{ordered[0]['title']}” ({number(ordered[0]['score'], 0)} %)"
            )
    text = "; ".join(said) or f"{rows[0]['title']}: {number(rows[0]['score'], 0)} %"
    return text[0].upper() + text[1:] + "."


def _dots(rows: list[dict[str, Any]]) -> Spec:
    # A heading has a row of its own; what stands in a row is known by its number, as two may have one name.
    lines: list[dict[str, Any]] = []
    for group in dict.fromkeys(one["group"] for one in rows):
        own = [one for one in rows if one["group"] == group]
        lines += [{"heading": group}] if len(own) > 1 else []
        lines += own
    lines = [one | {"line": number} for number, one in enumerate(lines)]
    shown = [one for one in lines if "heading" not in one]
    others = [one for one in shown if "q2" in one]
    y = {"field": "line", "type": "ordinal", "axis": None, "scale": {"domain": [one["line"] for one in lines]}}
    x = percent_axis("Score, % of the points")
    seen = told(
        ("title", "What"), ("score", "Score, %", ".0f"), ("cut", "Cut, %", ".0f"), ("q2", "Cohort’s median, %", ".0f")
    )
    layers: list[Spec] = [
        {
            "data": data(others),
            "mark": {"type": "bar", "height": 11, "color": "$line", "stroke": "$line-strong", "strokeWidth": 0.8},
            "encoding": {"y": y, "x": x | {"field": "q1"}, "x2": {"field": "q3"}},
        },
        {
            "data": data(others),
            "mark": {"type": "tick", "color": "$ink-soft", "thickness": 2, "height": 11},
            "encoding": {"y": y, "x": x | {"field": "q2"}},
        },
        {
            "data": data([one for one in shown if one["cut"] is not None]),
            "mark": {"type": "tick", "color": "$bad", "thickness": 2, "height": 25, "opacity": 1},
            "encoding": {"y": y, "x": x | {"field": "cut"}},
        },
        {
            "data": data(shown),
            "mark": {"type": "point", "filled": True, "size": 95, "color": "$accent-strong", "opacity": 1},
            "encoding": {"y": y, "x": x | {"field": "score"}, "tooltip": seen},
        },
        *(layer | {"encoding": layer["encoding"] | {"y": y}} for layer in names(shown, "what", of="line")),
        *(
            layer | {"encoding": layer["encoding"] | {"y": y}}
            for layer in names([one for one in lines if "heading" in one], "heading", of="line", fontWeight="bold")
        ),
    ]
    most = max(one["what"].count("\n") + 1 for one in shown)
    return {
        "width": "$width-110",
        "height": max(33, LEADING * most + 3) * len(lines),
        "padding": ROOM | {"left": 36},  # names are longer here, and so is by how much a reader's letters are wider
        "layer": layers,
    }
