"""Which times of a raw file can be believed: damage can turn a block's time into one that was never written. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from teleosce.recording.journal import LONGEST_MS

PAUSE_MS = 60_000.0
"""A longer step to a time that the journal does not know of is no pause."""


def believable(times: Sequence[float], reaches_ms: float) -> Sequence[int]:
    """The indices of the blocks of one track whose times, in ms and in the order of the file, can be believed.

    They were written in order, so those that are off the longest part that is in order are wrong. reaches_ms: the last
    time of which the journal tells.
    """
    ends = (*times[:1], *times[-1:])
    steps = (later - earlier for earlier, later in pairwise(times))
    if all(abs(end) <= LONGEST_MS for end in ends) and all(0 <= step <= PAUSE_MS for step in steps):
        return range(len(times))
    there = [index for index, at_ms in enumerate(times) if abs(at_ms) <= LONGEST_MS]
    kept: list[int] = []
    reached: float | None = None
    for index in _in_order(times, there):
        at_ms = times[index]
        if reached is None or at_ms - reached <= PAUSE_MS or at_ms <= reaches_ms + PAUSE_MS:
            kept.append(index)
            reached = at_ms
    return kept


def _in_order(times: Sequence[float], indices: Sequence[int]) -> Sequence[int]:
    """The longest part of the indices whose times never go back (Fredman 1975, by patience)."""
    tops: list[float] = []
    last: list[int] = []
    before: dict[int, int] = {}
    for index in indices:
        pile = bisect_right(tops, times[index])
        if pile:
            before[index] = last[pile - 1]
        tops[pile : pile + 1] = [times[index]]
        last[pile : pile + 1] = [index]
    found = last[-1:]
    while found and found[-1] in before:
        found.append(before[found[-1]])
    return found[::-1]
