"""A panel that sets a standard by Angoff's method: what judges expect of a borderline candidate, item by item. Pure.

Round 1 is blind. Then the panel talks, each judge seeing their own values against the panel's spread, and in round 2
each may change them; what is not changed stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from teleosce.psychometrics import Undefined
from teleosce.psychometrics.standards import Judged, judged
from teleosce.scoring import Layout


class PanelState(StrEnum):
    """Where a panel is. It only ever moves down this list."""

    first = "first"
    discussion = "discussion"
    second = "second"
    closed = "closed"


NEXT: Mapping[PanelState, tuple[PanelState, ...]] = {
    PanelState.first: (PanelState.discussion,),
    PanelState.discussion: (PanelState.second, PanelState.closed),
    PanelState.second: (PanelState.closed,),
    PanelState.closed: (),
}
ROUND: Mapping[PanelState, int] = {PanelState.first: 1, PanelState.second: 2}
"""The round in which judges enter values."""

Newest = Mapping[tuple[int, str, str, str], float | None]
"""The newest judgements by round, seat, station hash and item: percent."""


@dataclass(frozen=True)
class Panel:
    """number: counts the exam's panels from 1. facility: after round 1 judges see how the cohort did. judges: seats."""

    id: str
    exam_id: str
    number: int
    state: PanelState
    facility: bool
    version: int
    opened_by: str | None
    opened_ms: int
    changed_ms: int
    judges: tuple[str, ...]

    @property
    def blind(self) -> bool:
        """Whether nobody may see what others judged."""
        return self.state is PanelState.first


@dataclass(frozen=True)
class Judgement:
    """Of a hundred borderline candidates `percent` do it; None takes a value back."""

    round: int
    seat_id: str
    station: str
    item: str
    percent: float | None


def value(newest: Newest, upto: int, seat: str, station: str, item: str) -> float | None:
    """What a judge says of an item in a round: of round 2, what was said in round 1 unless it was changed."""
    found = (newest.get((number, seat, station, item)) for number in range(upto, 0, -1))
    return next((one for one in found if one is not None), None)


def judged_by(
    newest: Newest, upto: int, judges: Sequence[str], stations: Mapping[str, Layout]
) -> tuple[dict[str, Judged], dict[str, dict[str, Any]]]:
    """By station hash the panel's cut in a round, and for stations without one why."""
    found, missing = dict[str, Judged](), dict[str, dict[str, Any]]()
    for key, layout in stations.items():
        table = np.array(
            [[_share(value(newest, upto, seat, key, item)) for item in layout.items] for seat in judges],
            dtype=np.float64,
        ).reshape(len(judges), len(layout.items))
        # A judge who has left items out would have a cut of other items than the rest.
        whole = np.all(np.isfinite(table), axis=1)
        weights = np.array([item.weight for item in layout.items.values()])
        try:
            own = [seat for seat, all_of_it in zip(judges, whole, strict=True) if all_of_it]
            found[key] = judged(table[whole], own, weights)
        except Undefined as why:
            missing[key] = {"why": f"{why} Judges count who have judged every item of a station.", "code": why.code}
    return found, missing


def _share(percent: float | None) -> float:
    return np.nan if percent is None else percent / 100
