"""Stations: folders that a clinician edits, read whole, checked line by line, and frozen once they are used.

`check` says everything that is wrong with a folder, `read` turns a sound one into a `StationVersion`, and
`StationStore` keeps versions for good, known by the hash of their content. Markdown stays text here: pages
render it.
"""

from teleosce.stations.findings import Finding, Severity, StationFaults, findings_text
from teleosce.stations.model import (
    Anchors,
    GlobalRating,
    Item,
    Line,
    MarkSheet,
    NoteField,
    NoteForm,
    RatingItem,
    Rehearsal,
    ScriptKind,
    ScriptPart,
    StationVersion,
    Stimulus,
    Timings,
)
from teleosce.stations.reader import check, read
from teleosce.stations.rules import HOTWORDS, on_mark_sheet
from teleosce.stations.store import StationStore

__all__ = [
    "HOTWORDS",
    "Anchors",
    "Finding",
    "GlobalRating",
    "Item",
    "Line",
    "MarkSheet",
    "NoteField",
    "NoteForm",
    "RatingItem",
    "Rehearsal",
    "ScriptKind",
    "ScriptPart",
    "Severity",
    "StationFaults",
    "StationStore",
    "StationVersion",
    "Stimulus",
    "Timings",
    "check",
    "findings_text",
    "on_mark_sheet",
    "read",
]
