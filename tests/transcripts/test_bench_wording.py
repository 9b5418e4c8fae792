"""The measure of the transcripts' benchmark: what is the same to a person counts as the same."""

import pytest

from bench.wording import errors, plain


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Thirty-nine point two this morning", "39.2, this morning."),
        ("The third of May, nineteen sixty-eight.", "The 3rd of May 1968"),
        ("two thousand and two", "2002"),
        ("call nine nine nine at once", "Call 999 at once!"),
        ("the Samaritans on one one six, one two three", "the Samaritans on 116-123"),
        ("Two and a half millilitres, last night.", "2.5 milliliters last night"),
        ("Hello, Mister Osei, I'm Doctor Shah.", "Hello Mr. Osei. I am Dr Shah"),
        ("I can't, and it's not a follow-up", "I cannot and it is not a follow up"),
        ("one hundred and forty puffs", "140 puffs"),
    ],
)
def test_what_is_the_same_counts_as_the_same(said: str, heard: str) -> None:
    assert plain(said) == plain(heard)
    assert errors(said, heard).rate == 0


def test_what_differs_counts() -> None:
    found = errors("Do you take aspirin every morning?", "do you take a spring every")
    assert (found.words, found.changed, found.left_out, found.put_in) == (6, 1, 1, 1)
    assert found.rate == 50
    assert errors("thirty-nine", "forty").changed == 1
    assert (found + errors("yes", "")).left_out == 2
