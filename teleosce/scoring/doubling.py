"""Which encounters get a blind second marking, and from whom. Pure; the same each time it is run."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from math import floor

from teleosce.exams import Encounter, Outcome
from teleosce.scoring.fields import SHEETS
from teleosce.scoring.models import Form
from teleosce.scoring.rules import MarkingRules

Place = tuple[str, int]
"""A station's place: the circuit, and the position in its ring."""


def counts(encounter: Encounter) -> bool:
    """Whether an encounter is one that marks are made of: not void, and not one to which nobody came."""
    return encounter.outcome in (None, Outcome.completed)


def practised(forms: Sequence[Form]) -> set[str]:
    """Who has practised on an encounter, or written its agreed marks: they cannot mark it blind."""
    return {one.author_id for one in forms if one.kind in SHEETS}


def by_share(
    encounters: Sequence[Encounter], first: Mapping[str, str], doubled: Collection[str], share: float
) -> set[str]:
    """Ids of encounters to be marked twice, besides those that are, so that the share is reached everywhere.

    first: the first marker of each that has one. doubled: what is marked twice already. Each station and, within it,
    each examiner gets its share, to within one encounter; which of theirs is a matter of the ids alone. Those that
    were chosen before stay, so encounters that come or go move few of the others.
    """
    groups: dict[tuple[int, str], list[str]] = defaultdict(list)
    for one in encounters:
        if counts(one) and one.id in first:
            groups[one.position, first[one.id]].append(one.id)
    chosen, before = set[str](), 0
    for _, ids in sorted(groups.items()):
        wanted = floor((before + len(ids)) * share + 0.5) - floor(before * share + 0.5)
        before += len(ids)
        left = sorted((one for one in ids if one not in doubled), key=_by_chance)
        chosen.update(left[: max(0, wanted - (len(ids) - len(left)))])
    return chosen


def near_cut(percent: float | None, rules: MarkingRules, cut: float | None = None) -> bool:
    """Whether a first mark, in per cent, is so near to the cut that the encounter is marked twice.

    cut: the station's, in per cent; None while it is not known: then the provisional one of the rules.
    """
    if percent is None or rules.double_near_cut is None:
        return False
    return abs(percent - (rules.provisional_cut if cut is None else cut)) <= rules.double_near_cut + 1e-9


def second_marker(
    encounter: Encounter,
    first: str,
    examiners: Collection[str],
    places: Mapping[str, Collection[Place]],
    load: Mapping[str, int],
) -> str | None:
    """Who marks an encounter a second time; None when the exam has no other examiner.

    places: where each examines. load: how many second markings each has. Nobody who sat at that station of that
    circuit, if there is another; then whoever has the fewest; then one who knows the station from another circuit.
    """
    here = (encounter.circuit, encounter.position)

    def rank(seat: str) -> tuple[bool, int, bool, str]:
        theirs = places.get(seat, ())
        knows = any(position == encounter.position for _, position in theirs)
        return here in theirs, load.get(seat, 0), not knows, _by_chance(encounter.id + seat)

    others = [seat for seat in examiners if seat not in (first, *encounter.people)]
    return min(others, key=rank, default=None)


def _by_chance(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
