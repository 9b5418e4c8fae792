"""Reads a station folder: one snapshot of its files, every fault of it, and the version it makes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from teleosce.stations import rules
from teleosce.stations.findings import Finding, Severity, StationFaults, did_you_mean
from teleosce.stations.model import (
    MARKDOWN_LIMIT,
    MarkSheet,
    Name,
    NoteForm,
    Rehearsal,
    ScriptPart,
    StationFile,
    StationVersion,
    Stimulus,
)
from teleosce.stations.script import FILE as SCRIPT
from teleosce.stations.script import script_parts
from teleosce.stations.snapshot import Snapshot, content_hash, printable, take
from teleosce.stations.stimuli import FOLDER as STIMULI
from teleosce.stations.stimuli import stimulus
from teleosce.stations.validate import validate
from teleosce.stations.yaml_lines import Document, parse

REQUIRED = ("door-note.md", SCRIPT, "mark-sheet.yaml")
OPTIONAL = ("note.yaml", "rehearsal.yaml")
FILES = ("station.yaml", *REQUIRED, *OPTIONAL)

M = TypeVar("M", bound=BaseModel)


def read(folder: Path) -> StationVersion:
    """The version a folder holds now. Raises StationFaults with all findings when it has errors. Blocks."""
    version, snapshot = load(folder)
    if version is None:
        raise StationFaults(printable(str(folder)), sorted(snapshot.findings))
    return version


def check(folder: Path) -> list[Finding]:
    """Everything there is to say about a folder, by file and line; never raises for its content. Blocks."""
    return sorted(load(folder)[1].findings)


def load(folder: Path) -> tuple[StationVersion | None, Snapshot]:
    """The version (None when there are errors) and the bytes and findings it was made from. Blocks."""
    snapshot = take(folder)
    if not snapshot.files and snapshot.findings:
        return None, snapshot
    made = _Folder(snapshot).version()
    failed = any(finding.severity is Severity.error for finding in snapshot.findings)
    return (None if failed else made), snapshot


@dataclass
class _Folder:
    snapshot: Snapshot

    def version(self) -> StationVersion | None:
        station, document = self.yaml("station.yaml", StationFile)
        slug = self.slug()
        rest = document.value.get("rest") is True if document else False
        self.strangers(rest=rest, station=station)
        stimuli = self.stimuli(station, document)
        if station and document:
            rules.station_rules(station, document, self.snapshot)
        door_note = "" if rest else self.door_note(station)
        script = () if rest else self.script()
        sheet = MarkSheet() if rest else self.mark_sheet(station, document)
        note = None if rest else self.note()
        rehearsal = None if rest else self.rehearsal()
        if not (station and document and slug and sheet):
            return None
        if not rest:
            rules.task_rules(station, document, self.snapshot, has_note="note.yaml" in self.snapshot.files)
            case = "\n".join([door_note, *(f"{part.title}\n{part.body}" for part in script)])
            rules.vocabulary_rules(station, document, case, sheet, self.snapshot)
        return StationVersion(
            **station.model_dump(exclude={"stimuli"}),
            slug=slug,
            hash=content_hash(self.snapshot.files),
            door_note=door_note,
            sp_script=script,
            mark_sheet=sheet.model_copy(update={"domains": station.domains}),
            note=note,
            stimuli=stimuli,
            rehearsal=rehearsal,
        )

    def slug(self) -> str | None:
        name = self.snapshot.folder.resolve().name
        try:
            return TypeAdapter[str](Name).validate_python(name)
        except ValidationError:
            message = "A station's folder is named with at most 40 lower-case letters, digits and single hyphens."
            self.snapshot.add("", 1, message)
            return None

    def text(self, file: str, *, needed: bool) -> str | None:
        content = self.snapshot.files.get(file)
        if content is None:
            if needed and file not in self.snapshot.refused:
                self.snapshot.add(file, 1, f"{file} is missing.")
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.snapshot.add(file, line, "The file is not UTF-8 here. Save it with the encoding UTF-8.")
            return None
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            self.snapshot.add(file, line, "There is a NUL character here: this is not a text file.")
            return None
        return text

    def yaml(self, file: str, model: type[M], *, needed: bool = True) -> tuple[M | None, Document | None]:
        text = self.text(file, needed=needed)
        if text is None:
            return None, None
        document = parse(text)
        made = validate(document, model, lambda line, message: self.snapshot.add(file, line, message))
        if not isinstance(document.value, dict):
            document.value = {}
        for key in document.value:
            rules.list_rules(document, key, file, self.snapshot)
        return made, document

    def stimuli(self, station: StationFile | None, document: Document | None) -> tuple[Stimulus, ...]:
        if not (station and document):
            return ()
        lines = [document.line(("stimuli", index, "file")) for index in range(len(station.stimuli))]
        made = (stimulus(entry, line, self.snapshot) for entry, line in zip(station.stimuli, lines, strict=True))
        return tuple(one for one in made if one)

    def markdown(self, file: str) -> str | None:
        text = self.text(file, needed=True)
        if text is not None and len(text) > MARKDOWN_LIMIT:
            self.snapshot.add(file, 1, f"The file is too long: at most {MARKDOWN_LIMIT} characters are taken.")
            return None
        return text

    def door_note(self, station: StationFile | None) -> str:
        text = self.markdown("door-note.md")
        if text is not None:
            rules.door_note_rules(text, station.timings.reading_s if station else 0, self.snapshot)
        return (text or "").strip()

    def script(self) -> tuple[ScriptPart, ...]:
        text = self.markdown(SCRIPT)
        return () if text is None else script_parts(text, self.snapshot)

    def mark_sheet(self, station: StationFile | None, station_document: Document | None) -> MarkSheet | None:
        sheet, document = self.yaml("mark-sheet.yaml", MarkSheet)
        domains = station_document.value.get("domains") if station_document else None
        if document and isinstance(domains, dict):
            rules.domain_rules(document, domains, self.snapshot)
        if sheet and document and station:
            rules.mark_sheet_rules(sheet, station.domains, document, self.snapshot)
            if "note.yaml" not in self.snapshot.files:
                rules.note_item_rules(sheet, document, self.snapshot)
        return sheet

    def note(self) -> NoteForm | None:
        return self.yaml("note.yaml", NoteForm, needed=False)[0]

    def rehearsal(self) -> Rehearsal | None:
        rehearsal, document = self.yaml("rehearsal.yaml", Rehearsal, needed=False)
        if rehearsal and document:
            rules.rehearsal_rules(rehearsal, document, self.snapshot)
        return rehearsal

    def strangers(self, *, rest: bool, station: StationFile | None) -> None:
        """Files that nothing reads: often a name with a slip in it."""
        named = {f"{STIMULI}/{entry.file}" for entry in station.stimuli} if station else set()
        for name in self.snapshot.files:
            if name.startswith(f"{STIMULI}/"):
                if station and name not in named:
                    message = "No stimulus in station.yaml names this file."
                    self.snapshot.add(name, 1, message, Severity.warning)
            elif rest and name != "station.yaml":
                self.snapshot.add(name, 1, "A rest station uses station.yaml only.", Severity.warning)
            elif name not in FILES:
                missing = [file for file in FILES if file not in self.snapshot.files]
                hint = did_you_mean(name, missing)
                self.snapshot.add(name, 1, f"No part of a station has this name.{hint}", Severity.warning)
