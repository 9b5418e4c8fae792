"""The rules of an exam, whose each encounter is to mark, and what counts of the marks."""

from collections.abc import Collection, Sequence

from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.errors import Conflict, Invalid
from teleosce.core.events import Events, MarkSubmitted
from teleosce.core.ids import new_id
from teleosce.exams import Encounter, Exams
from teleosce.people import People, Principal, plain
from teleosce.scoring import store, store_marking
from teleosce.scoring.assignments import Assignment, AssignmentKind, Markers, Reassigned, markers_of
from teleosce.scoring.doubling import practised
from teleosce.scoring.models import Form, Kind, State
from teleosce.scoring.moderation import Moderation
from teleosce.scoring.rules import KeptRules, MarkingRules
from teleosce.scoring.second_marks import Cuts, SecondMarks, none_known
from teleosce.stations import StationStore

MAX_REASON = 1000


class Marking:
    """Rules, assignments and marks of record; each name that is bound here is documented where it is done."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: Events,
        *,
        exams: Exams,
        people: People,
        stations: StationStore,
        cuts: Cuts = none_known,
    ) -> None:
        self._database, self._clock = database, clock
        self._exams, self._people = exams, people
        second = SecondMarks(database, clock, exams, people, stations, cuts=cuts)
        events.subscribe(MarkSubmitted, second.on_submitted)
        self.double = second.double
        moderation = Moderation(database, clock, exams, people, stations)
        self.record = moderation.record
        self.records = moderation.records
        self.case = moderation.case
        self.cases = moderation.cases
        self.take = moderation.take
        self.settle = moderation.settle

    async def rules(self, exam_id: str) -> MarkingRules:
        """The rules of an exam; the defaults where none were set."""
        return (await self.kept_rules(exam_id)).rules

    async def kept_rules(self, exam_id: str) -> KeptRules:
        """The rules with their version."""
        async with self._database.read() as connection:
            return await store_marking.marking_rules.of(connection, exam_id)

    async def set_rules(
        self, exam_id: str, rules: MarkingRules, version: int, by: Principal | None = None
    ) -> KeptRules:
        """The next version of the rules; audit row. Raises Conflict, with what is kept, when it is not `version`."""
        new = KeptRules(exam_id, rules, version + 1, self._clock.now_ms())
        async with self._database.write() as connection:
            await store_marking.marking_rules.change(connection, new)
            detail = {"version": new.version, **rules.model_dump(mode="json", exclude_defaults=True)}
            await self._people.record(by, "marking.rules", exam_id, detail, connection=connection)
        return new

    async def assignments(self, exam_id: str, *, ended: bool = False) -> list[Assignment]:
        """The assignments of an exam that stand, with those that ended if wanted, oldest first."""
        async with self._database.read() as connection:
            return await store_marking.of_exam(connection, exam_id, ended=ended)

    async def of_seat(self, seat_id: str) -> list[Assignment]:
        """All assignments that a person ever had, oldest first."""
        async with self._database.read() as connection:
            return await store_marking.of_seat(connection, seat_id, ended=True)

    async def markers(self, encounter: Encounter) -> Markers:
        """Whose an encounter is to mark."""
        async with self._database.read() as connection:
            known = await store_marking.standing(connection, [encounter.id])
        return markers_of(encounter.examiner, known[encounter.id])

    async def markers_in(self, encounters: Sequence[Encounter]) -> dict[str, Markers]:
        """The same of many encounters, by id."""
        async with self._database.read() as connection:
            known = await store_marking.standing(connection, [one.id for one in encounters])
        return {one.id: markers_of(one.examiner, known[one.id]) for one in encounters}

    async def marked_twice(self, exam_id: str) -> dict[str, Markers]:
        """The encounters of an exam that two people mark, by id."""
        second = {one.encounter_id for one in await self.assignments(exam_id) if one.kind is AssignmentKind.second}
        found = await self.markers_in(await self._exams.some(second))
        return {one: markers for one, markers in found.items() if markers.second is not None}

    async def worklist(self, seat_id: str) -> list[Encounter]:
        """Every encounter that is a person's to mark, first or second, in the order of the day."""
        own = [one for one in await self._exams.of_seat(seat_id) if one.examiner == seat_id]
        async with self._database.read() as connection:
            mine = await store_marking.of_seat(connection, seat_id)
        given = {one.encounter_id for one in mine if one.kind is not AssignmentKind.moderation}
        known = {one.id: one for one in (*own, *await self._exams.some(given))}
        markers = await self.markers_in(list(known.values()))
        found = [one for one in known.values() if seat_id in markers[one.id].seats]
        return sorted(found, key=lambda one: (one.rotation, one.position, one.circuit, one.attempt))

    async def assign(
        self,
        encounter_id: str,
        seat_id: str,
        kind: AssignmentKind,
        *,
        by: Principal | None = None,
        reason: str = "",
    ) -> Assignment:
        """Gives one encounter to somebody, in place of whoever has it; audit row. Raises Conflict, with why."""
        done = await self.reassign([encounter_id], seat_id, kind, by=by, reason=reason)
        if done.left:
            raise Conflict(done.left[encounter_id], code="not-assigned")
        async with self._database.read() as connection:
            known = (await store_marking.standing(connection, [encounter_id]))[encounter_id]
        return next(one for one in known if one.kind is kind)

    async def reassign(
        self,
        encounter_ids: Collection[str],
        seat_id: str,
        kind: AssignmentKind,
        *,
        by: Principal | None = None,
        reason: str = "",
    ) -> Reassigned:
        """Gives encounters to somebody, in place of those who have them, in one transaction; an audit row for each.

        One stays with whoever has it where their form is submitted, and where the person has the other mark of it,
        settles it, has practised on it or was in its room. Raises Invalid for too long a reason. Whether seat and
        encounters are of one exam is for the caller to see to.
        """
        reason = plain(reason).strip()
        if len(reason) > MAX_REASON:
            raise Invalid(f"A reason has at most {MAX_REASON} characters. Nothing was changed.", code="reason")
        encounters = await self._exams.some(encounter_ids)
        moved, left = list[str](), dict[str, str]()
        try:
            async with self._database.write() as connection:
                known = await store_marking.standing(connection, encounter_ids)
                forms = await store.by_encounter(connection, encounter_ids)
                for one in encounters:
                    why = _why_not(one, markers_of(one.examiner, known[one.id]), seat_id, kind, forms[one.id])
                    if why:
                        left[one.id] = why
                    else:
                        actor = (by.seat_id or by.account_id) if by else None
                        new = Assignment(new_id(), one.id, seat_id, kind, self._clock.now_ms(), actor, None, reason)
                        await store_marking.replace(connection, known[one.id], new)
                        moved.append(one.id)
                # The reason stands with the assignment: what is in the audit log cannot be erased with a person.
                deeds = [(one, {"seat": seat_id, "kind": kind.value}) for one in moved]
                for encounter_id, detail in deeds:
                    await self._people.record(by, "mark.assign", encounter_id, detail, connection=connection)
        except IntegrityError as error:
            raise Conflict(
                "Somebody else has assigned these just now. Nothing was changed: please look again."
            ) from error
        return Reassigned(tuple(moved), left)

    async def forget_reasons(self, encounter_ids: Collection[str], person_id: str) -> int:
        """Empties the reasons given for assignments of some encounters, and by or for a person; returns how many."""
        async with self._database.write() as connection:
            return await store_marking.forget_reasons(connection, encounter_ids, person_id)


async def add_rules(connection: Connection, exam_id: str, rules: MarkingRules, now_ms: int) -> bool:
    """The rules of an exam that is being made, in the caller's transaction; those that are there already stay."""
    return await store_marking.marking_rules.swap(connection, KeptRules(exam_id, rules, 1, now_ms))


def _why_not(
    encounter: Encounter, markers: Markers, seat_id: str, kind: AssignmentKind, forms: Sequence[Form]
) -> str | None:
    """Why somebody cannot get an encounter; None when they can."""
    has = {AssignmentKind.first: markers.first, AssignmentKind.second: markers.second}.get(kind, markers.moderator)
    submitted = {one.author_id for one in forms if one.kind in _COUNTED and one.state is not State.draft}
    if seat_id == has:
        return "It is theirs already."
    if seat_id in {*markers.seats, markers.moderator} - {has} or seat_id in submitted:
        return "They have marked it, or are to mark or settle it, so nobody would be looking at it afresh."
    if kind is not AssignmentKind.moderation and seat_id in practised(forms):
        return "They have practised on it, or written its agreed marks, so they would not mark it afresh."
    if seat_id in encounter.people and seat_id != encounter.examiner:
        return "They took part in the consultation."
    if has is not None and has in submitted:
        return "Whoever has it has submitted what they found, so it stays with them."
    return None


_COUNTED = (Kind.mark, Kind.settlement)
