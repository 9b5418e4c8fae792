"""Results of exams: from submitted marks to decision runs and their release."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.people import Principal, Seat
from teleosce.reports import analysis, store_analysis, store_results
from teleosce.reports.altered import altered_runs
from teleosce.reports.basis import Basis, basis_of
from teleosce.reports.cohort import Cohort, sheet_alone
from teleosce.reports.export import Sources
from teleosce.reports.panels import Panels
from teleosce.reports.plots import every_plot
from teleosce.reports.rules import KeptResultRules, ResultRules
from teleosce.reports.runs import (
    Difference,
    Release,
    Run,
    RunHead,
    decide,
    differences,
    digest,
    inputs_of,
    sealed,
)
from teleosce.reports.shown import shown
from teleosce.reports.unfold import unfold
from teleosce.scoring import Form, layout_of

Aside = Callable[[str, ResultRules], Coroutine[Any, Any, Basis]]


class Results:
    """The results of all exams. panels: those that set their standard by Angoff's method.

    aside: reads a basis over a database of its own. With it that is done in another thread's loop: thousands of sheets
    are folded, and the one that carries media must not wait for that.
    """

    def __init__(self, database: Database, clock: Clock, sources: Sources, aside: Aside | None = None) -> None:
        self._database, self._clock, self._sources, self._people = database, clock, sources, sources.people
        self._aside = aside
        self._heads: dict[str, RunHead] = {}
        self.panels = Panels(database, clock, sources)

    async def kept_rules(self, exam_id: str) -> KeptResultRules:
        """The rule by which an exam is to be decided, with its version; the defaults, version 0, where none was set."""
        async with self._database.read() as connection:
            return await store_results.result_rules.of(connection, exam_id)

    async def rules(self, exam_id: str) -> ResultRules:
        """The rule by which an exam is to be decided."""
        return (await self.kept_rules(exam_id)).rules

    async def set_rules(self, exam_id: str, rules: ResultRules, version: int, by: Principal) -> KeptResultRules:
        """The next version of the rule; the audit row says how many marks were there when it was changed.

        Raises Conflict, with what is kept, when that is not `version`.
        """
        new = KeptResultRules(exam_id, rules, version + 1, self._clock.now_ms())
        async with self._database.write() as connection:
            await store_results.result_rules.change(connection, new)
            detail = {
                "version": new.version,
                "marks": await store_analysis.marks_now(connection, exam_id),
                "rules": rules.model_dump(mode="json", exclude_defaults=True),
            }
            await self._people.record(by, "results.rules", exam_id, detail, connection=connection)
        return new

    async def basis(
        self, exam_id: str, rules: ResultRules | None = None, forms: Mapping[str, Sequence[Form]] | None = None
    ) -> Basis:
        """What an exam's results rest on, by rules (the exam's own); see `basis_of`. Raises NotFound."""
        rules = rules or await self.rules(exam_id)
        if self._aside is None or forms is not None:
            basis = await basis_of(self._sources, exam_id, rules, forms)
        else:
            basis = await asyncio.to_thread(asyncio.run, self._aside(exam_id, rules))
        basis.panel.update(await self.panels.judged(exam_id))
        return basis

    async def cohort(self, exam_id: str, rules: ResultRules | None = None) -> Cohort:
        """An exam's marks as arrays, by rules (the exam's own). Raises NotFound."""
        return await asyncio.to_thread((await self.basis(exam_id, rules)).cohort)

    async def analysis(
        self, exam_id: str, rules: ResultRules | None = None, told: Callable[[str], None] = lambda _: None
    ) -> dict[str, Any]:
        """Every figure that the marks so far have, and for the others why not. See `analysis`.

        `inputs` is what a run of the same marks has as its inputs_hash. told: called with each step, in words.
        """
        basis = await self.basis(exam_id, rules)

        def work() -> dict[str, Any]:
            cohort = basis.cohort()
            found = {
                "inputs": digest(inputs_of(basis.records)),
                **analysis.whole(cohort, basis.rules, told),
            }
            told("Plots")
            return {**found, "plots": every_plot(found, cohort, basis.rules)}

        # Seconds of processor time: on a thread, so that nobody's call waits for it.
        return await asyncio.to_thread(work)

    async def unfold(self, of: str, candidate: str) -> dict[str, Any]:
        """A candidate's total down to the key presses, by a run's id as it was then, or by an exam's id as it is now.

        See `unfold`. Raises NotFound when the run or the exam does not know the candidate; Invalid as `run`.
        """
        async with self._database.read() as connection:
            run = await store_results.run(connection, of)
        if run is None:
            await self._sources.exams.exam(of)
            rules = await self.rules(of)
            basis = await self.basis(of, rules)
            found = await asyncio.to_thread(lambda: decide(basis.cohort(), rules))
            inputs = inputs_of(basis.records)
            run = Run("", of, 0, rules, inputs, digest(inputs), found, None, self._clock.now_ms())
        return await unfold(self._sources, run, candidate)

    async def stamp(self, exam_id: str) -> str:
        """What changes whenever a mark of record of the exam may have."""
        async with self._database.read() as connection:
            return digest(await store_analysis.stamp(connection, exam_id))

    async def run(self, exam_id: str, rules: ResultRules | None, by: Principal, stamp: str | None = None) -> Run:
        """Decides about every candidate by rules (the exam's own), for good, with what it rests on; audit row.

        stamp: of the marks that are meant. Raises Conflict when they are others by now, Invalid while nothing is
        marked, NotFound.
        """
        rules = rules or await self.rules(exam_id)
        # What is submitted while the marks are read may be in the run or not: it is later than the run.
        at_ms = self._clock.now_ms()
        basis = await self.basis(exam_id, rules)
        if not basis.records:
            raise Invalid("No mark that counts is submitted yet, so there is nothing to decide.", code="no-marks")
        found = await asyncio.to_thread(lambda: decide(basis.cohort(), rules))
        if rules.method == "angoff" and not rules.panel_cuts:
            found["panel"] = await self.panels.told(exam_id)
        inputs = inputs_of(basis.records)
        run = Run(
            id=new_id(),
            exam_id=exam_id,
            number=0,
            rules=rules,
            inputs=inputs,
            inputs_hash=digest(inputs),
            found=found,
            by=by.seat_id or by.account_id,
            at_ms=at_ms,
        )
        async with self._database.write() as connection:
            # Compared where it is written: while the marks were read another may have come in.
            if stamp is not None and stamp != digest(await store_analysis.stamp(connection, exam_id)):
                raise Conflict(
                    "Marks changed since you looked at the pass list, so nothing was decided. Look at it again, then "
                    "decide.",
                    code="marks-changed",
                )
            number = await store_results.add_run(connection, run)
            says = sealed(rules.model_dump(mode="json"), run.inputs, run.found)
            detail = {"run": run.id, "number": number, "inputs": run.inputs_hash, "says": says}
            await self._people.record(by, "results.run", exam_id, detail, connection=connection)
        return await self.one(run.id)

    async def one(self, run_id: str) -> Run:
        """A run. Raises NotFound."""
        async with self._database.read() as connection:
            found = await store_results.run(connection, run_id)
        if found is None:
            raise NotFound("There is no such decision run.", code="no-run")
        return found

    async def runs(self, exam_id: str) -> list[Run]:
        """The runs of an exam, oldest first, each with all that it rests on and found. For a list see `heads`."""
        async with self._database.read() as connection:
            return await store_results.of_exam(connection, exam_id)

    async def heads(self, exam_id: str) -> list[RunHead]:
        """What a list of an exam's runs tells of each, oldest first."""
        async with self._database.read() as connection:
            known = await store_results.numbers(connection, exam_id)
        # A run never changes, and one of a large exam is a megabyte: each is read once.
        for one in known.values():
            if one not in self._heads:
                self._heads[one] = (await self.one(one)).head
        return [self._heads[one] for one in known.values()]

    async def numbered(self, exam_id: str, number: int | None = None) -> Run:
        """A run of an exam by its number, the last when none is given. Raises NotFound."""
        return await self.one(await self.id_of(exam_id, number))

    async def id_of(self, exam_id: str, number: int | None = None) -> str:
        """The id of what `numbered` gives, which is not read. Raises NotFound."""
        async with self._database.read() as connection:
            known = await store_results.numbers(connection, exam_id)
        found = known.get(max(known, default=0) if number is None else number)
        if found is None:
            said = f"{number}. It has {len(known)}" if known else "yet"
            raise NotFound(f"This exam has no decision run {said}.", code="no-run")
        return found

    async def altered(self, exam_id: str, run_id: str | None = None) -> dict[str, str]:
        """Of the runs of an exam, or one, those that were altered after they were made: why by their ids."""
        return dict(await altered_runs(self._database, self._people, exam_id, run_id))

    async def last_rules(self, exam_id: str) -> ResultRules | None:
        """The rule of the newest run; None before the first."""
        async with self._database.read() as connection:
            return await store_results.last_rules(connection, exam_id)

    async def sheet_cuts(self, exam_id: str, stations: Collection[str]) -> dict[str, float]:
        """Of some station versions the cut in per cent of the mark sheet, as far as it is known: the newest run's;
        before the first, what was fixed beforehand or judged by a panel, where the exam's rule goes by that.

        A cut is of the station's score: where that holds more than the sheet, none is known of the sheet.
        """
        async with self._database.read() as connection:
            last = await store_results.last_cuts(connection, exam_id)
        rules, cuts = last or await self._set_cuts(exam_id, stations)
        found = {}
        for station in set(stations) & set(cuts):
            version = await self._sources.stations.get(station)
            if sheet_alone(layout_of(version), rules.weights_of(version.slug)):
                found[station] = cuts[station]
        return found

    async def _set_cuts(self, exam_id: str, stations: Collection[str]) -> tuple[ResultRules, dict[str, float]]:
        """The exam's rule, and the cuts that it goes by whatever is marked."""
        rules = await self.rules(exam_id)
        match rules.method:
            case "fixed":
                return rules, dict.fromkeys(stations, rules.fixed_cut)
            case "angoff":
                judged = await self.panels.judged(exam_id)
                return rules, {station: one.cut.cut for station, one in judged.items()} | rules.panel_cuts
        return rules, {}

    async def differences(self, before_id: str, after_id: str) -> list[Difference]:
        """About whom two runs of an exam differ. Raises NotFound."""
        before, after = await self.one(before_id), await self.one(after_id)
        if before.exam_id != after.exam_id:
            raise NotFound("These two are not of one exam.", code="no-run")
        return differences(before, after)

    async def release(
        self, run_id: str, by: Principal, group: str | None = None, from_ms: int | None = None
    ) -> Release:
        """Lets candidates see what a run decided about them, from a time on (now), all or those of a group; audit row.

        Whoever sees another run by an earlier release sees the newer one from then on.
        """
        run = await self.one(run_id)
        now_ms = self._clock.now_ms()
        one = Release(
            new_id(), run.id, run.exam_id, group or None, from_ms or now_ms, by.seat_id or by.account_id, now_ms
        )
        async with self._database.write() as connection:
            await store_results.add_release(connection, one)
            detail = {"run": run.id, "group": group, "from_ms": one.from_ms}
            await self._people.record(by, "results.release", run.exam_id, detail, connection=connection)
        return one

    async def withdraw(self, release_id: str, exam_id: str, by: Principal, why: str = "") -> None:
        """Takes a release back, and says why: those it showed see nothing until a run is released again; audit row.

        Raises Conflict when it was taken back before, NotFound.
        """
        async with self._database.write() as connection:
            known = {one.id for one in await store_results.releases_of(connection, exam_id)}
            if release_id not in known:
                raise NotFound("There is no such release.", code="no-release")
            own = by.seat_id or by.account_id
            if not await store_results.withdraw(connection, release_id, own, self._clock.now_ms(), why):
                raise Conflict("This release was withdrawn before.", code="withdrawn")
            detail = {"release": release_id, "reason": why}
            await self._people.record(by, "results.withdraw", exam_id, detail, connection=connection)

    async def releases(self, exam_id: str) -> list[Release]:
        """All releases of an exam, oldest first, those withdrawn included."""
        async with self._database.read() as connection:
            return await store_results.releases_of(connection, exam_id)

    async def released_to(self, seat: Seat) -> tuple[Run, dict[str, Any]] | None:
        """The run that a candidate may see, and what it says of them; None under embargo."""
        release = shown(await self.releases(seat.exam_id), seat.group, self._clock.now_ms())
        if release is None:
            return None
        run = await self.one(release.run_id)
        own = run.found["candidates"].get(seat.id)
        return None if own is None else (run, own)


async def add_result_rules(connection: Connection, exam_id: str, rules: ResultRules, now_ms: int) -> bool:
    """The rule of an exam that is being made, in the caller's transaction; one that is there already stays."""
    return await store_results.result_rules.swap(connection, KeptResultRules(exam_id, rules, 1, now_ms))
