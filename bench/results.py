"""What results cost as cohorts grow, and whether what they say of known truths holds.

python -m bench.results                      # cost from 30 to 3,000 candidates
python -m bench.results --simulations 500    # and how often intervals cover the truth
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from teleosce.psychometrics import bootstrap, stringency
from teleosce.reports import analysis
from teleosce.reports.cohort import Cohort, Station, cohort_of
from teleosce.reports.simulated import Shape, simulate
from teleosce.scoring import Layout, MarkedItem

STATIONS, ITEMS = 20, 25
SIZES = (30, 100, 300, 1000, 3000)


def ring(stations: int = STATIONS) -> list[Station]:
    """Stations of a ring, 25 items each in four domains."""
    items = {
        f"i{n}": MarkedItem(("history", "safety", "plan", "talk")[n % 4], 1.0 + n % 3, n == 7) for n in range(ITEMS)
    }
    return [Station(f"{n:02d}" * 32, f"Station {n + 1}", Layout(items, {}, {})) for n in range(stations)]


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds that `work` took, all threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _parts(made: Cohort) -> list[float]:
    return [
        seconds(lambda: analysis.sound(made)),
        seconds(lambda: [analysis.cuts_of(made, analysis.Standard(method)) for method in analysis.METHODS]),
        seconds(lambda: analysis.fair(made)),
        seconds(lambda: bootstrap.cut_spread("borderline-regression", made.scores, made.grades, draws=1000)),
    ]


def costs() -> None:
    """A line for each size, each part on its own."""
    print(f"{STATIONS} stations, {ITEMS} items, 2 examiners for every encounter; processor seconds")
    print(
        f"{'candidates':>10} {'item marks':>10} {'arrays':>8} {'sound':>8} {'lines':>8} {'fair':>8} {'1,000 draws':>12}"
    )
    for size in SIZES:
        people, records, marks, _ = simulate(
            ring(), Shape(candidates=size, circuits=max(2, min(15, size // 20)), twice=1.0)
        )
        began = time.process_time()
        made = cohort_of(ring(), people, records, marks)
        parts = [time.process_time() - began, *_parts(made)]
        print(
            f"{size:>10} {len(marks) * ITEMS:>10} "
            + " ".join(f"{part:8.2f}" for part in parts[:4])
            + f" {parts[4]:12.2f}"
        )
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def coverage(simulations: int) -> None:
    """How often the 95 % intervals of examiners hold their truth, and how well the truth is found."""
    held = many = 0
    correlations = []
    for seed in range(simulations):
        chance = np.random.default_rng(seed)
        candidate, station = (part.ravel() for part in np.indices((60, 12)))
        examiner = station * 3 + candidate % 3
        again = chance.random(len(candidate)) < 0.15
        candidate, station = np.append(candidate, candidate[again]), np.append(station, station[again])
        examiner = np.append(examiner, station[len(again) :] * 3 + (candidate[len(again) :] + 1) % 3)
        truth = 5 * chance.normal(size=36)
        score = (
            60 + 3 * chance.normal(size=12)[station] + 6 * chance.normal(size=60)[candidate]
            + truth[examiner] + 8 * chance.normal(size=len(candidate))
        )  # fmt: skip
        found = stringency.stringency(score, candidate, station, examiner)
        # What all examiners of a station share is the station's, in the model as in the truth.
        true = truth - truth.reshape(-1, 3).mean(axis=1).repeat(3)
        effect = np.array([one.effect for one in found.examiners])
        shared = effect.reshape(-1, 3).mean(axis=1).repeat(3)
        held += sum(
            one.low - middle <= t <= one.high - middle
            for one, t, middle in zip(found.examiners, true, shared, strict=True)
        )
        many += len(true)
        correlations.append(np.corrcoef(effect - shared, true)[0, 1])
    print(f"{simulations} exams of 60 candidates × 12 stations, 36 examiners, 15 % marked twice across circuits")
    print(f"95 % intervals that hold the truth: {100 * held / many:.1f} %")
    print(f"correlation with the truth: mean {np.mean(correlations):.3f}, lowest {min(correlations):.3f}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.results", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--simulations", type=int, default=0, metavar="N", help="exams to simulate for coverage (0)")
    asked = parser.parse_args()
    costs()
    if asked.simulations:
        coverage(asked.simulations)


if __name__ == "__main__":
    main()
