"""Consultations that can be checked by hand, and what holds of all."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleosce.transcripts.glance import Floor, asides, common, floors, glance, merged, total, without
from teleosce.transcripts.models import Stretch

# Seconds:      0         10        20        30        40        50        60
# Candidate:    #####           # (a "mm-hm")     ######    (silence)   ######
# Patient:           ##################################      ####          ##
CANDIDATE: list[Stretch] = [(0, 5_000), (12_000, 12_600), (28_000, 34_000), (50_000, 56_000)]
PATIENT: list[Stretch] = [(5_400, 20_000), (21_000, 30_000), (35_000, 40_000), (56_800, 60_000)]


def test_a_consultation_checked_by_hand() -> None:
    found = glance(CANDIDATE, PATIENT)
    assert found.spoken == (0, 60_000)
    assert found.turns == {"candidate": 3, "sp": 3}
    assert found.backchannels == 1
    # 17.6 s of the candidate's voice and 31.8 s of the patient's, 2.6 s of which are of both.
    assert found.talk_share == pytest.approx(17.6 / 49.4)
    assert found.overlap_share == pytest.approx(2.6 / 60)
    shares = found.shares
    assert (shares.candidate, shares.sp, shares.both) == pytest.approx((15.0 / 60, 29.2 / 60, 2.6 / 60))
    assert (shares.silence, shares.unknown) == pytest.approx((13.2 / 60, 0))
    # The candidate comes 2 s early and 10 s late; the patient after 0.4, 1 and 0.8 s.
    assert found.response_ms == {"candidate": 4_000, "sp": 800}
    assert found.interruptions == ((28_000, 30_000),)
    assert found.after_ms == 28_000 - 5_400
    assert found.listening == (5_400, 30_000 - 2_000)
    assert found.silences == ((40_000, 50_000),)


def test_nobody_said_anything() -> None:
    found = glance([], [])
    assert (found.spoken, found.talk_share, found.overlap_share, found.listening) == (None, None, None, None)
    assert (found.silences, found.interruptions, found.after_ms) == ((), (), None)


def test_only_one_spoke() -> None:
    found = glance([(1_000, 2_000), (8_000, 9_000)], [])
    assert (found.talk_share, found.turns) == (1.0, {"candidate": 1, "sp": 0})
    assert found.silences == ((2_000, 8_000),)
    assert found.response_ms == {"candidate": None, "sp": None}


def test_what_was_not_recorded_is_neither_silence_nor_response() -> None:
    found = glance([(0, 1_000), (9_000, 10_000)], [(1_500, 3_000)], missing=[(3_500, 8_000)])
    assert found.silences == ()
    assert found.response_ms == {"candidate": None, "sp": 500}
    assert (found.shares.unknown, found.shares.silence) == pytest.approx((0.45, 0.2))


@pytest.mark.parametrize(
    ("candidate", "patient", "interrupted"),
    [
        pytest.param((4_000, 8_000), (0, 5_000), True, id="half a turn on, and the patient falls silent"),
        pytest.param((4_501, 8_000), (0, 5_000), False, id="the end was foreseen"),
        pytest.param((4_000, 8_000), (3_001, 5_000), False, id="both began at nearly the same time"),
        pytest.param((4_000, 5_000), (0, 4_600), False, id="a yes"),
        pytest.param((4_000, 8_000), (0, 9_000), False, id="the patient goes on and the candidate gives way"),
    ],
)
def test_what_interrupts(candidate: Stretch, patient: Stretch, interrupted: bool) -> None:
    assert bool(glance([candidate], [patient]).interruptions) is interrupted


def test_listening_ends_where_the_candidate_talks_on_in_the_patients_turn() -> None:
    found = glance([(10_000, 12_000), (30_000, 30_500)], [(0, 40_000)])
    assert found.listening == (12_000, 40_000)
    assert found.turns == {"candidate": 0, "sp": 1}


def test_a_short_answer_is_a_turn() -> None:
    """No voice activity tells a short answer from a backchannel, but where it comes does: not within the question."""
    assert floors([(0, 2_000), (3_000, 5_000)], [(2_300, 2_700)]) == [
        Floor("candidate", 0, 2_000),
        Floor("sp", 2_300, 2_700),
        Floor("candidate", 3_000, 5_000),
    ]


@st.composite
def voices(draw: st.DrawFn) -> list[Stretch]:
    """One person's voice: in order, and with a pause between any two."""
    at, found = 0, []
    for pause, length in draw(st.lists(st.tuples(st.integers(1, 9_000), st.integers(1, 9_000)), max_size=12)):
        found.append((at + pause, at + pause + length))
        at += pause + length
    return found


@given(voices(), voices(), voices())
def test_shares_are_a_whole_and_each_what_it_says(
    candidate: list[Stretch], patient: list[Stretch], missing: list[Stretch]
) -> None:
    found = glance(candidate, patient, missing)
    shares = vars(found.shares)
    assert all(0 <= share <= 1 for share in shares.values())
    if found.spoken is None:
        assert sum(shares.values()) == 0
        return
    assert sum(shares.values()) == pytest.approx(1)
    length = found.spoken[1] - found.spoken[0]
    assert (shares["candidate"] + shares["both"]) * length == pytest.approx(total(candidate))
    assert (shares["sp"] + shares["both"]) * length == pytest.approx(total(patient))


@given(voices(), voices())
def test_turns_alternate_and_hold_every_word_that_is_no_aside(candidate: list[Stretch], patient: list[Stretch]) -> None:
    turns = floors(candidate, patient)
    assert all(one.who != next_.who for one, next_ in pairwise(turns))
    assert all(one.from_ms <= next_.from_ms and one.to_ms <= next_.to_ms for one, next_ in pairwise(turns))
    for who, own, other in (("candidate", candidate, patient), ("sp", patient, candidate)):
        held = [(one.from_ms, one.to_ms) for one in turns if one.who == who]
        said = without(own, asides(own, other))
        assert total(common(said, held)) == total(said)


@given(voices(), voices(), st.integers(0, 600_000))
def test_it_does_not_matter_when_it_was(candidate: list[Stretch], patient: list[Stretch], later: int) -> None:
    before = glance(candidate, patient)
    after = glance(*([(a + later, b + later) for a, b in own] for own in (candidate, patient)))
    assert (before.shares, before.turns, before.response_ms, before.after_ms) == (
        after.shares,
        after.turns,
        after.response_ms,
        after.after_ms,
    )
    assert [(a + later, b + later) for a, b in before.interruptions] == list(after.interruptions)


@given(voices(), voices())
def test_moments_are_where_it_was_so(candidate: list[Stretch], patient: list[Stretch]) -> None:
    found = glance(candidate, patient)
    for start, end in found.silences:
        assert end - start >= 2_000
        assert not common([(start, end)], [*candidate, *patient])
    for moment in found.interruptions:
        assert common([moment], candidate) == common([moment], patient) == [moment]
    if found.listening:
        long = [one for one in candidate if one[1] - one[0] > 1_000]
        assert not common([found.listening], long)
        assert found.listening[0] < min(end for _, end in patient if end >= found.listening[1])


@given(voices(), voices())
def test_spans_are_sets(one: list[Stretch], other: list[Stretch]) -> None:
    assert total(common(one, other)) + total(without(one, other)) == total(one)
    assert total(merged([*one, *other])) == total(one) + total(other) - total(common(one, other))
