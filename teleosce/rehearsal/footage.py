"""What a synthetic person says and shows, encoded and cut into packets once for all who play the part.

Sound and picture are counted from one epoch: at each whole second of it there is a beep and, in the same instant, a
flash. So a recording tells by itself what it lost and whether sound and picture are in step. The beep is short and high
where voices are thin: Opus keeps it at any rate, and Whisper hears the words as well as without it.
"""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal import picture
from teleosce.rehearsal.tracks import PER_SECOND, encode_opus, encode_vp8
from teleosce.rehearsal.voices import RATE

BEEP_HZ, BEEP_S = 7_200, 0.04
BEEP_LEVEL = 0.06
"""Of full scale, -24 dBFS."""
ROOM = 4.0
"""The noise of a living microphone in a quiet room, as a standard deviation of 16-bit samples: -78 dBFS. Without it
whoever listens would have a dead one."""
PAYLOAD = 1100
"""Bytes of VP8 in one packet, about as browsers cut it."""
CUTS = 3
"""A loop is encoded so often, each with its key frames elsewhere: whoever asks for one waits a third of a second."""

Frame = tuple[bytes, ...]
"""The pieces of one picture, each the payload of a packet without its VP8 descriptor."""


@dataclass(frozen=True)
class Footage:
    """Sound by packets of 20 ms, pictures by frames.

    quiet: one second, repeated while nothing is said. speech: a whole number of seconds, may be empty.
    loops: the same pictures `CUTS` times; loop n has a key frame wherever (index - n·fps/CUTS) is a multiple of fps.
    """

    quiet: tuple[bytes, ...]
    speech: tuple[bytes, ...]
    loops: tuple[tuple[Frame, ...], ...]
    fps: int

    def sound(self, index: int, speech_from: int | None, times: int) -> bytes:
        """Packet `index`. The speech begins with packet `speech_from`, a whole second, and is said so many times."""
        if speech_from is None or not self.speech:
            return self.quiet[index % PER_SECOND]
        at = index - speech_from
        if not 0 <= at < len(self.speech) * times:
            return self.quiet[index % PER_SECOND]
        return self.speech[at % len(self.speech)]

    def key_loop(self, index: int) -> int | None:
        """Which loop has a key frame at `index`; None where none has."""
        loop, rest = divmod(index % self.fps, self.fps // CUTS)
        return loop if rest == 0 else None


def make_footage(
    role: str,
    name: str,
    speech: NDArray[np.int16] | None = None,
    *,
    marks: bool = True,
    silent: bool = False,
    black: bool = False,
    form: picture.Format = picture.FULL,
) -> Footage:
    """Encodes it, which takes some seconds of CPU; pictures are remembered. Blocks.

    marks: with beep and flash. silent: a dead microphone. black: a covered camera.
    """
    beeps = marks and not silent
    silence = np.zeros(RATE * 3, np.int16) if silent else _room(RATE * 3)
    # The last of three seconds: by then the encoder has settled.
    quiet = encode_opus(_beeping(silence) if beeps else silence)[-PER_SECOND:]
    said: list[bytes] = []
    if speech is not None and not silent:
        whole = _room(-(-len(speech) // RATE) * RATE)
        whole[: len(speech)] = np.clip(whole[: len(speech)] + speech.astype(np.int32), -32768, 32767)
        said = encode_opus(_beeping(whole) if beeps else whole)
    return Footage(tuple(quiet), tuple(said), _loops(role, name, marks, black, form), form.fps)


def _room(length: int) -> NDArray[np.int16]:
    return np.random.default_rng(2).normal(0, ROOM, length).round().astype(np.int16)


def _beeping(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """With a beep at the start of each second."""
    time = np.arange(round(BEEP_S * RATE)) / RATE
    swell = np.minimum(1, np.minimum(time, time[::-1]) / 0.004)
    beep = BEEP_LEVEL * 32767 * swell * np.sin(2 * np.pi * BEEP_HZ * time)
    mixed = samples.astype(np.float64)
    for start in range(0, len(samples), RATE):
        mixed[start : start + len(beep)] += beep
    return mixed.clip(-32768, 32767).astype(np.int16)


@cache
def _loops(role: str, name: str, flash: bool, black: bool, form: picture.Format) -> tuple[tuple[Frame, ...], ...]:
    pictures = picture.black(form) if black else picture.frames(role, name, flash=flash, form=form)
    loops = []
    for cut in range(CUTS):
        start = cut * form.fps // CUTS
        encoded = encode_vp8([*pictures[start:], *pictures[:start]], form.fps, form.bit_rate)
        frames = [*encoded[len(encoded) - start :], *encoded[: len(encoded) - start]]
        loops.append(tuple(_cut(frame) for frame in frames))
    return tuple(loops)


def _cut(frame: bytes) -> Frame:
    return tuple(frame[start : start + PAYLOAD] for start in range(0, len(frame), PAYLOAD))


class Performance:
    """One person's footage on the clock of this process; it goes on whatever happens to their connection.

    The whole seconds of all performances fall together but for a thirtieth of a second, so that voices take turns and
    yet a process does not send everybody's pictures in one instant. times: how often the speech is said.
    """

    def __init__(self, footage: Footage, *, times: int = 1) -> None:
        self.footage = footage
        self.epoch = random.random() / footage.fps
        self._times = times
        self.sends_sound = self.sends_picture = True
        self._speech_from: int | None = None

    def begin(self, second: int) -> None:
        """The speech begins at this whole second of `time.monotonic()`."""
        self._speech_from = second * PER_SECOND

    def sound(self, index: int) -> bytes:
        """Packet `index` since the epoch."""
        return self.footage.sound(index, self._speech_from, self._times)
