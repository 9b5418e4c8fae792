"""Staff accounts: passwords as argon2id, and a brake on guessing."""

import asyncio
import base64
import math
import secrets
import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from teleosce.core.ids import new_id, token_hash
from teleosce.people import store
from teleosce.people.audit import Action, AuditLog
from teleosce.people.models import Account, Principal, checked_name, plain
from teleosce.people.roles import STAFF, Role
from teleosce.people.sessions import Sessions

PASSWORD_LENGTH = 12
"""The only rule for a password: so many characters at least (NIST SP 800-63B: no rules of composition)."""
SESSION_MS = 12 * 3600 * 1000
"""How long a member of staff stays signed in: a long exam day."""
WINDOW_MS = 15 * 60 * 1000
"""Failed sign-ins older than this are forgotten."""
FROM_ONE_PLACE = 8
"""Failures of one account from one address, in the window, after which to wait."""
IN_ALL = 50
"""Failures of one account from anywhere, or from one address for anyone, in the window.

Higher than `FROM_ONE_PLACE`, so that a stranger cannot easily lock a colleague out, nor one a campus.
"""

_HASHES_AT_ONCE = 2  # each holds 64 MiB while it runs
_EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
_ADDRESS_LENGTH = 64


class Accounts:
    """Adds accounts and signs people in."""

    def __init__(
        self, database: Database, clock: Clock, audit: AuditLog, sessions: Sessions, hasher: PasswordHasher
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._sessions = sessions
        self._hasher = hasher
        self._nobody = _hash_of_nobody(hasher)
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)

    async def add_account(
        self, email: str, name: str, password: str, role: Role, *, by: Principal | None = None
    ) -> Account:
        """Adds a member of staff and writes an audit row.

        Raises Invalid for a short password, an e-mail address that is none, or the role of a candidate or SP;
        Conflict when the address has an account.
        """
        account = Account(new_id(), await self.free_email(email, role), checked_name(name), Role(role))
        _long_enough(password)
        password_hash = await self._hash(password)
        async with self._database.write() as connection:
            if not await store.add_account(connection, account, password_hash, self._clock.now_ms()):
                raise _taken()
            detail = {"role": account.role}
            await self._audit.record(by, Action.account_added, account.id, detail, connection=connection)
        return account

    async def free_email(self, email: str, role: Role) -> str:
        """The e-mail address as an account in this role would have it: to be asked before a password is.

        Raises Invalid for an address that is none, or the role of a candidate or SP; Conflict when it has an account.
        """
        folded = _checked_email(email)
        if role not in STAFF:
            raise Invalid(
                "Candidates and standardized patients have no account: give them a seat and a link.",
                code="role",
            )
        async with self._database.read() as connection:
            if await store.find_account(connection, folded) is not None:
                raise _taken()
        return folded

    async def account(self, email: str) -> Account:
        """The account of an e-mail address. Raises NotFound."""
        async with self._database.read() as connection:
            found = await store.find_account(connection, _folded(email))
        if found is None:
            raise _unknown()
        return found[0]

    async def change_password(self, email: str, password: str, *, by: Principal | None = None) -> Account:
        """Gives a member of staff another password, signs them out everywhere and writes an audit row.

        Who forgot theirs has often tried too many times: those failures are forgotten.
        Raises Invalid for a short password, NotFound for an e-mail address that has no account.
        """
        _long_enough(password)
        password_hash = await self._hash(password)
        email = _folded(email)
        async with self._database.write() as connection:
            found = await store.find_account(connection, email)
            if found is None:
                raise _unknown()
            account, _ = found
            await store.set_password_hash(connection, account.id, password_hash)
            await store.forget_attempts(connection, token_hash(email))
            ended = await store.end_sessions(connection, "signed-out", self._clock.now_ms(), account_id=account.id)
            await self._audit.record(by, Action.password_changed, account.id, {}, connection=connection)
        await self._sessions.announce_end(ended, "signed-out")
        return account

    async def sign_in(self, email: str, password: str, *, address: str = "", device: str = "") -> tuple[str, Principal]:
        """(session token, principal) for 12 hours, with an audit row for success and failure alike.

        address: where the request comes from, as the web layer trusts it. Raises Forbidden with one text for
        a wrong password and an unknown e-mail address, after the same work; TooMany after too many failures,
        with `details={"wait_s": …}`, whatever the password.
        """
        address = plain(address)[:_ADDRESS_LENGTH]
        email = _folded(email)
        key = token_hash(email)
        account, stored = await self._admit(email, key, address)
        if await self._matches(stored, password) and account is not None:
            fresh = await self._hash(password) if self._hasher.check_needs_rehash(stored) else stored
            async with self._database.write() as connection:
                # Not by a password that was changed while it was compared: that signs out everywhere.
                if await store.renew_password_hash(connection, account.id, stored, fresh):
                    await store.forget_attempts(connection, key, address)
                    return await self._open(connection, account, address, device)
        subject = account.id if account else "unknown"
        await self._audit.record(None, Action.sign_in_failed, subject, {"address": address})
        raise Forbidden(
            "The e-mail address or the password is not right. Please check both and try again.",
            code="sign-in-refused",
        )

    async def _open(
        self, connection: store.Connection, account: Account, address: str, device: str
    ) -> tuple[str, Principal]:
        token, session_id = await self._sessions.open(
            connection, self._clock.now_ms() + SESSION_MS, device, account_id=account.id
        )
        principal = Principal(session_id, account.role, None, None, account.id, account.name)
        detail = {"address": address}
        await self._audit.record(principal, Action.signed_in, account.id, detail, connection=connection)
        return token, principal

    async def _admit(self, email: str, key: str, address: str) -> tuple[Account | None, str]:
        """The account, if any, and the hash to compare with; raises TooMany."""
        now_ms = self._clock.now_ms()
        async with self._database.write() as connection:
            attempts = await store.recent_attempts(connection, key, address, now_ms - WINDOW_MS)
            wait = wait_ms(attempts, key, address, now_ms)
            if wait == 0:
                await store.add_attempt(connection, new_id(), key, address, now_ms)
            found = await store.find_account(connection, email)
        if wait:
            minutes = math.ceil(wait / 60_000)
            raise TooMany(
                "Too many sign-ins have failed here. Please wait "
                f"{minutes} minute{'s' * (minutes > 1)} and try again. "
                "Nothing is lost, and those already signed in are not affected.",
                details={"wait_s": math.ceil(wait / 1000)},
            )
        return found or (None, self._nobody)

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, _spelling_bytes(password))

    async def _matches(self, stored: str, password: str) -> bool:
        async with self._hashing:
            try:
                return await asyncio.to_thread(self._hasher.verify, stored, _spelling_bytes(password))
            except (VerificationError, InvalidHashError):
                return False


def wait_ms(attempts: Iterable[tuple[str, str, int]], email_hash: str, address: str, now_ms: int) -> int:
    """How long an account must wait at an address; 0 for not at all.

    attempts: (e-mail hash, address, at_ms) of the failures in the window that touch either.
    """
    account, place, both = [], [], []
    for attempt_hash, attempt_address, at_ms in attempts:
        if attempt_hash == email_hash:
            account.append(at_ms)
        if attempt_address == address:
            place.append(at_ms)
        if (attempt_hash, attempt_address) == (email_hash, address):
            both.append(at_ms)
    limits = ((both, FROM_ONE_PLACE), (account, IN_ALL), (place, IN_ALL))
    # Free again when the failures still in the window are one fewer than the limit.
    waits = [sorted(times)[-limit] + WINDOW_MS - now_ms for times, limit in limits if len(times) >= limit]
    return max(0, *waits, 0)


def _long_enough(password: str) -> None:
    if len(_spelling(password)) < PASSWORD_LENGTH:
        raise Invalid(
            f"The password needs at least {PASSWORD_LENGTH} characters; there is no other rule. Nothing was saved.",
            code="password-short",
        )


def _folded(email: str) -> str:
    return plain(email).strip().casefold()


def _checked_email(email: str) -> str:
    folded = _folded(email)
    local, _, domain = folded.rpartition("@")
    if not local or not domain or len(folded) > _EMAIL_LENGTH or any(letter.isspace() for letter in folded):
        raise Invalid("This is not an e-mail address such as name@school.org. Nothing was saved.", code="email")
    return folded


def _taken() -> Conflict:
    return Conflict("This e-mail address has an account already. Nothing was changed.", code="email-taken")


def _unknown() -> NotFound:
    return NotFound("No account has this e-mail address. Nothing was changed.")


def _spelling(password: str) -> str:
    # Two keyboards may send one letter as different code points.
    return unicodedata.normalize("NFKC", password)


def _spelling_bytes(password: str) -> bytes:
    return _spelling(password).encode("utf-8", "surrogatepass")


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """A hash that no password has, at the cost of today's parameters: the work for an unknown address."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
