"""Join links. A link is a bearer token of 256 bits; only its hash is kept."""

from collections.abc import Sequence
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Forbidden, Invalid, NotFound
from teleosce.core.ids import new_id, new_token, token_hash
from teleosce.people import store
from teleosce.people.audit import Action, AuditLog
from teleosce.people.models import LinkView, Principal, Seat, plain
from teleosce.people.seats import seat_in
from teleosce.people.sessions import Sessions

_LATEST_MS = 2**53  # whole numbers that a page can hold
_JUST_NOW_MS = 10_000


class LinkRefused(Forbidden):
    """The link opens nothing: one text, whether it is wrong, expired, revoked or not open yet."""

    default_code = "link-refused"

    def __init__(self) -> None:
        super().__init__(
            "This link cannot be used now. It may be incomplete, out of its time or replaced by a newer one. "
            "Nothing you saved is lost. Please use the newest link you were sent, or ask the organiser for a "
            "new one."
        )


class Links:
    """Issues and revokes links, shows what one is for, and joins by it."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._sessions = sessions

    async def issue_link(
        self,
        seat_id: str,
        opens_ms: int,
        closes_ms: int,
        *,
        replace: bool = False,
        by: Principal | None = None,
    ) -> str:
        """The token of a new link, told here and never again. Writes an audit row. Raises NotFound, Invalid, Conflict.

        It may be joined from `opens_ms` until before `closes_ms`. With `replace` older links of the seat are
        revoked; a session that runs goes on until the new link is joined. `revoke_links` ends it at once. One that
        was made with `replace` some seconds ago is not replaced: whoever was told it is about to hand it on.
        """
        tokens = await self.issue_links([seat_id], opens_ms, closes_ms, replace=replace, by=by)
        return tokens[seat_id]

    async def issue_links(
        self,
        seat_ids: Sequence[str],
        opens_ms: int,
        closes_ms: int,
        *,
        replace: bool = False,
        by: Principal | None = None,
    ) -> dict[str, str]:
        """As `issue_link`, for many in one transaction: the tokens by seat."""
        if not 0 <= opens_ms < closes_ms <= _LATEST_MS:
            raise Invalid("A link must close after it opens. No link was made.", code="link-window")
        now_ms = self._clock.now_ms()
        tokens = {seat_id: new_token() for seat_id in seat_ids}
        times = {"opens_ms": opens_ms, "closes_ms": closes_ms}
        ids = {seat_id: new_id() for seat_id in tokens}
        async with self._database.write() as connection:
            if await store.unknown_seats(connection, [*tokens]):
                raise NotFound("There is no such person in any exam.")
            if replace and await store.replaced_since(connection, seat_ids, now_ms - _JUST_NOW_MS):
                raise Conflict(
                    "A new link was made for this person a moment ago, and it is the one that works; if you did not "
                    "make it, somebody else did. None was made. If it is lost, ask again in ten seconds.",
                    code="link-just-replaced",
                )
            revoked = {one: await store.revoke_links(connection, one, now_ms) if replace else 0 for one in tokens}
            links = [
                {"id": ids[one], "token_hash": token_hash(token), "seat_id": one, "created_ms": now_ms} | times
                for one, token in tokens.items()
            ]
            await store.add_links(connection, links)
            # `replaced_since` reads these words in the audit row.
            deeds = [(one, {"link": ids[one], "replace": replace, "revoked": revoked[one]} | times) for one in tokens]
            await self._audit.record_all(by, Action.link_issued, deeds, connection=connection)
        return tokens

    async def revoke_links(self, seat_id: str, *, by: Principal | None = None) -> None:
        """Closes every link of the seat and ends its sessions, with an audit row and SessionEnded("revoked").

        Raises NotFound.
        """
        now_ms = self._clock.now_ms()
        async with self._database.write() as connection:
            await seat_in(connection, seat_id)
            revoked = await store.revoke_links(connection, seat_id, now_ms)
            ended = await store.end_sessions(connection, "revoked", now_ms, seat_id=seat_id)
            detail = {"links": revoked, "sessions": ended}
            await self._audit.record(by, Action.links_revoked, seat_id, detail, connection=connection)
        await self._sessions.announce_end(ended, "revoked")

    async def look_at_link(self, token: str) -> LinkView:
        """What a link is for, also before it opens. Raises LinkRefused; the audit row holds the reason."""
        now_ms = self._clock.now_ms()
        async with self._database.write() as connection:
            found = await store.find_link(connection, token_hash(plain(token)))
            reason = why_not(found and found[0], now_ms)
            refused = reason not in {None, "not-yet"}
            if refused:
                await self._refuse(connection, found, reason, "look")
        if refused or found is None:
            raise LinkRefused
        link, seat = found
        return LinkView(seat, link.opens_ms, link.closes_ms)

    async def opens(self, token: str) -> bool:
        """Whether `look_at_link` would show it; nothing is written."""
        async with self._database.read() as connection:
            found = await store.find_link(connection, token_hash(plain(token)))
        return why_not(found and found[0], self._clock.now_ms()) in {None, "not-yet"}

    async def join(self, token: str, device: str) -> tuple[str, Principal]:
        """(session token, principal): the seat's newest device, until the link closes.

        In one transaction: ends the seat's older sessions, opens this one, writes an audit row. Then
        publishes SessionEnded("replaced") for each older one. Raises LinkRefused; the audit row holds the
        reason.
        """
        now_ms = self._clock.now_ms()
        ended: list[str] = []
        async with self._database.write() as connection:
            found = await store.find_link(connection, token_hash(plain(token)))
            reason = why_not(found and found[0], now_ms)
            if found is None or reason:
                await self._refuse(connection, found, reason, "join")
                joined = None
            else:
                link, seat = found
                ended = await store.end_sessions(connection, "replaced", now_ms, seat_id=seat.id)
                session_token, session_id = await self._sessions.open(
                    connection, link.closes_ms, device, seat_id=seat.id
                )
                joined = Principal(session_id, seat.role, seat.exam_id, seat.id, None, seat.name)
                detail = {"link": link.link_id, "replaced": ended}
                await self._audit.record(joined, Action.joined, seat.id, detail, connection=connection)
        if joined is None:
            raise LinkRefused
        await self._sessions.announce_end(ended, "replaced")
        return session_token, joined

    async def _refuse(
        self, connection: store.Connection, found: tuple[Any, Seat] | None, reason: str | None, attempt: str
    ) -> None:
        detail = {"reason": reason, "attempt": attempt, "link": found and found[0].link_id}
        subject = found[1].id if found else "unknown"
        await self._audit.record(None, Action.link_refused, subject, detail, connection=connection)


def why_not(link: Any, now_ms: int) -> str | None:
    """Why a link may not be joined now: `wrong`, `revoked`, `expired` or `not-yet`; None when it may."""
    if link is None:
        return "wrong"
    if link.revoked_ms is not None:
        return "revoked"
    if now_ms >= link.closes_ms:
        return "expired"
    return "not-yet" if now_ms < link.opens_ms else None
