"""Exams: who should be where, and the clock of the day that moves them.

An exam has circuits, these have slots; a slot has encounters, one per attempt; an encounter has a phase. `Exams` makes
and finds them, `Day` moves them: by the clock, and at an organiser's word. Each change is one compare-and-swap in the
database before anybody hears of it, so a killed server carries on where it was.
"""

from teleosce.exams.building import NewSlot, PreparedSlots, add_slots, change_exam, prepare_slots
from teleosce.exams.day import Day
from teleosce.exams.exams import Exams
from teleosce.exams.held import hold
from teleosce.exams.incidents import Decision, Incident, IncidentKind, Lost, Wrong
from teleosce.exams.ledger import Ledger
from teleosce.exams.models import (
    LATER_ROUND,
    Attendance,
    Cause,
    Circuit,
    CircuitState,
    Encounter,
    Exam,
    Identified,
    Message,
    Outcome,
    Phase,
    PhaseEntry,
    Policy,
    Slot,
    Timings,
)
from teleosce.exams.phases import NEXT, RUNNING, Bell, exam_state, following, warning_ms

__all__ = [
    "LATER_ROUND",
    "NEXT",
    "RUNNING",
    "Attendance",
    "Bell",
    "Cause",
    "Circuit",
    "CircuitState",
    "Day",
    "Decision",
    "Encounter",
    "Exam",
    "Exams",
    "Identified",
    "Incident",
    "IncidentKind",
    "Ledger",
    "Lost",
    "Message",
    "NewSlot",
    "Outcome",
    "Phase",
    "PhaseEntry",
    "Policy",
    "PreparedSlots",
    "Slot",
    "Timings",
    "Wrong",
    "add_slots",
    "change_exam",
    "exam_state",
    "following",
    "hold",
    "prepare_slots",
    "warning_ms",
]
