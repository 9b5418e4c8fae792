"""How the encounters of a circuit hold together. Pure: no clock, no database.

All encounters of a rotation begin together. Each then runs by its own timings, but the changeover is the ring's: it
ends for all when the last of them would be through with theirs. So an encounter that is lengthened holds the ring and
never breaks it.
"""

from collections.abc import Iterable, Sequence

from teleosce.exams.models import Circuit, Encounter, Phase
from teleosce.exams.phases import RUNNING, following, length_ms


def is_in(circuit: Circuit | None, encounter: Encounter) -> bool:
    """Whether the encounter runs as a part of the circuit's ring, and not by itself."""
    if encounter.joins is not None:
        return False  # it has the clock of the one that it joins
    if circuit is None or (circuit.exam_id, circuit.name) != (encounter.exam_id, encounter.circuit):
        return False
    return circuit.turns and encounter.phase in RUNNING and encounter.rotation == circuit.rotation


def through_ms(encounter: Encounter) -> int | None:
    """When a running encounter will be through with its changeover by its own timings; None while its clock stands."""
    if encounter.paused_ms is not None or (encounter.phase_ends_ms is None and encounter.phase is not Phase.changeover):
        return None
    if encounter.phase is Phase.changeover:
        return encounter.phase_started_ms + length_ms(Phase.changeover, encounter.timings)
    ends_ms, phase = encounter.phase_ends_ms or 0, following(encounter.phase, encounter.timings)
    while phase is not Phase.done:
        ends_ms += length_ms(phase, encounter.timings)
        phase = following(phase, encounter.timings)
    return ends_ms


def turns_ms(members: Iterable[Encounter]) -> int | None:
    """When the ring turns: all are through with their changeover. None while nobody knows; 0 when none is left."""
    ends = [through_ms(one) for one in members]
    known = [one for one in ends if one is not None]
    return max(known, default=0) if len(known) == len(ends) else None


def all_wait(members: Iterable[Encounter]) -> bool:
    """Whether nothing but the changeover is left of the rotation."""
    return all(one.phase is Phase.changeover for one in members)


def place(wanting: Sequence[Encounter], taken: Iterable[Encounter], after: int) -> dict[str, int]:
    """Rotations later than `after` for attempts, by their ids: the first in which people and station are free."""
    busy: dict[int, set[object]] = {}
    for one in taken:
        busy.setdefault(one.rotation, set()).update(_holds(one))
    placed = {}
    for one in wanting:
        rotation = after + 1
        while busy.get(rotation, set()) & _holds(one):
            rotation += 1
        busy.setdefault(rotation, set()).update(_holds(one))
        placed[one.id] = rotation
    return placed


def _holds(encounter: Encounter) -> set[object]:
    return {encounter.position, *encounter.people}
