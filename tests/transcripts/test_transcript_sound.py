from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from transcript_world import OPUS, Sound, silence, write_take

from teleosce.core.errors import Invalid
from teleosce.transcripts.audio import RATE, decode
from teleosce.transcripts.hear import BATCH, PIECE_S, WINDOW_S, batches, pieces, windows
from teleosce.transcripts.vocabulary import MOST, sentence, terms


def tone(seconds: float, hertz: float = 440, loud: float = 0.5) -> Sound:
    return (loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * OPUS)) / OPUS)).astype(np.float32)


def loud_ms(sound: NDArray[np.int16]) -> list[int]:
    """Where each loud stretch begins and ends."""
    block = RATE // 100
    power = np.square(sound[: len(sound) // block * block].astype(float)).reshape(-1, block).mean(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], power > 1e6, [0])).astype(int)))
    return [int(edge) * 10 for edge in edges]


def test_a_gap_keeps_the_time_it_took(tmp_path: Path) -> None:
    path = tmp_path / "take.webm"
    write_take(path, [(0, tone(1.0)), (4_000, tone(0.5)), (6_500, tone(1.0))])
    assert loud_ms(decode(path)) == pytest.approx([0, 1_000, 4_000, 4_500, 6_500, 7_500], abs=40)


def test_what_begins_late_stays_late(tmp_path: Path) -> None:
    path = tmp_path / "take.webm"
    write_take(path, [(2_000, tone(1.0))])
    assert loud_ms(decode(path)) == pytest.approx([2_000, 3_000], abs=40)


def test_two_minutes_stay_in_time(tmp_path: Path) -> None:
    path = tmp_path / "take.webm"
    write_take(path, [(0, np.concatenate((silence(119), tone(1.0))))])
    assert loud_ms(decode(path)) == pytest.approx([119_000, 120_000], abs=40)


def test_a_file_cut_off_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "take.webm"
    write_take(path, [(0, tone(4.0))])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 1 * RATE < len(decode(path)) < 3 * RATE


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "take.webm"
    path.write_bytes(b"not a film")
    with pytest.raises(Invalid, match=r"take\.webm"):
        decode(path)


@pytest.mark.parametrize("seconds", [0.5, PIECE_S, 2.7 * PIECE_S])
def test_a_long_sound_is_cut_where_it_is_quiet(seconds: float) -> None:
    sound = np.random.default_rng(1).normal(0, 3000, round(seconds * RATE)).astype(np.int16)
    for at_s in range(7, round(seconds), 17):
        sound[at_s * RATE : at_s * RATE + RATE // 2] //= 100
    cut = pieces(sound)
    assert [end for _, end in cut[:-1]] == [start for start, _ in cut[1:]]
    assert (cut[0][0], cut[-1][1]) == (0, len(sound))
    assert all(0 < end - start <= PIECE_S * RATE for start, end in cut)
    assert all(np.abs(sound[at - 500 : at + 500]).max() < 300 for _, at in cut[:-1])


@given(st.lists(st.tuples(st.integers(0, 16_000), st.integers(1, WINDOW_S * RATE)), max_size=30))
def test_voice_is_packed_whole_and_in_order(lengths: list[tuple[int, int]]) -> None:
    at, spans = 0, []
    for pause, length in lengths:
        spans.append((at + pause, at + pause + length))
        at += pause + length
    packed = windows(spans)
    assert [span for window in packed for span in window] == spans
    assert all(sum(end - start for start, end in window) <= WINDOW_S * RATE for window in packed)
    assert [window for batch in batches(packed) for window in batch] == packed
    assert all(len(batch) <= BATCH for batch in batches(packed))


def test_hints_are_few_and_each_is_said_once() -> None:
    assert terms([" GTN  spray ", "ramipril", "GTN spray", " "]) == ["GTN spray", "ramipril"]
    assert len(terms([f"term {n}" for n in range(100)])) == MOST


def test_hints_are_written_as_a_sentence_so_that_speech_is_too() -> None:
    assert sentence(["ramipril", "GTN spray"]) == "Ramipril, GTN spray."
    assert sentence([]) == ""
