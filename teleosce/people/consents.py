"""Consent: the texts by version, and who accepted which.

To being recorded everyone who is seen or heard consents before the first frame. That a recording may train examiners
and teach is a question of its own, which nobody has to answer with yes, and whose last answer counts.
"""

import hashlib
from collections.abc import Collection
from importlib import resources

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid
from teleosce.core.ids import new_id
from teleosce.people import store, store_training
from teleosce.people.audit import Action, AuditLog
from teleosce.people.models import ConsentText, Principal


def _newest(kind: str = "") -> ConsentText:
    """The file of `consent/` that sorts last. A text once used is never edited: a new one gets a new file.

    kind: a folder in it, for another question.
    """
    folder = resources.files("teleosce.people") / "consent" / kind
    file = max((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    content = file.read_bytes()
    return ConsentText(file.name.removesuffix(".md"), content.decode(), hashlib.sha256(content).hexdigest())


# Read once, when the program starts: reading a file would hold up the event loop.
_CURRENT = _newest()
_TRAINING = _newest("training")


class Consents:
    """Shows the text and keeps who accepted it."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def consent_text(self) -> ConsentText:
        """The version in force."""
        return _CURRENT

    async def give_consent(self, principal: Principal, version: str) -> None:
        """Records that a seat accepted the text in force, with its hash and an audit row; once is enough.

        Raises Conflict when `version` is not the one in force; Invalid for somebody without a seat.
        """
        if principal.seat_id is None:
            raise Invalid("Consent is given by those who joined by a link. Nothing was saved.")
        if version != _CURRENT.version:
            raise Conflict(
                "The consent text has changed since it was shown to you, so nothing was saved. "
                "Please read the new one.",
                code="consent-changed",
                details={"version": _CURRENT.version},
            )
        async with self._database.write() as connection:
            if await store.has_consent(connection, principal.seat_id, _CURRENT.hash):
                return
            await store.add_consent(
                connection,
                id=new_id(),
                seat_id=principal.seat_id,
                version=version,
                text_hash=_CURRENT.hash,
                session_id=principal.session_id,
                at_ms=self._clock.now_ms(),
            )
            detail = {"version": version, "hash": _CURRENT.hash}
            await self._audit.record(principal, Action.consent_given, principal.seat_id, detail, connection=connection)

    async def consented(self, exam_id: str) -> set[str]:
        """The seats of an exam that accepted the text in force."""
        async with self._database.read() as connection:
            return await store.consented(connection, exam_id, _CURRENT.hash)

    async def has_consented(self, seat_id: str) -> bool:
        """Whether the seat accepted the text in force, letter by letter: an older version does not count."""
        async with self._database.read() as connection:
            return await store.has_consent(connection, seat_id, _CURRENT.hash)

    def training_text(self) -> ConsentText:
        """What is asked about training and teaching, in the version in force."""
        return _TRAINING

    async def answer_training(self, principal: Principal, version: str, *, agreed: bool) -> None:
        """Keeps whether a seat agrees that its recordings train and teach; the last answer counts. Audit row.

        Never having answered is no, and a yes to an older text is none to this one. Raises Conflict when `version` is
        not the one in force; Invalid without a seat.
        """
        seat_id = principal.seat_id
        if seat_id is None:
            raise Invalid("Consent is given by those who joined by a link. Nothing was saved.")
        if version != _TRAINING.version:
            raise Conflict(
                "The text about training and teaching has changed since it was shown to you, so nothing was saved. "
                "Please load the page again and read the new one.",
                code="consent-changed",
                details={"version": _TRAINING.version},
            )
        async with self._database.write() as connection:
            before = await store_training.answers_of(connection, seat_id)
            last = (before[-1]["text_hash"], before[-1]["agreed"]) if before else (_TRAINING.hash, False)
            if last == (_TRAINING.hash, agreed):
                return
            await store_training.add(
                connection,
                seat_id=seat_id,
                version=version,
                text_hash=_TRAINING.hash,
                agreed=agreed,
                session_id=principal.session_id,
                at_ms=self._clock.now_ms(),
            )
            action = Action.training_agreed if agreed else Action.training_refused
            detail = {"version": version, "hash": _TRAINING.hash}
            await self._audit.record(principal, action, seat_id, detail, connection=connection)

    async def allow_training(self, seat_ids: Collection[str]) -> set[str]:
        """Those of the seats whose recordings may train examiners and teach: whose last answer is a yes to this text.

        A recording may be used only when everyone who is seen or heard in it is among them.
        """
        async with self._database.read() as connection:
            return await store_training.agreed(connection, seat_ids, _TRAINING.hash)
