"""Plans of exams: who is to be where when, worked out and checked before an exam is made of them.

A plan is one document, read from `exam.yaml` or from the builder page. `timetable` makes slots of it, pure and quick;
`conflicts` names everything that is wrong, by its place in the plan. Candidates come from spreadsheets row by row.
"""

from teleosce.planning.candidates import Imported, RowFinding, read_candidates
from teleosce.planning.conflicts import Conflict, conflicts
from teleosce.planning.models import Candidate, ExamPlan, Person
from teleosce.planning.reader import Draft, bank_of, draft_of, look_at, read_plan
from teleosce.planning.timetable import Bank, Ring, Timetable, Visit, timetable

__all__ = [
    "Bank",
    "Candidate",
    "Conflict",
    "Draft",
    "ExamPlan",
    "Imported",
    "Person",
    "Ring",
    "RowFinding",
    "Timetable",
    "Visit",
    "bank_of",
    "conflicts",
    "draft_of",
    "look_at",
    "read_candidates",
    "read_plan",
    "timetable",
]
