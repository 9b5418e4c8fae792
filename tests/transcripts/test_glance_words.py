"""Questions and hard words, on sentences labelled by hand."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from teleosce.transcripts.asked import Question, kind_of
from teleosce.transcripts.jargon import jargon, plain_words
from teleosce.transcripts.models import Turn, Word


def labelled(name: str) -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / name).read_text().splitlines()
    pairs = [line.split("\t") for line in lines]
    return [(label, sentence) for label, sentence in pairs]


def right(those: Sequence[tuple[str, str]]) -> float:
    return sum((kind_of(sentence) or "none") == label for label, sentence in those) / len(those)


def test_the_rules_know_the_sentences_they_were_made_with() -> None:
    made = labelled("labelled_questions.tsv")
    assert len(made) >= 120
    assert right(made) == 1


def test_the_rules_are_mostly_right_about_what_others_wrote() -> None:
    """132 of 140 before one rule was added, 135 since."""
    others = labelled("labelled_consultations.tsv")
    assert right(others) >= 135 / 140
    called_open = [label for label, sentence in others if kind_of(sentence) is Question.open]
    assert called_open.count("open") / len(called_open) >= 0.75


@pytest.mark.parametrize("nothing", ["", "?", " ", "…", "12 345.", "é☃"])
def test_no_sentence_breaks_the_rules(nothing: str) -> None:
    assert kind_of(nothing) in (None, Question.closed)


def turn(role: str, text: str, at_ms: int) -> Turn:
    words = tuple(
        Word(f"{at_ms}.{n}", word, at_ms + 100 * n, at_ms + 100 * n + 90, 0.9) for n, word in enumerate(text.split())
    )
    return Turn(f"turn{at_ms}", role, role, at_ms, words[-1].ends_ms, words)


def test_hard_words_come_with_the_plain_word_and_their_moments() -> None:
    found = jargon(
        [
            turn("candidate", "This could be angina, or a myocardial infarction.", 0),
            turn("sp", "My mother had angina.", 5_000),
            turn("candidate", "Is there any edema? Angina is treatable, and oedema too.", 9_000),
        ]
    )
    assert [(one.term, one.at_ms) for one in found] == [
        ("angina", (300,)),
        ("myocardial infarction", (600,)),
        ("oedema", (9_300, 9_800)),
    ]
    assert [one.plain for one in found] == ["chest pain from the heart", "heart attack", "swelling"]


def test_the_list_is_a_list_of_words_with_plain_ones() -> None:
    listed = plain_words()
    assert len(listed) > 150
    for term, plain in listed.items():
        assert term == term.lower(), term
        assert plain, term
        assert plain.lower() != term
