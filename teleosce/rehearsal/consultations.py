"""Labelled consultations: written dialogues at three levels, with the turns that show each checklist item."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

from teleosce.stations import Line, MarkSheet

Level = Literal["strong", "borderline", "weak"]
LEVELS: tuple[Level, ...] = get_args(Level)
Mark = Literal["done", "partly", "not_done"]


class LabelledLine(Line):
    """One turn. shows: the ids of the checklist items that a fair examiner sees in it."""

    shows: tuple[str, ...] = ()


class Consultation(BaseModel):
    """A whole consultation of one candidate at one station, and what it deserves: the truth of a benchmark.

    half: methods are chosen on the development half and measured on the held-out one. marks: one for each item.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    station: str
    level: Level
    half: Literal["development", "held-out"]
    lines: tuple[LabelledLine, ...] = Field(min_length=2, max_length=400)
    marks: dict[str, Mark]
    overall: Literal["fail", "borderline", "pass", "good", "excellent"] = Field(alias="global")

    def turns(self, item: str) -> list[int]:
        """The places (from 0) of the lines that show an item."""
        return [place for place, line in enumerate(self.lines) if item in line.shows]


def read_consultation(path: Path) -> Consultation:
    """Blocks. Raises ValueError (pydantic's) for a file of another shape."""
    content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Consultation.model_validate(content)


def read_consultations(folder: Path) -> dict[tuple[str, Level], Consultation]:
    """All of a folder, by station and level. Blocks."""
    read = (read_consultation(path) for path in sorted(folder.glob("*.yaml")))
    return {(one.station, one.level): one for one in read}


def faults(consultation: Consultation, sheet: MarkSheet) -> list[str]:
    """What keeps a consultation from being whole: labels and marks that do not fit the sheet or each other."""
    return [*_misfits(consultation, sheet), *_one_sided(consultation)]


def _misfits(consultation: Consultation, sheet: MarkSheet) -> Iterator[str]:
    items = {item.id for item in sheet.items}
    yield from (f"no mark for {item}" for item in sorted(items - consultation.marks.keys()))
    yield from (
        f"a mark for {item}, which the sheet does not have" for item in sorted(consultation.marks.keys() - items)
    )
    for place, line in enumerate(consultation.lines):
        yield from (
            f"line {place} shows {item}, which the sheet does not have" for item in line.shows if item not in items
        )
        if len(set(line.shows)) < len(line.shows):
            yield f"line {place} shows an item twice"
    for item, mark in consultation.marks.items():
        if (mark == "not_done") == bool(consultation.turns(item)):
            yield f"{item} is {mark}, but {'has' if mark == 'not_done' else 'has no'} turn that shows it"


def _one_sided(consultation: Consultation) -> Iterator[str]:
    """Two people talk: both have their share, and nobody says more than two lines in a row."""
    said = [line.speaker for line in consultation.lines]
    yield from (f"the {speaker} says more than two lines in a row" for speaker, run in groupby(said) if len([*run]) > 2)
    if not 0.4 <= said.count("candidate") / len(said) <= 0.6:
        yield "one of the two has less than two fifths of the turns"
