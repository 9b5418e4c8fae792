"""One thing that is wrong with a plan, and the words that all of them are made of."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True)
class Conflict:
    """`kind` is for programs; `place` is where in the plan it can be mended: (`candidates`, 3), (`stations`, 0) …"""

    kind: str
    message: str
    blocks: bool = True
    place: tuple[str | int, ...] = ()


def again(names: Sequence[H]) -> Iterator[tuple[int, H]]:
    """Where something stands that stood before."""
    seen: set[H] = set()
    for at, name in enumerate(names):
        if name in seen:
            yield at, name
        seen.add(name)


def listed(names: Sequence[str]) -> str:
    """The first six, and how many more there are."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def count(number: int | None, noun: str) -> str:
    """“1 candidate”, “2 candidates”."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
