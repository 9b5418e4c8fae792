"""A station's dialogue as two tracks of sound on one timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal.voices import RATE, say

LEAD_S = 1.0
"""Quiet before the first word, so that nothing is said before the recording has settled."""
TAIL_S = 1.0


class Line(Protocol):
    """One line of a station's rehearsal."""

    @property
    def speaker(self) -> str:
        """`candidate` or `sp`."""

    @property
    def text(self) -> str:
        """What is said."""

    @property
    def pause_s(self) -> float:
        """Quiet after it, in seconds."""


@dataclass(frozen=True)
class Cue:
    """What is said when, in seconds from the start of the dialogue."""

    speaker: str
    text: str
    starts_s: float
    ends_s: float


@dataclass(frozen=True)
class Speech:
    """The whole dialogue: for each speaker mono int16 samples at 48 kHz, all of one length, and the cues."""

    tracks: dict[str, NDArray[np.int16]]
    cues: tuple[Cue, ...]
    seconds: float


def act(lines: Sequence[Line]) -> Speech:
    """Speaks the lines one after the other. Blocks for a second or two."""
    cues: list[Cue] = []
    spoken: list[tuple[Cue, NDArray[np.int16]]] = []
    now = LEAD_S
    for line in lines:
        sound = say(line.text, line.speaker)
        cue = Cue(line.speaker, line.text, now, now + len(sound) / RATE)
        cues.append(cue)
        spoken.append((cue, sound))
        now = cue.ends_s + line.pause_s
    seconds = now + TAIL_S
    tracks = {speaker: np.zeros(round(seconds * RATE), np.int16) for speaker in ("candidate", "sp")}
    for cue, sound in spoken:
        start = round(cue.starts_s * RATE)
        tracks[cue.speaker][start : start + len(sound)] = sound
    return Speech(tracks, tuple(cues), seconds)
