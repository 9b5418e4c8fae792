"""How marking gets on: who is how far, how fast, and when it will be done. Pure.

Times are milliseconds since the epoch. Whatever is estimated carries a 95 % interval, and is None below the number of
marks that it needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb

from scipy.special import gammaincinv

BREAK_MS = 20 * 60_000
"""A longer silence at the desk is a break: it is no time spent marking. Long enough to watch an encounter through."""
WINDOW_MS = 24 * 3_600_000
"""The pace is that of the last day, nights and all."""
PACE_NEEDS = 5
LENGTH_NEEDS = 6
"""With fewer values no 95 % interval of a median exists that is free of assumptions."""
_TAIL = 0.025


@dataclass(frozen=True)
class Work:
    """One mark that somebody is to give, or gave. `touched_ms`: when anything was written on its sheet."""

    examiner: str | None
    touched_ms: tuple[int, ...] = ()
    submitted_ms: int | None = None


@dataclass(frozen=True)
class Between:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Pace:
    """How far somebody is, or all are together.

    begun: sheets with something on them that are not submitted. minutes: at the desk per submitted mark, the median.
    per_hour: marks per hour at the desk. ends_ms: when the rest will be done, at the pace of `window_ms`.
    """

    assigned: int
    begun: int
    submitted: int
    minutes: Between | None
    per_hour: Between | None
    ends_ms: Between | None
    window_ms: int = 0

    @property
    def left(self) -> int:
        """How many marks are still to be submitted."""
        return self.assigned - self.submitted


def pace_of(work: Iterable[Work], now_ms: int) -> Pace:
    """The pace of one examiner's work, or of everybody's."""
    every = list(work)
    done = sorted(one.submitted_ms for one in every if one.submitted_ms is not None)
    begun = sum(1 for one in every if one.submitted_ms is None and one.touched_ms)
    spent = [_at_desk(_moments(one)) / 60_000 for one in every if one.submitted_ms is not None]
    hours = sum(_at_desk(sorted(moments)) for moments in _by_examiner(every).values()) / 3_600_000
    ends_ms, window_ms = _end(every, done, now_ms)
    return Pace(
        assigned=len(every),
        begun=begun,
        submitted=len(done),
        minutes=median_between(spent),
        per_hour=rate_between(len(done), hours) if hours > 0 and len(done) >= PACE_NEEDS else None,
        ends_ms=ends_ms,
        window_ms=window_ms,
    )


def rate_between(count: int, span: float) -> Between:
    """Events per unit of time, with the exact interval of a Poisson count (Garwood, Biometrika 1936;28:437-442).

    Marks come more evenly than chance would have them, so it is rather too wide than too narrow.
    """
    low = float(gammaincinv(count, _TAIL)) if count else 0.0
    return Between(count / span, low / span, float(gammaincinv(count + 1, 1 - _TAIL)) / span)


def median_between(values: Sequence[float]) -> Between | None:
    """The median, and the order statistics that hold it in at least 95 of 100 samples, whatever the distribution.

    By the binomial distribution of how many values lie below the median (Conover, Practical Nonparametric Statistics,
    3rd edition, section 3.2). None for fewer than six values: then no such interval exists.
    """
    ordered, count = sorted(values), len(values)
    rank, below = 0, 0.0
    while (below := below + comb(count, rank) / 2**count) <= _TAIL:
        rank += 1
    if rank == 0:
        return None
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return Between(middle, ordered[rank - 1], ordered[count - rank])


def _end(work: Sequence[Work], done: Sequence[int], now_ms: int) -> tuple[Between | None, int]:
    """When the rest is done if it goes on as in the last day, or since the first sheet was opened if that is less."""
    left = len(work) - len(done)
    first = min((moment for one in work for moment in _moments(one)), default=now_ms)
    window_ms = min(WINDOW_MS, now_ms - first)
    lately = sum(1 for at_ms in done if at_ms > now_ms - window_ms)
    if left == 0 or lately < PACE_NEEDS or window_ms <= 0:
        return None, window_ms
    rate = rate_between(lately, window_ms)
    return Between(now_ms + left / rate.value, now_ms + left / rate.high, now_ms + left / rate.low), window_ms


def _moments(one: Work) -> list[int]:
    return sorted((*one.touched_ms, *(() if one.submitted_ms is None else (one.submitted_ms,))))


def _by_examiner(work: Iterable[Work]) -> dict[str | None, list[int]]:
    found: dict[str | None, list[int]] = {}
    for one in work:
        found.setdefault(one.examiner, []).extend(_moments(one))
    return found


def _at_desk(moments: Sequence[int]) -> int:
    """The time between the first moment and the last, without breaks."""
    gaps = (later - earlier for earlier, later in pairwise(moments))
    return sum(gap for gap in gaps if gap <= BREAK_MS)
