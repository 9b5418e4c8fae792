"""A cohort that never was, with a truth that is known: to show results before there are any, and to test them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.reports.cohort import Mark, Station
from teleosce.scoring import GRADES


@dataclass(frozen=True)
class Truth:
    """What the marks were made from. ability: standard deviations, by candidate. stringency: percent by examiner."""

    ability: NDArray[np.float64]
    stringency: dict[str, float]


@dataclass(frozen=True)
class Shape:
    """How many, and how unlike. twice: the share of encounters that an examiner of another circuit marks as well."""

    candidates: int = 60
    circuits: int = 3
    twice: float = 0.1
    seed: int = 1


def simulate(stations: Sequence[Station], shape: Shape) -> tuple[dict[str, str], list[Mark], list[Mark], Truth]:
    """Each candidate's circuit, the marks of record, all marks, and the truth behind them.

    An examiner stands at each station of each circuit. Whether an item is done follows a logistic curve of ability,
    the item’s and the station’s difficulty and the examiner’s stringency; the global rating sees the same ability less
    dimly than one item does, and the same examiner.
    """
    chance = np.random.default_rng(shape.seed)
    circuits = [chr(ord("A") + number) for number in range(shape.circuits)]
    people = {f"c{number:04d}": circuits[number % shape.circuits] for number in range(shape.candidates)}
    ability = chance.normal(size=shape.candidates)
    difficulty = chance.normal(0, 0.4, len(stations))
    items = [chance.normal(-0.9, 0.9, len(station.layout.items)) for station in stations]
    strict = {f"{one}{number}": float(chance.normal(0, 0.35)) for number in range(len(stations)) for one in circuits}
    marks = list[Mark]()
    for row, (candidate, circuit) in enumerate(people.items()):
        for number, station in enumerate(stations):
            own = ability[row] + chance.normal(0, 1.2)
            order = (
                [circuit]
                if chance.random() >= shape.twice or shape.circuits == 1
                else [
                    circuit,
                    circuits[(circuits.index(circuit) + 1) % shape.circuits],
                ]
            )
            for examiner in (f"{one}{number}" for one in order):
                ease = own - difficulty[number] - strict[examiner]
                done = chance.logistic(size=len(items[number])) < 1.2 * ease - items[number]
                partly = chance.random(len(done)) < 0.2
                grade = int(np.clip(np.round(2.2 + 0.9 * ease + chance.normal(0, 0.35)), 0, 4))
                marks.append(
                    Mark(
                        encounter_id=f"{candidate}-{number}",
                        form_id=f"{candidate}-{number}-{examiner}",
                        candidate=candidate,
                        station=station.key,
                        circuit=circuit,
                        examiner=examiner,
                        at_ms=len(marks),
                        items={
                            name: "partly" if half else "done" if yes else "not_done"
                            for name, yes, half in zip(station.layout.items, done, partly, strict=True)
                        },
                        grade=GRADES[grade],
                    )
                )
    # The first mark counts, as where two do not differ by much.
    records = {one.encounter_id: one for one in reversed(marks)}
    return people, list(records.values()), marks, Truth(ability, strict)
