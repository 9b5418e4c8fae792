"""How often the intervals that results show hold the truth, over simulated exams whose truth is known."""

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from teleosce.psychometrics import Undefined, agreement, bootstrap, rasch, stringency
from teleosce.reports.analysis import METHODS
from teleosce.scoring import Given
from teleosce.scoring.watch import drift

Numbers = NDArray[np.float64]
Held = tuple[str, bool]
"""An interval's name, and whether it held the truth."""

CANDIDATES, STATIONS, CIRCUITS = 60, 12, 3
Z = 1.96


def examiners(chance: np.random.Generator) -> Iterator[Held | tuple[str, float]]:
    """Stringency, with 15 % of encounters marked by another circuit's examiner as well, and without any.

    The truth is an examiner's distance from all examiners there could be, as the model has it.
    """
    for links, share in (("15 % marked twice", 0.15), ("circuits not linked", 0.0)):
        candidate, station = (part.ravel() for part in np.indices((CANDIDATES, STATIONS)))
        examiner = station * CIRCUITS + candidate % CIRCUITS
        again = chance.random(len(candidate)) < share
        candidate, station = np.append(candidate, candidate[again]), np.append(station, station[again])
        other = station[len(again) :] * CIRCUITS + (candidate[len(again) :] + 1) % CIRCUITS
        examiner = np.append(examiner, other)
        truth = 5 * chance.normal(size=STATIONS * CIRCUITS)
        score = (
            60 + 3 * chance.normal(size=STATIONS)[station] + 6 * chance.normal(size=CANDIDATES)[candidate]
            + truth[examiner] + 8 * chance.normal(size=len(candidate))
        )  # fmt: skip
        found = stringency.stringency(score, candidate, station, examiner).examiners
        for one, true in zip(found, truth, strict=True):
            yield f"stringency, {links}", one.low <= true <= one.high
        # What all examiners of a station share is the station's difficulty, in the marks.
        apart = [
            part - part.reshape(-1, CIRCUITS).mean(axis=1).repeat(CIRCUITS)
            for part in (np.array([one.effect for one in found]), truth)
        ]
        yield f"r with the true stringency, {links}", float(np.corrcoef(*apart)[0, 1])


class Population:
    """Candidates without end, at stations unlike each other: the truth of each method's cuts is that of very many."""

    def __init__(self) -> None:
        chance = np.random.default_rng(2026)
        self.harder, self.kinder = chance.normal(0, 5, STATIONS), chance.normal(0, 0.3, STATIONS)
        scores, grades = self.draw(chance, 400_000)
        self.cuts = {
            name: np.array([method(*pair).cut for pair in zip(scores.T, grades.T, strict=True)])
            for name, method in METHODS.items()
        }

    def draw(self, chance: np.random.Generator, candidates: int) -> tuple[Numbers, Numbers]:
        """Scores and grades; a rating sees what the score sees and more, and has five steps."""
        shape = candidates, STATIONS
        own = chance.normal(size=(candidates, 1)) + chance.normal(0, 0.8, shape)
        scores = np.clip(62 + self.harder + 8 * own + chance.normal(0, 6, shape), 0, 100)
        return scores, np.clip(np.round(2.0 + self.kinder + 0.8 * own + chance.normal(0, 0.4, shape)), 0, 4)


def cuts(population: Population, candidates: int, chance: np.random.Generator) -> Iterator[Held]:
    """The pass mark's and the stations' intervals, by each method."""
    scores, grades = population.draw(chance, candidates)
    for name, method in METHODS.items():
        try:
            whole, each = bootstrap.cut_spread(name, scores, grades)
        except Undefined:
            continue
        yield f"{name}, pass mark of {candidates}", whole.low <= population.cuts[name].mean() <= whole.high
        for station, (one, true) in enumerate(zip(each, population.cuts[name], strict=True)):
            if np.isfinite(one.se):
                yield f"{name}, cuts of {candidates}", one.low <= true <= one.high
            try:
                cut = method(scores[:, station], grades[:, station])
            except Undefined:
                continue
            if cut.se is not None:
                yield f"{name}, cuts of {candidates} ± 1.96 se", abs(cut.cut - true) <= Z * cut.se


def pairs(chance: np.random.Generator) -> Iterator[Held]:
    """What is said of encounters that were marked twice, 40 of them."""
    encounter = chance.normal(60, 8, size=(40, 1))
    marks = encounter + chance.normal(0, 6, size=(40, 2))
    limits = agreement.bland_altman(marks[:, 0], marks[:, 1])
    reach = Z * 6 * np.sqrt(2)
    yield "mean difference", abs(limits.bias) <= Z * limits.bias_se
    yield "limits of agreement", abs(limits.low + reach) <= Z * limits.limit_se
    yield "limits of agreement", abs(limits.high - reach) <= Z * limits.limit_se
    icc = agreement.icc(marks, "ICC(1,1)")
    assert icc.low is not None
    assert icc.high is not None
    yield "ICC(1,1)", icc.low <= 64 / (64 + 36) <= icc.high


def drifting(chance: np.random.Generator) -> Iterator[Held]:
    """An examiner's drift, 20 marks at one station, and a panel of eight judges."""
    true = chance.normal(0, 2)
    marks = [Given("e", 0, 60 + true * at / 10 + chance.normal(0, 8), 1, at) for at in range(20)]
    found = drift(marks)
    assert found.low is not None
    assert found.high is not None
    yield "drift in ten marks", found.low <= true <= found.high


def severities(chance: np.random.Generator) -> Iterator[Held]:
    """The Rasch model's examiners, 24 of them, each candidate's stations marked by any two of three."""
    candidate, station = (part.ravel() for part in np.indices((CANDIDATES, 8)))
    first = station * 3 + chance.integers(0, 3, len(station))
    second = station * 3 + (first + 1) % 3
    candidate, station, examiner = np.tile(candidate, 2), np.tile(station, 2), np.append(first, second)
    ability, severity = chance.normal(0, 1.2, CANDIDATES), chance.normal(0, 0.5, 24)
    severity -= severity.reshape(-1, 3).mean(axis=1).repeat(3)
    steps = np.concatenate([[0], np.cumsum([-2.0, -0.7, 0.6, 2.1])])
    log_p = (ability[candidate] - severity[examiner])[:, None] * np.arange(5) - steps
    share = np.exp(log_p) / np.exp(log_p).sum(axis=1, keepdims=True)
    rating = (chance.random((len(share), 1)) > np.cumsum(share, axis=1)).sum(axis=1)
    found = rasch.rasch(rating, candidate, station, examiner)
    for value, error, true in zip(found.examiners, found.examiner_errors, severity, strict=True):
        yield "Rasch severity ± 1.96 se", abs(value - true) <= Z * error


def coverage(simulations: int, only: str = "") -> None:
    """Prints a line for each kind of interval."""
    population = Population()
    kinds: dict[str, Callable[[np.random.Generator], Iterator[tuple[str, float]]]] = {
        "examiners": examiners,
        "cuts60": lambda chance: cuts(population, 60, chance),
        "cuts200": lambda chance: cuts(population, 200, chance),
        "pairs": pairs,
        "drifting": drifting,
        "severities": severities,
    }
    for number, (kind, simulate) in enumerate(kinds.items()):
        if only and kind != only:
            continue
        found: dict[str, list[float]] = defaultdict(list)
        for seed in range(simulations):
            for name, value in simulate(np.random.default_rng([number, seed])):
                found[name].append(value)
        for name, values in found.items():
            if name.startswith("r with"):
                print(f"{name}: mean {np.mean(values):.3f}, least {min(values):.3f}", flush=True)
            else:
                print(f"{name}: {100 * np.mean(values):.1f} % of {len(values)}", flush=True)
