"""A panel as its page shows it: to a judge their own values, to the organiser how far all are and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from teleosce.people import Principal
from teleosce.psychometrics.standards import judges_cuts
from teleosce.reports import Newest, Panel, PanelState
from teleosce.reports.panel import ROUND, judged_by, value
from teleosce.scoring import layout_of
from teleosce.stations import StationVersion
from teleosce.web.access import oversees
from teleosce.web.context import Rooms


def may_see(who: Principal, exam_id: str, panel: Panel | None) -> bool:
    """Whether somebody runs the exam, or is a judge of its newest panel."""
    return oversees(who, exam_id) or (panel is not None and who.seat_id is not None and who.seat_id in panel.judges)


def entering(panel: Panel) -> int:
    """The round whose values count now."""
    return ROUND.get(panel.state, 1 if panel.state is PanelState.discussion else 2)


def progress(newest: Newest, panel: Panel, seat: str, stations: Sequence[StationVersion]) -> dict[str, int]:
    """How many items a judge has said something about, of all."""
    said = [
        value(newest, entering(panel), seat, one.hash, item.id) is not None
        for one in stations
        for item in one.mark_sheet.items
    ]
    return {"done": sum(said), "total": len(said)}


async def sheet_of(house: Rooms, panel: Panel, seat: str) -> list[dict[str, Any]]:
    """A judge's own sheet, by station, with the panel's values of round 1 once that is over."""
    stations = await house.results.panels.stations(panel.exam_id)
    newest = await house.results.panels.newest_of(panel)
    facility = await _facility(house, panel) if panel.facility and not panel.blind else {}
    return [
        {
            "version": one,
            "cut": _own_cut(newest, panel, seat, one),
            "items": [
                {
                    "item": item,
                    "domain": one.mark_sheet.domains.get(item.domain, item.domain),
                    "value": value(newest, entering(panel), seat, one.hash, item.id),
                    "before": value(newest, 1, seat, one.hash, item.id),
                    "panel": None if panel.blind else _panel(newest, panel, one.hash, item.id),
                    "facility": facility.get((one.hash, item.id)),
                }
                for item in one.mark_sheet.items
            ],
        }
        for one in stations
    ]


def _panel(newest: Newest, panel: Panel, station: str, item: str) -> dict[str, Any] | None:
    """What the whole panel said in round 1, in percent, without names."""
    said = [found for seat in panel.judges if (found := value(newest, 1, seat, station, item)) is not None]
    if not said:
        return None
    return {"values": sorted(said), "low": min(said), "high": max(said), "middle": float(np.median(said))}


def _own_cut(newest: Newest, panel: Panel, seat: str, version: StationVersion) -> float | None:
    layout = layout_of(version).items
    said = [value(newest, entering(panel), seat, version.hash, item) for item in layout]
    if any(one is None for one in said):
        return None
    weights = np.array([item.weight for item in layout.values()])
    cut = float(judges_cuts(np.array([said], dtype=np.float64) / 100, weights)[0])
    return cut if np.isfinite(cut) else None


async def _facility(house: Rooms, panel: Panel) -> Mapping[tuple[str, str], float]:
    """Percent of each item that this exam's candidates did, on the whole."""
    _, cohort = await house.analyses.cohort(panel.exam_id)
    found = {}
    for station, names, shares in zip(cohort.stations, cohort.item_names, cohort.items, strict=True):
        for name, column in zip(names, shares.T, strict=True):
            known = column[np.isfinite(column)]
            if len(known):
                reached = 100 * float(known.mean())
                found[station.key, name] = reached if station.layout.items[name].weight > 0 else 100 - reached
    return found


async def outcome_of(house: Rooms, panel: Panel) -> list[dict[str, Any]]:
    """Of each station the panel's cut in each round that is over, with its standard error between judges."""
    stations = await house.results.panels.stations(panel.exam_id)
    newest = await house.results.panels.newest_of(panel)
    layouts = await house.results.panels.layouts(panel.exam_id)
    over = {PanelState.first: 0, PanelState.discussion: 1, PanelState.second: 1, PanelState.closed: 2}[panel.state]
    rounds = [judged_by(newest, number, panel.judges, layouts) for number in range(1, over + 1)]
    return [
        {
            "title": one.title,
            "rounds": [
                {"why": missing[one.hash]["why"]}
                if one.hash in missing
                else {**asdict(found[one.hash].cut), "judges": found[one.hash].judges}
                for found, missing in rounds
            ],
        }
        for one in stations
    ]
