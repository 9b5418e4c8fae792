from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from teleosce.transcripts.models import HeardWord, Utterance
from teleosce.transcripts.turns import PAUSE_MS, ends_sentence, utterances

texts = st.sampled_from(["pain", "yes.", "really?", "Dr.", "aspirin,", "no!", "well…", '"Stop."'])


@st.composite
def speech(draw: st.DrawFn) -> list[HeardWord]:
    words, at = [], draw(st.integers(0, 5_000))
    for _ in range(draw(st.integers(0, 12))):
        ends = at + draw(st.integers(0, 900))
        words.append(HeardWord(draw(texts), at, ends, 0.9))
        at = ends + draw(st.integers(0, 2_000))
    return words


both = st.fixed_dictionaries({"a": speech(), "b": speech()})


def turns_of(found: list[Utterance], who: str) -> list[Utterance]:
    return [turn for turn in found if turn.participant_id == who]


@given(both)
def test_every_word_is_in_exactly_one_turn_of_its_speaker_and_in_order(words: dict[str, list[HeardWord]]) -> None:
    found = utterances(words)
    for who, said in words.items():
        assert [word for turn in turns_of(found, who) for word in turn.words] == said


@given(both)
def test_turns_come_by_their_beginning_and_hold_their_words(words: dict[str, list[HeardWord]]) -> None:
    found = utterances(words)
    assert [turn.starts_ms for turn in found] == sorted(turn.starts_ms for turn in found)
    for turn in found:
        assert turn.words
        assert all(turn.starts_ms <= word.starts_ms <= word.ends_ms <= turn.ends_ms for word in turn.words)


@given(both)
def test_a_turn_ends_at_a_pause_or_a_full_stop_and_nowhere_else(words: dict[str, list[HeardWord]]) -> None:
    found = utterances(words)
    for who in words:
        mine = turns_of(found, who)
        for turn in mine:
            for before, word in pairwise(turn.words):
                assert word.starts_ms - before.ends_ms <= PAUSE_MS
                assert not ends_sentence(before.text)
        for earlier, later in pairwise(mine):
            pause = later.starts_ms - earlier.words[-1].ends_ms
            assert pause > PAUSE_MS or ends_sentence(earlier.words[-1].text)


def test_takes_of_one_person_make_one_timeline() -> None:
    second, first = HeardWord("again", 9_000, 9_300, 1), HeardWord("Once", 1_000, 1_300, 1)
    assert [turn.words for turn in utterances({"a": [second, first]})] == [(first,), (second,)]


def test_titles_do_not_end_a_sentence() -> None:
    assert not ends_sentence("Dr.")
    assert ends_sentence("doctor.")
    assert ends_sentence("me?”")
