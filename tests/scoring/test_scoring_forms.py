import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from form_world import EXAMINER, LAYOUT, World, change
from sqlalchemy import literal_column, update

from teleosce.core import db
from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from teleosce.core.events import Events, MarkSubmitted
from teleosce.scoring import Assignment, AssignmentKind, FieldConflict, Forms, Kind, Saved, State, store_marking
from teleosce.scoring.store import entries


async def test_a_mark_is_there_after_a_reload(world: World):
    form = await world.mark()
    assert (form.state, dict(form.fields)) == (State.draft, {})
    first = change("item.opens", "done")
    result = await world.save(form, first, change("comment", "Calm."))
    assert result.saved[0] == Saved(first.change_id, "item.opens", 1)
    assert result.conflicts == []
    again = await world.mark()
    assert again.id == form.id
    assert (again.value("item.opens"), again.value("comment"), again.value("global")) == ("done", "Calm.", None)


async def test_a_mark_can_be_taken_back_and_bookmarks_removed(world: World):
    form = await world.mark()
    bookmark = {"at_ms": 4000, "text": "Here."}
    await world.save(form, change("item.opens", "done"), change("bookmark.b1", bookmark))
    assert (await world.mark()).value("bookmark.b1") == bookmark
    await world.save(form, change("item.opens", None, 1), change("bookmark.b1", None, 1))
    now = await world.mark()
    assert (now.fields["item.opens"].value, now.fields["item.opens"].version) == (None, 2)
    assert now.value("bookmark.b1") is None


async def test_two_tabs_that_open_at_once_share_one_form(world: World):
    forms = await asyncio.gather(*(world.mark() for _ in range(5)))
    assert len({form.id for form in forms}) == 1


async def test_a_change_upon_an_old_version_is_a_conflict_and_overwrites_nothing(world: World):
    form = await world.mark()
    await world.save(form, change("item.opens", "done"))
    stale = change("item.opens", "not_done", 0)
    result = await world.save(form, stale, change("comment", "Kept."))
    assert result.conflicts == [FieldConflict(stale.change_id, "item.opens", "done", 1)]
    assert [saved.field for saved in result.saved] == ["comment"]
    now = await world.mark()
    assert (now.value("item.opens"), now.value("comment")) == ("done", "Kept.")
    settled = await world.save(form, change("item.opens", "not_done", 1))
    assert settled.saved[0].version == 2


async def test_asking_for_what_is_there_is_no_conflict(world: World):
    form = await world.mark()
    await world.save(form, change("item.opens", "done"))
    result = await world.save(form, change("item.opens", "done", 0), change("comment", None, 0))
    assert [saved.version for saved in result.saved] == [1, 0]
    assert len((await world.forms.history(form.id)).entries) == 1


async def test_a_repeated_change_counts_once(world: World):
    form = await world.mark()
    first = change("item.opens", "done")
    answers = [await world.save(form, first) for _ in range(3)]
    assert all(answer.saved == [Saved(first.change_id, "item.opens", 1)] for answer in answers)
    await world.save(form, change("item.opens", "partly", 1))
    assert (await world.save(form, first)).saved == [Saved(first.change_id, "item.opens", 1)]
    assert (await world.mark()).value("item.opens") == "partly"
    assert len((await world.forms.history(form.id)).entries) == 2


async def test_a_retry_that_crosses_its_original_counts_once(world: World):
    form = await world.mark()
    first = change("comment", "Once.")
    answers = await asyncio.gather(*(world.save(form, first) for _ in range(4)))
    assert {answer.saved[0].version for answer in answers} == {1}
    assert len((await world.forms.history(form.id)).entries) == 1


async def test_an_id_used_for_another_change_saves_nothing(world: World):
    form = await world.mark()
    await world.save(form, change("comment", "First.", 0, "same"))
    with pytest.raises(Invalid, match="same id"):
        await world.save(form, change("item.opens", "done"), change("comment", "Other.", 1, "same"))
    assert (await world.mark()).value("item.opens") is None


async def test_the_same_change_id_on_two_forms_is_two_changes(world: World):
    form, rating = await world.mark(), await world.forms.open(Kind.sp_rating, world.encounter_id, "patient")
    await world.save(form, change("comment", "Mark.", 0, "one"))
    await world.save(rating, change("comment", "Rating.", 0, "one"))
    assert (await world.forms.form(rating.id)).value("comment") == "Rating."


async def test_of_two_tabs_on_one_field_one_is_told(world: World):
    form = await world.mark()
    answers = await asyncio.gather(*(world.save(form, change("comment", f"Tab {tab}")) for tab in range(6)))
    winners = [answer for answer in answers if answer.saved]
    assert len(winners) == 1
    stored = (await world.mark()).fields["comment"]
    assert all(answer.conflicts[0].value == stored.value for answer in answers if answer.conflicts)
    assert stored.version == 1


async def test_many_fields_from_two_tabs_at_once_are_all_kept(world: World):
    form = await world.mark()
    fields = ["item.opens", "item.red-flags", "item.safety-net"]
    await asyncio.gather(*(world.save(form, change(field, "done")) for field in fields))
    assert {(await world.mark()).value(field) for field in fields} == {"done"}


async def test_one_bad_change_saves_none(world: World):
    form = await world.mark()
    with pytest.raises(Invalid):
        await world.save(form, change("item.opens", "done"), change("item.nothing", "done"))
    assert dict((await world.mark()).fields) == {}


async def test_submitting_names_what_is_unmarked_and_keeps_the_rest(world: World):
    form = await world.mark()
    await world.save(form, change("item.opens", "done"))
    with pytest.raises(Invalid, match="3 fields are still unmarked") as refused:
        await world.forms.submit(form.id, EXAMINER, LAYOUT)
    assert refused.value.details == {"missing": ["item.red-flags", "item.safety-net", "global"]}
    assert (await world.mark()).state is State.draft
    assert world.submitted == []


async def test_submitting_locks_and_is_told_once(world: World):
    form = await world.mark()
    await world.complete(form)
    answers = await asyncio.gather(*(world.forms.submit(form.id, EXAMINER, LAYOUT) for _ in range(3)))
    assert {answer.state for answer in answers} == {State.submitted}
    assert world.submitted == [MarkSubmitted(world.encounter_id, form.id)]
    with pytest.raises(Conflict, match="not saved"):
        await world.save(form, change("comment", "Late."))
    assert (await world.mark()).value("comment") is None


async def test_a_retry_that_comes_after_the_submission_is_still_acknowledged(world: World):
    form = await world.mark()
    last = change("comment", "Good.")
    await world.save(form, last)
    await world.complete(form)
    await world.forms.submit(form.id, EXAMINER, LAYOUT)
    assert (await world.save(form, last)).saved == [Saved(last.change_id, "comment", 1)]


async def test_who_submitted_the_first_mark_stays_its_marker(world: World):
    form = await world.mark()
    await world.complete(form)
    await world.forms.submit(form.id, EXAMINER, LAYOUT)
    await world.forms.amend(form.id, "Wrong key.", EXAMINER)
    await world.forms.submit(form.id, EXAMINER, LAYOUT)
    async with world.database.read() as connection:
        given = await store_marking.of_exam(connection, world.exam.id, ended=True)
    assert [(one.encounter_id, one.seat_id, one.kind) for one in given] == [
        (world.encounter_id, EXAMINER, AssignmentKind.first)
    ]


async def test_a_mark_that_somebody_else_gives_by_now_is_not_acknowledged(world: World):
    form = await world.mark()
    await world.complete(form)
    async with world.database.write() as connection:
        given = Assignment("a" * 26, world.encounter_id, "another", AssignmentKind.first, 1, None)
        await store_marking.add(connection, given)
    with pytest.raises(Conflict, match="Somebody else marks this encounter now"):
        await world.forms.submit(form.id, EXAMINER, LAYOUT)
    assert (await world.mark()).state is State.draft
    assert world.submitted == []


async def test_no_change_is_called_like_the_beginning_of_an_attempt(world: World):
    form = await world.forms.open(Kind.calibration, world.encounter_id, "trainee")
    with pytest.raises(Invalid, match="Nothing was saved"):
        await world.save(form, change("item.opens", "done"), change("global", "pass", change_id="again-1.0"))
    assert (await world.forms.form(form.id)).fields == {}


async def test_an_amendment_has_a_reason_and_keeps_the_history(world: World):
    form = await world.mark()
    await world.complete(form)
    with pytest.raises(Conflict):
        await world.forms.amend(form.id, "Too early.", EXAMINER)
    await world.forms.submit(form.id, EXAMINER, LAYOUT)
    with pytest.raises(Invalid):
        await world.forms.amend(form.id, " ", EXAMINER)
    assert (await world.forms.amend(form.id, "Wrong key.", EXAMINER)).state is State.amending
    await world.save(form, change("item.opens", "not_done", 1))
    assert (await world.forms.submit(form.id, EXAMINER, LAYOUT)).state is State.amended
    await world.forms.amend(form.id, "Again.", EXAMINER)

    history = await world.forms.history(form.id)
    assert [entry.value for entry in history.entries if entry.field == "item.opens"] == ["done", "not_done"]
    assert [(step.state, step.reason) for step in history.steps] == [
        (State.submitted, ""),
        (State.amending, "Wrong key."),
        (State.amended, ""),
        (State.amending, "Again."),
    ]
    assert len(world.submitted) == 2


async def test_only_its_author_changes_a_form(world: World):
    form = await world.mark()
    for attempt in (
        world.forms.save(form.id, [change("comment", "Mine.")], "stranger", LAYOUT),
        world.forms.submit(form.id, "stranger", LAYOUT),
        world.forms.amend(form.id, "A reason.", "stranger"),
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_two_examiners_have_two_forms(world: World):
    first, second = await world.mark(), await world.forms.open(Kind.mark, world.encounter_id, "second")
    await world.save(first, change("item.opens", "done"))
    await world.save(second, change("item.opens", "not_done"))
    found = await world.forms.of_encounter(world.encounter_id)
    assert {form.author_id: form.value("item.opens") for form in found} == {EXAMINER: "done", "second": "not_done"}


async def test_ratings_and_notes_are_forms_too(world: World):
    rating = await world.forms.open(Kind.sp_rating, world.encounter_id, "patient")
    await world.save(rating, change("sp.listened", 5), change("sp.trust", 6))
    assert (await world.forms.submit(rating.id, "patient", LAYOUT)).state is State.submitted
    note = await world.forms.open(Kind.note, world.encounter_id, "candidate")
    await world.save(note, change("note.findings", "Febrile, alert."))
    assert (await world.forms.submit(note.id, "candidate", LAYOUT)).state is State.submitted
    assert world.submitted == []


async def test_a_worklist_gets_the_forms_of_many_encounters(world: World):
    other = await world.encounter(2)
    form = await world.mark()
    await world.save(form, change("comment", "One."))
    found = await world.forms.of_encounters([world.encounter_id, other])
    assert [one.value("comment") for one in found[world.encounter_id]] == ["One."]
    assert found[other] == []


async def test_of_a_text_that_was_saved_as_it_was_written_only_the_last_is_read(world: World):
    note = await world.forms.open(Kind.note, world.encounter_id, "candidate")
    text, mark = "Fever and a stiff neck since Tuesday.", await world.mark()
    await world.complete(mark)
    for length in range(1, len(text) + 1):
        await world.save(note, change("note.findings", text[:length], length - 1))
    before, newest = await world.forms.of_encounter(world.encounter_id), len(text)
    async with world.database.write() as connection:
        # What cannot be read shows that nobody tries to.
        older = (entries.c.form_id == note.id) & (entries.c.version < newest)
        await connection.execute(update(entries).where(older).values(value=literal_column("'not JSON'")))
    assert await world.forms.of_encounter(world.encounter_id) == before
    assert (await world.forms.form(note.id)).fields["note.findings"].version == newest
    assert (await world.save(note, change("note.findings", f"{text} Rash.", newest))).saved[0].version == newest + 1


async def test_what_is_not_there(world: World):
    with pytest.raises(NotFound):
        await world.forms.form("nothing")
    with pytest.raises(NotFound):
        await world.forms.history("nothing")
    with pytest.raises(NotFound):
        await world.forms.save("nothing", [], EXAMINER, LAYOUT)


async def test_a_locked_database_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 50)
    async with World(tmp_path) as world:
        form = await world.mark()
        holder = sqlite3.connect(tmp_path / "teleosce.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        first = change("item.opens", "done")
        with pytest.raises(Unavailable, match="nothing was saved"):
            await world.save(form, first)
        holder.execute("ROLLBACK")
        holder.close()
        assert dict((await world.mark()).fields) == {}
        assert (await world.save(form, first)).saved[0].version == 1


_SERVER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from form_world import World, change

async def main():
    async with World(Path(sys.argv[1])) as world:
        form = await world.mark()
        for number in range(20):
            result = await world.save(form, change("comment", f"Word {number}", number))
        print(form.id, result.saved[0].version, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path):
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVER, str(tmp_path), str(Path(__file__).parent), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    form_id, version = (await server.stdout.readline()).decode().split()
    server.kill()
    await server.wait()

    database = Database(sqlite_url(tmp_path))
    kept = (await Forms(database, Clock(), Events()).form(form_id)).fields["comment"]
    await database.close()
    assert (kept.value, kept.version) == ("Word 19", int(version))
