"""Scoring: forms that people fill in about an encounter.

A mark (examiner), an SP rating and a note (candidate) are the same thing here: a form with named fields, each
with its version. `Forms.save` writes what was changed and says what somebody changed meanwhile; every value that a
field ever had stays in its history. `Forms.progress` and `Forms.total` are computed from a form and its
station's layout. `Marking` keeps the rules of each exam, says whose an encounter is to mark, and what counts of its
marks. `Calibration` knows the reference recordings on which examiners practise; `pace_of` and `watch` tell how marking
gets on and whose marks stand out, both pure. `Desks` keeps how each person likes the page on which they mark.
"""

from teleosce.scoring.agreement import Agreement, Compared, Gate, agreement, compare, gate
from teleosce.scoring.assignments import Assignment, AssignmentKind, Markers, Reassigned
from teleosce.scoring.calibration import Calibration, Practice, forget_reference, together
from teleosce.scoring.desk import Desks, DeskSettings
from teleosce.scoring.discrepancies import Discrepancy, Dispute, discrepancies
from teleosce.scoring.feedback import FeedbackRules, KeptFeedbackRules
from teleosce.scoring.fields import GRADES, ITEM_MARKS, SHEETS, Layout, MarkedItem, layout_of, marked_item
from teleosce.scoring.forms import Forms
from teleosce.scoring.handed_in import Sheet
from teleosce.scoring.marking import Marking, add_rules
from teleosce.scoring.models import (
    OPEN,
    SHUT,
    Change,
    Entry,
    FieldConflict,
    Form,
    History,
    Kind,
    Saved,
    SaveResult,
    Shown,
    State,
    Step,
    Value,
    WritableForm,
)
from teleosce.scoring.moderation import Case
from teleosce.scoring.pace import Pace, Work, pace_of
from teleosce.scoring.records import COUNTS, Record, Sourced, Status
from teleosce.scoring.rules import KeptRules, MarkingRules
from teleosce.scoring.score import Progress
from teleosce.scoring.second_marks import Doubled
from teleosce.scoring.store_calibration import Reference
from teleosce.scoring.store_feedback import feedback_rules
from teleosce.scoring.watch import Estimate, Given, Watched, uniform, watch

__all__ = [
    "COUNTS",
    "GRADES",
    "ITEM_MARKS",
    "OPEN",
    "SHEETS",
    "SHUT",
    "Agreement",
    "Assignment",
    "AssignmentKind",
    "Calibration",
    "Case",
    "Change",
    "Compared",
    "DeskSettings",
    "Desks",
    "Discrepancy",
    "Dispute",
    "Doubled",
    "Entry",
    "Estimate",
    "FeedbackRules",
    "FieldConflict",
    "Form",
    "Forms",
    "Gate",
    "Given",
    "History",
    "KeptFeedbackRules",
    "KeptRules",
    "Kind",
    "Layout",
    "MarkedItem",
    "Markers",
    "Marking",
    "MarkingRules",
    "Pace",
    "Practice",
    "Progress",
    "Reassigned",
    "Record",
    "Reference",
    "SaveResult",
    "Saved",
    "Sheet",
    "Shown",
    "Sourced",
    "State",
    "Status",
    "Step",
    "Value",
    "Watched",
    "Work",
    "WritableForm",
    "add_rules",
    "agreement",
    "compare",
    "discrepancies",
    "feedback_rules",
    "forget_reference",
    "gate",
    "layout_of",
    "marked_item",
    "pace_of",
    "together",
    "uniform",
    "watch",
]
