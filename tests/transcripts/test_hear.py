"""What Whisper leaves out under hints is noticed, and heard again."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from teleosce.transcripts.audio import RATE, Samples
from teleosce.transcripts.hear import Ears, Window, unheard_s
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.weights import Weights

WINDOW = [(0, 10 * RATE), (20 * RATE, 30 * RATE)]
"""Twenty seconds of voice with ten of silence between."""


def _word(starts_s: float, ends_s: float) -> HeardWord:
    return HeardWord("word", round(starts_s * 1000), round(ends_s * 1000), 0.9)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ([], 20),
        ([_word(0, 1)], 19),
        ([_word(29, 30)], 19),
        ([_word(9, 10), _word(20, 21)], 9),
        ([_word(5, 6), _word(24, 25)], 8),
    ],
)
def test_unheard_voice_is_measured_without_the_pauses(words: list[HeardWord], seconds: float) -> None:
    assert unheard_s(WINDOW, words) == pytest.approx(seconds)


class Hasty(Ears):
    """Whisper as it is at its worst: given hints, it stops after the first word of the first window."""

    def _hear(self, samples: Samples, batch: Sequence[Window], hints: Sequence[str]) -> list[HeardWord]:
        words = [
            _word(at, at + 0.8) for window in batch for span in window for at in range(span[0] // RATE, span[1] // RATE)
        ]
        return words[:1] + [word for word in words if word.starts_ms >= 40_000] if hints else words


def test_a_window_that_hints_silenced_is_heard_again_without_them() -> None:
    second = [(40 * RATE, 50 * RATE)]
    ears = Hasty(Weights("none", Path(), ""))
    heard = ears.hear(np.zeros(50 * RATE, np.int16), [WINDOW, second], ["Headingley"])
    assert [word.starts_ms // 1000 for word in heard] == [*range(10), *range(20, 30), *range(40, 50)]
    assert heard == ears.hear(np.zeros(50 * RATE, np.int16), [WINDOW, second], [])
