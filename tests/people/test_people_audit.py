import asyncio
import json
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_world import NOW, PeopleWorld

from teleosce.core.db import Database
from teleosce.core.ids import new_token
from teleosce.people.audit import GENESIS, _follow, canonical, chained

ROWS = 600  # more than verifying reads at a time


@pytest.fixture
async def kept(school: PeopleWorld) -> PeopleWorld:
    """A log of twelve rows."""
    for number in range(12):
        await school.people.record(None, "test.happen", f"thing-{number}", {"number": number})
    return school


def tamper(school: PeopleWorld, *statements: str) -> None:
    """What somebody with the file in their hands can do."""
    connection = sqlite3.connect(school.file)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


async def test_a_row_says_who_did_what_to_what(school: PeopleWorld) -> None:
    who = await school.joined()
    await school.people.record(who, "recording.read", "encounter", {"take": "one"})
    query = "SELECT at_ms, actor_id, role, session_id, action, subject, detail FROM audit_log"
    assert school.rows(query)[-1] == (
        NOW,
        who.seat_id,
        "candidate",
        who.session_id,
        "recording.read",
        "encounter",
        '{"take":"one"}',
    )


async def test_an_untouched_log_holds(school: PeopleWorld) -> None:
    assert (await school.people.verify_audit()).rows == 0
    async with school.database.write() as connection:
        for number in range(ROWS):
            await school.people.record(None, "test.happen", "thing", {"n": number}, connection=connection)
    report = await school.people.verify_audit()
    [(head,)] = school.rows(f"SELECT hash FROM audit_log WHERE number = {ROWS}")
    assert (report.rows, report.broken_at, report.head) == (ROWS, None, head)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET subject = 'another' WHERE number = 3",
        "DELETE FROM audit_log WHERE number = 12",
        "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log WHERE number = 3",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET number = 3",
    ],
)
async def test_the_database_refuses_to_change_the_log(kept: PeopleWorld, statement: str) -> None:
    with sqlite3.connect(kept.file) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit_log SET detail = '{}' WHERE number = 7", 7),
        ("UPDATE audit_log SET at_ms = at_ms + 1 WHERE number = 1", 1),
        ("UPDATE audit_log SET role = 'organiser' WHERE number = 12", 12),
        ("UPDATE audit_log SET hash = 'x' WHERE number = 5", 5),
        ("UPDATE audit_log SET subject = x'00ff' WHERE number = 4", 4),
        ("DELETE FROM audit_log WHERE number = 6", 6),
        ("DELETE FROM audit_log WHERE number > 10", 11),
        ("DELETE FROM audit_log", 1),
        ("DELETE FROM audit_head", 13),
        ("UPDATE audit_head SET hash = 'x'", 13),
        ("UPDATE audit_log SET number = 99 WHERE number = 12", 12),
    ],
)
async def test_tampering_is_found_where_it_was_done(kept: PeopleWorld, statement: str, broken_at: int) -> None:
    tamper(kept, statement)
    report = await kept.people.verify_audit()
    assert (report.broken_at, report.rows) == (broken_at, broken_at - 1)


async def test_rows_in_another_order_are_found(kept: PeopleWorld) -> None:
    swap = "UPDATE audit_log SET number = {} WHERE number = {}"
    tamper(kept, swap.format(-1, 4), swap.format(4, 5), swap.format(5, -1))
    assert (await kept.people.verify_audit()).broken_at == 4


async def test_writers_at_once_make_one_chain(school: PeopleWorld) -> None:
    elsewhere = Database(school.url)
    doors = [school.people, school.another(elsewhere)]
    await asyncio.gather(*(doors[n % 2].record(None, "test.happen", str(n), {}) for n in range(40)))
    await elsewhere.close()
    report = await school.people.verify_audit()
    assert (report.rows, report.broken_at) == (40, None)


async def test_what_is_rolled_back_leaves_no_row(kept: PeopleWorld) -> None:
    async def begin_and_fail() -> None:
        async with kept.database.write() as connection:
            await kept.people.record(None, "test.happen", "thing", {}, connection=connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await begin_and_fail()
    assert (await kept.people.verify_audit()).rows == 12
    await kept.people.record(None, "test.happen", "thing", {})
    assert (await kept.people.verify_audit()).broken_at is None


async def test_no_token_gets_into_the_log(school: PeopleWorld) -> None:
    token = new_token()
    detail = {"url": f"https://x.org/j#{token}", "deep": [{"text": f"a\n{token}\n"}, token], "n": 1}
    await school.people.record(None, "test.happen", f"/j/{token}", detail)
    [(subject, kept_detail)] = school.rows("SELECT subject, detail FROM audit_log")
    assert token not in subject + kept_detail
    assert json.loads(kept_detail)["deep"] == [{"text": "a\n[token]\n"}, "[token]"]


async def test_odd_text_is_kept_and_holds(school: PeopleWorld) -> None:
    await school.people.record(None, "test.happen", "\ud800" + "x" * 500, {"text": "\ud800 ÄÖ\0"})
    assert (await school.people.verify_audit()).broken_at is None


texts = st.text(max_size=20)
rows = st.fixed_dictionaries({"at_ms": st.integers(0, 2**53), "subject": texts, "detail": texts})


@given(st.lists(rows, min_size=1, max_size=8), st.data())
def test_a_changed_row_breaks_the_chain_there(contents: list[dict[str, Any]], data: st.DataObject) -> None:
    previous, log = GENESIS, []
    for number, content in enumerate(contents, 1):
        row = {**content, "number": number}
        previous = chained(previous, row)
        log.append({**row, "hash": previous})
    assert _follow(log, 0, GENESIS) == (len(log), previous, True)
    index = data.draw(st.integers(0, len(log) - 1))
    changed = data.draw(texts.filter(lambda text: text != log[index]["subject"]))
    log[index] = {**log[index], "subject": changed}
    assert _follow(log, 0, GENESIS)[::2] == (index, False)


@given(st.dictionaries(texts, st.one_of(st.integers(), texts, st.none()), max_size=5))
def test_canonical_json_does_not_depend_on_the_order(value: dict[str, Any]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))
    assert canonical(value).isascii()
