"""Whisper: from sound to words, with the settings that measured best on a processor without a graphics card.

Voice is found first (Silero VAD: on silence Whisper invents words), packed into windows of at most 30 s,
heard two windows at a time, and the words' times are put back to where they were. Only word times are used:
in batches the times of segments are off by many seconds, those of words by hundredths.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.transcripts.audio import RATE, Samples
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.vocabulary import sentence
from teleosce.transcripts.weights import Weights

WINDOW_S = 30
BATCH = 2
BEAM = 5
UNHEARD_S = 4.0
"""So much voice without a word is no hesitation: something was not heard."""
LANGUAGE = "en"
PIECE_S = 60
PAUSE_MS = 500
"""A shorter pause belongs to the voice around it."""
PAD_MS = 200
"""So much before and after a voice is heard with it: soft beginnings and ends."""
_QUIETEST_S = 20
"""A piece ends within its last 20 s, at their quietest 0.1 s."""
_BLOCK = RATE // 10

Span = tuple[int, int]
"""First sample and the one after the last."""
Window = list[Span]
"""Spans of voice that Whisper hears as one, at most WINDOW_S together."""


def voice(samples: Samples) -> list[Span]:
    """Where somebody speaks, near or far, with PAD_MS on either side."""
    if not len(samples):
        return []
    vad = _whisper().vad
    options = vad.VadOptions(min_silence_duration_ms=PAUSE_MS, speech_pad_ms=PAD_MS, max_speech_duration_s=WINDOW_S)
    return [
        (start + int(span["start"]), start + int(span["end"]))
        for start, end in pieces(samples)
        for span in vad.get_speech_timestamps(_floats(samples[start:end]), options)
    ]


def pieces(samples: Samples) -> list[Span]:
    """Cuts a long sound where it is quietest: to look for voice in a quarter of an hour at once takes 350 MiB."""
    cuts = [0]
    while len(samples) - cuts[-1] > PIECE_S * RATE:
        latest = cuts[-1] + PIECE_S * RATE
        blocks = samples[latest - _QUIETEST_S * RATE : latest].reshape(-1, _BLOCK).astype(np.float32)
        quietest = int(np.square(blocks).mean(axis=1).argmin())
        cuts.append(latest - _QUIETEST_S * RATE + quietest * _BLOCK + _BLOCK // 2)
    return list(pairwise([*cuts, len(samples)]))


def windows(spans: Sequence[Span]) -> list[Window]:
    """Packs spans of voice, in order, into as few windows as they fill."""
    packed: list[Window] = []
    length = 0
    for start, end in spans:
        if not packed or length + end - start > WINDOW_S * RATE:
            packed.append([])
            length = 0
        packed[-1].append((start, end))
        length += end - start
    return packed


def batches(packed: Sequence[Window]) -> list[list[Window]]:
    """What Whisper hears in one call, at most a minute of voice."""
    return [list(packed[at : at + BATCH]) for at in range(0, len(packed), BATCH)]


def unheard_s(window: Window, words: Sequence[HeardWord]) -> float:
    """The longest stretch of voice in a window, its pauses left out, in which no word was heard, in seconds."""

    def voiced(at_ms: int) -> int:
        """How much voice there is in the window before a moment of the sound, in samples."""
        at = at_ms * RATE // 1000
        return sum(min(max(at - start, 0), end - start) for start, end in window)

    longest = heard = 0
    for word in sorted(words, key=lambda word: word.starts_ms):
        longest = max(longest, voiced(word.starts_ms) - heard)
        heard = max(heard, voiced(word.ends_ms))
    return max(longest, sum(end - start for start, end in window) - heard) / RATE


def _is_in(window: Window, word: HeardWord) -> bool:
    middle = (word.starts_ms + word.ends_ms) * RATE // 2000
    return window[0][0] <= middle <= window[-1][1]


@dataclass(frozen=True)
class Ears:
    """One Whisper model. It is loaded when first used, and then stays."""

    weights: Weights

    @cached_property
    def _pipeline(self) -> Any:
        library = _whisper()
        model = library.WhisperModel(
            str(self.weights.folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=1,  # a second costs processor time for little, and live media needs it more
            local_files_only=True,
        )
        return library.BatchedInferencePipeline(model)

    def hear(self, samples: Samples, batch: Sequence[Window], hints: Sequence[str]) -> list[HeardWord]:
        """The words of a batch of windows, with times in `samples`, in milliseconds. Blocks for seconds.

        Hints can make Whisper stop after a word or two, mostly where a recording begins in mid-sentence. A window in
        which much voice gave no word is heard again without them, and the fuller hearing kept.
        """
        words = self._hear(samples, batch, hints)
        for window in batch if hints else ():
            mine = [word for word in words if _is_in(window, word)]
            if unheard_s(window, mine) > UNHEARD_S:
                again = self._hear(samples, [window], ())
                if unheard_s(window, again) < unheard_s(window, mine):
                    words = [word for word in words if not _is_in(window, word)] + again
        return sorted(words, key=lambda word: word.starts_ms)

    def _hear(self, samples: Samples, batch: Sequence[Window], hints: Sequence[str]) -> list[HeardWord]:
        joined = np.concatenate([samples[start:end] for window in batch for start, end in window])
        ends = list(accumulate(sum(end - start for start, end in window) for window in batch))
        clips = [{"start": a / RATE, "end": b / RATE} for a, b in zip([0, *ends], ends, strict=False)]
        segments, _ = self._pipeline.transcribe(
            _floats(joined),
            language=LANGUAGE,
            clip_timestamps=clips,
            batch_size=BATCH,
            beam_size=BEAM,
            word_timestamps=True,
            hotwords=sentence(hints) or None,
        )
        spans = [span for window in batch for span in window]
        return [
            _placed(spans, piece)
            for segment in segments
            for piece in _whole(segment.words or ())
            if any(map(str.isalnum, piece[0]))
        ]


_Piece = tuple[str, float, float, float]


def _whole(words: Sequence[Any]) -> Iterator[_Piece]:
    """Joins what Whisper cuts: only a piece that begins with a space begins a word ("follow", "-up")."""
    held: _Piece | None = None
    for word in words:
        if held and not word.word.startswith(" "):
            held = (held[0] + word.word, held[1], word.end, min(held[3], word.probability))
            continue
        if held:
            yield held
        held = (word.word, word.start, word.end, word.probability)
    if held:
        yield held


def _placed(spans: Sequence[Span], piece: _Piece) -> HeardWord:
    """Puts a word's times in the joined sound back to the span in which its middle was spoken."""
    text, start_s, end_s, confidence = piece
    start, end = round(start_s * RATE), round(end_s * RATE)
    # Where each span begins in the joined sound; what is timed past its end belongs to the last.
    begins = [0, *accumulate(last - first for first, last in spans[:-1])]
    at = bisect_right(begins, (start + end) // 2) - 1
    first, last = spans[at]
    starts, ends = (min(max(sample - begins[at] + first, first), last) for sample in (start, end))
    return HeardWord(text.strip(), starts * 1000 // RATE, ends * 1000 // RATE, round(float(confidence), 4))


def _floats(samples: Samples) -> NDArray[np.float32]:
    return np.divide(samples, 32768, dtype=np.float32)


def _whisper() -> Any:
    """faster-whisper, imported when it is needed: it reads once, on import, that it must not ask a hub."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    return import_module("faster_whisper")
