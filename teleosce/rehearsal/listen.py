"""Watches a take as a person would: which beeps and flashes are in it, and when.

Beeps are found by synchronous detection at `BEEP_HZ` over 20 ms; their place within the second is folded out of the
take itself, so no clock has to be agreed upon.
"""

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal import picture
from teleosce.rehearsal.footage import BEEP_HZ, BEEP_LEVEL, BEEP_S
from teleosce.rehearsal.voices import RATE

BLOCK = 120
"""Samples of one step: 2.5 ms, a whole number of waves."""
STEPS = RATE // BLOCK
WINDOW = 8
HEARD = BEEP_LEVEL * 0.38
"""Amplitude from which a beep counts: half of what Opus leaves of it; no voice is as loud there."""
APART_S = 0.1
NEAR_S = 0.4
BRIGHT = 140
"""Mean luma of the patch; it is 30 when dark and 235 when lit."""


@dataclass
class Watched:
    """Seconds of the file's own time. flashes is None when pictures were not decoded."""

    sound: tuple[float, float] | None = None
    picture: tuple[float, float] | None = None
    beeps: list[float] = field(default_factory=list)
    beeps_expected: int = 0
    beeps_found: int = 0
    flashes: list[float] | None = None

    def offsets(self) -> list[float] | None:
        """How much later than its flash each beep is heard."""
        if self.flashes is None:
            return None
        beeps = np.asarray(self.beeps)
        found = []
        for flash in self.flashes:
            if len(beeps):
                offset = float(beeps[np.abs(beeps - flash).argmin()] - flash)
                if abs(offset) < NEAR_S:
                    found.append(offset)
        return found


def watch(path: Path, *, pictures: bool) -> Watched:
    """Decodes a take: its sound, and its pictures too if wanted. Blocks, for seconds."""
    found = Watched()
    with av.open(str(path)) as container:
        spans: dict[str, tuple[float, float]] = {}
        for packet in container.demux():
            if packet.pts is not None and packet.size and packet.time_base is not None:
                start = float(packet.pts * packet.time_base)
                length = 0.02 if packet.stream.type == "audio" else 1 / picture.FULL.fps
                before = spans.get(packet.stream.type, (start, start))
                spans[packet.stream.type] = (min(before[0], start), max(before[1], start + length))
    found.sound, found.picture = spans.get("audio"), spans.get("video")
    if found.sound is not None:
        _listen(path, found, found.sound)
    if pictures:
        found.flashes = _flashes(path) if found.picture is not None else []
    return found


def _listen(path: Path, found: Watched, sound: tuple[float, float]) -> None:
    loudness = _loudness(path, sound[1])
    phase = _phase(loudness)
    if phase is None:
        phase = 0.0
    first, last = sound[0] + 1.0, sound[1] - 1.0 - BEEP_S
    reach = round(APART_S * STEPS)
    for second in range(int(sound[1]) + 1):
        expected = second + phase
        centre = round(expected * STEPS)
        near = loudness[max(0, centre - reach) : centre + reach + WINDOW]
        heard = len(near) > 0 and near.max() >= HEARD
        if heard:
            onset = int(np.argmax(near >= near.max() / 2))
            # The window looks ahead: half of the beep is in it when half of the window lies before the beep.
            found.beeps.append((max(0, centre - reach) + onset + WINDOW / 2) / STEPS)
        if first <= expected <= last:
            found.beeps_expected += 1
            found.beeps_found += bool(heard)


def _loudness(path: Path, seconds: float) -> NDArray[np.float64]:
    """Amplitude of the beep's tone, as a fraction of full scale, in the 20 ms from each step on."""
    steps = np.zeros(int(seconds * STEPS) + 2 * WINDOW, np.complex128)
    wave = np.exp(-2j * np.pi * BEEP_HZ * np.arange(BLOCK) / RATE)
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        rest, at = np.zeros(0, np.float32), 0
        for frame in container.decode(audio=0):
            if frame.time is not None and abs(frame.time * RATE - at - len(rest)) > RATE / 20:
                rest, at = np.zeros(0, np.float32), round(frame.time * STEPS) * BLOCK
            frame.pts = None
            for piece in resampler.resample(frame):
                rest = np.concatenate([rest, piece.to_ndarray().reshape(-1)])
            whole = len(rest) // BLOCK
            step = at // BLOCK
            sums = rest[: whole * BLOCK].reshape(whole, BLOCK) @ wave
            steps[step : step + whole] = sums[: max(0, len(steps) - step)]
            rest, at = rest[whole * BLOCK :], at + whole * BLOCK
    total = np.concatenate([[0], np.cumsum(steps)])
    loudness: NDArray[np.float64] = np.abs(total[WINDOW:] - total[:-WINDOW]) * 2 / (BLOCK * WINDOW)
    return loudness


def _phase(loudness: NDArray[np.float64]) -> float | None:
    """Where in each second the beeps begin."""
    folded = np.zeros(STEPS)
    loud = np.flatnonzero(loudness >= HEARD)
    if not len(loud):
        return None
    np.add.at(folded, loud % STEPS, 1)
    # The middle of the loud stretch, on the circle; a beep is loud from half a window before it begins.
    angle = np.angle(np.sum(folded * np.exp(2j * np.pi * np.arange(STEPS) / STEPS)))
    middle = float(angle / (2 * np.pi)) % 1
    return (middle - BEEP_S / 2 + WINDOW / 2 / STEPS) % 1


def _flashes(path: Path) -> list[float]:
    found, lit = [], True
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "SLICE", 1
        for frame in container.decode(stream):
            plane = frame.planes[0]
            luma = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
            shrink = picture.HEIGHT // frame.height
            patch = tuple(slice(one.start // shrink, one.stop // shrink) for one in picture.FLASH)
            now_lit = float(luma[patch].mean()) > BRIGHT
            if now_lit and not lit and frame.time is not None:
                found.append(float(frame.time))
            lit = now_lit
    return found


def be_nice() -> None:
    """For the process that watches: live media comes first, and Ctrl-C ends it without a word of its own."""
    os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
