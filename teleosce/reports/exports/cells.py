"""What several tables of an exam have in common: columns, and how a value stands in a cell. Pure."""

import json
from typing import Any

from teleosce.reports.exports.table import Column
from teleosce.scoring import GRADES

CANDIDATE = Column("candidate", "The candidate's number; the id of the seat where there is none")
STATION = Column("station", "The station's title")
ENCOUNTER = Column("encounter", "The encounter's id")
UTC = "ISO 8601, UTC"
PERCENT = "percent"
RATINGS = ", ".join(GRADES)


def yes(value: bool) -> str:
    """Yes or no."""
    return "yes" if value else "no"


def verdict(passed: bool | None) -> str | None:
    """Whether somebody passed; None where that was not decided."""
    return None if passed is None else yes(passed)


def plain_json(content: Any) -> str:
    """What is no single value, as JSON that is the same for the same."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
