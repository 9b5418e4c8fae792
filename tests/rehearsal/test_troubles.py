"""What may be asked to go wrong, and how a wrong wish is answered."""

import random
from itertools import pairwise

import pytest

from teleosce.core.errors import Invalid
from teleosce.rehearsal.trouble import KINDS, Trouble, line_for, read_trouble, timed


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("loss=5", Trouble("loss", 5, None, "candidate")),
        ("delay=150:both", Trouble("delay", 150, None, "both")),
        ("reload@20", Trouble("reload", 0, 20, "candidate")),
        ("drop=20@15:sp", Trouble("drop", 20, 15, "sp")),
        ("silent:sp", Trouble("silent", 0, None, "sp")),
        ("kill@random", Trouble("kill", 0, None, "candidate")),
    ],
)
def test_a_fault_is_read(text, trouble):
    assert read_trouble(text) == trouble


def test_every_kind_is_written_as_its_own_help_says():
    for name, kind in KINDS.items():
        example, _, explanation = kind.says.partition(": ")
        assert explanation
        assert read_trouble(example).kind == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fire", "There are: loss=5"),
        ("", "There are: loss=5"),
        ("loss", "It is written loss=5"),
        ("loss=5@3", "It is written loss=5"),
        ("silent@3", "It is written silent"),
        ("reload", "It is written reload@20"),
        ("loss=5:nurse", "candidate, sp or both"),
        ("kill@20:sp", "befalls nobody"),
        ("loss=1.2.3", "is no number"),
        ("loss=101", "only 100"),
    ],
)
def test_a_wrong_fault_gets_a_sentence(text, says):
    with pytest.raises(Invalid, match=says):
        read_trouble(text)


def test_random_moments_lie_inside_and_apart_and_are_repeated_by_their_seed():
    asked = [read_trouble("kill@random")] * 3
    found = timed(asked, 120, 7)
    moments = sorted(one.at_s for one in found)
    assert all(5 <= one <= 105 for one in moments)
    assert all(later - earlier >= 15 for earlier, later in pairwise(moments))
    assert timed(asked, 120, 7) == found
    with pytest.raises(Invalid, match="too many"):
        timed(asked * 10, 120, 7)


def test_a_moment_after_the_end_is_refused():
    with pytest.raises(Invalid, match="too late"):
        timed([read_trouble("reload@20")], 20, 0)


def test_a_line_is_as_bad_as_asked_for_its_role_alone():
    troubles = [read_trouble("loss=5"), read_trouble("delay=150:both")]
    candidate, patient = (line_for(role, troubles, random.getrandbits(32)) for role in ("candidate", "sp"))
    assert (candidate.loss, candidate.delay_s) == (0.05, 0.15)
    assert (patient.loss, patient.delay_s) == (0.0, 0.15)
