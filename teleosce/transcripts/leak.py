"""How one microphone picks up another person's voice: whether it does, how much later, and how loud.

What leaks is a copy: its loudness rises and falls in each band of frequencies as that of the voice does, some moments
later. So a leak is known by likeness, and its loudness is measured where it stands alone. A level by itself says
little: a quiet person with a poor microphone is weaker than a loud one's leak elsewhere.
"""

from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from teleosce.transcripts.audio import RATE, Samples

HOP_MS = 20
_HOP = RATE * HOP_MS // 1000
_EDGES_HZ = (100, 200, 320, 480, 700, 1000, 1400, 2000, 2800, 4000)
_QUIET = 100.0
"""Mean square of 16-bit samples at −70 dB of full scale: nobody's voice."""

_FARTHEST = 600 // HOP_MS
"""How much later or earlier a leak may lie: 300 ms of network and loudspeaker, and 300 ms between two clocks."""

_STRETCH = 10_000 // HOP_MS
_NEAR = 2
"""A leak is looked for in each stretch of 10 s, with two more on either side: people move, and put headphones on."""

_LIKE_AT_ALL, _STANDS_OUT, _CHANCE = 0.3, 1.5, 5.0
"""Over half a minute the voices of strangers are alike by less than 0.2 at every delay, by more where there is less of
them (about one over the root of the hops); a leak at −20 dB by 0.4 to 0.9, at one delay."""
_ABOUT = 300 // HOP_MS
_LIKE, _THE_SAME = 0.5, 0.8
"""Likeness over 0.6 s from which a leak is perhaps, and surely, all that is heard."""
_ENOUGH = 500 // HOP_MS
_WEAKER = 10 ** (-3 / 10)
"""Whoever leaks is weaker in the other's microphone than in their own."""
_LOWER = 25
"""Per cent: among hops that are like a leak, the louder ones hold a voice beside it."""
_MARGIN = 10 ** (5 / 10)
"""A leak is rarely louder than this over the lower ones."""

Values = NDArray[np.float32]
T = TypeVar("T", bound=np.generic)


def band_powers(samples: Samples) -> Values:
    """Mean square in each hop of HOP_MS (rows) and band (columns)."""
    bins = [round(edge * 2 * _HOP / RATE) for edge in _EDGES_HZ]
    taper = np.hanning(2 * _HOP).astype(np.float32)
    hops = len(samples) // _HOP
    powers = np.zeros((hops, len(bins) - 1), np.float32)
    padded = np.append(samples[: hops * _HOP], np.zeros(_HOP, np.int16))
    for first in range(0, hops, 1024):
        last = min(first + 1024, hops)
        frames = np.lib.stride_tricks.sliding_window_view(padded[first * _HOP : (last + 1) * _HOP], 2 * _HOP)[::_HOP]
        spectrum = np.square(np.abs(np.fft.rfft(frames * taper)))
        for band, (low, high) in enumerate(pairwise(bins)):
            powers[first:last, band] = spectrum[:, low:high].sum(axis=1)
    return powers / np.float32(_HOP * np.square(taper).sum())


class Voice:
    """What one participant's microphones heard, hop by hop.

    powers: mean square in each band; level: in all. floor: of the noise, in each band. shape: how each band's
    loudness (log) departs from its mean over a second. aloud: where it is loud enough to leak audibly.
    """

    def __init__(self, powers: Values) -> None:
        self.powers = powers
        self.level: Values = powers.sum(axis=1)
        # Before somebody comes, and while they are muted, there is nothing at all: that is not the room's noise.
        sounding = powers[self.level > 1]
        self.floor = np.full(powers.shape[1], _QUIET / powers.shape[1], np.float32)
        if len(sounding):
            self.floor = np.maximum(self.floor, np.percentile(sounding, 10, axis=0).astype(np.float32))
        loudness = np.log(powers + self.floor)
        self.shape: Values = loudness - smooth(loudness, 500 // HOP_MS)
        energy = float(self.level.sum())
        # The loudness of most of the sound, however little somebody speaks.
        loud = float(np.square(self.level, dtype=np.float64).sum()) / energy if energy else 0.0
        self.aloud = self.level > max(loud * 10 ** (-15 / 10), 4 * float(self.floor.sum()))


def leak_ceiling(own: Voice, other: Voice) -> Values:
    """For each hop and band the most that `other` adds to what `own`'s microphone hears; 0 where nothing leaks."""
    ceiling = np.zeros_like(own.powers)
    # Where the other is louder: what is heard of oneself in the other's microphone is no voice of theirs.
    louder = smooth(own.level, _ABOUT) < _WEAKER * smooth(other.level, _ABOUT)
    speaks = other.aloud & louder
    if not speaks.any():
        return ceiling
    said = other.shape * speaks[:, None]
    for number, delay in enumerate(_delays(own, said, speaks)):
        if delay is None:
            continue
        first = number * _STRETCH
        around = slice(max(first - _NEAR * _STRETCH, 0), first + (_NEAR + 1) * _STRETCH)
        told = _later(speaks, delay)[around]
        voice = smooth(_later(other.powers, delay)[around], 5)
        heard = smooth(own.powers[around], 5)
        likeness = _likeness(own.shape[around], _later(said, delay)[around], told)
        alone = told & (likeness > _LIKE)
        if alone.sum() >= _ENOUGH:
            share = np.percentile(heard[alone] / np.maximum(voice[alone], 1.0), _LOWER, axis=0)
            most = np.maximum.reduce([_later(voice, by) for by in (-2, 0, 2)]) * np.minimum(_MARGIN * share, 1.0)
            same = told & (likeness > _THE_SAME)
            most[same] = np.maximum(most, _MARGIN * heard)[same]
            ceiling[first : first + _STRETCH] = most[first - around.start :][:_STRETCH]
    return ceiling


def _delays(own: Voice, said: Values, speaks: NDArray[np.bool_]) -> list[int | None]:
    """For each stretch how many hops later what was `said` is heard in `own`; None where it is not."""
    starts = np.arange(0, len(own.level), _STRETCH)
    delays = range(-_FARTHEST, _FARTHEST + 1)
    own_power = np.square(own.shape).sum(axis=1)
    said_power = np.square(said).sum(axis=1)
    found = np.zeros((len(delays), len(starts)))
    for row, delay in enumerate(delays):
        both = np.einsum("tb,tb->t", _later(said, delay), own.shape)
        powers = (both, _later(said_power, delay), own_power * _later(speaks, delay))
        cross, one, two = (smooth(np.add.reduceat(power, starts), _NEAR) for power in powers)
        found[row] = cross / np.sqrt(np.maximum(one * two, 1e-9))
    best = found.argmax(axis=0)
    away = np.abs(np.arange(len(delays))[:, None] - best) > 5
    peak, elsewhere = found.max(axis=0), np.where(away, found, 0.0).max(axis=0)
    hops = smooth(np.add.reduceat(speaks.astype(np.float32), starts), _NEAR) * (2 * _NEAR + 1)
    by_chance = np.maximum(_LIKE_AT_ALL, _CHANCE / np.sqrt(np.maximum(hops, 1)))
    leaks = (peak > by_chance) & (peak > _STANDS_OUT * elsewhere)
    return [delays[row] if leak else None for row, leak in zip(best, leaks, strict=True)]


def _likeness(own: Values, said: Values, speaks: NDArray[np.bool_]) -> Values:
    """Correlation of two shapes over 0.6 s around each hop, where the other speaks."""
    own = own * speaks[:, None]
    cross, one, two = (
        smooth(np.einsum("tb,tb->t", a, b), 300 // HOP_MS) for a, b in ((own, said), (own, own), (said, said))
    )
    return np.asarray(cross / np.sqrt(np.maximum(one * two, 1e-9)), np.float32)


def smooth(values: NDArray[np.float32], hops: int) -> Values:
    """The mean over `hops` rows on either side."""
    sums = np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)))
    at = np.arange(len(values))
    low, high = np.maximum(at - hops, 0), np.minimum(at + hops + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low).reshape(-1, *[1] * (values.ndim - 1)), np.float32)


def _later(values: NDArray[T], hops: int) -> NDArray[T]:
    """The same, so many rows later (or earlier): what is not known is nothing."""
    moved = np.zeros_like(values)
    if hops >= 0:
        moved[hops:] = values[: max(len(values) - hops, 0)]
    else:
        moved[:hops] = values[-hops:]
    return moved
