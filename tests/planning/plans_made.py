"""Banks and plans to make timetables of."""

from dataclasses import dataclass, field
from typing import Any

from teleosce.planning.models import ExamPlan
from teleosce.stations import Timings

START = "2026-12-01 09:00"


@dataclass(frozen=True)
class Station:
    hash: str
    title: str
    rest: bool = False
    candidates: int = 1
    timings: Timings = field(default_factory=Timings)


def bank(stations: int = 20, **lengths: int) -> dict[str, Station]:
    """`s1` … of equal length, and a `rest`."""
    timings = Timings(**lengths)
    made = {f"s{n}": Station(f"{n:064}", f"Station {n}", timings=timings) for n in range(1, stations + 1)}
    for n in (1, 2):
        made[f"two{n}"] = Station(f"{n:e>64}", f"Together {n}", candidates=2, timings=timings)
    return made | {"rest": Station("f" * 64, "Rest", rest=True)}


def plan(stations: int, candidates: int | list[dict[str, Any]], **more: Any) -> ExamPlan:
    ring = [f"s{n}" for n in range(1, stations + 1)]
    names = (
        candidates if isinstance(candidates, list) else [{"name": f"Candidate {n}"} for n in range(1, candidates + 1)]
    )
    return ExamPlan.model_validate({"title": "Finals", "starts": START, "stations": ring, "candidates": names} | more)
