"""The tables of forms, and all SQL on them. Entries and steps are only ever added."""

import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.core.db import metadata
from teleosce.exams.store_tables import encounters
from teleosce.scoring.fields import GRADES, ITEM_MARKS
from teleosce.scoring.models import Entry, Form, Kind, State, Step, Value, WritableForm

forms = Table(
    "form",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("encounter_id", ForeignKey(encounters.c.id), nullable=False, index=True),
    Column("author_id", String(26), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("state_ms", BigInteger, nullable=False),
    UniqueConstraint("encounter_id", "kind", "author_id"),
)

entries = Table(
    "form_entry",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("form_id", ForeignKey("form.id"), nullable=False),
    Column("change_id", String(64), nullable=False),
    Column("field", String(200), nullable=False),
    Column("value", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("author_id", String(26), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("form_id", "change_id"),
    UniqueConstraint("form_id", "field", "version"),
)

steps = Table(
    "form_step",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("form_id", ForeignKey("form.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("author_id", String(26), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

_ENCOUNTERS_AT_ONCE = 100
"""So many are read in one piece: with all that is written on them, thousands of rows."""

_WORDS = {json.dumps(one): one for one in (*ITEM_MARKS, *GRADES, None)}
"""What nearly all values are, so that few have to be parsed."""

_TEXT = cast(entries.c.value, Text)
"""A value unparsed, for `_read`."""


def _read(text: str) -> Any:
    return _WORDS[text] if text in _WORDS else json.loads(text)


async def add(connection: AsyncConnection, form: Form) -> None:
    """A new form, without fields."""
    await connection.execute(
        insert(forms).values(
            id=form.id,
            kind=form.kind,
            encounter_id=form.encounter_id,
            author_id=form.author_id,
            state=form.state,
            created_ms=form.created_ms,
            state_ms=form.state_ms,
        )
    )


async def form(connection: AsyncConnection, form_id: str, *, to_write: bool = False) -> WritableForm | None:
    """One form. `to_write` keeps other writers of it waiting until the transaction ends."""
    query = select(forms).where(forms.c.id == form_id)
    row = (await connection.execute(query.with_for_update() if to_write else query)).one_or_none()
    if row is None:
        return None
    fields = await _fields(connection, form_id)
    return WritableForm(**_head(row), values={name: one.value for name, one in fields.items()}, fields=fields)


async def form_of(connection: AsyncConnection, encounter_id: str, kind: Kind, author_id: str) -> WritableForm | None:
    """The form of a kind that an author has for an encounter."""
    found = await connection.scalar(
        select(forms.c.id).where(
            forms.c.encounter_id == encounter_id, forms.c.kind == kind, forms.c.author_id == author_id
        )
    )
    return await form(connection, found) if found else None


async def of_encounters(connection: AsyncConnection, encounter_ids: Collection[str]) -> list[Form]:
    """All forms of some encounters, oldest first."""
    wanted = forms.c.encounter_id.in_(encounter_ids)
    rows = (await connection.execute(select(forms).where(wanted).order_by(forms.c.created_ms, forms.c.id))).all()
    values = await _values(connection, entries.c.form_id.in_(select(forms.c.id).where(wanted)))
    return [Form(**_head(row), values=values.get(row.id, {})) for row in rows]


async def by_encounter(connection: AsyncConnection, encounter_ids: Collection[str]) -> dict[str, list[Form]]:
    """The same by encounter, a part of them at a time: one without forms has an empty list."""
    ids = list(encounter_ids)
    found: dict[str, list[Form]] = {one: [] for one in ids}
    for at in range(0, len(ids), _ENCOUNTERS_AT_ONCE):
        for form in await of_encounters(connection, ids[at : at + _ENCOUNTERS_AT_ONCE]):
            found[form.encounter_id].append(form)
    return found


async def stamps(connection: AsyncConnection, encounter_ids: Collection[str]) -> dict[str, tuple[int, int, int]]:
    """Per encounter three numbers that change with everything that is written to one of its forms."""
    newest = func.coalesce(func.max(entries.c.number), 0)
    told = select(forms.c.encounter_id, func.count(forms.c.id), newest, func.max(forms.c.state_ms))
    told = told.select_from(forms.outerjoin(entries)).where(forms.c.encounter_id.in_(encounter_ids))
    return {row[0]: (row[1], row[2], row[3]) for row in await connection.execute(told.group_by(forms.c.encounter_id))}


async def first_submitted(connection: AsyncConnection, encounter_ids: Collection[str]) -> dict[str, int]:
    """When forms of some encounters were submitted first; one that never was is left out."""
    told = select(steps.c.form_id, func.min(steps.c.at_ms)).join(forms, forms.c.id == steps.c.form_id)
    wanted = forms.c.encounter_id.in_(encounter_ids) & (steps.c.state == State.submitted)
    return {row[0]: row[1] for row in await connection.execute(told.where(wanted).group_by(steps.c.form_id))}


async def touched(connection: AsyncConnection, form_ids: Collection[str]) -> dict[str, tuple[int, ...]]:
    """When each of the forms was written to, in order."""
    query = select(entries.c.form_id, entries.c.at_ms).where(entries.c.form_id.in_(form_ids)).order_by(entries.c.number)
    found: dict[str, list[int]] = defaultdict(list)
    for form_id, at_ms in await connection.execute(query):
        found[form_id].append(at_ms)
    return {form_id: tuple(moments) for form_id, moments in found.items()}


async def of_author(connection: AsyncConnection, author_id: str) -> list[Form]:
    """All forms of one author, oldest first."""
    mine = select(forms.c.encounter_id).where(forms.c.author_id == author_id)
    found = await of_encounters(connection, list(await connection.scalars(mine)))
    return [form for form in found if form.author_id == author_id]


async def entries_with(connection: AsyncConnection, form_id: str, change_ids: Collection[str]) -> dict[str, Entry]:
    """Those of the changes that have been written before, by their id."""
    rows = await connection.execute(
        select(entries).where(entries.c.form_id == form_id, entries.c.change_id.in_(change_ids))
    )
    return {row.change_id: _entry(row) for row in rows}


async def append(connection: AsyncConnection, form_id: str, made: Iterable[Entry]) -> None:
    """Writes changes for good."""
    rows = [
        {
            "form_id": form_id,
            "change_id": entry.change_id,
            "field": entry.field,
            "value": entry.value,
            "version": entry.version,
            "author_id": entry.author_id,
            "at_ms": entry.at_ms,
        }
        for entry in made
    ]
    if rows:
        await connection.execute(insert(entries), rows)


async def move(connection: AsyncConnection, form_id: str, old: State, step: Step) -> bool:
    """Compare-and-swap of the state, with its step; False when it was no longer `old`."""
    result = await connection.execute(
        update(forms).where(forms.c.id == form_id, forms.c.state == old).values(state=step.state, state_ms=step.at_ms)
    )
    if result.rowcount != 1:
        return False
    await connection.execute(
        insert(steps).values(
            form_id=form_id, state=step.state, reason=step.reason, author_id=step.author_id, at_ms=step.at_ms
        )
    )
    return True


async def entries_in(connection: AsyncConnection, form_ids: Collection[str]) -> dict[str, list[Entry]]:
    """Every change of some forms, oldest first."""
    names = entries.c.change_id, entries.c.field, _TEXT, entries.c.version, entries.c.author_id, entries.c.at_ms
    query = select(entries.c.form_id, *names).where(entries.c.form_id.in_(form_ids)).order_by(entries.c.number)
    found: dict[str, list[Entry]] = defaultdict(list)
    for form_id, change_id, field, text, version, author_id, at_ms in (await connection.execute(query)).all():
        found[form_id].append(Entry(change_id, sys.intern(field), _read(text), version, author_id, at_ms))
    return found


async def steps_in(connection: AsyncConnection, form_ids: Collection[str]) -> dict[str, list[Step]]:
    """Every change of some forms' states, oldest first."""
    rows = await connection.execute(select(steps).where(steps.c.form_id.in_(form_ids)).order_by(steps.c.number))
    found: dict[str, list[Step]] = defaultdict(list)
    for row in rows:
        found[row.form_id].append(Step(State(row.state), row.reason, row.author_id, row.at_ms))
    return found


async def forget_texts(connection: AsyncConnection, form_ids: Collection[str], *, quotes_only: bool = False) -> int:
    """Empties what was written in words, in every version of it; marks and times stay. Returns how many changed.

    quotes_only: no more than the words that evidence quotes from the transcript.
    """
    changed = 0
    for row in (await connection.execute(select(entries).where(entries.c.form_id.in_(form_ids)))).all():
        value = _without_text(row.field, row.value, quotes_only=quotes_only)
        if value != row.value:
            await connection.execute(update(entries).where(entries.c.number == row.number).values(value=value))
            changed += 1
    if not quotes_only:
        reasons = (steps.c.form_id.in_(form_ids)) & (steps.c.reason != "")
        changed += (await connection.execute(update(steps).where(reasons).values(reason=""))).rowcount
    return changed


def _without_text(field: str, value: Any, *, quotes_only: bool) -> Any:
    match field.partition(".")[0], value:
        case "evidence", dict():
            return value | {"quote": ""}
        case "bookmark", dict() if not quotes_only:
            return value | {"text": ""}
        case (("comment" | "note" | "reason"), str()) if not quotes_only:
            return ""
    return value


def _last(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """What was written last to each field of some forms."""
    # Chosen by an index alone: a note that was saved as it was typed stands there hundreds of times, each time whole.
    return entries.c.number.in_(
        select(func.max(entries.c.number)).where(wanted).group_by(entries.c.form_id, entries.c.field)
    )


async def _fields(connection: AsyncConnection, form_id: str) -> dict[str, Value]:
    """What each field of a form holds. Those written last stand last."""
    columns = entries.c.field, entries.c.value, entries.c.version, entries.c.at_ms
    query = select(*columns).where(_last(entries.c.form_id == form_id)).order_by(entries.c.number)
    return {field: Value(value, version, at_ms) for field, value, version, at_ms in await connection.execute(query)}


async def _values(connection: AsyncConnection, wanted: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    """By form the values of its fields; a form without any is left out."""
    # A text from the database for each form, not a row for each field: a large exam has hundreds of thousands of them.
    if connection.dialect.name == "sqlite":
        together = func.json_group_object(entries.c.field, func.json(entries.c.value))
    else:
        together = func.json_object_agg(entries.c.field, entries.c.value)
    query = select(entries.c.form_id, cast(together, Text)).where(_last(wanted)).group_by(entries.c.form_id)
    return {form_id: json.loads(values) for form_id, values in await connection.execute(query)}


def _head(row: Row[Any]) -> dict[str, Any]:
    """All of a form but what it holds."""
    return {**row._mapping, "kind": Kind(row.kind), "state": State(row.state)}


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.change_id, row.field, row.value, row.version, row.author_id, row.at_ms)
