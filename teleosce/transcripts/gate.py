"""Tells a voice from its bleed: what another participant's microphone picked up of it.

A voice that leaks at −20 dB is heard twice, in two tracks. What is much weaker in its own track than in
another one, at the same time, was said by the other person.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from teleosce.transcripts.audio import RATE, Samples

HOP_MS = 20
_HOP = RATE * HOP_MS // 1000
_AROUND_MS = 200
_BELOW = 10 ** (-10 / 10)
"""10 dB: weaker than the other track by more than this is bleed."""
_ACTIVE = 10 ** (-15 / 10)
_OWN_MS = 100

Power = NDArray[np.float64]


def power(samples: Samples) -> Power:
    """Mean square of each hop of HOP_MS."""
    whole = len(samples) // _HOP * _HOP
    hops = samples[:whole].reshape(-1, _HOP).astype(np.float64)
    return np.asarray(np.square(hops).mean(axis=1), np.float64)


class Gate:
    """Compares one participant's sound with everybody else's on the encounter's timeline."""

    def __init__(self, tracks: Iterable[tuple[str, int, Samples]]) -> None:
        """tracks: participant, start on the encounter's timeline in ms, samples. One may have several."""
        placed = [
            (participant, max(starts_ms, 0) // HOP_MS, power(samples)) for participant, starts_ms, samples in tracks
        ]
        length = max((at + len(hops) for _, at, hops in placed), default=0)
        levels: dict[str, Power] = {}
        for participant, at, hops in placed:
            level = levels.setdefault(participant, np.zeros(length))
            np.maximum(level[at : at + len(hops)], hops, out=level[at : at + len(hops)])
        self._smooth: Mapping[str, Power] = {who: _around(level) for who, level in levels.items()}
        self._sums = {who: np.concatenate(([0.0], np.cumsum(level))) for who, level in levels.items()}

    def is_bleed(self, participant: str, from_ms: int, to_ms: int) -> bool:
        """Whether a word of `participant` is more than 10 dB weaker than another track, ±0.2 s around it."""
        own = self._energy(participant, from_ms, to_ms)
        others = [self._energy(who, from_ms, to_ms) for who in self._sums if who != participant]
        return bool(others) and own < _BELOW * max(others)

    def is_all_bleed(self, participant: str, from_ms: int, to_ms: int) -> bool:
        """Whether a stretch with speech holds none of `participant`'s own: the recognizer need not hear it.

        Judged where the stretch is loud, within 15 dB of its peak: in its pauses both tracks are noise.
        """
        stretch = slice(max(from_ms, 0) // HOP_MS, -(-to_ms // HOP_MS))
        own = self._smooth[participant][stretch]
        others = [level[stretch] for who, level in self._smooth.items() if who != participant]
        if not others or not own.size:
            return False
        own_voice = (own >= _ACTIVE * own.max()) & (own >= _BELOW * np.max(others, axis=0))
        return int(own_voice.sum()) * HOP_MS < _OWN_MS

    def _energy(self, participant: str, from_ms: int, to_ms: int) -> float:
        sums = self._sums[participant]
        last = len(sums) - 1
        first = min(max(from_ms - _AROUND_MS, 0) // HOP_MS, last)
        end = min(-(-(to_ms + _AROUND_MS) // HOP_MS), last)
        return float(sums[end] - sums[first])


def _around(level: Power) -> Power:
    """The mean over ±0.2 s."""
    width = 2 * _AROUND_MS // HOP_MS + 1
    if not len(level):
        return level
    return np.convolve(level, np.full(width, 1 / width), mode="same")[: len(level)]
