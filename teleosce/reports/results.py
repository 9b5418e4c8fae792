"""Results of exams: from submitted marks to decision runs and their release."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.exams import Encounter, Outcome, Phase
from teleosce.people import Principal, Seat
from teleosce.psychometrics.exam import Rule
from teleosce.reports import analysis, store_results
from teleosce.reports.cohort import Cohort, Mark, Missing, Station, cohort_of
from teleosce.reports.export import Sources
from teleosce.reports.rules import ResultRules
from teleosce.reports.runs import Difference, Release, Run, decide, differences, digest, inputs_of
from teleosce.scoring import COUNTS, SHUT, Form, Kind, Record, Status, layout_of
from teleosce.stations import StationVersion

OUTDATED = "A mark was amended after it was settled; the settlement counts until a moderator looks again."


@dataclass(frozen=True)
class Basis:
    """What results rest on: stations in ring order, each candidate's circuit, marks of record, all submitted marks, and
    what is missing or outdated, with its reason.
    """

    stations: list[Station]
    people: dict[str, str]
    records: list[Mark]
    marks: list[Mark]
    missing: list[Missing]
    outdated: list[Missing]

    def cohort(self) -> Cohort:
        """The same as arrays."""
        return cohort_of(
            self.stations, self.people, self.records, self.marks, missing=self.missing, outdated=self.outdated
        )


class Results:
    """The results of all exams."""

    def __init__(self, database: Database, clock: Clock, sources: Sources) -> None:
        self._database, self._clock, self._marking = database, clock, sources.marking
        self._exams, self._people, self._stations = sources.exams, sources.people, sources.stations
        self._forms = sources.forms

    async def basis(self, exam_id: str) -> Basis:
        """What an exam's results rest on.

        Of several attempts the last completed one that is not void counts: a re-run that is still to come, or that the
        candidate missed, takes nothing from them. Raises NotFound.
        """
        encounters = await self._exams.encounters(exam_id)
        forms = await self._forms.of_encounters([one.id for one in encounters])
        records = await self._marking.records(exam_id)
        counted: dict[tuple[str, str], Encounter] = {}
        for one in sorted(encounters, key=lambda one: (one.outcome is Outcome.completed, one.attempt)):
            if one.candidate and one.outcome is not Outcome.void:
                counted[one.candidate, one.station_hash] = one
        stations: dict[str, tuple[int, Station]] = {}
        basis = Basis([], {}, [], [], [], [])
        for (candidate, key), one in sorted(counted.items(), key=lambda pair: (pair[1].circuit, pair[1].position)):
            version = await self._stations.get(key)
            if version.rest or not version.mark_sheet.items:
                continue
            stations.setdefault(key, (one.position, Station(key, version.title, layout_of(version))))
            basis.people.setdefault(candidate, one.circuit)
            basis.marks.extend(
                mark_of(one, candidate, version, form)
                for form in forms[one.id]
                if form.kind is Kind.mark and form.state in SHUT
            )
            record = records[one.id]
            if record.status in COUNTS:
                basis.records.append(mark_of(one, candidate, version, record))
                if record.outdated:
                    basis.outdated.append(Missing(candidate, key, OUTDATED))
            else:
                basis.missing.append(Missing(candidate, key, _why(one, record.status)))
        basis.stations.extend(station for _, station in sorted(stations.values(), key=lambda pair: pair[0]))
        return basis

    async def cohort(self, exam_id: str) -> Cohort:
        """An exam's marks as arrays. Raises NotFound."""
        return (await self.basis(exam_id)).cohort()

    async def analysis(
        self, exam_id: str, rules: ResultRules, told: Callable[[str], None] = lambda _: None
    ) -> dict[str, Any]:
        """Every figure that the marks so far have, and for the others why not. See `analysis`.

        `inputs` is what a run of the same marks has as its inputs_hash. told: called with each step, in words.
        """
        basis = await self.basis(exam_id)

        def work() -> dict[str, Any]:
            rule = Rule(rules.sems, rules.stations, rules.critical, rules.domains)
            cohort = basis.cohort()
            told("Reliability, stations and items")
            sound = analysis.sound(cohort)
            told("Standard setting, method by method")
            lines = analysis.lines(cohort, rule)
            told("Examiners: stringency and agreement")
            return {
                "inputs": digest(inputs_of(basis.records)),
                "sound": sound,
                "lines": lines,
                "fair": analysis.fair(cohort),
            }

        # Seconds of processor time: on a thread, so that nobody's call waits for it.
        return await asyncio.to_thread(work)

    async def run(self, exam_id: str, rules: ResultRules, by: Principal) -> Run:
        """Decides about every candidate and keeps that for good, with what it rests on; audit row.

        Raises Invalid while nothing is marked, NotFound.
        """
        basis = await self.basis(exam_id)
        if not basis.records:
            raise Invalid("No mark that counts is submitted yet, so there is nothing to decide.", code="no-marks")
        found = await asyncio.to_thread(lambda: decide(basis.cohort(), rules))
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
            at_ms=self._clock.now_ms(),
        )
        async with self._database.write() as connection:
            number = await store_results.add_run(connection, run)
            detail = {"run": run.id, "number": number, "inputs": run.inputs_hash}
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
        """The runs of an exam, oldest first."""
        async with self._database.read() as connection:
            return await store_results.of_exam(connection, exam_id)

    async def last_rules(self, exam_id: str) -> ResultRules | None:
        """The rule of the newest run; None before the first."""
        async with self._database.read() as connection:
            return await store_results.last_rules(connection, exam_id)

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
        """Takes a release back, and says why: those it showed see nothing by it any more; audit row.

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
        now_ms = self._clock.now_ms()
        shown = [one for one in await self.releases(seat.exam_id) if one.shows(seat.group, now_ms)]
        if not shown:
            return None
        run = await self.one(max(shown, key=lambda one: (one.from_ms, one.at_ms)).run_id)
        own = run.found["candidates"].get(seat.id)
        return None if own is None else (run, own)


def mark_of(encounter: Encounter, candidate: str, version: StationVersion, of: Form | Record) -> Mark:
    """A submitted mark, or a mark of record, as figures are made of it."""
    form, examiner, at_ms = (
        (of.id, of.author_id, of.state_ms) if isinstance(of, Form) else (of.settlement or of.parents[0], "", 0)
    )
    return Mark(
        encounter_id=encounter.id,
        form_id=form,
        candidate=candidate,
        station=version.hash,
        circuit=encounter.circuit,
        examiner=examiner,
        at_ms=at_ms,
        items={item.id: of.value(f"item.{item.id}") for item in version.mark_sheet.items},
        grade=of.value("global"),
    )


def _why(encounter: Encounter, status: Status) -> str:
    if encounter.outcome is Outcome.missed:
        return "The candidate was not there."
    said = {
        Status.second_missing: "The other of two marks is not submitted yet.",
        Status.disputed: "Two marks differ, and nobody has settled it.",
    }
    if status in said:
        return said[status]
    return "The encounter is not over yet." if encounter.phase is not Phase.done else "No mark is submitted yet."
