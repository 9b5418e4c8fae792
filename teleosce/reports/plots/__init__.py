"""Plots that answer questions: each is a finding in words, a Vega-Lite specification and the same figures as a table.

`every_plot` makes those of an analysis, `of_candidate` that of one candidate of a decision run; `drawn` gives one its
colours and its width; `Pictures` makes an SVG of that in a process of its own, and `framed` fits it to its place.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from teleosce.reports.cohort import Cohort
from teleosce.reports.plots.candidate import of_candidate
from teleosce.reports.plots.fair import of_fair_plots
from teleosce.reports.plots.lines import of_lines
from teleosce.reports.plots.look import drawn, framed
from teleosce.reports.plots.pictures import Pictures
from teleosce.reports.plots.plot import Plot
from teleosce.reports.plots.sound import of_sound
from teleosce.reports.rules import ResultRules

__all__ = ["Pictures", "Plot", "drawn", "every_plot", "framed", "of_candidate"]

log = structlog.get_logger(__name__)


def every_plot(found: Mapping[str, Any], cohort: Cohort, rules: ResultRules) -> dict[str, list[dict[str, Any]]]:
    """The plots of an analysis by its parts, as JSON has them. A defect of one part leaves that part without any."""
    parts: dict[str, Callable[[], list[Plot]]] = {
        "sound": lambda: of_sound(found["sound"], cohort),
        "lines": lambda: of_lines(found["lines"], cohort, rules),
        "fair": lambda: of_fair_plots(found["fair"], cohort),
    }
    made = {}
    for part, make in parts.items():
        try:
            made[part] = [one.plain() for one in make()]
        except Exception:
            # A picture adds nothing to the figures; they must not be lost with it.
            log.exception("plots were not made", part=part)
            made[part] = []
    return made
