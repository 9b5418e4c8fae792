"""Plans of exams: who is to be where when, worked out and checked before an exam is made of them.

A plan is one document, read from `exam.yaml` or from the builder page. `timetable` makes slots of it, pure and quick;
`conflicts` names everything that is wrong, by its place in the plan. Candidates come from spreadsheets row by row.
`Plans` keeps plans and makes exams of them; what was made is read again as a `Schedule`, to be printed, put into
calendars and mailed with each person's link.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from teleosce.planning.blueprint import Blueprint, blueprint
from teleosce.planning.candidates import Imported, read_candidates
from teleosce.planning.conflict import Conflict
from teleosce.planning.conflicts import conflicts
from teleosce.planning.ics import calendar_of, calendar_of_all
from teleosce.planning.invitations import Invitations, Sent, window
from teleosce.planning.models import Candidate, Circuit, ExamPlan, Person, Place, PlanStation
from teleosce.planning.plans import Conflicts, Plans, forget_in_plan
from teleosce.planning.reader import Draft, bank_of, draft_of, look_at, read_plan
from teleosce.planning.reminders import Reminded, Reminders, Task
from teleosce.planning.schedule import Schedule, schedule_of
from teleosce.planning.sheets import Link, links_csv, links_xlsx, timetable_xlsx
from teleosce.planning.store_reminders import Reminder
from teleosce.planning.tables import RowFinding
from teleosce.planning.timetable import Bank, Ring, Timetable, Visit, timetable

if TYPE_CHECKING:
    from teleosce.planning.prints import cards_pdf, timetable_pdf


def __getattr__(name: str) -> Any:
    """What prints is loaded when it is asked for: it is large, and a server that was killed must be back at once."""
    if name in ("cards_pdf", "timetable_pdf"):
        return getattr(import_module("teleosce.planning.prints"), name)
    raise AttributeError(name)


__all__ = [
    "Bank",
    "Blueprint",
    "Candidate",
    "Circuit",
    "Conflict",
    "Conflicts",
    "Draft",
    "ExamPlan",
    "Imported",
    "Invitations",
    "Link",
    "Person",
    "Place",
    "PlanStation",
    "Plans",
    "Reminded",
    "Reminder",
    "Reminders",
    "Ring",
    "RowFinding",
    "Schedule",
    "Sent",
    "Task",
    "Timetable",
    "Visit",
    "bank_of",
    "blueprint",
    "calendar_of",
    "calendar_of_all",
    "cards_pdf",
    "conflicts",
    "draft_of",
    "forget_in_plan",
    "links_csv",
    "links_xlsx",
    "look_at",
    "read_candidates",
    "read_plan",
    "schedule_of",
    "timetable",
    "timetable_pdf",
    "timetable_xlsx",
    "window",
]
