"""What was found."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, in a sentence, and what to do where all is not well."""

    what: str
    verdict: Verdict
    said: str
    do: str = ""
