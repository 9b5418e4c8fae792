"""What results cost as cohorts grow, and whether what they say of known truths holds.

python -m bench.results                      # cost from 30 to 3,000 candidates
python -m bench.results --simulations 500    # and how often intervals cover the truth
"""

import argparse
import resource
import time
from collections.abc import Callable

import teleosce  # noqa: F401 before numpy, whose threads it settles
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
        seconds(lambda: [bootstrap.cut_spread(method, made.scores, made.grades) for method in bootstrap.CUTS]),
    ]


def costs() -> None:
    """A line for each size, each part on its own."""
    print(
        f"{STATIONS} stations, {ITEMS} items, 2 examiners for every encounter; processor seconds, memory at most so far"
    )
    heads = ("arrays", "sound", "lines", "fair", "1,000 draws", "MiB")
    print(f"{'candidates':>10} {'item marks':>10} " + " ".join(f"{head:>11}" for head in heads))
    before: list[float] = []
    for size in SIZES:
        people, records, marks, _ = simulate(
            ring(), Shape(candidates=size, circuits=max(2, min(15, size // 20)), twice=1.0)
        )
        began = time.process_time()
        made = cohort_of(ring(), people, records, marks)
        parts = [time.process_time() - began, *_parts(made)]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{size:>10} {len(marks) * ITEMS:>10} " + " ".join(f"{part:11.2f}" for part in parts) + f" {memory:11.0f}",
            flush=True,
        )
        if before:
            grown = " ".join(f"{f'×{part / max(was, 0.01):.1f}':>11}" for part, was in zip(parts, before, strict=True))
            print(f"{'':>10} {'':>10} {grown}")
        before = parts


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
