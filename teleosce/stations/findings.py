"""What a check finds in a station folder, and how it is said."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from enum import StrEnum

from teleosce.core.errors import Invalid


class Severity(StrEnum):
    """An error keeps a station from being used; a warning is advice."""

    error = "error"
    warning = "warning"


@dataclass(frozen=True, order=True)
class Finding:
    """One remark on one place. Lines count from 1; a remark on a whole file stands at line 1."""

    file: str
    line: int
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message}"


class StationFaults(Invalid):
    """A station folder cannot be used; `findings` says why, warnings included."""

    default_code = "station-faults"

    def __init__(self, folder: str, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        errors = [finding for finding in self.findings if finding.severity is Severity.error]
        super().__init__(
            f"The station in {folder} cannot be used yet: {_counted(len(errors), 'error')}, the first being "
            f"“{errors[0]}” Nothing was changed. `teleosce station check` lists them all.",
            details=[asdict(finding) for finding in self.findings],
        )


def findings_text(findings: Iterable[Finding]) -> str:
    """One line per finding, as editors and terminals understand it, and a line that counts them."""
    found = list(findings)
    errors = sum(finding.severity is Severity.error for finding in found)
    if not found:
        return "No findings."
    total = f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}."
    return "\n".join([*map(str, found), total])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """“ Did you mean …?” with a leading space, or nothing when no known word is near."""
    near = get_close_matches(word.lower().replace("_", "-"), names := list(known), n=1, cutoff=0.6)
    near = near or get_close_matches(word, names, n=1, cutoff=0.6)
    return f" Did you mean “{near[0]}”?" if near else ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
