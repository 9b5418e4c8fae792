"""When somebody speaks, cheaply: by the level of the sound, for the lanes of the desk before there is a transcript.

Browsers tell the level of every packet beside it (RFC 6464), measured before it is encoded. It is believed where the
sound that was decoded here and there is as loud; otherwise all of it has to be decoded.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP_MS = 20
_STEP = 48_000 * STEP_MS // 1000
"""Opus is decoded to 48 kHz, whatever it was made of (RFC 7587, 4.1)."""

_AT_ONCE = 500
"""Frames measured together: one call for each would cost more than the decoding."""

RISE_DB, FALL_DB = 12.0, 7.0
"""Speech begins so far above the noise of the room, and has ended so far above it."""

QUIETEST_DB, LOUDEST_DB = -55.0, -35.0
"""The level at which speech begins lies between these: below, nobody hears; above, everybody does. dB of full scale."""

SILENT_DB = -100.0
"""Of silence that was put where nothing was."""

PAUSE_MS = 400
"""Shorter pauses belong to the speech."""

SHORTEST_MS = 160
EDGE_MS = 100


NEAR_MS = 5.0
"""A level belongs to a packet that is no farther from its place."""

UNTOLD = 100
"""Packets without a level, 2 s: what was not noted yet when a server died."""

AGREES_DB, QUIET_DB, ALOUD_DB = 6.0, -60.0, -50.0
"""Told and heard agree within so many dB at the median of the packets in which something sounds, told or heard; what
is quieter than quiet is quiet."""

FEWEST_ALOUD = 5
"""Fewer packets in which something sounds show nothing: most people are silent at most of the moments looked at."""


def told(runs: Sequence[tuple[float, bytes]], at_ms: Sequence[float]) -> NDArray[np.float64] | None:
    """How loud each packet is, in dB of full scale, as its sender told it; None where that is not known of too many.

    runs: from when on packets of 20 ms follow each other, and how many dB below full scale each is.
    """
    if not runs:
        return None
    times = np.concatenate([at + STEP_MS * np.arange(len(levels)) for at, levels in runs])
    order = np.argsort(times, kind="stable")
    times, level = times[order], -np.frombuffer(b"".join(levels for _, levels in runs), np.uint8)[order].astype(float)
    if not len(times):
        return None
    wanted = np.asarray(at_ms, np.float64)
    after = np.searchsorted(times, wanted).clip(0, len(times) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(abs(times[after] - wanted) < abs(times[before] - wanted), after, before)
    if (abs(times[nearest] - wanted) > NEAR_MS).sum() > UNTOLD:
        return None
    return np.asarray(level[nearest])


def agree(level: NDArray[np.float64], heard: Sequence[tuple[float, float]]) -> bool:
    """Whether what was heard is as loud as was told, where either is aloud. heard: time in ms, and dB of full scale.

    Where too little is, it is not known: all sound has to be decoded.
    """
    steps = [(round(at_ms / STEP_MS), db) for at_ms, db in heard]
    pairs = [(db, float(level[step])) for step, db in steps if step < len(level)]
    apart = [abs(max(db, QUIET_DB) - max(told_db, QUIET_DB)) for db, told_db in pairs if max(db, told_db) > ALOUD_DB]
    return len(apart) >= FEWEST_ALOUD and median(apart) <= AGREES_DB


def level_of(frame: Any) -> float:
    """Of a decoded frame of floats, in dB of full scale."""
    samples = np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples)
    return float(10 * np.log10(np.dot(samples, samples) / max(1, len(samples)) + 1e-10))


class Levels:
    """The level of each 20 ms of a track's sound, in dB of full scale.

    Of its first channel: what comes from a microphone is the same on all.
    """

    def __init__(self) -> None:
        self._found: list[NDArray[np.float64]] = []
        self._waiting: list[NDArray[np.float32]] = []

    def add(self, frame: Any) -> None:
        """The next decoded frame of 48 kHz floats."""
        self._waiting.append(np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples))
        if len(self._waiting) >= _AT_ONCE:
            self._measure()

    def spans(self) -> list[tuple[int, int]]:
        """Where somebody speaks, in ms from the beginning of the track."""
        self._measure()
        return spans(np.concatenate(self._found))

    def _measure(self) -> None:
        """All whole steps; what is left waits for more."""
        samples = np.concatenate(self._waiting) if self._waiting else np.empty(0, np.float32)
        steps = samples[: len(samples) // _STEP * _STEP].reshape(-1, _STEP)
        power = np.einsum("ij,ij->i", steps, steps) / _STEP
        self._found.append(10 * np.log10(power.astype(np.float64) + 1e-10))
        self._waiting = [samples[steps.size :]]


def spans(level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where the level says that somebody speaks, in ms. level: dB of full scale, one for each 20 ms."""
    if not len(level):
        return []
    begins = float(np.clip(np.percentile(level, 10) + RISE_DB, QUIETEST_DB, LOUDEST_DB))
    ends = begins - (RISE_DB - FALL_DB)
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index, value in enumerate(level.tolist()):
        if start is None and value > begins:
            start = index
        elif start is not None and value < ends:
            _join(found, start * STEP_MS, index * STEP_MS)
            start = None
    if start is not None:
        _join(found, start * STEP_MS, len(level) * STEP_MS)
    end_ms = len(level) * STEP_MS
    return [(max(0, a - EDGE_MS), min(end_ms, b + EDGE_MS)) for a, b in found if b - a >= SHORTEST_MS]


def _join(found: list[tuple[int, int]], from_ms: int, to_ms: int) -> None:
    if found and from_ms - found[-1][1] <= PAUSE_MS:
        found[-1] = (found[-1][0], to_ms)
    else:
        found.append((from_ms, to_ms))
