"""One thing that is not as it must be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Breach:
    """rule: a short stable word for programs. where: the encounter, file or form. said: a sentence for a person."""

    rule: str
    where: str
    said: str
