"""Scoring: forms that people fill in about an encounter.

A mark (examiner), an SP rating and a note (candidate) are the same thing here: a form with named fields, each
with its version. `Forms.save` writes what was changed and says what somebody changed meanwhile; every value that a
field ever had stays in its history. `Forms.progress` and `Forms.total` are computed from a form and its
station's layout.
"""

from teleosce.scoring.fields import GRADES, ITEM_MARKS, Layout, MarkedItem, layout_of
from teleosce.scoring.forms import Forms
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
from teleosce.scoring.score import Progress

__all__ = [
    "GRADES",
    "ITEM_MARKS",
    "Change",
    "Entry",
    "FieldConflict",
    "Form",
    "Forms",
    "History",
    "Kind",
    "Layout",
    "MarkedItem",
    "Progress",
    "SaveResult",
    "Saved",
    "State",
    "Step",
    "Value",
    "layout_of",
]
