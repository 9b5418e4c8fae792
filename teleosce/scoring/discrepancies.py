"""Where two marks of one encounter differ, and whether so far that somebody must settle it. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from teleosce.scoring.fields import GRADES, Layout
from teleosce.scoring.models import Form
from teleosce.scoring.rules import MarkingRules
from teleosce.scoring.score import total


class Dispute(StrEnum):
    """Which rule two marks break."""

    points = "points"
    grades = "grades"
    critical = "critical"


@dataclass(frozen=True)
class Discrepancy:
    """How two marks differ.

    points: between the station percentages, 0 to 100. grades: steps between the global ratings. items: those that were
    marked differently, in the order of the sheet; critical: those of them that are critical. disputes: the rules of the
    exam that this breaks.
    """

    points: float
    grades: int
    items: tuple[str, ...]
    critical: tuple[str, ...]
    disputes: tuple[Dispute, ...]

    @property
    def disputed(self) -> bool:
        """Whether it goes to a moderator."""
        return bool(self.disputes)

    @property
    def size(self) -> tuple[float, int, int, int]:
        """For sorting: by points, then steps of the global rating, critical items and items."""
        return round(self.points, 6), self.grades, len(self.critical), len(self.items)


def discrepancies(first: Form, second: Form, layout: Layout, rules: MarkingRules) -> Discrepancy:
    """Compares two submitted marks. What exactly reaches a limit of the rules breaks it."""
    one, other = first.values.get, second.values.get
    items = tuple(name for name, field in layout.fields.items() if one(field) != other(field))
    critical = tuple(name for name in items if layout.items[name].critical)
    points = abs((total(first, layout) or 0.0) - (total(second, layout) or 0.0))
    grades = abs(_step(first) - _step(second))
    disputes = []
    # Sums of weights carry an error in the last places: 10 points apart must not be 9.999….
    if rules.discrepancy_points is not None and points >= rules.discrepancy_points - 1e-9:
        disputes.append(Dispute.points)
    if rules.discrepancy_grades is not None and grades >= rules.discrepancy_grades:
        disputes.append(Dispute.grades)
    if rules.discrepancy_critical and critical:
        disputes.append(Dispute.critical)
    return Discrepancy(points, grades, items, critical, tuple(disputes))


def _step(form: Form) -> int:
    return GRADES.index(form.value("global"))
