"""Tells a voice from its leak: what another participant's microphone picked up of it.

A voice that leaks at −20 dB is heard twice, in two tracks. Where the leak of another voice explains all that a track
holds, it was said by the other person: it is not heard at all, and a word that was heard in it is dropped.
"""

from collections.abc import Iterable

import numpy as np

from teleosce.transcripts.audio import Samples
from teleosce.transcripts.leak import HOP_MS, Values, Voice, band_powers, leak_ceiling, smooth
from teleosce.transcripts.models import Stretch

_AROUND_MS = 100
_ABOVE_NOISE = 4.0
_WORD_SHARE = 0.1
"""A word is its speaker's when so much of its energy is no leak and no noise; Whisper's times may be 0.1 s off."""
_OWN_SHARE = 0.2
_NEAR = 240 // HOP_MS
_OWN = 100 / HOP_MS / (2 * _NEAR + 1)
"""A moment is worth hearing when 0.1 s of the half second around it is its speaker's: soft beginnings and ends stay."""
_CUT_MS = 300
"""A shorter leak is left in: a cut costs more than it saves."""


class Gate:
    """Compares one participant's sound with everybody else's on the encounter's timeline."""

    def __init__(self, tracks: Iterable[tuple[str, int, Samples]]) -> None:
        """tracks: participant, start on the encounter's timeline in ms, samples. One may have several."""
        placed = [
            (participant, max(starts_ms, 0) // HOP_MS, band_powers(samples))
            for participant, starts_ms, samples in tracks
        ]
        length = max((at + len(powers) for _, at, powers in placed), default=0)
        heard: dict[str, Values] = {}
        for participant, at, powers in placed:
            whole = heard.setdefault(participant, np.zeros((length, powers.shape[1]), np.float32))
            np.maximum(whole[at : at + len(powers)], powers, out=whole[at : at + len(powers)])
        voices = {who: Voice(powers) for who, powers in heard.items()}
        self._length = length
        self._above = {who: np.zeros(length + 1) for who in voices}
        self._leaks = {who: np.zeros(length, np.bool_) for who in voices}
        self._own = {who: np.ones(length, np.bool_) for who in voices}
        for who, voice in voices.items():
            ceilings = [leak_ceiling(voice, other) for one, other in voices.items() if one != who]
            if ceilings:
                self._judge(who, voice, np.maximum.reduce(ceilings))

    def is_bleed(self, participant: str, from_ms: int, to_ms: int) -> bool:
        """Whether all that is heard at a word of `participant` is somebody else's leak, ±0.1 s around it."""
        first, end = self._hops(from_ms - _AROUND_MS, to_ms + _AROUND_MS)
        above = self._above[participant]
        return bool(self._leaks[participant][first:end].any() and above[end] < above[first])

    def own_voice(self, participant: str, from_ms: int, to_ms: int) -> list[Stretch]:
        """What is left of a stretch with speech without what somebody else's leak fills: what is worth hearing."""
        first, end = self._hops(from_ms, to_ms)
        cut = ~self._own[participant][first:end]
        edges = np.flatnonzero(np.diff(np.concatenate(([False], cut, [False]))))
        kept, reached = [], from_ms
        for begin, until in edges.reshape(-1, 2):
            leak = self._leaks[participant][first + begin : first + until].any()
            if leak and (until - begin) * HOP_MS >= _CUT_MS:
                kept.append((reached, (first + int(begin)) * HOP_MS))
                reached = (first + int(until)) * HOP_MS
        kept.append((reached, to_ms))
        return [(begin, until) for begin, until in kept if until - begin >= _AROUND_MS]

    def _judge(self, who: str, voice: Voice, ceiling: Values) -> None:
        """Own is what no leak explains, band by band: two voices are rarely in the same bands at the same time."""
        powers = smooth(voice.powers, 2)
        own = np.maximum(powers - ceiling - _ABOVE_NOISE * voice.floor, 0).sum(axis=1)
        level = powers.sum(axis=1)
        self._leaks[who] = np.asarray((ceiling > voice.floor).any(axis=1))
        self._above[who] = np.concatenate(([0.0], np.cumsum(own - _WORD_SHARE * level, dtype=np.float64)))
        self._own[who] = np.asarray(smooth((own > _OWN_SHARE * level).astype(np.float32), _NEAR) >= _OWN)

    def _hops(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        first, end = max(from_ms, 0) // HOP_MS, -(-max(to_ms, 0) // HOP_MS)
        return min(first, self._length), min(end, self._length)
