"""What the figures say, in one sentence each, and the published rules of thumb that they stand beside. Pure.

A rule of thumb is a line to compare with and no verdict: each has its source.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Answer = Mapping[str, Any]

GUIDE = "Pell, Fuller, Homer & Roberts, AMEE guide 49, Med Teach 2010"
DOWNING = "Downing, Reliability: on the reproducibility of assessment data, Med Educ 2004"
EBEL = "Ebel & Frisbie, Essentials of educational measurement, 1991"
KOCH = "Landis & Koch, Biometrics 1977"
KOO = "Koo & Li, J Chiropr Med 2016"
KRIPPENDORFF = "Krippendorff, Content analysis, 2004"
HOMER = "Homer, Pell, Fuller & Patterson, Med Teach 2016"


METHOD_NAMES: Mapping[str, str] = {
    "borderline-regression": "Borderline regression",
    "borderline-group": "Borderline group",
    "contrasting-groups": "Contrasting groups",
    "cohen": "Cohen, 0.60 of the 95th percentile",
    "modified-cohen": "Cohen, 0.65 of the 90th percentile",
    "angoff": "Angoff, by a panel",
    "fixed": "A fixed line",
}
"""The ways to a cut, as people call them."""


@dataclass(frozen=True)
class Thumb:
    """A published rule of thumb: the line, whether figures lie at or above it, and where it was published."""

    line: float
    above: bool
    digits: int
    unit: str
    source: str

    @property
    def words(self) -> str:
        """Such as “0.50 or more”."""
        return f"{number(self.line, self.digits)}{self.unit} {'or more' if self.above else 'or less'}"

    def missed(self, value: float | None) -> bool:
        """Whether a figure lies on the other side, as it is shown: rounded."""
        if value is None:
            return False
        shown = round(value, self.digits)
        return shown < self.line if self.above else shown > self.line

    @property
    def side(self) -> str:
        """How a figure on the other side is called."""
        return f"{'below' if self.above else 'above'} {number(self.line, self.digits)}"


THUMBS: Mapping[str, Thumb] = {
    "alpha": Thumb(0.80, True, 2, "", DOWNING),
    "total_correlation": Thumb(0.20, True, 2, "", EBEL),
    "r2": Thumb(0.50, True, 2, "", GUIDE),
    "discrimination": Thumb(10, True, 1, " points", GUIDE),
    "between_circuits": Thumb(30, False, 0, " %", GUIDE),
    "item": Thumb(0.20, True, 2, "", EBEL),
    "kappa": Thumb(0.61, True, 2, "", KOCH),
    "icc": Thumb(0.75, True, 2, "", KOO),
    "krippendorff": Thumb(0.67, True, 2, "", KRIPPENDORFF),
    "cohort": Thumb(50, True, 0, " candidates", HOMER),
}
"""The lines, by the figure that they are for."""

FAILED = {"total": "total below the pass mark", "stations": "too few stations passed", "critical": "a critical item"}
"""The parts of a rule, as they are called where they were missed."""


def domain_titles(sheets: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The titles of domains by key, from those of each sheet, no two alike.

    Of several that a key has it is the first; where two keys have one title, each has its key behind it.
    """
    found: dict[str, str] = {}
    for one in sheets:
        found = found | {key: title for key, title in one.items() if key not in found}
    many = Counter(found.values())
    return {key: f"{title} ({key})" if many[title] > 1 else title for key, title in found.items()}


def failed_words(failed_by: Sequence[str], domains: Mapping[str, str]) -> str:
    """By which parts of a rule somebody failed, or why nothing was decided about them. domains: their titles."""

    def words(one: str) -> str:
        kind, _, key = one.partition(":")
        named = domains.get(key, key)
        return FAILED.get(one) or f"{named} {'below its least percent' if kind == 'domain' else 'has no mark'}"

    return "; ".join(map(words, failed_by))


def number(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A figure as people write it, with a true minus; a dash for none."""
    if value is None:
        return "–"
    rounded = round(value, digits) + 0.0
    said = f"{abs(rounded):.{digits}f}"
    if rounded < 0:
        return f"−{said}"
    return f"+{said}" if signed and rounded > 0 else said


def count(many: int, one: str, more: str = "") -> str:
    """Such as “1 station” and “12 stations”."""
    return f"{many} {one if many == 1 else more or one + 's'}"


def passes(many: int) -> str:
    """The verb of so many."""
    return "passes" if many == 1 else "pass"


def of_sound(sound: Answer) -> str:
    """Is the exam sound?"""
    if not sound["encounters"]:
        return "No mark that counts is submitted yet, so nothing can be said."
    alpha = sound["alpha"]
    if "why" in alpha:
        return f"There is no alpha: {alpha['why']}"
    value, line = alpha["value"], THUMBS["alpha"]
    if value <= 0:
        return (
            f"Alpha {number(value, 2)}: who does well at one station does no better at the others, so the total tells "
            "candidates apart by chance."
        )
    said = f"Alpha {number(value, 2)}"
    if not line.missed(value):
        return f"{said}: at or above the {number(line.line, 2)} many schools ask of a decision."
    said += f": below the {number(line.line, 2)} many schools ask of a decision"
    needed = longer(value, alpha["parts"], line.line)
    if needed is None:
        return f"{said}; no exam of up to 100 stations like these would reach it."
    return f"{said}; {count(needed, 'station')} like these would reach it."


def longer(alpha: float, parts: int, target: float) -> int | None:
    """How many parts like these reach a target, by Spearman and Brown; None when 100 do not."""
    ratio = target * (1 - alpha) / (alpha * (1 - target))
    found = max(1, math.ceil(parts * ratio - 1e-9))
    return found if found <= 100 else None


def of_error(sound: Answer) -> str:
    """How sure a total is."""
    sem = sound["sem"]
    if "why" in sem:
        return f"There is no standard error of measurement: {sem['why']}"
    half = 1.96 * sem["value"]
    few = sound["alpha"].get("n", sound["candidates"])
    rests = (
        f" It rests on the {few} of {sound['candidates']} candidates who sat every station."
        if few < sound["candidates"]
        else ""
    )
    return (
        f"A total is sure to about {number(half)} points to either side: those of 95 in 100 candidates lie within that "
        "of what they would reach over very many stations like these (standard error of measurement "
        f"{number(sem['value'])} points).{rests}"
    )


def of_stations(stations: Sequence[Answer]) -> str:
    """Which stations misbehave?"""
    if not stations:
        return "No station with a mark sheet has been marked."
    odd = [one for one in stations if odd_station(one)]
    if not odd and not any(one["r2"] is not None or one["total_correlation"] is not None for one in stations):
        return "There are too few marks yet to hold stations against the published lines."
    if not odd:
        return "No station lies on the wrong side of a published line."
    named = "; ".join(f"{one['title']} ({', '.join(odd_station(one))})" for one in odd[:3])
    more = f"; and {len(odd) - 3} more" if len(odd) > 3 else ""
    look = "deserves a look" if len(odd) == 1 else "deserve a look"
    return f"{len(odd)} of {count(len(stations), 'station')} {look}: {named}{more}."


ALIKE = {"same-rating": "everybody has the same rating", "same-score": "everybody has the same score"}
"""Why a station draws no line, where that is a finding by itself."""


def odd_station(one: Answer) -> list[str]:
    """What of a station lies on the other side of a published line, in words; or that it tells nobody from anybody."""
    share, slope = one["between_circuits"], one["discrimination"]
    worth = (
        "better ratings go with lower scores" if slope is not None and slope < 0 else "a better rating adds few points"
    )
    figures = {
        "total_correlation": ("hardly goes with the other stations", one["total_correlation"]),
        "r2": ("ratings and scores disagree", one["r2"]),
        "discrimination": (worth, slope),
        "between_circuits": ("circuits differ", None if share is None else 100 * share),
    }
    found = [words for name, (words, value) in figures.items() if THUMBS[name].missed(value)]
    return ([ALIKE[one["no_cut"]]] if one.get("no_cut") in ALIKE else []) + found


def of_study(study: Answer) -> str:
    """Would more stations help?"""
    if "why" in study:
        return f"How far the result generalizes cannot be told: {study['why']}"
    needed = study["needed"]["absolute"]
    now = f"For a pass mark the result generalizes to Φ {number(study['now']['absolute'], 2)} now"
    if needed is None:
        return f"{now}; no number of stations up to 100 would give 0.80."
    if needed <= study["now"]["stations"]:
        return f"{now}; {count(needed, 'station')} would have been enough for 0.80."
    return f"{now}; {count(needed, 'station')} would give 0.80."


def of_lines(lines: Sequence[Answer], names: Mapping[str, str]) -> str:
    """Where is the line?"""
    drawn = [one for one in lines if "pass_mark" in one]
    if not drawn:
        whys = {one["why"] for one in lines if "why" in one}
        return "No method can draw a line yet. " + (min(whys) if whys else "There are no marks to draw it from.")
    low, high = min(drawn, key=_mark), max(drawn, key=_mark)
    if len(drawn) == 1:
        name, at = names[low["method"]], number(low["pass_mark"])
        return (
            f"One method draws a line: {name}, at {at} %; {low['passed']} of {low['judged']} {passes(low['passed'])}."
        )
    said = (
        f"{len(drawn)} methods put the pass mark between {number(low['pass_mark'])} % ({names[low['method']]}) and "
        f"{number(high['pass_mark'])} % ({names[high['method']]})"
    )
    fewest, most = extremes(drawn)
    if most["passed"] == fewest["passed"] and most["judged"] == fewest["judged"]:
        return f"{said}; by each of them {most['passed']} of {most['judged']} {passes(most['passed'])}."
    of = f" of {fewest['judged']}" if fewest["judged"] != most["judged"] else ""
    return f"{said}; between {fewest['passed']}{of} and {most['passed']} of {most['judged']} pass."


def extremes(drawn: Sequence[Answer]) -> tuple[Answer, Answer]:
    """By which method the smallest and the largest share of those pass whom it decides about.

    A method that has no cut for some stations says nothing of those who sat no other.
    """

    def share(one: Answer) -> tuple[float, int]:
        return one["passed"] / max(1, one["judged"]), one["judged"]

    return min(drawn, key=share), max(drawn, key=share)


def _mark(one: Answer) -> float:
    return float(one["pass_mark"])


def of_fair(fair: Answer) -> str:
    """Are the examiners fair?"""
    if "why" in fair:
        return str(fair["why"])
    model = fair["stringency"]
    if "why" in model:
        return f"Stringency cannot be told: {model['why']}"
    apart = [one for one in model["examiners"] if one["low"] > 0 or one["high"] < 0]
    all_of = count(len(model["examiners"]), "examiner")
    if no_more_than_chance(model["examiners"]):
        return f"The marks of {all_of} differ by no more than chance, so nobody has a figure of their own."
    if not apart:
        return f"Of {all_of} nobody is clearly more lenient or more stringent than the others."
    widest = max(apart, key=lambda one: abs(one["effect"]))
    side = "more" if widest["effect"] > 0 else "less"
    return (
        f"{len(apart)} of {all_of} {'stands' if len(apart) == 1 else 'stand'} apart; the furthest gives "
        f"{number(abs(widest['effect']))} points {side} than the average examiner."
    )


def no_more_than_chance(examiners: Iterable[Answer]) -> bool:
    """Whether the variance between examiners is estimated as 0: all are put at 0, and no interval says how surely."""
    return all(one["low"] == one["high"] for one in examiners)


def of_adjusted(adjusted: Answer) -> str:
    """What if all examiners were alike?"""
    if "why" in adjusted:
        return f"What it would change cannot be told: {adjusted['why']}"
    gained, lost = len(adjusted["pass_then"]), len(adjusted["fail_then"])
    if not gained and not lost:
        return "If every examiner had marked as the average one does, the same candidates would pass."
    changes = [
        f"{count(n, 'candidate')} who {now} would {then}"
        for n, now, then in ((gained, "failed", "pass"), (lost, "passed", "fail"))
        if n
    ]
    nobody = "" if gained and lost else ", and nobody else’s result would change"
    return f"If every examiner had marked as the average one does, {' and '.join(changes)}{nobody}."


def of_agreement(both: Answer) -> str:
    """Do two examiners of one encounter agree?"""
    if "why" in both:
        return f"Agreement cannot be told: {both['why']}"
    were = "was" if both["encounters"] == 1 else "were"
    said = f"{count(both['encounters'], 'encounter')} {were} marked by more than one examiner"
    icc = both["score_icc"]
    if "why" in icc:
        return f"{said}. {icc['why']}"
    where = "below" if THUMBS["icc"].missed(icc["value"]) else "at or above"
    good = f"{where} the {number(THUMBS['icc'].line, 2)} that is called good"
    return f"{said}; their scores agree to ICC {number(icc['value'], 2)}, {good}."


def of_run(found: Answer) -> str:
    """Who passed?"""
    every = list(found["candidates"].values())
    judged = [one for one in every if one["passed"] is not None]
    if not judged and (why := _no_cut(found["stations"])):
        return f"The run decided about nobody, as no station has a cut. {why}"
    if not judged and any(one["stations_sat"] for one in every):
        return "The run decided about nobody: each candidate lacks a mark that the rule asks for."
    if not judged:
        return "The run decided about nobody: no candidate has a station that counts."
    passed = sum(bool(one["passed"]) for one in judged)
    verb, share = passes(passed), number(100 * passed / len(judged), 0)
    said = f"{passed} of {count(len(judged), 'candidate')} {verb} ({share} %)"
    left = len(every) - len(judged)
    if left:
        return f"{said}; {left} more {'is' if left == 1 else 'are'} not decided."
    return f"{said}."


def _no_cut(stations: Sequence[Answer]) -> str:
    """Why no station has a cut, by the reason of most; empty where one has, or there is no station."""
    whys = Counter(one["why"] for one in stations if "why" in one)
    return whys.most_common(1)[0][0] if whys and len(stations) == whys.total() else ""
