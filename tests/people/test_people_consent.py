import hashlib
from dataclasses import replace
from importlib import resources

import pytest
from people_world import PeopleWorld

from teleosce.core.errors import Conflict, Invalid
from teleosce.people import ConsentText, consents
from teleosce.people.roles import Role


async def test_consent_is_kept_with_the_hash_of_its_text(school: PeopleWorld) -> None:
    who = await school.joined()
    assert who.seat_id
    assert not await school.people.has_consented(who.seat_id)
    text = school.people.consent_text()
    for _ in range(2):
        await school.people.give_consent(who, text.version)
    assert await school.people.has_consented(who.seat_id)
    kept = school.rows("SELECT seat_id, version, text_hash, session_id FROM consents")
    assert kept == [(who.seat_id, text.version, text.hash, who.session_id)]
    assert school.rows("SELECT count(*) FROM audit_log WHERE action = 'consent.give'") == [(1,)]


async def test_a_new_text_asks_anew(school: PeopleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    who = await school.joined()
    old = school.people.consent_text()
    await school.people.give_consent(who, old.version)
    markdown = old.markdown + "\nOne more thing."
    new = ConsentText("2099-01", markdown, hashlib.sha256(markdown.encode()).hexdigest())
    monkeypatch.setattr(consents, "_CURRENT", new)
    assert not await school.people.has_consented(who.seat_id or "")
    with pytest.raises(Conflict) as caught:
        await school.people.give_consent(who, old.version)
    assert (caught.value.code, caught.value.details) == ("consent-changed", {"version": "2099-01"})
    await school.people.give_consent(who, "2099-01")
    assert await school.people.has_consented(who.seat_id or "")


async def test_staff_without_a_seat_are_not_asked(school: PeopleWorld) -> None:
    who = replace(await school.joined(), seat_id=None, account_id="account", role=Role.examiner)
    with pytest.raises(Invalid):
        await school.people.give_consent(who, school.people.consent_text().version)


def test_the_shipped_text_says_what_a_person_must_know() -> None:
    text = consents._CURRENT
    shipped = resources.files("teleosce.people") / "consent" / f"{text.version}.md"
    assert hashlib.sha256(shipped.read_bytes()).hexdigest() == text.hash
    for word in (
        "Sound and picture",
        "transcript",
        "school's own server",
        "How long",
        "rights",
        "do not agree",
    ):
        assert word in text.markdown
