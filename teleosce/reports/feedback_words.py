"""The sentences of a candidate's feedback. Pure."""

from collections.abc import Mapping
from typing import Any

from teleosce.reports.cohort import CHECKLIST, NOTE, PARTS, SP_RATING
from teleosce.reports.rules import ResultRules, Weights

MARKS: Mapping[str, str] = {"done": "Done", "partly": "Partly done", "not_done": "Not done"}

_MEAN = "The pass mark is the mean of the cuts of the stations that you sat."
_SHARE = f"{_MEAN} A station's cut is a share, fixed beforehand, of the score that the best candidates reached."
MEANING: Mapping[str, str] = {
    "borderline-regression": f"{_MEAN} A station's cut is the score that goes with a performance rated as borderline, "
    "worked out from all candidates' scores and ratings.",
    "borderline-group": f"{_MEAN} A station's cut is the mean score of the performances that were rated as borderline.",
    "contrasting-groups": f"{_MEAN} A station's cut lies where the scores of those rated as failing and passing part.",
    "cohen": _SHARE,
    "modified-cohen": _SHARE,
    "angoff": f"{_MEAN} A panel judged for each station what a candidate who is just good enough would reach.",
    "fixed": f"{_MEAN} The cut was fixed beforehand, the same for every station.",
}
"""What the pass mark is, by the method that drew the line."""


def meaning(rules: ResultRules) -> str:
    """What the pass mark of a rule is."""
    added = f" To it {rules.sems:g} standard errors of measurement are added." if rules.sems else ""
    return MEANING[rules.method] + added + _made_of(rules.weights)


def _made_of(weights: Weights) -> str:
    """What makes up a station's score, where that is more than the mark sheet."""
    known = {CHECKLIST: weights.checklist, SP_RATING: weights.sp_rating, NOTE: weights.note or 0.0}
    parts = [f"the {PARTS[part]} (weight {weight:g})" for part, weight in known.items() if weight]
    return f" A station's score is made up of {', '.join(parts[:-1])} and {parts[-1]}." if len(parts) > 1 else ""


def outcome_words(passed: bool | None) -> str:
    """The result, kindly and without doubt."""
    if passed is None:
        return "There is no result for you yet"
    return "You passed" if passed else "You did not pass this time"


def percent(value: float, beside: float | None = None) -> str:
    """To one decimal; to two where it would look like the figure beside it, and is another."""
    digits = 2 if beside is not None and value != beside and f"{value:.1f}" == f"{beside:.1f}" else 1
    return f"{value:.{digits}f} %"


def figure_words(score: float, line: float | None, beside: str) -> str:
    """A score, what was needed, and where it stands."""
    needed = f"; {percent(line, score)} were needed" if line is not None else ""
    return f"You scored {percent(score, line)}{', ' if beside else ''}{beside}{needed}."


def among(score: float, low: float, high: float, of: int) -> str:
    """Where a score stands beside the middle half of everybody's."""
    where = "below" if score < low else "above" if score > high else "within"
    return f"{where} the middle half of all {of} ({low:.0f} to {high:.0f} %)"


def failed(own: Mapping[str, Any], rules: ResultRules, domains: Mapping[str, str]) -> list[str]:
    """Each part of the rule that was missed, as a sentence."""
    said = []
    for part in own["failed_by"]:
        kind, _, name = part.partition(":")
        if kind == "total":
            said.append("Your total is below the pass mark.")
        elif kind == "stations":
            said.append(
                f"You passed {own['stations_passed']} of {own['stations_sat']} stations; at least "
                f"{rules.stations * 100:.0f} % of them had to be passed."
            )
        elif kind == "critical":
            said.append("An item that must be done to pass was not done.")
        elif kind == "domain":
            reached, needed = own["domains"].get(name), rules.domains.get(name)
            if reached is not None and needed is not None:
                title = domains.get(name, name)
                said.append(
                    f"In “{title}” {percent(needed, reached)} were needed; you scored {percent(reached, needed)}."
                )
        elif kind == "unmarked":
            said.append(
                f"The rule asks for “{domains.get(name, name)}”, in which you have no mark, so nothing is decided."
            )
    return said
