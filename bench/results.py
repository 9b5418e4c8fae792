"""What results cost as cohorts grow, and whether what they say of known truths holds.

python -m bench.results                      # cost from 30 to 3,000 candidates
python -m bench.results --simulations 500    # and how often intervals cover the truth
"""

import argparse
import resource
import time
from collections.abc import Callable

from bench.coverage import coverage
from teleosce.psychometrics import bootstrap
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
