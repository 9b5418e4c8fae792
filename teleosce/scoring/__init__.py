"""Scoring: forms that people fill in about an encounter.

A mark (examiner), an SP rating and a note (candidate) are the same thing here: a form with named fields, each
with its version. `Forms.save` writes what was changed and says what somebody changed meanwhile; every value that a
field ever had stays in its history. `Forms.progress` and `Forms.total` are computed from a form and its
station's layout. `Marking` keeps the rules of each exam and says whose an encounter is to mark; `Desks` keeps how each
person likes the page on which they mark.
"""

from teleosce.scoring.assignments import Assignment, AssignmentKind, Markers, Reassigned
from teleosce.scoring.desk import Desks, DeskSettings
from teleosce.scoring.fields import GRADES, ITEM_MARKS, Layout, MarkedItem, layout_of
from teleosce.scoring.forms import Forms
from teleosce.scoring.marking import Marking, add_rules
from teleosce.scoring.models import (
    Change,
    Entry,
    FieldConflict,
    Form,
    History,
    Kind,
    Saved,
    SaveResult,
    State,
    Step,
    Value,
)
from teleosce.scoring.rules import KeptRules, MarkingRules
from teleosce.scoring.score import Progress

__all__ = [
    "GRADES",
    "ITEM_MARKS",
    "Assignment",
    "AssignmentKind",
    "Change",
    "DeskSettings",
    "Desks",
    "Entry",
    "FieldConflict",
    "Form",
    "Forms",
    "History",
    "KeptRules",
    "Kind",
    "Layout",
    "MarkedItem",
    "Markers",
    "Marking",
    "MarkingRules",
    "Progress",
    "Reassigned",
    "SaveResult",
    "Saved",
    "State",
    "Step",
    "Value",
    "add_rules",
    "layout_of",
]
