"""The audit log: who saw or changed what. Rows are only added, and each hash covers the row before it."""

import asyncio
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.people import store
from teleosce.people.models import AuditReport, Principal, plain

GENESIS = "0" * 64
"""What the first row's hash covers in place of a row before it."""

_BATCH = 500
_SUBJECT_LENGTH = 200
# The form of `core.ids.new_token`, standing alone in a text.
_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])", re.ASCII)
_BLOT = "[token]"


class Action(StrEnum):
    """What this room writes down; other rooms name theirs likewise, `thing.deed`. Never change one."""

    account_added = "account.add"
    password_changed = "account.password"  # noqa: S105 the name of an action
    signed_in = "account.sign-in"
    sign_in_failed = "account.sign-in-failed"
    signed_out = "session.sign-out"
    seat_added = "seat.add"
    link_issued = "link.issue"
    links_revoked = "link.revoke"
    link_refused = "link.refuse"
    joined = "link.join"
    consent_given = "consent.give"
    training_agreed = "training.agree"
    training_refused = "training.refuse"


class AuditLog:
    """Appends to the log and verifies it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self,
        principal: Principal | None,
        action: str,
        subject: str,
        detail: Mapping[str, Any] | None = None,
        *,
        connection: store.Connection | None = None,
    ) -> None:
        """Appends a row; it is on disk on return or, with `connection`, when that transaction commits.

        principal: None for the server itself or somebody unknown. subject: the id of what it was done to.
        detail: what JSON can hold; whatever has the form of a token is blotted out. Inside a
        `Database.write()` block give its connection: a second writer would wait for the first for ever.
        """
        if connection is None:
            async with self._database.write() as own:
                await self.record(principal, action, subject, detail, connection=own)
            return
        await self.record_all(principal, action, [(subject, detail or {})], connection=connection)

    async def record_all(
        self,
        principal: Principal | None,
        action: str,
        deeds: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        connection: store.Connection,
    ) -> None:
        """As `record`, a row for each (subject, detail): many at once hold the database no longer than one."""
        number, previous = await store.end_of_chain(connection) or (0, GENESIS)
        rows = []
        for subject, detail in deeds:
            number += 1
            row: dict[str, Any] = {
                "number": number,
                "at_ms": self._clock.now_ms(),
                "actor_id": principal and (principal.seat_id or principal.account_id),
                "role": principal and str(principal.role),
                "session_id": principal and principal.session_id,
                "action": str(action),
                "subject": _TOKEN.sub(_BLOT, plain(subject))[:_SUBJECT_LENGTH],
                "detail": canonical(without_tokens(detail)),
            }
            previous = chained(previous, row)
            rows.append({**row, "hash": previous})
        if rows:
            await store.add_audit_rows(connection, rows)

    async def done_to(self, action: str, subjects: Collection[str]) -> set[str]:
        """Those of the subjects to whom or which this was done."""
        async with self._database.read() as connection:
            return await store.done_to(connection, action, subjects)

    async def verify_audit(self) -> AuditReport:
        """Reads the log from its first row on, a part at a time, and stops at the first row that is wrong."""
        number, previous = 0, GENESIS
        async with self._database.read() as connection:
            end = await store.end_of_chain(connection)
            async for rows in store.audit_rows(connection, _BATCH):
                number, previous, sound = await asyncio.to_thread(_follow, rows, number, previous)
                if not sound:
                    return AuditReport(number, number + 1, previous)
        # Rows may have been cut off the end, which breaks no link between those that are left.
        cut_off = number > 0 if end is None else number < end[0] or (number == end[0] and previous != end[1])
        return AuditReport(number, number + 1 if cut_off else None, previous)


def canonical(value: object) -> str:
    """JSON that is the same text for the same value: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def without_tokens(value: Any) -> Any:
    """The same value with everything in it that has the form of one of our tokens blotted out."""
    if isinstance(value, str):
        return _TOKEN.sub(_BLOT, value)
    if isinstance(value, Mapping):
        return {key: without_tokens(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_tokens(part) for part in value]
    return value


def chained(previous: str, row: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the previous row's hash and the canonical JSON of this row without its own hash."""
    return hashlib.sha256((previous + canonical(row)).encode()).hexdigest()


def _follow(rows: Iterable[Mapping[str, Any]], number: int, previous: str) -> tuple[int, str, bool]:
    """Goes along the chain; returns the last number and hash that hold, and whether all rows did."""
    for row in rows:
        content = {name: value for name, value in row.items() if name != "hash"}
        try:
            sound = row["hash"] == chained(previous, content)
        except TypeError:  # a column holds what we never write, such as a blob
            sound = False
        if not sound:
            return number, previous, False
        number, previous = row["number"], row["hash"]
    return number, previous, True
