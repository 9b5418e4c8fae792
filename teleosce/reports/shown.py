"""What candidates see now of an exam's runs, and what they will see, in one sentence each. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from teleosce.reports.findings import count
from teleosce.reports.runs import Release


def newest(releases: Sequence[Release], group: str | None, now_ms: int) -> Release | None:
    """Of the releases to somebody of a group whose time has come, the one made last, taken back since or not."""
    return max((one for one in began(releases, group) if one.from_ms <= now_ms), key=_rank, default=None)


def shown(releases: Sequence[Release], group: str | None, now_ms: int) -> Release | None:
    """By which release somebody of a group sees results now.

    Where the newest was taken back they see nothing: what it had replaced does not come back by itself, as a result
    that was put right would turn into the wrong one again.
    """
    one = newest(releases, group, now_ms)
    return one if one is not None and one.withdrawn_ms is None else None


def coming(releases: Sequence[Release], group: str | None, now_ms: int) -> list[Release]:
    """By which releases somebody of a group will see results, soonest first; not those that a newer one stands over."""
    mine = began(releases, group)
    later = [one for one in mine if one.from_ms > now_ms and one.withdrawn_ms is None]
    free = [one for one in later if newest(mine, group, one.from_ms) == one]
    return sorted(free, key=lambda one: one.from_ms)


def began(releases: Sequence[Release], group: str | None) -> list[Release]:
    """Releases to somebody of a group, but for those that were taken back before their time came."""
    mine = [one for one in releases if one.group in (None, group)]
    return [one for one in mine if one.withdrawn_ms is None or one.from_ms <= one.withdrawn_ms]


def _rank(one: Release) -> tuple[int, int]:
    return one.at_ms, one.from_ms


def seen_now(releases: Sequence[Release], groups: Sequence[str | None], numbers: Mapping[str, int], now_ms: int) -> str:
    """What candidates see now. groups: of each candidate; numbers: of runs by id."""
    seen = Counter(
        numbers[one.run_id] if (one := shown(releases, group, now_ms)) is not None else 0 for group in groups
    )
    if not groups:
        return "The exam has no candidates."
    if set(seen) == {0}:
        return "Candidates see no results: nothing is released to them."
    if len(seen) == 1:
        (number,) = seen
        return f"All {count(len(groups), 'candidate')} see what run {number} says of them."
    parts = [f"{many} see run {number}" for number, many in sorted(seen.items()) if number]
    return f"{', '.join(parts)}" + (f"; {seen[0]} see nothing." if seen[0] else ".")


def seen_later(
    releases: Sequence[Release], numbers: Mapping[str, int], now_ms: int, when: Callable[[int], str]
) -> list[str]:
    """What will be seen from a later time on, soonest first. when: a time in words.

    A release in whose place a newer one will stand by then is left out.
    """
    stand = [one for one in releases if one.withdrawn_ms is None or one.from_ms <= one.withdrawn_ms]
    later = [one for one in stand if one.from_ms > now_ms and one.withdrawn_ms is None]
    said = []
    for one in sorted(later, key=lambda one: one.from_ms):
        newer = {by.group for by in stand if by.from_ms <= one.from_ms and _rank(by) > _rank(one)}
        if not newer & {None, one.group}:
            others = sorted(group for group in newer if group) if one.group is None else []
            but = f" but those of {' and '.join(f'group {group}' for group in others)}" if others else ""
            said.append(f"From {when(one.from_ms)} on {whom(one.group)}{but} will see run {numbers[one.run_id]}.")
    return said


def whom(group: str | None) -> str:
    """To whom a release is."""
    return f"candidates of group {group}" if group else "all candidates"
