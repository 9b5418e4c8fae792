"""The one table of phases, their lengths and their bells. Pure: no clock, no database."""

from enum import StrEnum

from teleosce.exams.models import Encounter, Phase, Timings


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
"""The transition table. `done` is the end; voiding is the only other way there."""

RUNNING = (Phase.reading, Phase.encounter, Phase.note, Phase.changeover)
"""The phases that hold people in their room and run against the clock."""


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
    if encounter.phase is not Phase.encounter or encounter.phase_ends_ms is None:
        return None
    if not 0 < timings.warning_s < timings.encounter_s:
        return None
    return encounter.phase_ends_ms - 1000 * timings.warning_s
