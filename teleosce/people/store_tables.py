"""The tables of people, and what keeps the audit log append-only. SQL on them is in `store.py` and `store_*.py`."""

from collections.abc import Mapping, Sequence

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from teleosce.core.db import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("id", String(26), primary_key=True),
    # A hash of the e-mail address: people type passwords into the wrong field.
    Column("email_hash", String(64), nullable=False, index=True),
    Column("address", String(64), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
)

seats = Table(
    "seats",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", String(26), nullable=False),
    Column("role", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("number", String(40)),
    Column("email", String(254)),
    Column("group", String(40)),
    Column("extra_percent", Integer, nullable=False, server_default="0"),
    Column("zone", String(64)),
    UniqueConstraint("exam_id", "number"),
)

links = Table(
    "links",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("seat_id", ForeignKey("seats.id"), nullable=False, index=True),
    Column("opens_ms", BigInteger, nullable=False),
    Column("closes_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("seat_id", ForeignKey("seats.id"), index=True),
    Column("account_id", ForeignKey("accounts.id"), index=True),
    Column("device", String(200), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("end_reason", String(20)),
)

consents = Table(
    "consents",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("seat_id", ForeignKey("seats.id"), nullable=False),
    Column("version", String(40), nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("seat_id", "text_hash"),
)

equipment_checks = Table(
    "equipment_checks",
    metadata,
    Column("seat_id", ForeignKey("seats.id"), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("result", JSON, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor_id", String(26)),
    Column("role", String(20)),
    Column("session_id", String(26)),
    Column("action", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "subject"),
)

# One row: the end of the chain. Writers on PostgreSQL queue on it, and it shows when rows were cut off.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

AUDIT_GUARDS: Mapping[str, Sequence[str]] = {
    "sqlite": (
        "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        # INSERT OR REPLACE deletes without asking the delete trigger.
        "CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log "
        "WHEN NEW.number <= (SELECT max(number) FROM audit_log) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_head_goes_on BEFORE UPDATE ON audit_head WHEN NEW.number <> OLD.number + 1 "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()",
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()",
    ),
}
"""By dialect, what makes the log append-only, to run when both audit tables exist: here and in migrations."""

audit_log.add_is_dependent_on(audit_head)
for _dialect, _statements in AUDIT_GUARDS.items():
    for _statement in _statements:
        event.listen(audit_log, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
