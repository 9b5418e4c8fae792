"""The one table of transitions, of encounters and of circuits; lengths and bells. Pure: no clock, no database."""

from collections.abc import Iterable
from enum import StrEnum

from teleosce.exams.models import CircuitState, Encounter, Phase, Timings


class Bell(StrEnum):
    """What a bell says."""

    start = "start"
    warning = "warning"
    end = "end"


NEXT = {
    Phase.waiting: Phase.reading,
    Phase.reading: Phase.encounter,
    Phase.encounter: Phase.note,
    Phase.note: Phase.changeover,
    Phase.changeover: Phase.done,
}
"""The transition table. `done` is the end; voiding, a no-show and a hard stop are the only other ways there."""

RUNNING = (Phase.reading, Phase.encounter, Phase.note, Phase.changeover)
"""The phases that hold people in their room and run against the clock."""

CIRCUIT_NEXT = {
    CircuitState.planned: (CircuitState.gathering, CircuitState.running, CircuitState.finished),
    CircuitState.gathering: (CircuitState.planned, CircuitState.running, CircuitState.finished),
    CircuitState.running: (CircuitState.paused, CircuitState.stopping, CircuitState.planned, CircuitState.finished),
    CircuitState.paused: (CircuitState.running, CircuitState.stopping, CircuitState.planned, CircuitState.finished),
    CircuitState.stopping: (CircuitState.planned, CircuitState.finished),
    CircuitState.finished: (CircuitState.planned,),
}
"""Where a circuit may go: `finished` becomes `planned` when an attempt is added, `planned` becomes `finished` when its
last encounter was held by hand; the others as people and clock say."""


def exam_state(circuits: Iterable[CircuitState]) -> CircuitState:
    """The state of an exam: that of its most active circuit; finished when all are."""
    found = set(circuits)
    active = (CircuitState.running, CircuitState.stopping, CircuitState.paused, CircuitState.gathering)
    for state in active:
        if state in found:
            return state
    return CircuitState.finished if found == {CircuitState.finished} else CircuitState.planned


def length_ms(phase: Phase, timings: Timings) -> int:
    """The length of a running phase; 0 means that the station does without it."""
    seconds = {
        Phase.reading: timings.reading_s,
        Phase.encounter: timings.encounter_s,
        Phase.note: timings.note_s,
        Phase.changeover: timings.changeover_s,
    }
    return 1000 * seconds[phase]


def following(phase: Phase, timings: Timings) -> Phase:
    """The phase after this one, passing over those of no length. `done` has none: raises KeyError."""
    after = NEXT[phase]
    while after is not Phase.done and length_ms(after, timings) == 0:
        after = NEXT[after]
    return after


def boundary_bell(left: Phase, entered: Phase) -> tuple[Bell, Phase] | None:
    """The one bell between two phases, and the phase it belongs to; none when the changeover is over."""
    if entered in (Phase.reading, Phase.encounter):
        return Bell.start, entered
    if left in (Phase.encounter, Phase.note):
        return Bell.end, left
    return None


def warning_ms(encounter: Encounter) -> int | None:
    """When the warning bell is to ring; None outside the encounter, or when it would ring at once."""
    timings = encounter.timings
    if encounter.phase is not Phase.encounter or encounter.phase_ends_ms is None or encounter.paused_ms is not None:
        return None
    if not 0 < timings.warning_s < timings.encounter_s:
        return None
    return encounter.phase_ends_ms - 1000 * timings.warning_s
