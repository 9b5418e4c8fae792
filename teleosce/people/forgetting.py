"""Who was somebody becomes nobody: the row stays, as marks and the audit log point to it, and names no one."""

from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.people import store, store_training
from teleosce.people.models import Account, Seat
from teleosce.people.sessions import Sessions


class Forgetting:
    """Finds what is known of a person, and lets go of it."""

    def __init__(self, database: Database, clock: Clock, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions

    async def everybody(self) -> tuple[list[Seat], list[Account]]:
        """All seats of all exams, and all accounts."""
        async with self._database.read() as connection:
            return await store.all_seats(connection), await store.all_accounts(connection)

    async def consents_of(self, seat_id: str) -> list[dict[str, Any]]:
        """What a seat accepted: `version` and `text_hash` of the text, `at_ms`.

        With `about` and `agreed`: what it answered to another question than that of being recorded.
        """
        async with self._database.read() as connection:
            given = await store.consents_of(connection, seat_id)
            training = await store_training.answers_of(connection, seat_id)
        return [*given, *({"about": "training and teaching", **one} for one in training)]

    async def audit_about(self, *ids: str) -> list[dict[str, Any]]:
        """The audit rows that these people wrote, or that are about them, in order."""
        async with self._database.read() as connection:
            return await store.audit_about(connection, ids)

    async def forget(self, person: Seat | Account, name: str) -> dict[str, int]:
        """Calls a person `name` from now on, closes their links and sessions and forgets their devices.

        Consent stays, as it names nobody. Publishes SessionEnded. Returns how much went, by kind.
        """
        now_ms = self._clock.now_ms()
        async with self._database.write() as connection:
            if isinstance(person, Seat):
                links = await store.revoke_links(connection, person.id, now_ms)
                ended = await store.end_sessions(connection, "revoked", now_ms, seat_id=person.id)
                went = await store.forget_seat(connection, person.id, name)
            else:
                links = 0
                ended = await store.end_sessions(connection, "revoked", now_ms, account_id=person.id)
                went = await store.forget_account(connection, person.id, name)
        await self._sessions.announce_end(ended, "revoked")
        return went | {"links": links, "sessions": len(ended)}
