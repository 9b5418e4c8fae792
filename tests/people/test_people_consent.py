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


async def test_a_new_text_about_training_asks_anew(school: PeopleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    who = await school.joined()
    seat, old = who.seat_id or "", school.people.training_text()
    await school.people.answer_training(who, old.version, agreed=True)
    monkeypatch.setattr(consents, "_TRAINING", replace(old, version="2099-01", hash="a" * 64))
    assert await school.people.allow_training([seat]) == set()
    for agreed in (True, True, False):
        await school.people.answer_training(who, "2099-01", agreed=agreed)
        assert await school.people.allow_training([seat]) == ({seat} if agreed else set())
    kept = school.rows("SELECT version, agreed FROM training_consent ORDER BY number")
    assert kept == [(old.version, 1), ("2099-01", 1), ("2099-01", 0)]


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


async def test_training_is_a_question_of_its_own_and_the_last_answer_counts(school: PeopleWorld) -> None:
    who = await school.joined()
    seat = who.seat_id or ""
    text = school.people.training_text()
    assert text.hash != school.people.consent_text().hash
    await school.people.give_consent(who, school.people.consent_text().version)
    assert await school.people.allow_training([seat]) == set()
    for agreed in (False, True, True, False, True):
        await school.people.answer_training(who, text.version, agreed=agreed)
        assert await school.people.allow_training([seat, "somebody-else"]) == ({seat} if agreed else set())
    # Never having agreed is no: nothing is written of it, nor of an answer that changes nothing.
    kept = school.rows("SELECT version, text_hash, agreed FROM training_consent ORDER BY number")
    assert kept == [(text.version, text.hash, agreed) for agreed in (1, 0, 1)]
    assert school.rows("SELECT count(*) FROM audit_log WHERE action LIKE 'training.%'") == [(3,)]
    with pytest.raises(Conflict):
        await school.people.answer_training(who, "1999-01", agreed=True)
    told = [one for one in await school.people.consents_of(seat) if "about" in one]
    assert [one["agreed"] for one in told] == [True, False, True]
