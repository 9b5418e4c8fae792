"""Making all slots of an exam at once, in the caller's transaction: with everything else of a plan, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from teleosce.core.db import Connection
from teleosce.core.errors import Conflict
from teleosce.core.ids import new_id
from teleosce.exams import store, store_building
from teleosce.exams.exams import first_attempt
from teleosce.exams.models import LATER_ROUND, Circuit, CircuitState, Encounter, Policy, Slot, Timings


@dataclass(frozen=True)
class NewSlot:
    """A slot to be made, with the timings of its first encounter. Stations and rotations count from 1."""

    position: int
    rotation: int
    circuit: str
    station_hash: str
    timings: Timings
    candidate: str
    sp: str | None
    examiner: str | None
    extra: tuple[str, ...] = ()
    met_at: int | None = None
    joins: int | None = None
    """The place in the ring of the encounter in whose room this one is held; its candidate is among `extra` there."""


@dataclass(frozen=True)
class PreparedSlots:
    """Slots with their first encounters, not in any database yet."""

    slots: Sequence[Slot]
    firsts: Sequence[Encounter]


def prepare_slots(exam_id: str, wanted: Sequence[NewSlot], now_ms: int) -> PreparedSlots:
    """Everything that can be done before the database is held: thousands take a while. Pure but for new ids.

    Raises Conflict when somebody would have two slots in one rotation.
    """
    taken: set[tuple[int, str]] = set()
    for one in wanted:
        joins = one.joins is not None
        for who in (None if joins else one.candidate, one.sp, *one.extra, f"{one.circuit} {one.position}"):
            if who is not None and (one.rotation, who) in taken:
                raise Conflict(
                    f"Somebody has two slots in rotation {one.rotation}. Nothing was made.", code="slot-taken"
                )
            if who is not None:
                taken.add((one.rotation, who))
    slots = [
        Slot(
            new_id(),
            exam_id,
            one.position,
            one.rotation,
            one.circuit,
            one.station_hash,
            one.candidate,
            one.sp,
            one.examiner,
            one.extra,
            one.met_at,
        )
        for one in wanted
    ]
    firsts = [first_attempt(slot, one.timings, now_ms) for slot, one in zip(slots, wanted, strict=True)]
    places = {(one.circuit, one.rotation, one.position): first.id for one, first in zip(wanted, firsts, strict=True)}
    joined = [
        first if one.joins is None else replace(first, joins=places[one.circuit, one.rotation, one.joins])
        for one, first in zip(wanted, firsts, strict=True)
    ]
    return PreparedSlots(slots, joined)


async def add_slots(
    connection: Connection,
    exam_id: str,
    prepared: PreparedSlots,
    starts: Mapping[str, int],
    now_ms: int,
    *,
    sites: Mapping[str, str] | None = None,
) -> None:
    """The slots of an exam that has none, their first encounters, waiting, and circuits with their planned starts.

    sites: by circuit, whose later rounds are at the same.
    """
    for name in dict.fromkeys(one.circuit for one in prepared.slots):
        site = (sites or {}).get(name.partition(LATER_ROUND)[0], "")
        circuit = Circuit(exam_id, name, CircuitState.planned, 0, starts.get(name), now_ms, site)
        await store.add_circuit(connection, circuit)
    await store_building.add(connection, prepared.slots, prepared.firsts)


async def change_exam(
    connection: Connection, exam_id: str, *, title: str, zone: str, policy: Policy | None = None
) -> None:
    """Another title, zone and policy for an exam whose plan changes; the policy stays where none is given."""
    old = await store.exam(connection, exam_id)
    if old is not None:
        new = replace(old, title=title, zone=zone, policy=policy or old.policy)
        await store_building.change_exam(connection, new)
