"""What the files of a station must say together, and advice on weak content."""

import re
from collections.abc import Iterator
from typing import Any

from teleosce.stations.findings import Severity, did_you_mean
from teleosce.stations.model import MarkSheet, Rehearsal, StationFile
from teleosce.stations.snapshot import Snapshot
from teleosce.stations.yaml_lines import Document

FILE = "station.yaml"
GRADES = ("fail", "borderline", "pass", "good", "excellent")
HOTWORDS = 24
"""More terms than this make Whisper hear worse, not better."""
READING_PACE = 200 / 60
"""Words in a second that a candidate under stress reads and understands."""


def station_rules(station: StationFile, document: Document, snapshot: Snapshot) -> None:
    """Rules of `station.yaml` that hold for a rest station as well."""
    times = station.timings
    if times.warning_s >= times.encounter_s:
        line = document.line(("timings", "warning_s"))
        snapshot.add(FILE, line, "The warning would ring before the encounter begins: make warning_s smaller.")
    if station.rest and station.candidates > 1:
        snapshot.add(FILE, document.line(("candidates",)), "At a rest station nobody meets: leave “candidates” out.")
    for index, stimulus in enumerate(station.stimuli):
        if isinstance(stimulus.shown, int) and stimulus.shown >= times.encounter_s:
            line = document.line(("stimuli", index, "shown"))
            snapshot.add(FILE, line, "This stimulus would be shown after the encounter has ended.")


def task_rules(station: StationFile, document: Document, snapshot: Snapshot, *, has_note: bool) -> None:
    """Rules of `station.yaml` for a station with a task."""
    if has_note and not station.timings.note_s:
        message = "There is a note.yaml, but note_s is 0: nobody could write the note."
        snapshot.add(FILE, document.line(("timings", "note_s")), message)
    if station.timings.note_s and not has_note:
        message = "There is time for a note, but no note.yaml to write it in."
        snapshot.add(FILE, document.line(("timings", "note_s")), message)
    if not station.domains:
        message = "A station needs at least one domain, as “history: History taking”."
        snapshot.add(FILE, document.line(("domains",)), message)
    for key in ("specialty", "licence", "author", "vocabulary", "blueprint"):
        if not getattr(station, key):
            snapshot.add(FILE, document.line((key,)), f"“{key}” is missing or empty.", Severity.warning)
    if len(station.vocabulary) > HOTWORDS:
        message = f"More than {HOTWORDS} terms of vocabulary make recognition worse. Keep the hardest ones."
        snapshot.add(FILE, document.line(("vocabulary",)), message, Severity.warning)


def door_note_rules(text: str, reading_s: int, snapshot: Snapshot) -> None:
    """An empty door note is a fault; one that cannot be read in time is weak."""
    words = len(text.split())
    if not words:
        snapshot.add("door-note.md", 1, "The door note is empty: the candidate would have nothing to read.")
    elif reading_s and words > reading_s * READING_PACE:
        message = f"{words} words are more than one can take in within {reading_s} seconds. Shorten the note."
        snapshot.add("door-note.md", 1, message, Severity.warning)


def mark_sheet_rules(sheet: MarkSheet, domains: dict[str, str], document: Document, snapshot: Snapshot) -> None:
    """Rules of `mark-sheet.yaml` against the domains of `station.yaml`."""
    file = "mark-sheet.yaml"
    if "domains" in (document.value or {}):
        line = document.line(("domains",))
        snapshot.add(file, line, "Domains stand in station.yaml. Move them there.")
    if not sheet.items:
        snapshot.add(file, document.line(("items",)), "A mark sheet needs items.")
    elif all(item.weight < 0 for item in sheet.items):
        snapshot.add(file, document.line(("items",)), "All items cost points, so there are none to reach.")
    for index, item in enumerate(sheet.items):
        if item.weight < 0 and not item.anchors.done:
            line = document.line(("items", index, "weight"))
            message = f"“{item.id}” costs points, so examiners need an anchor: say what done looks like."
            snapshot.add(file, line, message, Severity.warning)
        if item.critical and not (item.anchors.done and item.anchors.not_done):
            line = document.line(("items", index, "critical"))
            message = f"“{item.id}” is critical, so examiners need anchors: say what done and not done look like."
            snapshot.add(file, line, message, Severity.warning)
    for line, message in _weak_sheet(sheet, domains, document):
        snapshot.add(file, line, message, Severity.warning)


def _weak_sheet(sheet: MarkSheet, domains: dict[str, str], document: Document) -> Iterator[tuple[int, str]]:
    if 0 < len(sheet.items) < 10:
        yield document.line(("items",)), f"{len(sheet.items)} items are few: below 10 a station says little."
    missing = [grade for grade in GRADES if grade not in sheet.global_rating.anchors]
    if missing:
        line = document.line(("global_rating", "anchors"))
        yield line, f"The global rating does not say what these look like: {', '.join(missing)}."
    if not sheet.sp_rating:
        yield document.line(()), "There is no sp_rating: the SP's view of the candidate would be lost."
    idle = [domain for domain in domains if domain not in {item.domain for item in sheet.items if item.weight > 0}]
    if sheet.items and idle:
        yield 1, f"No item is worth points in: {', '.join(idle)}."


def note_item_rules(sheet: MarkSheet, document: Document, snapshot: Snapshot) -> None:
    """Items that are judged from a note, at a station without one."""
    for index, item in enumerate(sheet.items):
        if item.note:
            line = document.line(("items", index, "note"))
            message = f"“{item.id}” is judged from the note, but there is no note.yaml to write one in."
            snapshot.add("mark-sheet.yaml", line, message)


def rehearsal_rules(rehearsal: Rehearsal, document: Document, snapshot: Snapshot) -> None:
    """Both speak."""
    for speaker in ("candidate", "sp"):
        if all(line.speaker != speaker for line in rehearsal.lines):
            snapshot.add("rehearsal.yaml", document.line(("lines",)), f"The {speaker} says nothing in this dialogue.")


def vocabulary_rules(station: StationFile, document: Document, case: str, sheet: MarkSheet, snapshot: Snapshot) -> None:
    """A term of the mark sheet that the case does not have could make Whisper hear an expected answer."""
    for index, term in enumerate(station.vocabulary):
        if on_mark_sheet(term, sheet) and not _holds(case, term):
            line = document.line(("vocabulary", index))
            message = (
                f"“{term}” stands on the mark sheet but not in the door note or script: as vocabulary it "
                "could make the transcript show an answer nobody gave. Take terms from the case."
            )
            snapshot.add(FILE, line, message, Severity.warning)


def on_mark_sheet(term: str, sheet: MarkSheet) -> bool:
    """Whether a term stands in an item, its anchors or its cues."""
    answers = " ".join(
        text
        for item in sheet.items
        for text in (item.text, item.anchors.done, item.anchors.partly, item.anchors.not_done, *item.cues)
    )
    return _holds(answers, term)


def _holds(text: str, term: str) -> bool:
    """Whether a term stands in a text as whole words, however they are wrapped."""
    words = r"\s+".join(map(re.escape, term.split()))
    return re.search(rf"\b{words}\b", text, re.IGNORECASE) is not None


def list_rules(document: Document, key: str, file: str, snapshot: Snapshot) -> None:
    """Ids in a list are unique. Looks at what was written: a fault elsewhere must not hide this one."""
    first: dict[str, int] = {}
    for index, entry in entries(document, key):
        name, line = entry.get("id"), document.line((key, index, "id"))
        if isinstance(name, str) and name in first:
            snapshot.add(file, line, f"The id “{name}” is already used in line {first[name]}.")
        elif isinstance(name, str):
            first[name] = line


def domain_rules(document: Document, domains: dict[str, Any], snapshot: Snapshot) -> None:
    """Every item counts towards a domain of `station.yaml`. Looks at what was written."""
    for index, item in entries(document, "items"):
        domain = item.get("domain")
        if isinstance(domain, str) and domain not in domains:
            line = document.line(("items", index, "domain"))
            hint = did_you_mean(domain, domains) or f" Known here: {', '.join(domains) or 'none'}."
            message = f"Unknown domain “{domain}”.{hint} Domains stand in station.yaml."
            snapshot.add("mark-sheet.yaml", line, message)


def entries(document: Document, key: str) -> list[tuple[int, dict[str, Any]]]:
    """The mappings in a list of a document, with their index."""
    found = document.value.get(key) if isinstance(document.value, dict) else None
    return [(i, one) for i, one in enumerate(found) if isinstance(one, dict)] if isinstance(found, list) else []
