"""Exams: who should be where, and the clock of the day that moves them.

An exam has slots; a slot has encounters, one per attempt; an encounter has a phase. `Exams` makes and finds
them, `Day` moves them: by the clock, and at an organiser's word. Each change is one compare-and-swap in the
database before anybody hears of it, so a killed server carries on where it was.
"""

from teleosce.exams.day import Day
from teleosce.exams.exams import Exams
from teleosce.exams.models import Cause, Encounter, Exam, Outcome, Phase, PhaseEntry, Slot, Timings
from teleosce.exams.phases import NEXT, RUNNING, Bell, following, warning_ms

__all__ = [
    "NEXT",
    "RUNNING",
    "Bell",
    "Cause",
    "Day",
    "Encounter",
    "Exam",
    "Exams",
    "Outcome",
    "Phase",
    "PhaseEntry",
    "Slot",
    "Timings",
    "following",
    "warning_ms",
]
