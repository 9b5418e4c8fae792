"""How far an examiner's marks of reference recordings are from the agreed ones. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from teleosce.scoring.fields import GRADES, ITEM_MARKS, Layout

WORST_FIRST = tuple(reversed(ITEM_MARKS))
"""The categories of a checklist item in their order: not done, partly, done."""
KAPPA_NEEDS = 10
"""Items: below, a kappa moves too far with each of them to be told."""


@dataclass(frozen=True)
class ItemCompared:
    """One item of one reference. points: own less agreed, in points of the station's percentage."""

    item: str
    agreed: str
    own: str
    points: float
    critical: bool

    @property
    def equal(self) -> bool:
        """Whether both gave the same mark."""
        return self.agreed == self.own


@dataclass(frozen=True)
class Compared:
    """One attempt at one reference. points: own station percentage less the agreed one; grade: the same in steps of the
    global rating.
    """

    items: tuple[ItemCompared, ...]
    points: float
    grade: int | None

    @property
    def equal(self) -> int:
        """How many items agree."""
        return sum(one.equal for one in self.items)


@dataclass(frozen=True)
class Agreement:
    """Over all references that somebody has marked.

    share: of items that agree; None without any. kappa: weighted; None while the items are too few or where it cannot
    be told. leniency: the mean of own less agreed station percentage, in points: above zero is lenient.
    """

    references: int
    items: int
    equal: int
    share: float | None
    kappa: float | None
    leniency: float | None


def compare(layout: Layout, agreed: Mapping[str, Any], own: Mapping[str, Any]) -> Compared:
    """One attempt with the agreed marks, by field; items that either has not marked are left out."""
    whole = sum(item.weight for item in layout.items.values() if item.weight > 0)
    items = []
    for name, item in layout.items.items():
        theirs, mine = agreed.get(f"item.{name}"), own.get(f"item.{name}")
        before, after = item.done(theirs), item.done(mine)
        if before is not None and after is not None:
            points = 100 * item.weight * (after - before) / whole
            items.append(ItemCompared(name, str(theirs), str(mine), points, item.critical))
    grades = agreed.get("global"), own.get("global")
    step = GRADES.index(grades[1]) - GRADES.index(grades[0]) if all(one in GRADES for one in grades) else None
    return Compared(tuple(items), sum(one.points for one in items), step)


def agreement(compared: Sequence[Compared]) -> Agreement:
    """Over the latest attempt at each reference."""
    items = [item for one in compared for item in one.items]
    equal = sum(item.equal for item in items)
    return Agreement(
        references=len(compared),
        items=len(items),
        equal=equal,
        share=equal / len(items) if items else None,
        kappa=weighted_kappa([(item.agreed, item.own) for item in items]) if len(items) >= KAPPA_NEEDS else None,
        leniency=fmean(one.points for one in compared) if compared else None,
    )


def weighted_kappa(pairs: Sequence[tuple[str, str]], categories: Sequence[str] = WORST_FIRST) -> float | None:
    """Agreement beyond chance, a miss by two categories counting twice a miss by one (linear weights).

    Cohen, Psychological Bulletin 1968;70:213-220. All categories count, whether they occur or not, so that a sheet
    without one of them is weighed as any other. None where chance alone would agree wholly, as when both gave every
    item the same mark.
    """
    place = {category: number for number, category in enumerate(categories)}
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    seen = sum(abs(place[one] - place[other]) for one, other in pairs) / len(pairs)
    by_chance = (
        sum(first[one] * second[other] * abs(place[one] - place[other]) for one in categories for other in categories)
        / len(pairs) ** 2
    )
    return 1 - seen / by_chance if by_chance else None


@dataclass(frozen=True)
class Gate:
    """Whether somebody may mark live: `references` of so many are to be marked, `share` of their items to agree.

    wanted: what the rules ask for, or all references there are if that is less: nobody is locked out by a rule that
    cannot be met. shut: those not marked yet that are closed for now.
    """

    wanted: int
    marked: int
    share_wanted: float
    share: float | None
    shut: int = 0

    @property
    def left(self) -> int:
        """How many references are still to be marked."""
        return max(0, self.wanted - self.marked)

    @property
    def open(self) -> bool:
        """Whether all that is asked for is done."""
        return self.wanted == 0 or (self.left == 0 and (self.share or 0.0) >= self.share_wanted)


def gate(wanted: int, share_wanted: float, there: int, done: Agreement, shut: int = 0) -> Gate:
    """The gate of an exam with `there` references, for somebody who has `done` this much."""
    return Gate(min(wanted, there), done.references, share_wanted, done.share, shut)
