"""The tables of exams. SQL on them is in `store.py` and `store_*.py`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from teleosce.core.db import metadata
from teleosce.exams.phases import RUNNING

exams = Table(
    "exam",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("title", Text, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("policy", JSON, nullable=False),
)

circuits = Table(
    "circuit",
    metadata,
    Column("exam_id", ForeignKey("exam.id"), primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("starts_ms", BigInteger),
    Column("changed_ms", BigInteger, nullable=False),
    Column("site", String(40), nullable=False, server_default=""),
)

slots = Table(
    "slot",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("circuit", String(20), nullable=False),
    Column("station_hash", String(64), nullable=False),
    Column("candidate", String(26)),
    Column("sp", String(26)),
    Column("examiner", String(26)),
    Column("extra", JSON, nullable=False),
    Column("met_at", Integer),
    UniqueConstraint("exam_id", "rotation", "candidate"),
    UniqueConstraint("exam_id", "rotation", "sp"),
    UniqueConstraint("exam_id", "rotation", "circuit", "position"),
)

encounters = Table(
    "encounter",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("slot_id", ForeignKey("slot.id"), nullable=False),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("phase", String(16), nullable=False, index=True),
    Column("phase_started_ms", BigInteger, nullable=False),
    Column("phase_ends_ms", BigInteger),
    Column("outcome", String(16)),
    Column("candidate", String(26), index=True),
    Column("sp", String(26), index=True),
    Column("examiner", String(26), index=True),
    Column("timings", JSON, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("paused_ms", BigInteger),
    Column("extra", JSON, nullable=False),
    Column("joins", String(26), index=True),
    UniqueConstraint("slot_id", "attempt"),
)

# The database itself refuses a second running encounter of a person, whichever process asks.
for _seat in (encounters.c.candidate, encounters.c.sp):
    _is_running = encounters.c.phase.in_(RUNNING)
    Index(
        f"uq_encounter_running_{_seat.name}",
        _seat,
        unique=True,
        sqlite_where=_is_running,
        postgresql_where=_is_running,
    )

bells = Table(
    "bell",
    metadata,
    Column("encounter_id", ForeignKey("encounter.id"), primary_key=True),
    Column("phase", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)

phase_log = Table(
    "phase_log",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("encounter_id", ForeignKey("encounter.id"), nullable=False, index=True),
    Column("phase", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger),
    Column("cause", String(16), nullable=False),
    Column("detail", Text, nullable=False),
)

stimuli = Table(
    "stimulus_log",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("encounter_id", ForeignKey("encounter.id"), nullable=False, index=True),
    Column("stimulus", String(64), nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

attendance = Table(
    "attendance",
    metadata,
    Column("encounter_id", ForeignKey("encounter.id"), primary_key=True),
    Column("seat_id", String(26), primary_key=True, index=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)

identities = Table(
    "identity",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("seat_id", String(26), nullable=False, index=True),
    Column("how", String(16), nullable=False),
    Column("by", String(26)),
    Column("at_ms", BigInteger, nullable=False),
)

incidents = Table(
    "incident",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("encounter_id", ForeignKey("encounter.id"), index=True),
    Column("seat_id", String(26), index=True),
    Column("kind", String(16), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("since_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("lost_audio_ms", BigInteger, nullable=False),
    Column("lost_video_ms", BigInteger, nullable=False),
    Column("measured", Boolean, nullable=False),
    Column("proposal", String(16), nullable=False),
    Column("decision", String(16)),
    Column("decided_by", String(26)),
    Column("decided_ms", BigInteger),
    Column("carried_out", Boolean, nullable=False),
    Column("note", Text, nullable=False),
)

messages = Table(
    "message",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("exam_id", ForeignKey("exam.id"), nullable=False, index=True),
    Column("seat_id", String(26), index=True),
    Column("from_seat", String(26), index=True),
    Column("text", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
