"""Sessions: what a browser holds after a link was joined or a password was right, and why one ended."""

from collections.abc import Collection, Iterable
from typing import Literal

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import SignInNeeded
from teleosce.core.events import Events, SessionEnded
from teleosce.core.ids import new_id, new_token, token_hash
from teleosce.people import store
from teleosce.people.audit import Action, AuditLog
from teleosce.people.models import Principal, plain

_DEVICE_LENGTH = 200

_ENDED = {
    "replaced": "You have joined on another device or in another tab, so this one has stopped. Everything "
    "you saved is kept. To go on here instead, open your link again.",
    "revoked": "The organiser has withdrawn your link, so this session has ended. Everything you saved is "
    "kept. Please ask the organiser for a new link.",
    "signed-out": "You have signed out. To go on, sign in or open your link again.",
    "expired": "Your session has run out. Everything you saved is kept. Please sign in again, or ask the "
    "organiser for a new link.",
}


class Sessions:
    """Opens, finds and ends sessions. Only the hash of a session's token is kept."""

    def __init__(self, database: Database, clock: Clock, events: Events, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._audit = audit

    async def open(
        self,
        connection: store.Connection,
        expires_ms: int,
        device: str,
        *,
        seat_id: str | None = None,
        account_id: str | None = None,
    ) -> tuple[str, str]:
        """(token, id) of a new session, in the caller's transaction. The token is told this once."""
        token, session_id = new_token(), new_id()
        await store.add_session(
            connection,
            id=session_id,
            token_hash=token_hash(token),
            seat_id=seat_id,
            account_id=account_id,
            device=plain(device)[:_DEVICE_LENGTH],
            created_ms=self._clock.now_ms(),
            expires_ms=expires_ms,
        )
        return token, session_id

    async def announce_end(self, session_ids: Iterable[str], reason: str) -> None:
        """Publishes SessionEnded for each: call it when the transaction that ended them has committed."""
        for session_id in session_ids:
            await self._events.publish(SessionEnded(session_id, reason))

    async def principal(self, session_token: str) -> Principal:
        """Who holds this token. Raises SignInNeeded; its code says why a session that was one has ended:
        `replaced`, `revoked`, `signed-out` or `expired`.
        """
        async with self._database.read() as connection:
            found = await store.find_session(connection, token_hash=token_hash(plain(session_token)))
        if found is None:
            raise SignInNeeded("Please sign in, or open the link that you were sent.")
        principal, expires_ms, reason = found
        if reason is None and self._clock.now_ms() >= expires_ms:
            reason = "expired"
        if reason is not None:
            raise SignInNeeded(_ENDED[reason], code=reason)
        return principal

    async def over(self, session_ids: Collection[str]) -> dict[str, str]:
        """Those of the sessions that are over, with the reason as in `principal`, whichever process ended them."""
        async with self._database.read() as connection:
            found = await store.sessions_over(connection, session_ids, self._clock.now_ms())
        return {session_id: reason or "expired" for session_id, reason in found.items()}

    async def end_session(self, session_token: str, reason: Literal["replaced", "revoked"]) -> None:
        """Ends the session of a token and publishes SessionEnded, unless there is none that still runs."""
        hashed = token_hash(plain(session_token))
        async with self._database.write() as connection:
            ended = await store.end_sessions(connection, reason, self._clock.now_ms(), token_hash=hashed)
        await self.announce_end(ended, reason)

    async def sign_out(self, session_id: str) -> None:
        """Ends one session, writes an audit row and publishes SessionEnded, unless it has ended already."""
        async with self._database.write() as connection:
            ended = await store.end_sessions(connection, "signed-out", self._clock.now_ms(), session_id=session_id)
            found = await store.find_session(connection, session_id=session_id) if ended else None
            if found:
                await self._audit.record(found[0], Action.signed_out, session_id, connection=connection)
        await self.announce_end(ended, "signed-out")
