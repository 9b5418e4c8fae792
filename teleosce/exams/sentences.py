"""What a person is told who asks for what is not possible now."""

from teleosce.core.errors import Conflict
from teleosce.exams.models import Circuit, Encounter, Outcome, Phase

_SAID = {
    Phase.waiting: "has not begun yet",
    Phase.reading: "is in its reading phase",
    Phase.encounter: "is in its encounter phase",
    Phase.note: "is in its note phase",
    Phase.changeover: "is in its changeover",
    Phase.done: "is done",
}


def said(now: Encounter) -> str:
    """How an encounter stands, as the beginning of a sentence."""
    state = f"is {now.outcome}" if now.outcome in (Outcome.void, Outcome.missed) else _SAID[now.phase]
    return f"Station {now.position} {state}"


def otherwise(now: Encounter, consequence: str) -> Conflict:
    """It is not in the state that this needs."""
    return Conflict(f"{said(now)}. {consequence}", code="phase-is-other", details=_state(now))


def elsewhere(wanted: Encounter, other: Encounter) -> Conflict:
    """Somebody is in another running encounter."""
    held = set(wanted.people) & set(other.people)
    who = "The candidate" if wanted.candidate in held else "The standardized patient"
    if not held & {wanted.candidate, wanted.sp}:
        who = "Somebody of this station"
    return Conflict(
        f"{who} is still elsewhere: {said(other)}. This encounter waits; begin it when that one is done.",
        code="person-elsewhere",
        details=_state(other),
    )


def not_so(circuits: list[Circuit], consequence: str) -> Conflict:
    """Circuits that are not in the state that this needs."""
    how = ", ".join(f"{one.name} is {one.state}" for one in circuits) or "there is none"
    return Conflict(
        f"Of the circuits, {how}. {consequence}",
        code="circuit-is-other",
        details={"circuits": [{"circuit": one.name, "state": one.state, "rotation": one.rotation} for one in circuits]},
    )


def _state(now: Encounter) -> dict[str, object]:
    return {
        "encounter_id": now.id,
        "phase": now.phase.value,
        "phase_started_ms": now.phase_started_ms,
        "phase_ends_ms": now.phase_ends_ms,
        "outcome": now.outcome.value if now.outcome else None,
        "paused_ms": now.paused_ms,
    }
