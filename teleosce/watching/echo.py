"""Whether one person's microphone picks up another's voice, out of a loudspeaker whose echo nothing takes away.

What comes back is a copy: it rises and falls as the voice does, some moments later. How long the packets are says
roughly how loud the sound in them is, and costs nothing to look at. Only where the lengths of one person's packets
follow those of another's, at one delay, are both decoded and compared in nine bands of frequencies: two voices are
rarely loud in the same bands at the same time. (WebRTC's residual echo detector compares powers in this way.)

`bench.echo` says how often that is right.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.rtc.model import Packet
from teleosce.watching.senses import opus_decoder

RATE, PER_SECOND = 48_000, 50
ROWS = 8 * PER_SECOND
"""What is compared: the last eight seconds, in rows of 20 ms."""
LATE_S = 0.2
"""The last fifth of a second may still be on its way."""
EARLIEST, LATEST = 3, 60
"""Rows later: an echo goes to a page, waits in its buffers and comes back. What two microphones hear in one room is
sooner."""
_LAGS = np.arange(-LATEST, LATEST + 1)
_SIZE = 512
"""At least `ROWS` and the lags, for the Fourier transform."""
_HALF_S = PER_SECOND // 2
_ASIDE = 8
"""Rows from which on a likeness is another one."""

SUSPECT, STANDS_OUT = 0.25, 1.3
"""Lengths of packets in ordinary talk are alike by less than this in 96 of 100 looks; with an echo by 0.3 to 0.8."""
AT_ONCE, EAGER_LOOKS = 4, 8
"""So many are decoded in each of so many looks after one that has found an echo, suspected or not: when an exam begins,
several loudspeakers may be heard at once. Otherwise one: in a large exam there is always somebody to suspect."""
SPEAKS = 0.6
"""Packets of so much of the longest ones' length have a voice in them."""
SAME, OVER = 0.55, 0.35
"""In bands, the voices of two who talk without a pause were never alike by more than 0.40. An echo is by 0.7 to 0.93;
one that is taken away half of the time by 0.4 to 0.7."""
SURE = 0.65
"""Of pairs that are compared without a suspicion: two voices chosen at random were alike by 0.55 once in 1350 times."""
ENOUGH = 3 * PER_SECOND // 2
"""Rows with a voice: of less nothing can be told."""
VOICE = 32768**2 * 10 ** (-50 / 10)
"""Mean square of a voice at −50 dB of full scale."""
QUIET = 100.0
"""At −70 dB."""
WEAKER = 10 ** (-2 / 10)
"""A copy that is as loud as the voice is no echo of it: it is one sound in two places."""
_EDGES_HZ = (100, 200, 320, 480, 700, 1000, 1400, 2000, 2800, 4000)

Values = NDArray[np.float64]
Who = TypeVar("Who", bound=Hashable)


@dataclass(frozen=True)
class Heard:
    """One person's packets of the last seconds, oldest first, on rows of 20 ms that end at `until`."""

    packets: Sequence[Packet]
    until: float
    """Seconds of `time.monotonic()`."""

    def rows(self) -> list[bytes | None]:
        """The payload of each row; the sender's timestamps say which, counted from the soonest arrival."""
        found: list[bytes | None] = [None] * ROWS
        if not self.packets:
            return found
        stamps = np.array([packet[1] for packet in self.packets], np.int64)
        arrivals = np.array([packet[4] for packet in self.packets])
        ticks = (stamps - stamps[-1] + 2**31) % 2**32 - 2**31
        zero = float((arrivals - ticks / RATE).min())
        numbers = ROWS + np.rint(ticks * PER_SECOND / RATE).astype(int) + round((zero - self.until) * PER_SECOND)
        for number, packet in zip(numbers.tolist(), self.packets, strict=True):
            if 0 <= number < ROWS:
                found[number] = packet[3]
        return found


def suspicion(own: Sequence[bytes | None], voice: Sequence[bytes | None]) -> float:
    """How much the lengths of one person's packets follow another's, from 0 to 1; 0 where they do not."""
    lengths = [np.array([0 if one is None else len(one) for one in some]) for some in (own, voice)]
    if any(np.count_nonzero(some) < ROWS // 2 for some in lengths):
        return 0.0
    mine, theirs = (_shape(_smooth(_logged(some)[:, None], 1)) for some in lengths)
    speaks = lengths[1] > SPEAKS * np.percentile(lengths[1], 95)
    if np.count_nonzero(speaks) < ENOUGH:
        return 0.0
    peak, lag, elsewhere = _best(mine, theirs, speaks)
    return peak if lag >= EARLIEST and peak > max(SUSPECT, STANDS_OUT * elsewhere) else 0.0


def likeness(own: Values, voice: Values) -> float | None:
    """How surely `voice` comes back in `own`, from 0 to 1. None where too little was said to tell.

    own, voice: mean squares by row and band.
    """
    said = voice.sum(axis=1)
    floors = [np.maximum(np.percentile(one, 10, axis=0), QUIET / one.shape[1]) for one in (own, voice)]
    # The loudness of most of the sound, however little of it there is.
    loud = float(np.square(said).sum() / max(float(said.sum()), 1.0))
    speaks = said > max(loud * 10 ** (-15 / 10), 4 * float(floors[1].sum()))
    if loud < VOICE or np.count_nonzero(speaks) < ENOUGH:
        return None
    mine, theirs = (_shape(np.log(one + floor)) for one, floor in zip((own, voice), floors, strict=True))
    peak, lag, _ = _best(mine, theirs, speaks)
    later = np.flatnonzero(speaks[: ROWS - max(lag, 0)])
    if lag < EARLIEST or not len(later):
        return 0.0
    share = np.percentile(own.sum(axis=1)[later + lag] / said[later], 25)
    return peak if share < WEAKER else 0.0


def _best(own: Values, said: Values, speaks: NDArray[np.bool_]) -> tuple[float, int, float]:
    """The greatest correlation, how many rows later it is, and the greatest at other delays."""
    said = said * speaks[:, None]
    cross = _at_lags(own, said)
    power = _at_lags(np.square(own).sum(axis=1)[:, None], speaks[:, None].astype(float))
    of_said = _at_lags(np.ones((ROWS, 1)), np.square(said).sum(axis=1)[:, None])
    found = cross / np.sqrt(np.maximum(power, 1e-6) * np.maximum(of_said, 1e-6))
    best = int(found.argmax())
    elsewhere = found[np.abs(np.arange(len(found)) - best) > _ASIDE].max()
    return float(found[best]), int(_LAGS[best]), float(elsewhere)


def _at_lags(later: Values, earlier: Values) -> Values:
    """Σ later[t] · earlier[t − lag], over all columns, for each lag."""
    one, other = (np.fft.rfft(values, _SIZE, axis=0) for values in (later, earlier))
    return np.asarray(np.fft.irfft((one * np.conj(other)).sum(axis=1), _SIZE)[_LAGS])


def _logged(lengths: NDArray[np.int_]) -> Values:
    """What did not come is as long as the mean."""
    there = lengths > 0
    logs = np.log(np.maximum(lengths, 1))
    return np.asarray(np.where(there, logs, logs[there].mean()))


def _shape(values: Values) -> Values:
    """How each value departs from the mean over the second around it."""
    return np.asarray(values - _smooth(values, _HALF_S))


def _smooth(values: Values, rows: int) -> Values:
    """The mean over so many rows on either side."""
    sums = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))
    at = np.arange(len(values))
    low, high = np.maximum(at - rows, 0), np.minimum(at + rows + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])


def band_powers(frames: NDArray[np.float32]) -> Values:
    """frames: rows of 20 ms at 48 kHz, in 16-bit units. Returns the mean square in each band of 100 to 4000 Hz."""
    taper = np.hanning(frames.shape[1]).astype(np.float32)
    spectrum = np.square(np.abs(np.fft.rfft(frames * taper)))
    bins = [edge // PER_SECOND for edge in _EDGES_HZ]
    bands = [spectrum[:, low:high].sum(axis=1) for low, high in pairwise(bins)]
    whole = frames.shape[1] * float(np.square(taper).sum()) / 2
    return np.asarray(np.stack(bands, axis=1) / whole, np.float64)


class Ears(Generic[Who]):
    """Compares what pairs of people are heard to say. It decodes, so it belongs on a thread of its own."""

    def __init__(self) -> None:
        self._cleared: set[tuple[Who, Who]] = set()
        """Who was suspected the last time, for nothing."""
        self._turn = 0
        self._eager = 0
        """Looks in which more than one is still decoded."""
        self._compared: dict[frozenset[Who], int] = {}
        """In which look two were compared last."""

    def compare(
        self, heard: Mapping[Who, Heard], pairs: Iterable[tuple[Who, Who]], standing: Sequence[tuple[Who, Who]]
    ) -> dict[tuple[Who, Who], float | None]:
        """The likeness of pairs, each a microphone and a voice. Pairs that are not in the answer were not compared.

        However many there are, few are decoded: one of those that are `standing`, in turn, and of the others the most
        suspicious one, or lately after an echo four, those who were not compared for longest where fewer are suspect.
        Two who are decoded are compared both ways.
        """
        rows = {who: one.rows() for who, one in heard.items()}
        self._turn += 1
        fresh = [pair for pair in pairs if pair not in standing]
        chosen = [frozenset(standing[self._turn % len(standing)])] if standing else []
        suspects = {pair: suspicion(rows[pair[0]], rows[pair[1]]) for pair in fresh if pair not in self._cleared}
        chosen += self._likeliest(suspects, fresh)
        bands = {who: _listen(rows[who]) for who in {who for two in chosen for who in two}}
        found = {
            pair: likeness(bands[pair[0]], bands[pair[1]]) for pair in (*standing, *fresh) if frozenset(pair) in chosen
        }
        # Of whom nothing was suspected, only what is sure is told.
        for pair in [pair for pair in fresh if pair in found and not suspects.get(pair)]:
            if (found[pair] or 0.0) < SURE:
                del found[pair]
        began = any((found.get(pair) or 0.0) >= SAME for pair in fresh)
        self._eager = EAGER_LOOKS if began else max(0, self._eager - 1)
        self._compared = {two: self._compared.get(two, 0) for two in map(frozenset, pairs)} | dict.fromkeys(
            chosen, self._turn
        )
        self._cleared = {pair for pair in fresh if pair in found and (found[pair] or 0.0) < SAME}
        return found

    def _likeliest(
        self, suspects: Mapping[tuple[Who, Who], float], fresh: Sequence[tuple[Who, Who]]
    ) -> list[frozenset[Who]]:
        """Two by two: the most suspicious ones, then those who were not compared for longest."""
        worst = sorted((pair for pair in suspects if suspects[pair] > 0), key=lambda pair: -suspects[pair])
        longest = sorted(fresh, key=lambda pair: self._compared.get(frozenset(pair), 0)) if self._eager else []
        most = AT_ONCE if self._eager else 1
        return [*dict.fromkeys(frozenset(pair) for pair in (*worst, *longest))][:most]


def _listen(rows: Sequence[bytes | None]) -> Values:
    """The bands of each row; nothing where a packet is missing or cannot be decoded."""
    decoder = opus_decoder()
    frames = np.zeros((ROWS, RATE // PER_SECOND), np.float32)
    for number, payload in enumerate(rows):
        if payload is None:
            continue
        try:
            decoded = [frame.to_ndarray().ravel() for frame in decoder.decode(av.Packet(payload))]
        except av.FFmpegError:
            decoder = opus_decoder()
            continue
        for samples in decoded[:1]:
            frames[number, : len(samples)] = samples[: frames.shape[1]]
    return band_powers(frames)
