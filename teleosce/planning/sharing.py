"""Which candidates go round which ring: rounds as few as they can be, extra time in as few rings as can be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from teleosce.planning.models import ExamPlan


@dataclass(frozen=True)
class RingPlan:
    """One round of one circuit with its candidates, in the order in which they stand round the ring."""

    of: str
    round: int
    candidates: tuple[int, ...]


@dataclass(frozen=True)
class Sharing:
    """The rings that have somebody, by circuit and round, and who has no place in any."""

    rings: tuple[RingPlan, ...]
    left_out: tuple[int, ...]


@dataclass
class _Ring:
    of: str
    round: int
    room: int
    extra: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.room - len(self.extra) - len(self.others)


def share(plan: ExamPlan) -> Sharing:
    """Those who are pinned to a circuit first, then those with extra time, side by side, then all others, evenly."""
    size = len(plan.stations)
    if not size:
        return Sharing((), tuple(range(len(plan.candidates))))
    names = [circuit.name for circuit in plan.rings]
    rings = [
        _Ring(name, round_, size) for round_ in range(1, _rounds(plan, names) + 1) for name in dict.fromkeys(names)
    ]
    pinned = [index for index, one in enumerate(plan.candidates) if one.circuit in names]
    left: list[int] = []
    for name in dict.fromkeys(names):
        mine = [index for index in pinned if plan.candidates[index].circuit == name]
        left += _fill([ring for ring in rings if ring.of == name], plan, mine)
    rest = [index for index in range(len(plan.candidates)) if plan.candidates[index].circuit not in names]
    left += _fill(rings, plan, rest)
    made = [RingPlan(ring.of, ring.round, tuple(ring.extra + ring.others)) for ring in rings]
    return Sharing(tuple(ring for ring in made if ring.candidates), tuple(sorted(left)))


def _rounds(plan: ExamPlan, names: Sequence[str]) -> int:
    size = len(plan.stations)
    by_pins = [sum(one.circuit == name for one in plan.candidates) for name in names]
    needed = max([-(-len(plan.candidates) // (size * len(names))), *(-(-pins // size) for pins in by_pins), 1])
    return min(needed, plan.rounds) if plan.rounds else needed


def _fill(rings: list[_Ring], plan: ExamPlan, candidates: Sequence[int]) -> list[int]:
    """Puts them into the rings; returns those for whom there was no room."""
    extra = sorted(
        (i for i in candidates if plan.candidates[i].extra_percent),
        key=lambda index: (-plan.candidates[index].extra_percent, index),
    )
    others = [i for i in candidates if not plan.candidates[i].extra_percent]
    left: list[int] = []
    for index in extra:
        # Where others with extra time are already; else where most are free, the last circuit of the first round.
        roomy = [ring for ring in rings if ring.free > 0]
        slow = [ring for ring in roomy if ring.extra]
        ring = slow[0] if slow else max(roomy, key=lambda one: (-one.round, one.free, one.of), default=None)
        if ring is None:
            left.append(index)
        else:
            ring.extra.append(index)
    others = _by_group(plan, others)
    quick = [ring for ring in rings if not ring.extra]
    for round_ in sorted({ring.round for ring in quick}):
        others = _evenly([ring for ring in quick if ring.round == round_], others)
    slow = [ring for ring in rings if ring.extra]
    return left + _evenly(slow, others)


def _by_group(plan: ExamPlan, candidates: Sequence[int]) -> list[int]:
    """Groups side by side, in the order in which each first appears."""
    first: dict[str, int] = {}
    for index in candidates:
        first.setdefault(plan.candidates[index].group, index)
    return sorted(candidates, key=lambda index: (first[plan.candidates[index].group], index))


def _evenly(rings: Sequence[_Ring], candidates: list[int]) -> list[int]:
    """As many as there is room for, no ring fuller than another by more than one where it can be; returns the rest."""
    fits = candidates[: sum(ring.free for ring in rings)]
    counts = [0] * len(rings)
    for _ in fits:
        open_ = [at for at, ring in enumerate(rings) if ring.free > counts[at]]
        counts[min(open_, key=lambda at: (len(rings[at].others) + len(rings[at].extra) + counts[at], at))] += 1
    taken = iter(fits)
    for ring, count in zip(rings, counts, strict=True):
        ring.others += [next(taken) for _ in range(count)]
    return candidates[len(fits) :]
