"""When each rotation begins, so that breaks are kept: by the ring's own gaps, or by letting it rest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Pairs = Sequence[tuple[int, int]]
"""(place in the ring's candidates, station) of each visit of a rotation."""


@dataclass(frozen=True)
class Wish:
    """A break of the person at a station: `needs` milliseconds free, somewhere from `opens` to `closes`."""

    at: int
    opens: int
    closes: int
    needs: int


def best_time(
    start_ms: int,
    shifts: Iterable[int],
    working: Callable[[int], Sequence[Pairs]],
    length: Callable[[Pairs], int],
    wishes: Sequence[Wish],
) -> tuple[int, list[int]]:
    """The shift of the ring that keeps most breaks and then ends soonest, and when each of its rotations begins.

    working: the visits of each rotation, by shift. length: how many milliseconds a rotation takes.
    """
    best: tuple[tuple[int, int], int, list[int]] | None = None
    for shift in shifts:
        begins, lost, ends = _run(start_ms, working(shift), length, wishes)
        if best is None or (lost, ends) < best[0]:
            best = ((lost, ends), shift, begins)
        if not lost and not _paused(start_ms, begins, working(shift), length):
            break
    assert best is not None
    return best[1], best[2]


def _paused(start_ms: int, begins: Sequence[int], rotations: Sequence[Pairs], length: Callable[[Pairs], int]) -> bool:
    ends = start_ms
    for begin, pairs in zip(begins, rotations, strict=True):
        if begin > ends:
            return True
        ends = begin + length(pairs)
    return False


def _run(
    start_ms: int, rotations: Sequence[Pairs], length: Callable[[Pairs], int], wishes: Sequence[Wish]
) -> tuple[list[int], int, int]:
    """When each rotation begins, how many breaks could not be kept, and when the ring ends."""
    free_from = {wish: wish.opens for wish in wishes}
    open_ = list(free_from)
    lost = 0
    now = start_ms
    begins = []
    for pairs in rotations:
        takes = length(pairs)
        stations = {at for _, at in pairs}
        now = _pause(now, takes, [wish for wish in open_ if wish.at in stations], free_from)
        for wish in [one for one in open_ if one.at in stations]:
            since = max(free_from[wish], wish.opens)
            if since + wish.needs <= min(now, wish.closes):
                open_.remove(wish)
            elif max(now + takes, wish.opens) + wish.needs > wish.closes:
                open_.remove(wish)
                lost += 1
            else:
                free_from[wish] = now + takes
        begins.append(now)
        now += takes
    return begins, lost, now


def _pause(now: int, takes: int, wishes: Sequence[Wish], free_from: dict[Wish, int]) -> int:
    """Until when the ring must rest before the next rotation; `now` when it need not."""
    until = now
    while True:
        later = until
        for wish in wishes:
            since = max(free_from[wish], wish.opens)
            kept = since + wish.needs <= min(later, wish.closes)
            after = max(later + takes, wish.opens) + wish.needs <= wish.closes
            if not kept and not after and since + wish.needs <= wish.closes:
                later = since + wish.needs
        if later == until:
            return until
        until = later
