"""What counts of several marks, and settling those that are in dispute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.errors import Conflict, Forbidden, NotFound
from teleosce.core.ids import new_id
from teleosce.exams import Encounter, Exams
from teleosce.people import People, Principal
from teleosce.scoring import store, store_marking
from teleosce.scoring.assignments import Assignment, AssignmentKind, Markers, markers_of
from teleosce.scoring.fields import Layout, layout_of
from teleosce.scoring.models import NEXT, OPEN, Act, Entry, Form, Kind, Step, Value, WritableForm
from teleosce.scoring.records import Record, Status, locked, record_of, settle
from teleosce.scoring.rules import MarkingRules
from teleosce.stations import StationStore

NOBODYS = (Status.unmarked, Status.second_missing)


@dataclass(frozen=True)
class Case:
    """An encounter that two people mark, with what there is of it."""

    encounter: Encounter
    markers: Markers
    record: Record
    forms: Sequence[Form]

    def form(self, kind: Kind, author_id: str | None) -> Form | None:
        """Somebody's form, open or not."""
        return next((one for one in self.forms if one.kind is kind and one.author_id == author_id), None)

    def mark(self, author_id: str | None) -> Form | None:
        """Somebody's submitted mark."""
        return locked(self.forms, Kind.mark, author_id)


class Moderation:
    """Marks of record, and who settles what."""

    def __init__(self, database: Database, clock: Clock, exams: Exams, people: People, stations: StationStore) -> None:
        self._database, self._clock = database, clock
        self._exams, self._people, self._stations = exams, people, stations

    async def record(self, encounter_id: str) -> Record:
        """The mark of record of an encounter. Raises NotFound."""
        return (await self.case(encounter_id)).record

    async def records(
        self,
        exam_id: str,
        encounters: Sequence[Encounter] | None = None,
        forms: Mapping[str, Sequence[Form]] | None = None,
    ) -> dict[str, Record]:
        """The marks of record of an exam's encounters, by id: void ones and later attempts are among them.

        encounters, forms: all of the exam's, the forms by encounter, where they were read already.
        """
        cases = await self._cases(exam_id, encounters or await self._exams.encounters(exam_id), forms)
        return {one.encounter.id: one.record for one in cases}

    async def case(self, encounter_id: str) -> Case:
        """One encounter with its marks. Raises NotFound."""
        encounter = await self._exams.encounter(encounter_id)
        return (await self._cases(encounter.exam_id, [encounter]))[0]

    async def cases(self, exam_id: str) -> list[Case]:
        """The encounters of an exam that two people mark, the largest difference first."""
        async with self._database.read() as connection:
            given = await store_marking.of_exam(connection, exam_id, ended=False)
        twice = {one.encounter_id for one in given if one.kind is AssignmentKind.second}
        found = await self._cases(exam_id, await self._exams.some(twice))
        return sorted((one for one in found if one.markers.second is not None), key=_size, reverse=True)

    async def _cases(
        self, exam_id: str, encounters: Sequence[Encounter], forms: Mapping[str, Sequence[Form]] | None = None
    ) -> list[Case]:
        ids = [one.id for one in encounters]
        async with self._database.read() as connection:
            rules = (await store_marking.marking_rules.of(connection, exam_id)).rules
            standing = await store_marking.standing(connection, ids)
            known = await store.by_encounter(connection, ids) if forms is None else forms
        hashes = {one.station_hash for one in encounters}
        layouts = {one: layout_of(await self._stations.get(one)) for one in hashes}
        return [_case(one, standing[one.id], known[one.id], layouts[one.station_hash], rules) for one in encounters]

    async def take(self, encounter_id: str, person_id: str, by: Principal, *, instead_of: str | None = None) -> None:
        """Makes a case that nobody settles this moderator's, who may then fill in the settlement; audit row.

        instead_of: from whom it is taken over, unless they have submitted. Vetoes: Conflict when somebody else was
        first (`details.moderator`), and while there is nothing to settle; Forbidden for whoever marked the encounter.
        """
        case = await self.case(encounter_id)
        if case.record.status in NOBODYS and case.markers.moderator is None:
            raise Conflict(
                "One of the two marks is not submitted, so there is nothing to settle yet.", code="mark-open"
            )
        async with self._database.write() as connection:
            known = (await store_marking.standing(connection, [encounter_id]))[encounter_id]
            _must_not_mark(person_id, markers_of(case.encounter.examiner, known))
            before = next((one for one in known if one.kind is AssignmentKind.moderation), None)
            if before and before.seat_id == person_id:
                return
            if before and before.seat_id != instead_of:
                raise _taken(before.seat_id)
            forms = await store.of_encounters(connection, [encounter_id])
            if before and locked(forms, Kind.settlement, before.seat_id):
                raise Conflict("It is settled already. Whoever settled it can amend it.", code="settled")
            now_ms = self._clock.now_ms()
            new = Assignment(new_id(), encounter_id, person_id, AssignmentKind.moderation, now_ms, person_id)
            await store_marking.replace(connection, known, new)
            detail = {"seat": person_id, "kind": new.kind.value, "instead_of": instead_of}
            await self._people.record(by, "mark.assign", encounter_id, detail, connection=connection)

    async def settle(self, form_id: str, person_id: str, by: Principal) -> WritableForm:
        """Submits a settlement: it is the mark of record from then on. One that is submitted is returned as it is.

        What both marks agree on is written into it, and where each value comes from; all in one transaction, with an
        audit row. Vetoes: Invalid while a difference is open or a reason is missing, with the fields in `details`;
        Conflict when another moderator has taken over, or a mark is being amended; Forbidden for all but the author.
        """
        async with self._database.write() as connection:
            form = await store.form(connection, form_id, to_write=True)
            if form is None or form.kind is not Kind.settlement:
                raise NotFound("There is no such form.", code="no-form")
            if form.author_id != person_id:
                raise Forbidden("This form belongs to somebody else, so nothing was changed.")
            if form.state not in OPEN:
                return form
            await self._settle(connection, form)
            await self._people.record(by, "mark.settle", form.encounter_id, {"form": form.id}, connection=connection)
        async with self._database.read() as connection:
            submitted = await store.form(connection, form_id)
        assert submitted is not None
        return submitted

    async def _settle(self, connection: Connection, form: WritableForm) -> None:
        encounter = await self._exams.encounter(form.encounter_id)
        standing = (await store_marking.standing(connection, [encounter.id]))[encounter.id]
        markers = markers_of(encounter.examiner, standing)
        if markers.moderator != form.author_id:
            raise _taken(markers.moderator)
        _must_not_mark(form.author_id, markers)
        forms = await store.of_encounters(connection, [encounter.id])
        first, second = (locked(forms, Kind.mark, seat) for seat in (markers.first, markers.second))
        written = settle(form, first, second, layout_of(await self._stations.get(encounter.station_hash)))
        now_ms = self._clock.now_ms()
        entries = [
            Entry(new_id(), name, value, form.fields.get(name, Value(None, 0, 0)).version + 1, form.author_id, now_ms)
            for name, value in written.items()
        ]
        await store.append(connection, form.id, entries)
        step = Step(NEXT[form.state, Act.submit], "", form.author_id, now_ms)
        await store.move(connection, form.id, form.state, step)


def _case(
    encounter: Encounter, standing: Sequence[Assignment], forms: Sequence[Form], layout: Layout, rules: MarkingRules
) -> Case:
    markers = markers_of(encounter.examiner, standing)
    return Case(encounter, markers, record_of(encounter.id, markers, forms, layout, rules), forms)


def _size(case: Case) -> tuple[float, int, int, int]:
    return case.record.difference.size if case.record.difference else (-1.0, 0, 0, 0)


def _must_not_mark(person_id: str, markers: Markers) -> None:
    if person_id in markers.seats:
        raise Forbidden("This encounter is yours to mark, so somebody else settles it.")


def _taken(moderator: str | None) -> Conflict:
    return Conflict(
        "Another moderator settles this encounter. What you chose is kept, and does not count.",
        code="taken",
        details={"moderator": moderator},
    )
