"""Analyses that are kept: worked out once for each state of the marks, on a thread, and there at once afterwards."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from teleosce import __version__
from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.errors import Fault
from teleosce.reports import store_analysis
from teleosce.reports.cohort import Cohort
from teleosce.reports.results import Results
from teleosce.reports.rules import ResultRules
from teleosce.reports.runs import decide, digest
from teleosce.reports.store_analysis import Kept

log = structlog.get_logger(__name__)

BEGUN = "Reading the marks"

SHAPE = 8
"""Raised whenever an analysis gets other figures, or one of them another meaning: those that are kept are of before."""


@dataclass(frozen=True)
class Look:
    """What is known of an exam now.

    kept: the newest analysis, None before the first. current: whether it is of the marks and rules as they are now.
    since: sheets submitted after it. working: what is being worked out now, in words; fault: why that failed.
    """

    kept: Kept | None
    current: bool
    since: int
    working: str | None
    fault: str | None


@dataclass(frozen=True)
class Preview:
    """What a run would find. stamp: of the marks that it rests on."""

    stamp: str
    found: dict[str, Any]


class Analyses:
    """The analyses of all exams. At most one of an exam is under way."""

    def __init__(self, results: Results, database: Database, clock: Clock) -> None:
        self._results, self._database, self._clock = results, database, clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._steps: dict[str, str] = {}
        self._faults: dict[str, tuple[str, str]] = {}
        self._reading = asyncio.Lock()
        self._held: tuple[str, Cohort] | None = None
        self._read: Kept | None = None

    async def look(self, exam_id: str, rules: ResultRules) -> Look:
        """The newest analysis, at once. Where it is not of the present marks and rules, a new one is begun."""
        async with self._database.read() as connection:
            kept = await self._kept(connection, exam_id)
            since = await store_analysis.marks_since(connection, exam_id, kept.at_ms) if kept else 0
            if exam_id in self._tasks:
                # Pages ask every second or two: what it will be of is looked up once it is there, as that goes
                # through all forms.
                return Look(kept, False, since, self._steps.get(exam_id, BEGUN), None)
            wanted = self._digest(await store_analysis.stamp(connection, exam_id), rules)
        current = kept is not None and kept.digest == wanted
        failed, why = self._faults.get(exam_id, ("", ""))
        if not current and failed != wanted and exam_id not in self._tasks:
            self._steps[exam_id] = BEGUN
            task = asyncio.create_task(self._work(exam_id, rules, wanted), name="analysis")
            self._tasks[exam_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(exam_id, None))
        working = self._steps.get(exam_id, BEGUN) if exam_id in self._tasks else None
        return Look(kept, current, 0 if current else since, working, why if failed == wanted else None)

    async def again(self, exam_id: str) -> None:
        """Forgets that working it out failed, so that the next look tries once more."""
        self._faults.pop(exam_id, None)

    async def wait(self, exam_id: str) -> None:
        """Until nothing of this exam is under way."""
        if task := self._tasks.get(exam_id):
            await asyncio.shield(task)

    async def cohort(self, exam_id: str, rules: ResultRules | None = None) -> tuple[str, Cohort]:
        """An exam's marks as arrays, by rules (the exam's own), with their stamp.

        The marks are read again only if they, or what scores are made of, changed; who asks meanwhile waits for that.
        """
        rules = rules or await self._results.rules(exam_id)
        async with self._reading:
            stamp = await self._results.stamp(exam_id)
            of = digest([exam_id, stamp, rules.made_of])
            if self._held is None or self._held[0] != of:
                self._held = (of, await self._results.cohort(exam_id, rules))
            return stamp, self._held[1]

    async def preview(self, exam_id: str, rules: ResultRules) -> Preview:
        """What a run by these rules would find now, without keeping it. Raises Invalid as `decide`."""
        stamp, cohort = await self.cohort(exam_id, rules)
        return Preview(stamp, await asyncio.to_thread(decide, cohort, rules))

    async def close(self) -> None:
        """Gives up what is under way."""
        for task in list(self._tasks.values()):
            task.cancel()

    async def _kept(self, connection: Connection, exam_id: str) -> Kept | None:
        """What is kept of an exam. That of a large one is megabytes, which a page that is looked at again, or asks
        whether anything is new, must not read once more.
        """
        newest = await store_analysis.newest(connection, exam_id)
        if newest is None:
            return None
        if self._read is None or (self._read.exam_id, self._read.digest, self._read.at_ms) != (exam_id, *newest):
            self._read = await store_analysis.kept(connection, exam_id)
        return self._read

    @staticmethod
    def _digest(stamp: list[Any], rules: ResultRules) -> str:
        return digest([__version__, SHAPE, stamp, rules.model_dump(mode="json")])

    async def _work(self, exam_id: str, rules: ResultRules, wanted: str) -> None:
        def told(step: str) -> None:
            self._steps[exam_id] = step

        try:
            found = await self._results.analysis(exam_id, rules, told)
            kept = Kept(exam_id, wanted, found, self._clock.now_ms())
            async with self._database.write() as connection:
                await store_analysis.keep(connection, kept)
        except Fault as fault:
            self._faults[exam_id] = (wanted, fault.message)
        except Exception:
            # Whatever it was, the page says so instead of waiting for ever; the log has the rest.
            log.exception("an analysis failed", exam=exam_id)
            why = (
                "The figures could not be worked out: something went wrong in the program. The marks are as they were."
            )
            self._faults[exam_id] = (wanted, why)
