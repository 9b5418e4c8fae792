"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# The audit log is append-only, and the search index follows the turns: the database sees to both itself.
_AFTER = {
    "sqlite": (
        "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log WHEN NEW.number <= (SELECT max(number) FROM audit_log) BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_head_goes_on BEFORE UPDATE ON audit_head WHEN NEW.number <> OLD.number + 1 BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE VIRTUAL TABLE transcript_search USING fts5(body, content='transcript_turns', content_rowid='number', tokenize='porter unicode61')",
        "CREATE TRIGGER transcript_turn_added AFTER INSERT ON transcript_turns BEGIN INSERT INTO transcript_search(rowid, body) VALUES (new.number, new.body); END",
        "CREATE TRIGGER transcript_turn_removed AFTER DELETE ON transcript_turns BEGIN INSERT INTO transcript_search(transcript_search, rowid, body) VALUES ('delete', old.number, old.body); END",
        "CREATE TRIGGER transcript_turn_changed AFTER UPDATE ON transcript_turns BEGIN INSERT INTO transcript_search(transcript_search, rowid, body) VALUES ('delete', old.number, old.body); INSERT INTO transcript_search(rowid, body) VALUES (new.number, new.body); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()",
        "CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()",
        "CREATE INDEX ix_transcript_turns_search ON transcript_turns USING gin (to_tsvector('english', body))",
    ),
}


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "exam",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam")),
    )
    op.create_table(
        "seats",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
        sa.UniqueConstraint("exam_id", "number", name=op.f("uq_seats_exam_id_number")),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("email_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_attempts_address"), ["address"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_attempts_at_ms"), ["at_ms"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_attempts_email_hash"), ["email_hash"], unique=False)

    op.create_table(
        "station_version",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("frozen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_station_version")),
    )
    with op.batch_alter_table("station_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_station_version_slug"), ["slug"], unique=False)

    op.create_table(
        "take",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take")),
    )
    with op.batch_alter_table("take", schema=None) as batch_op:
        batch_op.create_index("ix_take_encounter_id", ["encounter_id"], unique=False)

    op.create_table(
        "transcripts",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("done", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("model_sha256", sa.String(length=64), nullable=True),
        sa.Column("requested_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("encounter_id", name=op.f("pk_transcripts")),
    )
    with op.batch_alter_table("transcripts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transcripts_exam_id"), ["exam_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transcripts_state"), ["state"], unique=False)

    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=26), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_log")),
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_log_subject"), ["subject"], unique=False)

    op.create_table(
        "equipment_checks",
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_equipment_checks_seat_id")),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_equipment_checks")),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("opens_ms", sa.BigInteger(), nullable=False),
        sa.Column("closes_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_links_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_links_token_hash")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_links_seat_id"), ["seat_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=True),
        sa.Column("account_id", sa.String(length=26), nullable=True),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_sessions_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_seat_id"), ["seat_id"], unique=False)

    op.create_table(
        "slot",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("circuit", sa.String(length=20), nullable=False),
        sa.Column("station_hash", sa.String(length=64), nullable=False),
        sa.Column("candidate", sa.String(length=26), nullable=True),
        sa.Column("sp", sa.String(length=26), nullable=True),
        sa.Column("examiner", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_slot_exam_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("exam_id", "rotation", "candidate", name=op.f("uq_slot_exam_id_rotation_candidate")),
        sa.UniqueConstraint(
            "exam_id", "rotation", "circuit", "position", name=op.f("uq_slot_exam_id_rotation_circuit_position")
        ),
        sa.UniqueConstraint("exam_id", "rotation", "sp", name=op.f("uq_slot_exam_id_rotation_sp")),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slot_exam_id"), ["exam_id"], unique=False)

    op.create_table(
        "transcript_pieces",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("take_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.String(length=26), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["transcripts.encounter_id"], name=op.f("fk_transcript_pieces_encounter_id")
        ),
        sa.PrimaryKeyConstraint("encounter_id", "take_id", "number", name=op.f("pk_transcript_pieces")),
    )
    op.create_table(
        "transcript_turns",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("participant_id", sa.String(length=26), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["transcripts.encounter_id"], name=op.f("fk_transcript_turns_encounter_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_transcript_turns")),
        sa.UniqueConstraint("id", name=op.f("uq_transcript_turns_id")),
    )
    with op.batch_alter_table("transcript_turns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transcript_turns_encounter_id"), ["encounter_id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("seat_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], name=op.f("fk_consents_seat_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_consents_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint("seat_id", "text_hash", name=op.f("uq_consents_seat_id_text_hash")),
    )
    op.create_table(
        "encounter",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("slot_id", sa.String(length=26), nullable=False),
        sa.Column("exam_id", sa.String(length=26), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("phase_started_ms", sa.BigInteger(), nullable=False),
        sa.Column("phase_ends_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("candidate", sa.String(length=26), nullable=True),
        sa.Column("sp", sa.String(length=26), nullable=True),
        sa.Column("examiner", sa.String(length=26), nullable=True),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_encounter_exam_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_encounter_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("slot_id", "attempt", name=op.f("uq_encounter_slot_id_attempt")),
    )
    with op.batch_alter_table("encounter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_encounter_candidate"), ["candidate"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_exam_id"), ["exam_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_examiner"), ["examiner"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_phase"), ["phase"], unique=False)
        batch_op.create_index(batch_op.f("ix_encounter_sp"), ["sp"], unique=False)
        batch_op.create_index(
            "uq_encounter_running_candidate",
            ["candidate"],
            unique=True,
            sqlite_where=sa.text("phase IN ('reading', 'encounter', 'note', 'changeover')"),
            postgresql_where=sa.text("phase IN ('reading', 'encounter', 'note', 'changeover')"),
        )
        batch_op.create_index(
            "uq_encounter_running_sp",
            ["sp"],
            unique=True,
            sqlite_where=sa.text("phase IN ('reading', 'encounter', 'note', 'changeover')"),
            postgresql_where=sa.text("phase IN ('reading', 'encounter', 'note', 'changeover')"),
        )

    op.create_table(
        "transcript_words",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("turn_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["transcript_turns.id"], name=op.f("fk_transcript_words_turn_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_words")),
    )
    with op.batch_alter_table("transcript_words", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transcript_words_turn_id"), ["turn_id"], unique=False)

    op.create_table(
        "bell",
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_bell_encounter_id")),
        sa.PrimaryKeyConstraint("encounter_id", "phase", "kind", name=op.f("pk_bell")),
    )
    op.create_table(
        "form",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("author_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("state_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_form_encounter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form")),
        sa.UniqueConstraint("encounter_id", "kind", "author_id", name=op.f("uq_form_encounter_id_kind_author_id")),
    )
    with op.batch_alter_table("form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_form_encounter_id"), ["encounter_id"], unique=False)

    op.create_table(
        "phase_log",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_phase_log_encounter_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_phase_log")),
    )
    with op.batch_alter_table("phase_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phase_log_encounter_id"), ["encounter_id"], unique=False)

    op.create_table(
        "stimulus_log",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("encounter_id", sa.String(length=26), nullable=False),
        sa.Column("stimulus", sa.String(length=64), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["encounter_id"], ["encounter.id"], name=op.f("fk_stimulus_log_encounter_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_stimulus_log")),
    )
    with op.batch_alter_table("stimulus_log", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stimulus_log_encounter_id"), ["encounter_id"], unique=False)

    op.create_table(
        "transcript_corrections",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("word_id", sa.String(length=26), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["word_id"], ["transcript_words.id"], name=op.f("fk_transcript_corrections_word_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_transcript_corrections")),
    )
    with op.batch_alter_table("transcript_corrections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transcript_corrections_word_id"), ["word_id"], unique=False)

    op.create_table(
        "form_entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.String(length=26), nullable=False),
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.String(length=26), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_form_entry_form_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_form_entry")),
        sa.UniqueConstraint("form_id", "change_id", name=op.f("uq_form_entry_form_id_change_id")),
        sa.UniqueConstraint("form_id", "field", "version", name=op.f("uq_form_entry_form_id_field_version")),
    )
    op.create_table(
        "form_step",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.String(length=26), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author_id", sa.String(length=26), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_form_step_form_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_form_step")),
    )
    with op.batch_alter_table("form_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_step_form_id"), ["form_id"], unique=False)
    for statement in _AFTER[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)
