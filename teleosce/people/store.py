"""All SQL on people. Each function works in the caller's transaction."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from teleosce.people.models import Account, Principal, Seat
from teleosce.people.roles import Role
from teleosce.people.store_tables import (
    accounts,
    audit_head,
    audit_log,
    consents,
    equipment_checks,
    links,
    seats,
    sessions,
    sign_in_attempts,
)

Connection = AsyncConnection
"""A transaction of `Database.read()` or `Database.write()`."""


async def add_account(connection: Connection, account: Account, password_hash: str, now_ms: int) -> bool:
    """Whether it was added: False when the e-mail address has an account already."""
    if await find_account(connection, account.email):
        return False
    await connection.execute(
        insert(accounts).values(
            id=account.id,
            email=account.email,
            name=account.name,
            role=account.role,
            password_hash=password_hash,
            created_ms=now_ms,
        )
    )
    return True


async def find_account(connection: Connection, email: str) -> tuple[Account, str] | None:
    """The account of an e-mail address (in small letters) and its password's hash."""
    row = (await connection.execute(select(accounts).where(accounts.c.email == email))).first()
    if row is None:
        return None
    return Account(row.id, row.email, row.name, Role(row.role)), row.password_hash


async def set_password_hash(connection: Connection, account_id: str, new: str) -> None:
    """Whatever the hash was."""
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(password_hash=new))


async def renew_password_hash(connection: Connection, account_id: str, old: str, new: str) -> bool:
    """Whether it was done: False, and nothing is changed, when the hash is no longer `old`."""
    result = await connection.execute(
        update(accounts).where(accounts.c.id == account_id, accounts.c.password_hash == old).values(password_hash=new)
    )
    return result.rowcount == 1


async def recent_attempts(
    connection: Connection, email_hash: str, address: str, since_ms: int
) -> list[tuple[str, str, int]]:
    """(e-mail hash, address, at_ms) of the attempts that touch either; older ones are forgotten."""
    attempts = sign_in_attempts.c
    await connection.execute(delete(sign_in_attempts).where(attempts.at_ms <= since_ms))
    rows = await connection.execute(
        select(attempts.email_hash, attempts.address, attempts.at_ms).where(
            or_(attempts.email_hash == email_hash, attempts.address == address)
        )
    )
    return [(row.email_hash, row.address, row.at_ms) for row in rows]


async def add_attempt(connection: Connection, attempt_id: str, email_hash: str, address: str, now_ms: int) -> None:
    """Counts an attempt before its password is looked at, so that parallel ones count too."""
    await connection.execute(
        insert(sign_in_attempts).values(id=attempt_id, email_hash=email_hash, address=address, at_ms=now_ms)
    )


async def forget_attempts(connection: Connection, email_hash: str, address: str | None = None) -> None:
    """Clears the count of one account at one address, or at all."""
    mine = delete(sign_in_attempts).where(sign_in_attempts.c.email_hash == email_hash)
    await connection.execute(mine if address is None else mine.where(sign_in_attempts.c.address == address))


async def add_seats(connection: Connection, new: Sequence[Seat]) -> str | None:
    """Adds them, or none: then the candidate number that is taken, in the exam or by another of them."""
    exams = {seat.exam_id for seat in new}
    numbered = select(seats.c.exam_id, seats.c.number).where(seats.c.exam_id.in_(exams), seats.c.number.is_not(None))
    taken = {(row.exam_id, row.number) for row in await connection.execute(numbered)}
    for seat in new:
        if seat.number is not None and (seat.exam_id, seat.number) in taken:
            return seat.number
        taken.add((seat.exam_id, seat.number))
    if new:
        await connection.execute(insert(seats), [asdict(seat) for seat in new])
    return None


async def find_seats(connection: Connection, *, seat_id: str | None = None, exam_id: str | None = None) -> list[Seat]:
    """One seat by its id, or those of an exam by role, number and name."""
    which = seats.c.id == seat_id if seat_id is not None else seats.c.exam_id == exam_id
    rows = await connection.execute(
        select(seats).where(which).order_by(seats.c.role, seats.c.number, seats.c.name, seats.c.id)
    )
    return [_seat(row) for row in rows]


async def unknown_seats(connection: Connection, seat_ids: Collection[str]) -> set[str]:
    """Those of the ids that no seat has."""
    return set(seat_ids) - set(await connection.scalars(select(seats.c.id).where(seats.c.id.in_(seat_ids))))


async def add_links(connection: Connection, new: Sequence[Mapping[str, Any]]) -> None:
    """Adds links; the values are the columns'."""
    if new:
        await connection.execute(insert(links), [dict(one) for one in new])


async def find_link(connection: Connection, token_hash: str) -> tuple[Row[Any], Seat] | None:
    """The link of a token and its seat, in one query."""
    window = (links.c.opens_ms, links.c.closes_ms, links.c.revoked_ms)
    query = select(links.c.id.label("link_id"), *window, seats).join_from(links, seats)
    row = (await connection.execute(query.where(links.c.token_hash == token_hash))).first()
    return None if row is None else (row, _seat(row))


async def revoke_links(connection: Connection, seat_id: str, now_ms: int) -> int:
    """How many of the seat's links were valid until now."""
    result = await connection.execute(
        update(links).where(links.c.seat_id == seat_id, links.c.revoked_ms.is_(None)).values(revoked_ms=now_ms)
    )
    return result.rowcount


async def replaced_since(connection: Connection, seat_ids: Collection[str], since_ms: int) -> bool:
    """Whether one of these seats has a valid link that was to take the place of others: the audit log says which."""
    told = and_(
        audit_log.c.subject == links.c.seat_id,
        audit_log.c.detail.contains(links.c.id),
        audit_log.c.detail.contains('"replace":true'),
    )
    query = select(links.c.id).join(audit_log, told).where(links.c.seat_id.in_(seat_ids), links.c.revoked_ms.is_(None))
    return (await connection.execute(query.where(links.c.created_ms > since_ms).limit(1))).first() is not None


async def add_session(connection: Connection, **values: Any) -> None:
    """Adds a session; the values are the columns'."""
    await connection.execute(insert(sessions).values(**values))


async def end_sessions(
    connection: Connection,
    reason: str,
    now_ms: int,
    *,
    seat_id: str | None = None,
    account_id: str | None = None,
    session_id: str | None = None,
    token_hash: str | None = None,
) -> list[str]:
    """Ends what still runs of a seat or an account, or one session; returns the ids of those that this call ended."""
    if seat_id is not None:
        which = sessions.c.seat_id == seat_id
    elif account_id is not None:
        which = sessions.c.account_id == account_id
    else:
        which = _which_session(token_hash, session_id)
    result = await connection.execute(
        update(sessions)
        .where(which, sessions.c.ended_ms.is_(None), sessions.c.expires_ms > now_ms)
        .values(ended_ms=now_ms, end_reason=reason)
        .returning(sessions.c.id)
    )
    return list(result.scalars())


async def find_session(
    connection: Connection, *, token_hash: str | None = None, session_id: str | None = None
) -> tuple[Principal, int, str | None] | None:
    """The principal of a session, when it expires, and why it ended (None while it has not)."""
    which = _which_session(token_hash, session_id)
    query = select(
        sessions,
        func.coalesce(seats.c.role, accounts.c.role).label("role"),
        func.coalesce(seats.c.name, accounts.c.name).label("name"),
        seats.c.exam_id,
    )
    joined = query.select_from(sessions.outerjoin(seats).outerjoin(accounts)).where(which)
    row = (await connection.execute(joined)).first()
    if row is None:
        return None
    principal = Principal(row.id, Role(row.role), row.exam_id, row.seat_id, row.account_id, row.name)
    return principal, row.expires_ms, row.end_reason


async def sessions_over(connection: Connection, session_ids: Collection[str], now_ms: int) -> dict[str, str | None]:
    """Those of the sessions that have ended, with the reason, or have run out, without one."""
    over = or_(sessions.c.ended_ms.is_not(None), sessions.c.expires_ms <= now_ms)
    query = select(sessions.c.id, sessions.c.end_reason).where(sessions.c.id.in_(session_ids), over)
    return {row.id: row.end_reason for row in await connection.execute(query)}


def _which_session(token_hash: str | None, session_id: str | None) -> ColumnElement[bool]:
    return sessions.c.token_hash == token_hash if token_hash is not None else sessions.c.id == session_id


async def has_consent(connection: Connection, seat_id: str, text_hash: str) -> bool:
    """Whether the seat accepted the text with this hash."""
    accepted = select(consents.c.id).where(consents.c.seat_id == seat_id, consents.c.text_hash == text_hash)
    return (await connection.execute(accepted)).first() is not None


async def consented(connection: Connection, exam_id: str, text_hash: str) -> set[str]:
    """The seats of an exam that accepted the text with this hash."""
    accepted = select(consents.c.seat_id).join_from(consents, seats)
    return set(await connection.scalars(accepted.where(seats.c.exam_id == exam_id, consents.c.text_hash == text_hash)))


async def add_consent(connection: Connection, **values: Any) -> None:
    """Adds an acceptance; the values are the columns'."""
    await connection.execute(insert(consents).values(**values))


async def keep_check(connection: Connection, seat_id: str, result: Mapping[str, Any], now_ms: int) -> None:
    """Replaces what the seat's last equipment check found."""
    await connection.execute(delete(equipment_checks).where(equipment_checks.c.seat_id == seat_id))
    await connection.execute(insert(equipment_checks).values(seat_id=seat_id, at_ms=now_ms, result=dict(result)))


async def find_check(connection: Connection, seat_id: str) -> dict[str, Any] | None:
    """What the seat's last equipment check found."""
    query = select(equipment_checks.c.result).where(equipment_checks.c.seat_id == seat_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def checks_of(connection: Connection, exam_id: str) -> dict[str, dict[str, Any]]:
    """What the newest check of each seat of an exam found."""
    kept = select(equipment_checks.c.seat_id, equipment_checks.c.result).join_from(equipment_checks, seats)
    return {row.seat_id: row.result for row in await connection.execute(kept.where(seats.c.exam_id == exam_id))}


async def forget_seat(connection: Connection, seat_id: str, name: str) -> dict[str, int]:
    """The person in a seat is called `name` from now on and nothing else is known; returns what else went, by kind."""
    nobody = {"name": name, "number": None, "email": None, "group": None, "extra_percent": 0, "zone": None}
    await connection.execute(update(seats).where(seats.c.id == seat_id).values(nobody))
    checks = await connection.execute(delete(equipment_checks).where(equipment_checks.c.seat_id == seat_id))
    devices = await connection.execute(update(sessions).where(sessions.c.seat_id == seat_id).values(device=""))
    return {"equipment checks": checks.rowcount, "devices": devices.rowcount}


async def forget_account(connection: Connection, account_id: str, name: str) -> dict[str, int]:
    """An account that nobody can sign in to any more and that names nobody; returns what else went, by kind."""
    nobody = {"name": name, "email": f"{account_id}@erased.invalid", "password_hash": "!"}
    await connection.execute(update(accounts).where(accounts.c.id == account_id).values(nobody))
    devices = await connection.execute(update(sessions).where(sessions.c.account_id == account_id).values(device=""))
    return {"devices": devices.rowcount}


async def all_seats(connection: Connection) -> list[Seat]:
    """The people of all exams."""
    return [_seat(row) for row in await connection.execute(select(seats))]


async def all_accounts(connection: Connection) -> list[Account]:
    """Every account."""
    return [Account(row.id, row.email, row.name, Role(row.role)) for row in await connection.execute(select(accounts))]


async def consents_of(connection: Connection, seat_id: str) -> list[dict[str, Any]]:
    """What a seat accepted: version and hash of the text, and when."""
    query = select(consents.c.version, consents.c.text_hash, consents.c.at_ms).where(consents.c.seat_id == seat_id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def audit_about(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The audit rows that somebody did, or that were done to them, in order."""
    mine = audit_log.c.actor_id.in_(ids) | audit_log.c.subject.in_(ids)
    rows = await connection.execute(select(audit_log).where(mine).order_by(audit_log.c.number))
    return [dict(row) for row in rows.mappings()]


async def done_to(connection: Connection, action: str, subjects: Collection[str]) -> set[str]:
    """Those of the subjects that the audit log has an action on."""
    query = select(audit_log.c.subject).where(audit_log.c.subject.in_(subjects), audit_log.c.action == action)
    return set(await connection.scalars(query))


async def end_of_chain(connection: Connection) -> tuple[int, str] | None:
    """Number and hash of the newest audit row, locked until the transaction ends; None in an empty log."""
    head = (await connection.execute(select(audit_head).with_for_update())).first()
    return None if head is None else (head.number, head.hash)


async def add_audit_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Appends rows and moves the end of the chain over each: it takes no step over more than one."""
    await connection.execute(insert(audit_log), [dict(row) for row in rows])
    ends = [{"to_number": row["number"], "to_hash": row["hash"]} for row in rows]
    if rows[0]["number"] == 1:
        await connection.execute(insert(audit_head).values(id=1, number=1, hash=rows[0]["hash"]))
        ends = ends[1:]
    if ends:
        move = update(audit_head).values(number=bindparam("to_number"), hash=bindparam("to_hash"))
        await connection.execute(move, ends)


async def audit_rows(connection: Connection, batch: int) -> AsyncIterator[list[dict[str, Any]]]:
    """All audit rows in order, `batch` at a time."""
    query = select(audit_log).order_by(audit_log.c.number).execution_options(yield_per=batch)
    async with connection.stream(query) as result:
        async for rows in result.mappings().partitions():
            yield [dict(row) for row in rows]


def _seat(row: Row[Any]) -> Seat:
    return Seat(
        row.id, row.exam_id, Role(row.role), row.name, row.number, row.email, row.group, row.extra_percent, row.zone
    )
