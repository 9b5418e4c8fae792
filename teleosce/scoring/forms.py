"""Filling in: marks, SP ratings and notes by one mechanism.

A form is read with its versions and written by compare-and-swap on each field, so that two tabs, or a draft
that was offline for an hour, overwrite nothing silently. What `save` returns as saved is on disk.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.errors import Conflict, Forbidden, Invalid, NotFound
from teleosce.core.events import Events, MarkSubmitted
from teleosce.core.ids import new_id
from teleosce.scoring import store, store_marking, store_shown
from teleosce.scoring.assignments import Assignment, AssignmentKind, markers_of
from teleosce.scoring.fields import Layout, check
from teleosce.scoring.handed_in import Sheet, hand_in
from teleosce.scoring.models import (
    NEXT,
    OPEN,
    Act,
    Change,
    Entry,
    FieldConflict,
    Form,
    History,
    Kind,
    Saved,
    SaveResult,
    State,
    Step,
    Value,
    WritableForm,
)
from teleosce.scoring.records import SOURCES
from teleosce.scoring.score import missing, progress, total

MAX_REASON = 1000
AGAIN = "again-"
"""With the number of the attempt before it: how the changes are called by which a further attempt empties a sheet.

A full stop follows the number, which no id that comes from outside has."""

_FORMS_AT_ONCE = 500
"""So many are read in one piece: with all that was ever written on them, tens of thousands of rows."""


class Forms:
    """All forms. A `layout` is `layout_of` the encounter's station version."""

    progress = staticmethod(progress)
    total = staticmethod(total)

    def __init__(self, database: Database, clock: Clock, events: Events) -> None:
        self._database = database
        self._clock = clock
        self._events = events

    async def open(self, kind: Kind, encounter_id: str, author_id: str) -> WritableForm:
        """The author's own form for an encounter that exists, made when missing."""
        async with self._database.read() as connection:
            found = await store.form_of(connection, encounter_id, kind, author_id)
        if found is not None:
            return found
        now_ms = self._clock.now_ms()
        new = WritableForm(new_id(), kind, encounter_id, author_id, State.draft, now_ms, now_ms, {}, {})
        try:
            async with self._database.write() as connection:
                await store.add(connection, new)
        except IntegrityError:  # somebody's other window was between our look and our write
            async with self._database.read() as connection:
                found = await store.form_of(connection, encounter_id, kind, author_id)
            if found is None:
                raise
            return found
        return new

    async def form(self, form_id: str) -> WritableForm:
        """One form. Raises NotFound."""
        async with self._database.read() as connection:
            return _found(await store.form(connection, form_id))

    async def of_encounter(self, encounter_id: str) -> list[Form]:
        """All forms of an encounter, oldest first."""
        async with self._database.read() as connection:
            return await store.of_encounters(connection, [encounter_id])

    async def of_encounters(self, encounter_ids: Collection[str]) -> dict[str, list[Form]]:
        """All forms of some encounters, for a worklist: an encounter without forms has an empty list."""
        async with self._database.read() as connection:
            return defaultdict(list, await store.by_encounter(connection, encounter_ids))

    async def first_submitted(self, encounter_ids: Collection[str]) -> dict[str, int]:
        """When each form of some encounters was submitted first, by the form's id."""
        async with self._database.read() as connection:
            return await store.first_submitted(connection, encounter_ids)

    async def stamps(self, encounter_ids: Collection[str]) -> dict[str, tuple[int, int, int]]:
        """For whoever shows many forms at once: an encounter whose stamp is the same has the same forms."""
        async with self._database.read() as connection:
            return await store.stamps(connection, encounter_ids)

    async def touched(self, form_ids: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """When anything was written on each of the forms, in order; a form on which nothing was is left out."""
        found: dict[str, tuple[int, ...]] = {}
        async with self._database.read() as connection:
            for at in range(0, len(form_ids), _FORMS_AT_ONCE):
                found |= await store.touched(connection, form_ids[at : at + _FORMS_AT_ONCE])
        return found

    async def of_author(self, author_id: str) -> list[Form]:
        """All forms that a person filled in, oldest first."""
        async with self._database.read() as connection:
            return await store.of_author(connection, author_id)

    async def forget_texts(self, form_ids: Collection[str], *, quotes_only: bool = False) -> int:
        """Empties what was written in words, in the whole history of the forms; marks stay. Returns how many texts.

        quotes_only: no more than the words that evidence quotes from the transcript.
        """
        async with self._database.write() as connection:
            return await store.forget_texts(connection, form_ids, quotes_only=quotes_only)

    async def history(self, form_id: str) -> History:
        """All that was ever written to a form. Raises NotFound."""
        async with self._database.read() as connection:
            _found(await store.form(connection, form_id))
            return (await _histories(connection, [form_id]))[form_id]

    async def histories(self, form_ids: Sequence[str]) -> dict[str, History]:
        """The same of many forms, a part of them at a time; one that does not exist has an empty history."""
        found: dict[str, History] = {}
        for at in range(0, len(form_ids), _FORMS_AT_ONCE):
            some = form_ids[at : at + _FORMS_AT_ONCE]
            async with self._database.read() as connection:
                found |= await _histories(connection, some)
        return found

    async def show(self, form_id: str, method: str, moments: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Keeps with a form what evidence its author is now shown, by item; what was shown before is not kept again.

        moments: spans and strengths, never the words of a transcript.
        """
        async with self._database.read() as connection:
            known = await store_shown.latest(connection, form_id)
        new = {
            item: those
            for item, those in moments.items()
            if item not in known or (known[item].method, list(known[item].moments)) != (method, list(those))
        }
        if new:
            async with self._database.write() as connection:
                await store_shown.add(connection, form_id, method, new, self._clock.now_ms())

    async def save(self, form_id: str, changes: Sequence[Change], author_id: str, layout: Layout) -> SaveResult:
        """Writes changes, all in one transaction; what is in `saved` is on disk.

        A field that holds another value in another version than the change was made upon is left alone and told as a
        conflict. A change that was written before, or that asks for what is there, is acknowledged without a new entry.

        Raises Invalid or TooLarge (then nothing was saved), Forbidden for all but the author, Conflict when the
        form is submitted, Unavailable when the database is locked.
        """
        wanted = list(changes)
        async with self._database.write() as connection:
            form = _own(await store.form(connection, form_id, to_write=True), author_id)
            check(form.kind, layout, wanted)
            before = await store.entries_with(connection, form_id, [change.change_id for change in wanted])
            result, made = _sort(form, wanted, before, self._clock.now_ms())
            if form.state not in OPEN and (made or result.conflicts):
                raise _locked(form)
            await store.append(connection, form_id, made)
        return result

    async def submit(self, form_id: str, author_id: str, layout: Layout) -> WritableForm:
        """Locks a form: draft → submitted, amending → amended. One that is locked already is returned as it is.

        Vetoes: Invalid while anything that is needed is missing, with its fields in `details`; Forbidden for all
        but the author; Conflict for a mark of what is somebody else's to mark by now. A first mark's encounter is its
        author's to mark from then on, whoever takes their place in the exam. Publishes MarkSubmitted for a mark.
        """
        async with self._database.write() as connection:
            form = _own(await store.form(connection, form_id, to_write=True), author_id)
            if form.state not in OPEN:
                return form
            if form.kind is Kind.settlement:
                raise ValueError("a settlement is submitted by Marking.settle")
            # A note is handed in as it stands: its time is over, and an empty field is the candidate's own answer.
            if form.kind is not Kind.note and (lacking := missing(form, layout)):
                raise _incomplete(lacking)
            step = Step(NEXT[form.state, Act.submit], "", author_id, self._clock.now_ms())
            if not await store.move(connection, form_id, form.state, step):
                raise _moved()
            if form.kind is Kind.mark:
                await _keep_marker(connection, form, step.at_ms)
        if form.kind is Kind.mark:
            await self._events.publish(MarkSubmitted(form.encounter_id, form_id))
        return await self.form(form_id)

    async def hand_in(self, sheets: Sequence[Sheet]) -> list[Form]:
        """Writes whole forms that were filled in elsewhere; see `handed_in.hand_in`. Publishes nothing."""
        return await hand_in(self._database, sheets)

    async def again(self, form_id: str, author_id: str) -> WritableForm:
        """Empties a locked calibration sheet for a further attempt: submitted or amended → amending.

        What was submitted stays in the history. Vetoes: Invalid for other kinds, Forbidden for all but the author,
        Conflict when it is open.
        """
        now_ms = self._clock.now_ms()
        async with self._database.write() as connection:
            form = _own(await store.form(connection, form_id, to_write=True), author_id)
            if form.kind is not Kind.calibration:
                raise Invalid("Only a calibration sheet is marked again from the start.")
            if (form.state, Act.amend) not in NEXT:
                raise Conflict("This attempt is still open: submit it first.", code="form-open")
            done = sum(step.state not in OPEN for step in (await store.steps_in(connection, [form_id]))[form_id])
            emptied = [
                Entry(f"{AGAIN}{done}.{number}", name, None, value.version + 1, author_id, now_ms)
                for number, (name, value) in enumerate(form.fields.items())
                if value.value is not None
            ]
            if not await store.move(connection, form_id, form.state, Step(State.amending, "", author_id, now_ms)):
                raise _moved()
            await store.append(connection, form_id, emptied)
        return await self.form(form_id)

    async def amend(self, form_id: str, reason: str, author_id: str) -> WritableForm:
        """Opens a locked form again, for a reason of at most 1000 characters: submitted or amended → amending.

        Vetoes: Invalid without a reason, Forbidden for all but the author, Conflict when it is open.
        """
        reason = reason.strip()
        if not 0 < len(reason) <= MAX_REASON:
            raise Invalid(f"An amendment needs a reason of at most {MAX_REASON} characters.", code="amend-reason")
        async with self._database.write() as connection:
            form = _own(await store.form(connection, form_id, to_write=True), author_id)
            if (form.state, Act.amend) not in NEXT:
                raise Conflict(
                    "This form is open, so it can simply be changed.", code="form-open", details={"state": form.state}
                )
            step = Step(NEXT[form.state, Act.amend], reason, author_id, self._clock.now_ms())
            if not await store.move(connection, form_id, form.state, step):
                raise _moved()
            if form.kind is Kind.settlement:
                await store.append(connection, form_id, _without_filled_in(form, step.at_ms))
        return await self.form(form_id)


async def _histories(connection: Connection, form_ids: Sequence[str]) -> dict[str, History]:
    written = await store.entries_in(connection, form_ids)
    moved = await store.steps_in(connection, form_ids)
    shown = await store_shown.in_forms(connection, form_ids)
    return {one: History(written.get(one, []), moved.get(one, []), shown.get(one, [])) for one in form_ids}


def _without_filled_in(form: WritableForm, now_ms: int) -> list[Entry]:
    """What empties the fields that were written because both marks agreed: amended, they may agree no longer."""
    sources = form.value(SOURCES) or {}
    return [
        Entry(new_id(), name, None, form.fields[name].version + 1, form.author_id, now_ms)
        for name, source in sources.items()
        if source == "both"
    ]


async def _keep_marker(connection: Connection, form: Form, now_ms: int) -> None:
    """The author of a first mark stays the first marker. Raises Conflict when the encounter is not theirs to mark."""
    known = (await store_marking.standing(connection, [form.encounter_id]))[form.encounter_id]
    markers = markers_of(await store_marking.examiner_of(connection, form.encounter_id), known)
    if form.author_id not in markers.seats:
        raise Conflict(
            "Somebody else marks this encounter now, so yours was not submitted. What you filled in is kept.",
            code="reassigned",
        )
    if form.author_id == markers.first and not any(one.kind is AssignmentKind.first for one in known):
        new = Assignment(new_id(), form.encounter_id, form.author_id, AssignmentKind.first, now_ms, None)
        await store_marking.add(connection, new)


def _sort(
    form: WritableForm, changes: list[Change], before: dict[str, Entry], now_ms: int
) -> tuple[SaveResult, list[Entry]]:
    """What becomes of each change, and the entries to write."""
    result, made = SaveResult([], []), list[Entry]()
    values = dict(form.fields)
    known = dict(before)
    for change in changes:
        if (entry := known.get(change.change_id)) is not None:
            if (entry.field, entry.value) != (change.field, change.value):
                raise Invalid("Two changes have the same id. Nothing was saved.", code="change-id")
            result.saved.append(Saved(change.change_id, change.field, entry.version))
            continue
        stored = values.get(change.field, Value(None, 0, 0))
        if stored.value == change.value:
            result.saved.append(Saved(change.change_id, change.field, stored.version))
        elif stored.version == change.base_version:
            entry = Entry(change.change_id, change.field, change.value, stored.version + 1, form.author_id, now_ms)
            made.append(entry)
            known[change.change_id] = entry
            values[change.field] = Value(change.value, entry.version, now_ms)
            result.saved.append(Saved(change.change_id, change.field, entry.version))
        else:
            result.conflicts.append(FieldConflict(change.change_id, change.field, stored.value, stored.version))
    return result, made


def _found(form: WritableForm | None) -> WritableForm:
    if form is None:
        raise NotFound("There is no such form.", code="no-form")
    return form


def _own(form: WritableForm | None, author_id: str) -> WritableForm:
    form = _found(form)
    if form.author_id != author_id:
        raise Forbidden("This form is somebody else’s; only its author can change it.", code="not-author")
    return form


def _locked(form: Form) -> Conflict:
    return Conflict(
        "This form is submitted, so the change was not saved. To change it, amend it and say why.",
        code="form-locked",
        details={"state": form.state.value},
    )


def _moved() -> Conflict:
    return Conflict("The form was just submitted or reopened elsewhere. Please load it again.", code="form-moved")


def _incomplete(fields: list[str]) -> Invalid:
    count = len(fields)
    left = "1 field is" if count == 1 else f"{count} fields are"
    return Invalid(
        f"{left} still unmarked, so the form was not submitted. All that you filled in is kept.",
        code="incomplete",
        details={"missing": fields},
    )
