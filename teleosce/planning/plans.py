"""Plans that are kept, and the one step that makes an exam of them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.exams import (
    Exams,
    NewSlot,
    Policy,
    PreparedSlots,
    Timings,
    add_slots,
    change_exam,
    prepare_slots,
)
from teleosce.people import People, Principal, Role, Seat, new_seat
from teleosce.planning import store
from teleosce.planning.models import ExamPlan, Person
from teleosce.planning.reader import Draft, bank_of, draft_of, look_at
from teleosce.planning.store import Kept
from teleosce.planning.timetable import Bank, Timetable, Visit
from teleosce.reports import add_result_rules
from teleosce.scoring import KeptFeedbackRules, add_rules, feedback_rules
from teleosce.stations import StationStore

MOST_JSON = 1_000_000
NO_TITLE = "Exam without a title"


class Conflicts(Conflict):
    """An exam cannot be made, or started, as its plan has conflicts; `details` lists them."""

    default_code = "plan-conflicts"

    def __init__(self, draft: Draft) -> None:
        blocking = [one for one in draft.said if one.blocks]
        more = f" And {len(blocking) - 3} more." if len(blocking) > 3 else ""
        first = " ".join(one.message for one in blocking[:3])
        super().__init__(
            f"The plan has conflicts, so nothing was made of it: {first}{more}",
            details=[{"kind": one.kind, "message": one.message, "place": list(one.place)} for one in blocking],
        )


class Plans:
    """Keeps plans by exam and makes exams of them."""

    def __init__(self, database: Database, clock: Clock, exams: Exams, people: People, stations: StationStore) -> None:
        self._database, self._clock = database, clock
        self._exams, self._people, self._stations = exams, people, stations

    async def bank(self) -> Bank:
        """The stations that plans may name."""
        return bank_of({version.hash: version for version in await self._stations.all()})

    async def look_at(self, document: Any) -> Draft:
        """What a plan comes to, and all that is wrong with it; writes nothing."""
        return await asyncio.to_thread(look_at, document, await self.bank())

    async def create(self, document: Mapping[str, Any], by: Principal | None = None) -> Kept:
        """A new exam with a plan and nothing else; audit row. Raises Invalid when its title or zone cannot be used."""
        title, zone = _heading(document)
        exam = await self._exams.create(title, zone)
        kept = Kept(exam.id, 1, dict(document), self._clock.now_ms(), None)
        async with self._database.write() as connection:
            await store.add_plan(connection, kept)
            await self._people.record(by, "exam.plan", exam.id, {"version": 1}, connection=connection)
        return kept

    async def get(self, exam_id: str) -> Kept | None:
        """The plan of an exam; None for one that was made without."""
        async with self._database.read() as connection:
            return await store.plan_of(connection, exam_id)

    async def save(self, exam_id: str, document: Mapping[str, Any], version: int, by: Principal | None = None) -> Kept:
        """The next version. Raises Conflict when somebody saved another since `version`, or the exam is made.

        Saved twice it counts once: the answer to the first may have been lost on its way.
        """
        title, zone = _heading(document)
        async with self._database.write() as connection:
            kept = await store.plan_of(connection, exam_id)
            if kept and kept.built_ms is None and (kept.version, kept.document) == (version + 1, document):
                return kept
            old = await self._mine(connection, exam_id, version)
            new = replace(old, version=version + 1, document=dict(document), changed_ms=self._clock.now_ms())
            if not await store.change_plan(connection, old, new):
                raise _changed(old)
            await change_exam(connection, exam_id, title=title, zone=zone)
            await self._people.record(by, "exam.plan", exam_id, {"version": new.version}, connection=connection)
        return new

    async def _mine(self, connection: Any, exam_id: str, version: int) -> Kept:
        kept = await store.plan_of(connection, exam_id)
        if kept is None:
            raise NotFound("This exam has no plan.", code="no-plan")
        if kept.version != version or kept.built_ms is not None:
            raise _changed(kept)
        return kept

    async def build(
        self,
        exam_id: str,
        version: int,
        by: Principal | None = None,
        pace: Callable[[Visit, int], Timings] | None = None,
    ) -> Timetable:
        """Makes seats, slots and circuits of a plan, all in one transaction, once; audit rows.

        pace: other lengths in place of those planned, from a visit and the candidate's extra per cent: a rehearsal's.
        Raises Conflicts with the list of them, Conflict when the plan is another by now or the exam is made already.
        """
        kept = await self.get(exam_id)
        if kept is None:
            raise NotFound("This exam has no plan.", code="no-plan")
        bank = await self.bank()
        draft = await asyncio.to_thread(look_at, kept.document, bank)
        _refuse(draft, kept, version)
        assert draft.plan is not None
        assert draft.table is not None
        plan, table, now_ms = draft.plan, draft.table, self._clock.now_ms()
        if pace is not None:
            extra = [candidate.extra_percent for candidate in plan.candidates]
            visits = tuple(replace(one, timings=pace(one, extra[one.candidate])) for one in table.visits)
            table = replace(table, visits=visits)
        seats, slots = await asyncio.to_thread(_prepared, exam_id, plan, table, bank, now_ms)
        async with self._database.write() as connection:
            built = replace(kept, document=_pinned(plan, bank), built_ms=now_ms)
            if not await store.change_plan(connection, kept, built):
                raise _changed(kept)
            await self._people.add_seats(seats.all, by=by, connection=connection)
            starts = {ring.circuit: ring.starts_ms for ring in table.rings if ring.planned}
            policy = Policy(**plan.policy.model_dump())
            await change_exam(connection, exam_id, title=plan.title, zone=plan.zone, policy=policy)
            sites = {one.name: one.site for one in plan.rings}
            await add_slots(connection, exam_id, slots, starts, now_ms, sites=sites)
            if "marking" in plan.model_fields_set:
                await add_rules(connection, exam_id, plan.marking, now_ms)
            if "feedback" in plan.model_fields_set:
                await feedback_rules.swap(connection, KeptFeedbackRules(exam_id, plan.feedback, 1, now_ms))
            if "results" in plan.model_fields_set:
                await add_result_rules(connection, exam_id, plan.results, now_ms)
            detail = {"version": version, "seats": len(seats.all), "slots": len(slots.slots)}
            await self._people.record(by, "exam.build", exam_id, detail, connection=connection)
        return table

    async def check_before_start(self, exam_id: str) -> None:
        """Whether an exam may be started. Raises Conflicts, with the list, while its plan has any and is not made."""
        kept = await self.get(exam_id)
        if kept is None or kept.built_ms is not None:
            return
        draft = await self.look_at(kept.document)
        if not draft.sound:
            raise Conflicts(draft)
        raise Conflict(
            "The exam is not made of its plan yet: open the plan and press “Make the exam”. Nothing was started.",
            code="not-built",
        )


async def forget_in_plan(database: Database, person: Seat, instead: str) -> int:
    """Takes a person's name, number, e-mail and accommodation out of the plan of their exam; returns the places."""
    async with database.write() as connection:
        kept = await store.plan_of(connection, person.exam_id)
        if kept is None:
            return 0
        document, count = _without(kept.document, person, instead)
        if count and not await store.change_plan(connection, kept, replace(kept, document=document)):
            raise _changed(kept)
    return count


def _without(document: dict[str, Any], person: Seat, instead: str) -> tuple[dict[str, Any], int]:
    """The same without the person, and in how many places they stood.

    A candidate is known by the number, as another may have the same name; staff have their name alone.
    """
    if person.role is not Role.candidate:
        return _unnamed(document, person.name, instead)
    found, count = [], 0
    for at, one in enumerate(document.get("candidates") or ()):
        known = one if isinstance(one, dict) else {"name": one}
        if known.get("name") == person.name and (known.get("number") or f"C{at + 1:02}") == person.number:
            count += 1
            found.append({key: known[key] for key in ("circuit",) if key in known} | {"name": instead})
        else:
            found.append(one)
    return document | ({"candidates": found} if count else {}), count


def _unnamed(value: Any, name: str, instead: str) -> tuple[Any, int]:
    """One of the staff: among the people, and at the stations of the circuits."""
    if value == name:
        return instead, 1
    if isinstance(value, list):
        parts = [_unnamed(part, name, instead) for part in value]
        return [part for part, _ in parts], sum(count for _, count in parts)
    if not isinstance(value, dict):
        return value, 0
    if value.get("name") == name and "extra_percent" not in value:
        return {key: value[key] for key in ("role",) if key in value} | {"name": instead}, 1
    found = {
        key: (part, 0) if key in ("candidates", "circuits", "title") else _unnamed(part, name, instead)
        for key, part in value.items()
    }
    return {key: part for key, (part, _) in found.items()}, sum(count for _, count in found.values())


def _heading(document: Mapping[str, Any]) -> tuple[str, str]:
    title, zone = document.get("title"), document.get("zone")
    title = title.strip() if isinstance(title, str) else ""
    return title[:200] or NO_TITLE, zone if isinstance(zone, str) and zone else "Europe/London"


def _changed(kept: Kept) -> Conflict:
    if kept.built_ms is not None:
        return Conflict("The exam is made already, so its plan does not change any more.", code="built")
    return Conflict(
        "Somebody else has changed this plan meanwhile, so yours was not saved. Load the page again and go on from "
        "theirs.",
        code="plan-changed",
        details={"version": kept.version},
    )


def _refuse(draft: Draft, kept: Kept, version: int) -> None:
    if kept.version != version or kept.built_ms is not None:
        raise _changed(kept)
    if not draft.sound:
        raise Conflicts(draft)


def _pinned(plan: ExamPlan, bank: Bank) -> dict[str, Any]:
    """The plan with versions in place of stations' names: it says for good what the exam was made of."""
    content: dict[str, Any] = plan.model_dump(mode="json", by_alias=True)
    for station in content["stations"]:
        station["station"] = bank[station["station"]].hash
    return content


def _prepared(exam_id: str, plan: ExamPlan, table: Timetable, bank: Bank, now_ms: int) -> tuple["_Cast", PreparedSlots]:
    cast = _Cast(exam_id, plan, table)
    return cast, prepare_slots(exam_id, [cast.slot(visit, bank) for visit in table.visits], now_ms)


class _Cast:
    """The seats of an exam, found by the names that a timetable uses."""

    def __init__(self, exam_id: str, plan: ExamPlan, table: Timetable) -> None:
        listed: dict[tuple[str, str], Person] = {(person.role, person.name): person for person in plan.people}
        self.organiser = new_seat(exam_id, Role.organiser, "Organiser")
        self.candidates = {
            at: new_seat(
                exam_id,
                Role.candidate,
                one.name,
                plan.number_of(at),
                email=one.email or None,
                group=one.group or None,
                extra_percent=one.extra_percent,
                zone=one.zone or None,
            )
            for at, one in enumerate(plan.candidates)
        }
        wanted = dict.fromkeys([*listed, *_named(plan, table)])
        self.staff: dict[tuple[str, str], Seat] = {}
        for role, name in wanted:
            person = listed.get((role, name))
            email, zone = (person.email or None, person.zone or None) if person else (None, None)
            self.staff[role, name] = new_seat(exam_id, Role(role), name, email=email, zone=zone)
        self.partners = {
            (one.circuit, one.rotation, one.joins): self.candidates[one.candidate].id
            for one in table.visits
            if one.joins is not None
        }
        self.all = [self.organiser, *self.candidates.values(), *self.staff.values()]

    def slot(self, visit: Visit, bank: Bank) -> NewSlot:
        station = bank[visit.station] if visit.station in bank else _rest_of(bank)
        examiner = self.staff["examiner", visit.examiner].id if visit.examiner else None
        return NewSlot(
            position=visit.position,
            rotation=visit.rotation,
            circuit=visit.circuit,
            station_hash=station.hash,
            timings=visit.timings,
            candidate=self.candidates[visit.candidate].id,
            sp=self.staff["sp", visit.sp].id if visit.sp else None,
            examiner=examiner,
            extra=tuple(one for one in (examiner if visit.speaks else None, self.partners.get(_place(visit))) if one),
            met_at=visit.met_at,
            joins=visit.joins,
        )


def _place(visit: Visit) -> tuple[str, int, int]:
    return visit.circuit, visit.rotation, visit.position


def _named(plan: ExamPlan, table: Timetable) -> list[tuple[str, str]]:
    """SPs and examiners in the order of the ring."""
    visits = sorted(table.visits, key=lambda one: (one.position, one.circuit))
    sps = [("sp", visit.sp) for visit in visits if visit.sp]
    return [*sps, *(("examiner", visit.examiner) for visit in visits if visit.examiner)]


def _rest_of(bank: Bank) -> Any:
    rest = next((one for one in bank.values() if one.rest), None)
    if rest is None:
        raise Invalid("A break needs a rest station, and the bank has none. Nothing was made.", code="no-rest")
    return rest


__all__ = ["Conflicts", "Draft", "Kept", "Plans", "draft_of"]
