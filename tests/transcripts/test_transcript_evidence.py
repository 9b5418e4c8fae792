"""What is found for the items of a sheet. Vectors are drawn by hand where only the ranking is looked at."""

import numpy as np
import pytest

from teleosce.transcripts.evidence import Moment, Sought, Strength, find, queries
from teleosce.transcripts.meaning import SIZE, Encoder, Vectors
from teleosce.transcripts.models import Turn, Word
from teleosce.transcripts.passages import Known, passages
from teleosce.transcripts.terms import shared

TALK = (
    ("sp", "Hello doctor, I take ramipril and I am allergic to nothing."),
    ("candidate", "Good morning, my name is Doctor Shah, I am one of the doctors here."),
    ("sp", "Morgan Ellis."),
    ("candidate", "Have you ever had a bad reaction to a medicine?"),
    ("sp", "Penicillin brings me out in spots."),
    ("candidate", "OK."),
    ("candidate", "Whereabouts are you today?"),
    ("sp", "At my sister's, in Whitby."),
    ("candidate", "How did you sleep?"),
    ("sp", "Like a log."),
    ("candidate", "And the journey, was there much traffic?"),
    ("sp", "Not too bad."),
)
ITEMS = (
    Sought(
        "allergy", "Asks about allergies", "Asks before any medicine is advised.", ("are you allergic to anything",)
    ),
    Sought(
        "where", "Finds out where the patient is", "An address.", ("where are you right now", "what is the address")
    ),
    Sought("smoking", "Asks about smoking", "How many, and since when.", ("do you smoke", "how many cigarettes a day")),
)


def turn(number: int, role: str, text: str) -> Turn:
    at_ms = number * 4_000
    words = tuple(
        Word(f"{number}.{n}", word, at_ms + n * 200, at_ms + n * 200 + 180, 1.0) for n, word in enumerate(text.split())
    )
    return Turn(f"turn{number}", role, role, at_ms, words[-1].ends_ms, words)


def talk(lines: tuple[tuple[str, str], ...] = TALK) -> list[Turn]:
    return [turn(number, role, text) for number, (role, text) in enumerate(lines)]


def known(turns: list[Turn], encoder: Encoder) -> list[Known]:
    return [
        Known("", p.number, p.turns[0].id, p.turns[-1].id, p.starts_ms, p.ends_ms, p.digest,
              encoder.in_context([one.text for one in p.turns]))
        for p in passages(turns)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="module")
def found(encoder: Encoder) -> dict[str, list[Moment]]:
    turns = talk()
    return find(ITEMS, encoder.vectors(queries(ITEMS)), turns, known(turns, encoder))


@pytest.mark.speech
def test_an_item_is_found_in_other_words(found: dict[str, list[Moment]]) -> None:
    allergy = found["allergy"][0]
    assert (allergy.turn_id, allergy.role) == ("turn3", "candidate")
    assert allergy.quote == "Have you ever had a bad reaction to a medicine?"
    assert (allergy.answer, allergy.answer_role) == ("Penicillin brings me out in spots.", "sp")
    assert (allergy.from_ms, allergy.to_ms) == (12_000, 12_000 + 9 * 200 + 180)
    assert found["where"][0].turn_id == "turn6"
    assert all(len(moments) <= 3 for moments in found.values())
    assert [m.chance for m in found["where"]] == sorted((m.chance for m in found["where"]), reverse=True)


@pytest.mark.speech
def test_what_was_not_done_comes_back_without_strong_evidence(found: dict[str, list[Moment]]) -> None:
    assert Strength.strong not in {moment.strength for moment in found["smoking"]}


@pytest.mark.speech
def test_what_a_patient_tells_unasked_is_no_evidence(found: dict[str, list[Moment]]) -> None:
    assert "turn0" not in {moment.turn_id for moments in found.values() for moment in moments}


@pytest.mark.speech
def test_a_quote_reads_as_corrected(encoder: Encoder) -> None:
    turns = talk()
    vectors = known(turns, encoder)
    heard = turns[3]
    words = (*heard.words[:-1], Word("3.8", "medicine?", 0, 0, 1.0, "tablet?"))
    turns[3] = Turn(heard.id, heard.participant_id, heard.role, heard.starts_ms, heard.ends_ms, words)
    found = find(ITEMS, encoder.vectors(queries(ITEMS)), turns, vectors)
    assert found["allergy"][0].quote == "Have you ever had a bad reaction to a tablet?"


def drawn(*rows: tuple[float, ...]) -> Vectors:
    return np.array([np.pad(row, (0, SIZE - len(row))) for row in rows], np.float32)


ONE = Sought("one", "one", "", ())
OTHER = Sought("other", "other", "", ())


def passage(number: int, turns: list[Turn], *rows: tuple[float, ...]) -> Known:
    return Known("", number, turns[0].id, turns[-1].id, 0, 1, "", drawn((0.0,), *rows))


def test_a_moment_that_is_another_items_counts_less() -> None:
    turns = talk((("candidate", "alpha"), ("candidate", "beta"), ("candidate", "gamma")))
    near = [(0.8, 0.6), (0.8, 0.0, 0.6), (0.0, 0.1, 0.9)]
    kept = [passage(n, [turns[n]], near[n]) for n in range(3)]
    alone = find([ONE], drawn((1.0,)), turns, kept)["one"]
    beside = find([ONE, OTHER], drawn((1.0,), (0.0, 1.0)), turns, kept)["one"]
    assert alone[0].turn_id in {"turn0", "turn1"}
    assert beside[0].turn_id == "turn1"


def test_where_nothing_was_said_nothing_is_found() -> None:
    assert find([ONE], drawn((1.0,)), [], []) == {"one": []}
    patients = talk((("sp", "I talk alone."),))
    assert find([ONE], drawn((1.0,)), patients, [passage(0, patients, (1.0,))]) == {"one": []}
    assert find([], drawn(), patients, []) == {}


def test_passages_of_turns_that_are_gone_are_left_out() -> None:
    turns = talk((("candidate", "alpha"), ("sp", "beta"), ("candidate", "gamma")))
    kept = [passage(0, turns[:2], (1.0,), (1.0,)), passage(1, turns[2:], (1.0,))]
    assert {moment.turn_id for moment in find([ONE], drawn((1.0,)), [turns[0], turns[2]], kept)["one"]} == {"turn2"}


def test_rare_words_count_for_more_than_common_ones() -> None:
    said = ["and the weather", "and the allergies", "and the and the"]
    [scores] = shared(said, ["any allergy, and the like"])
    assert scores.argmax() != 1  # "allergy" and "allergies" do not meet: endings are struck off roughly
    [scores] = shared(said, ["the allergies"])
    assert scores.argmax() == 1
    assert not shared(said, ["nothing of it"]).any()
    assert shared([], ["alpha"]).shape == (1, 0)
