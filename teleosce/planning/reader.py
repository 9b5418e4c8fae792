"""Reads `exam.yaml`: each fault with its line, and what the plan comes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from teleosce.planning.conflict import Conflict
from teleosce.planning.conflicts import conflicts
from teleosce.planning.models import Candidate, ExamPlan
from teleosce.planning.timetable import Bank, Timetable, timetable
from teleosce.stations import Finding, Severity
from teleosce.stations.snapshot import TEXT_LIMIT, printable
from teleosce.stations.validate import faults_of, validate
from teleosce.stations.yaml_lines import Document, parse


@dataclass(frozen=True)
class Draft:
    """What a plan comes to. `plan` is None when it has faults of form; `faults` are then all there is."""

    plan: ExamPlan | None
    table: Timetable | None
    said: list[Conflict]

    @property
    def sound(self) -> bool:
        """Whether an exam can be made of it."""
        return self.plan is not None and not any(one.blocks for one in self.said)


def look_at(content: Any, bank: Bank) -> Draft:
    """A plan as plain values: its faults of form by their place, or its timetable with what is wrong with that."""
    try:
        plan = ExamPlan.model_validate(content)
    except ValidationError as error:
        document = Document(content)
        said = dict.fromkeys(faults_of(error, ExamPlan, document))
        return Draft(None, None, [Conflict("not-valid", message, place=place) for place, message in said])
    return draft_of(plan, bank)


def draft_of(plan: ExamPlan, bank: Bank) -> Draft:
    """A plan with its timetable and everything there is to say about it."""
    table = timetable(plan, bank)
    return Draft(plan, table, conflicts(plan, table, bank))


def read_plan(path: Path, bank: Bank, candidates: Iterable[Candidate] | None = None) -> tuple[Draft, list[Finding]]:
    """The plan in a file, with `candidates` in place of its own if given, and all findings by line. Blocks.

    Never raises for what the file holds.
    """
    file = printable(str(path))
    text, fault = _text(path)
    if fault:
        return Draft(None, None, []), [Finding(file, fault[0], Severity.error, fault[1])]
    document = parse(text)
    found: list[Finding] = []
    plan = validate(document, ExamPlan, lambda line, said: found.append(Finding(file, line, Severity.error, said)))
    if plan is None:
        return Draft(None, None, []), sorted(found)
    if candidates is not None:
        plan = plan.model_copy(update={"candidates": tuple(candidates)})
    draft = draft_of(plan, bank)
    for one in draft.said:
        severity = Severity.error if one.blocks else Severity.warning
        found.append(Finding(file, document.line(one.place), severity, one.message))
    return draft, sorted(found)


def _text(path: Path) -> tuple[str, tuple[int, str] | None]:
    try:
        with path.open("rb") as file:
            content = file.read(4 * TEXT_LIMIT + 1)
    except OSError as error:
        return "", (1, f"This cannot be read: {error.strerror}.")
    if len(content) > 4 * TEXT_LIMIT:
        return "", (1, f"The file is larger than {4 * TEXT_LIMIT // 1024} KiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", (line, "The file is not UTF-8 here. Save it with the encoding UTF-8.")
    return text, None


def bank_of(versions: Mapping[str, Any]) -> Bank:
    """Versions by hash, and the newest of each by its folder's name. `versions`: by hash, the newest of each first."""
    by_slug: dict[str, Any] = {}
    for version in versions.values():
        by_slug.setdefault(version.slug, version)
    return {**versions, **by_slug}
