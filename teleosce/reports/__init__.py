"""What leaves the house: encounters as folders of plain files, and results.

`write_export` is one encounter with its forms' key presses and their hashes. `Results` makes an exam's submitted marks
into figures (`analysis`), into decisions that are kept for good (`Run`), and shows candidates those that are released;
`Feedbacks` says what of it each is shown, and when; `Credentials` gives those who passed something to show elsewhere.
`exports` is everything that leaves the house of an exam's results.
"""

from teleosce.reports.altered import altered_runs
from teleosce.reports.analyses import Analyses, Look
from teleosce.reports.credentials import Credentials
from teleosce.reports.export import Sources, write_export
from teleosce.reports.feedback import Feedback
from teleosce.reports.feedbacks import Feedbacks, FeedbackState, Standing, standing_of
from teleosce.reports.glance import glance_of
from teleosce.reports.panel import Newest, Panel, PanelState
from teleosce.reports.panels import Panels
from teleosce.reports.results import Results, add_result_rules
from teleosce.reports.rules import KeptResultRules, Method, ResultRules, Weights
from teleosce.reports.runs import Difference, Release, Run, RunHead

__all__ = [
    "Analyses",
    "Credentials",
    "Difference",
    "Feedback",
    "FeedbackState",
    "Feedbacks",
    "KeptResultRules",
    "Look",
    "Method",
    "Newest",
    "Panel",
    "PanelState",
    "Panels",
    "Release",
    "ResultRules",
    "Results",
    "Run",
    "RunHead",
    "Sources",
    "Standing",
    "Weights",
    "add_result_rules",
    "altered_runs",
    "glance_of",
    "standing_of",
    "write_export",
]
