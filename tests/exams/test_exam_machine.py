"""Random days: whatever people, the clock and restarts do, the promises hold.

Others than the last time, and as many as one likes; the days of one seed are the same each time:

    RANDOM_DAYS=5000 .venv/bin/python -m pytest -m faults tests/exams/test_exam_machine.py --hypothesis-seed=7
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from random_day import House, RandomDay


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    made.close()


def run(house: House, examples: int, steps: int) -> None:
    machine = type("RandomDay", (RandomDay,), {"house": house})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_random_days(house: House) -> None:
    run(house, examples=8, steps=15)


@pytest.mark.faults
def test_thousands_of_random_days(house: House) -> None:
    run(house, examples=int(os.environ.get("RANDOM_DAYS", "2000")), steps=25)
