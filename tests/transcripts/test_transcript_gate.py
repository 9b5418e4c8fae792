"""Whose voice it is that a microphone hears: synthetic voices, mixed as rooms and lines mix them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from transcript_world import CANDIDATE, DIALOGUE, OPUS, PATIENT, Conversation, Sound

from teleosce.transcripts.audio import RATE
from teleosce.transcripts.gate import Gate
from teleosce.transcripts.glance import common, total
from teleosce.transcripts.sound import Sound as Encounter
from teleosce.transcripts.sound import Track

NOISE = 0.0018
"""−55 dB of full scale."""


def microphone(
    voice: Sound, other: Sound, *, leak_db: float | None = -20, delay_ms: int = 130, level_db: float = 0
) -> NDArray[np.int16]:
    """A voice at its level, the other's leak, and a room."""
    heard = 10 ** (level_db / 20) * voice + NOISE * np.random.default_rng(len(voice)).standard_normal(len(voice))
    if leak_db is not None:
        moved = np.roll(other, delay_ms * OPUS // 1000)
        moved[: max(delay_ms, 0) * OPUS // 1000] = 0
        heard = heard + 10 ** (leak_db / 20) * moved
    return (np.clip(heard[:: OPUS // RATE], -1, 1) * 32767).astype(np.int16)


def talks(voice: Sound) -> NDArray[np.bool_]:
    """Where somebody speaks aloud, for each 20 ms."""
    power = np.square(voice[: len(voice) // 960 * 960].astype(float)).reshape(-1, 960).mean(axis=1)
    return np.asarray(power > 0.03 * power.max())


def share_kept(gate: Gate, who: str, where: NDArray[np.bool_]) -> float:
    """How much of these 20 ms pieces the gate leaves to be heard of a participant's track."""
    kept = np.zeros(len(where), np.bool_)
    for from_ms, to_ms in gate.own_voice(who, 0, len(where) * 20):
        kept[from_ms // 20 : to_ms // 20] = True
    return float(kept[where].mean())


@pytest.fixture(scope="module")
def candidate(dialogue: Conversation) -> Sound:
    return dialogue.tracks[CANDIDATE]


@pytest.fixture(scope="module")
def patient(dialogue: Conversation) -> Sound:
    return dialogue.tracks[PATIENT]


@pytest.fixture(scope="module")
def at_once(candidate: Sound, patient: Sound) -> tuple[Sound, Sound]:
    """Both without their pauses, from the beginning to the end of whoever says less."""
    voices = [one[: len(one) // 960 * 960].reshape(-1, 960)[talks(one)].reshape(-1) for one in (candidate, patient)]
    length = min(map(len, voices))
    return voices[0][:length], voices[1][:length]


@pytest.mark.parametrize(
    ("delay_ms", "leak_db"), [(-250, -20), (0, -20), (20, -20), (130, -20), (300, -20), (130, -10), (130, -30)]
)
def test_a_leak_is_cut_and_nothing_else(candidate: Sound, patient: Sound, delay_ms: int, leak_db: float) -> None:
    gate = Gate(
        [
            (CANDIDATE, 0, microphone(candidate, patient, delay_ms=delay_ms, leak_db=leak_db)),
            (PATIENT, 0, microphone(patient, candidate, delay_ms=delay_ms, leak_db=leak_db)),
        ]
    )
    for who, own, other in ((CANDIDATE, candidate, patient), (PATIENT, patient, candidate)):
        leak = np.roll(talks(other), delay_ms // 20)
        assert share_kept(gate, who, talks(own)) > 0.98
        assert share_kept(gate, who, leak & ~np.convolve(talks(own), np.ones(41), "same").astype(bool)) < 0.1


def test_words_of_a_leak_are_told_from_ones_own(dialogue: Conversation, candidate: Sound, patient: Sound) -> None:
    gate = Gate([(CANDIDATE, 0, microphone(candidate, patient)), (PATIENT, 0, microphone(patient, candidate))])
    asked, answered = dialogue.begins_ms[:2]
    assert not gate.is_bleed(CANDIDATE, asked + 300, asked + 800)
    assert gate.is_bleed(PATIENT, asked + 430, asked + 930)
    assert not gate.is_bleed(PATIENT, answered + 300, answered + 800)
    assert gate.is_bleed(CANDIDATE, answered + 430, answered + 930)


def test_clean_tracks_stay_as_they_are(candidate: Sound, patient: Sound) -> None:
    tracks = {
        CANDIDATE: microphone(candidate, patient, leak_db=None),
        PATIENT: microphone(patient, candidate, leak_db=None, level_db=-25),
    }
    gate = Gate([(who, 0, samples) for who, samples in tracks.items()])
    for who, samples in tracks.items():
        length = len(samples) * 1000 // RATE
        assert gate.own_voice(who, 0, length) == [(0, length)]
        assert not any(gate.is_bleed(who, at, at + 200) for at in range(0, length, 100))


@pytest.mark.parametrize("leak_db", [None, -20])
@pytest.mark.parametrize("level_db", [0, -12])
def test_a_quiet_voice_is_not_taken_for_the_loud_ones_leak(
    candidate: Sound, patient: Sound, level_db: float, leak_db: float | None
) -> None:
    gate = Gate(
        [
            (CANDIDATE, 0, microphone(candidate, patient, leak_db=leak_db)),
            (PATIENT, 0, microphone(patient, candidate, leak_db=leak_db, level_db=level_db)),
        ]
    )
    own = talks(patient)
    words = [int(at) * 20 for at in np.flatnonzero(own)[::10]]
    assert share_kept(gate, PATIENT, own) > 0.95
    assert np.mean([gate.is_bleed(PATIENT, at, at + 200) for at in words]) < 0.03


@pytest.mark.parametrize("leak_db", [None, -20])
@pytest.mark.parametrize("level_db", [0, -12, -14])
def test_who_talks_at_the_same_time_is_heard(
    at_once: tuple[Sound, Sound], level_db: float, leak_db: float | None
) -> None:
    loud, quiet = at_once
    gate = Gate(
        [
            (CANDIDATE, 0, microphone(loud, quiet, leak_db=leak_db)),
            (PATIENT, 0, microphone(quiet, loud, leak_db=leak_db, level_db=level_db)),
        ]
    )
    for who, own in ((CANDIDATE, loud), (PATIENT, quiet)):
        words = [int(at) * 20 for at in np.flatnonzero(talks(own))[::10]]
        assert share_kept(gate, who, talks(own)) > 0.97
        assert np.mean([gate.is_bleed(who, at, at + 200) for at in words]) < 0.06


def test_takes_are_compared_where_they_lie(candidate: Sound, patient: Sound) -> None:
    tracks = [(CANDIDATE, 0, microphone(candidate, patient)), (PATIENT, 0, microphone(patient, candidate))]
    begins_ms = 60_000
    moved = Gate([(who, begins_ms, samples) for who, _, samples in tracks])
    apart = Gate([tracks[0], (PATIENT, begins_ms, tracks[1][2])])
    still = Gate(tracks)
    length = len(tracks[0][2]) * 1000 // RATE
    assert len(still.own_voice(CANDIDATE, 0, length)) > 1
    shifted = moved.own_voice(CANDIDATE, begins_ms, begins_ms + length)
    assert [(begin - begins_ms, end - begins_ms) for begin, end in shifted] == still.own_voice(CANDIDATE, 0, length)
    assert apart.own_voice(CANDIDATE, 0, length) == [(0, length)]


def test_who_is_alone_is_never_gated(candidate: Sound, patient: Sound) -> None:
    for tracks in ([microphone(candidate, patient)], [np.zeros(0, np.int16)], [np.zeros(RATE, np.int16)]):
        gate = Gate([(CANDIDATE, 0, tracks[0])])
        assert not gate.is_bleed(CANDIDATE, 0, 1_000)
        assert gate.own_voice(CANDIDATE, 0, 1_000) == [(0, 1_000)]


def test_a_microphone_that_heard_nothing_gates_nobody(candidate: Sound, patient: Sound) -> None:
    for nothing in (np.zeros(0, np.int16), np.zeros(10 * RATE, np.int16)):
        gate = Gate([(CANDIDATE, 0, microphone(candidate, patient)), (PATIENT, 0, nothing)])
        assert gate.own_voice(CANDIDATE, 0, 10_000) == [(0, 10_000)]
        assert not gate.is_bleed(PATIENT, 0, 10_000)


@pytest.mark.parametrize("leak_db", [None, -20])
def test_when_each_speaks_is_told_to_a_fifth_of_a_second(
    dialogue: Conversation, candidate: Sound, patient: Sound, leak_db: float | None
) -> None:
    tracks = ((CANDIDATE, candidate, patient), (PATIENT, patient, candidate))
    made = [Track(who, who, 0, microphone(own, other, leak_db=leak_db)) for who, own, other in tracks]
    heard = Encounter(made).voices()
    early, late = [], []
    for who, own, _ in tracks:
        aloud = talks(own)
        for line, (speaker, _) in enumerate(DIALOGUE):
            begins_ms, ends_ms = (*dialogue.begins_ms, len(own) * 1000 // OPUS)[line : line + 2]
            if speaker == who:
                said = begins_ms + 20 * np.flatnonzero(aloud[begins_ms // 20 : ends_ms // 20])
                mine = [one for one in heard[who] if one[0] < ends_ms and begins_ms < one[1]]
                early.append(int(said[0]) - mine[0][0])
                late.append(mine[-1][1] - int(said[-1]) - 20)
    # A soft end, as of "first", is later than its power says.
    assert np.median(np.abs(early)) <= 100
    assert np.median(np.abs(late)) <= 200
    assert max(map(abs, (*early, *late))) <= 400
    assert total(common(heard[CANDIDATE], heard[PATIENT])) == 0
