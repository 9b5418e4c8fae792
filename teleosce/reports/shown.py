"""What candidates see now of an exam's runs, and what they will see, in one sentence each. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from teleosce.reports.findings import count
from teleosce.reports.runs import Release


def shown(releases: Sequence[Release], group: str | None, now_ms: int) -> Release | None:
    """By which release somebody of a group sees results now: of those that show any, the one that began last."""
    open_now = [one for one in releases if one.shows(group, now_ms)]
    return max(open_now, key=lambda one: (one.from_ms, one.at_ms)) if open_now else None


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
    """What will be seen from a later time on, soonest first. when: a time in words."""
    coming = [one for one in releases if one.withdrawn_ms is None and one.from_ms > now_ms]
    return [
        f"From {when(one.from_ms)} on {whom(one.group)} will see run {numbers[one.run_id]}."
        for one in sorted(coming, key=lambda one: one.from_ms)
    ]


def whom(group: str | None) -> str:
    """To whom a release is."""
    return f"candidates of group {group}" if group else "all candidates"
