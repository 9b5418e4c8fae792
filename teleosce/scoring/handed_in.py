"""Whole forms that were filled in elsewhere: written at once, with the times at which they were filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid
from teleosce.core.ids import new_id
from teleosce.scoring import store
from teleosce.scoring.fields import Layout, check
from teleosce.scoring.models import Change, Entry, Form, Kind, State, Step
from teleosce.scoring.score import missing


@dataclass(frozen=True)
class Sheet:
    """A form that is complete. values: by field, in the order in which they were filled in, evenly from_ms to to_ms."""

    kind: Kind
    encounter_id: str
    author_id: str
    values: Mapping[str, Any]
    layout: Layout
    from_ms: int
    to_ms: int


async def hand_in(database: Database, sheets: Sequence[Sheet]) -> list[Form]:
    """Writes new forms and submits them, all in one transaction, and tells nobody.

    Raises Invalid when a value cannot be taken or something is missing, Conflict when there is such a form already;
    then nothing was written.
    """
    written = [_form(one) for one in sheets]
    async with database.write() as connection:
        for form, entries in written:
            if await store.form_of(connection, form.encounter_id, form.kind, form.author_id) is not None:
                raise Conflict("There is such a form already. None was handed in.", code="form-there")
            await store.add(connection, form)
            await store.append(connection, form.id, entries)
            await store.move(connection, form.id, State.draft, Step(State.submitted, "", form.author_id, form.state_ms))
    return [form for form, _ in written]


def _form(sheet: Sheet) -> tuple[Form, list[Entry]]:
    changes = [Change(field, value, 0, new_id()) for field, value in sheet.values.items()]
    check(sheet.kind, sheet.layout, changes)
    step = (sheet.to_ms - sheet.from_ms) / max(1, len(changes))
    entries = [
        Entry(one.change_id, one.field, one.value, 1, sheet.author_id, round(sheet.from_ms + step * (at + 1)))
        for at, one in enumerate(changes)
    ]
    form = Form(
        new_id(), sheet.kind, sheet.encounter_id, sheet.author_id, State.draft, sheet.from_ms, sheet.to_ms, sheet.values
    )
    if sheet.kind is not Kind.note and (lacking := missing(form, sheet.layout)):
        raise Invalid("Something is missing on a form, so none was handed in.", details={"missing": lacking})
    return form, entries
