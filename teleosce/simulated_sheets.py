"""What people who never were write on the forms of an exam: marks, ratings, notes, comments from a known truth. Pure.

One logistic model makes all of it. An item is done with a chance that grows with the candidate's ability (as a whole,
in the item's domain, and on the case of the station) and falls with the item's difficulty and the examiner's
stringency, which creeps up over the day. The global rating and the patient's see the same, each with an error of its
own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teleosce.scoring import GRADES
from teleosce.stations import StationVersion

ON_THE_CASE = 0.7
IN_A_DOMAIN = 0.6
STEEPNESS = 0.75
STRINGENCY = 0.3
HAWK = 1.5
TIRING = 0.05
"""By how much an examiner is stricter after an hour; in standard deviations of ability, as all of these."""

GIVEN = (
    "Amira", "Ben", "Chloe", "Daniel", "Esi", "Farah", "George", "Hana", "Imran", "Julia", "Kofi", "Leila",
    "Marcus", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wen", "Yusuf", "Zoe",
)  # fmt: skip
FAMILY = (
    "Hassan", "Okafor", "Martin", "Lindqvist", "Mensah", "Rahman", "Papadakis", "Sato", "Sheikh", "Novak",
    "Boateng", "Haddad", "Weber", "Ivanova", "Silva", "Nair", "Dubois", "Moreno", "Aziz", "Jansen", "Farooq",
    "Kovacs", "Zhang", "Demir", "Murphy", "Clarke", "Owusu", "Bauer", "Chaudhry",
)  # fmt: skip

OPENINGS = {
    "fail": "Not safe to leave alone with this problem yet.",
    "borderline": "Got there in part, with prompting by the patient.",
    "pass": "A sound consultation.",
    "good": "Well organised, and the patient was at ease.",
    "excellent": "Outstanding: complete, warm and calm.",
}
CLOSINGS = {
    "fail": "Practise the structure of such a call from the first minute on.",
    "borderline": "Say aloud what you are checking and why.",
    "pass": "Summarise before you end the call.",
    "good": "A little less haste towards the end.",
    "excellent": "Nothing to add.",
}
FELT = (
    "I did not know what would happen after the call.",
    "I had to ask twice before I was answered.",
    "It was all right, though a little hurried.",
    "I felt listened to.",
    "I would be glad to have this doctor again.",
)
NOTED = (
    "Not clear to me.",
    "Main complaint as told; details missing.",
    "As told by the patient; see above.",
    "Onset, course and relevant negatives as told; worries named by the patient.",
    "Onset, course, red flags and relevant negatives; worries and wishes in the patient's own words; agreed.",
)


@dataclass(frozen=True)
class Odd:
    """What is wrong with an exam, for its results to show. Each names a station by its place, from 0.

    blunt: marks there hardly follow ability. hard: in the last circuit it is harder (the patient plays it otherwise).
    turned: its last item is done the less the better somebody is. strict: the examiner there, in the first circuit,
    tires much. hawk: the examiner there, in the last circuit, is far stricter than all others.
    """

    blunt: int | None = None
    hard: int | None = None
    turned: int | None = None
    strict: int | None = None
    hawk: int | None = None


@dataclass
class World:
    """Everybody's abilities and everything's difficulty. The same seed and sizes give the same world."""

    stations: Sequence[StationVersion]
    candidates: int
    circuits: Sequence[str]
    seed: int = 1
    odd: Odd = field(default_factory=Odd)

    def __post_init__(self) -> None:
        chance = np.random.default_rng(self.seed)
        self.names = _names(self.candidates, chance)
        self.domains = sorted({item.domain for one in self.stations for item in one.mark_sheet.items})
        self.ability = chance.normal(size=self.candidates)
        shape = (self.candidates, len(self.stations))
        self._on_the_case = chance.normal(0, ON_THE_CASE, shape)
        self._in_domain = chance.normal(0, IN_A_DOMAIN, (self.candidates, len(self.domains)))
        self._difficulty = chance.normal(0, 0.35, len(self.stations))
        self._items = [chance.normal(-0.95, 0.9, len(one.mark_sheet.items)) for one in self.stations]
        strict = chance.normal(0, STRINGENCY, (len(self.circuits), len(self.stations)))
        if self.odd.hawk is not None:
            strict[-1, self.odd.hawk] = HAWK
        self.stringency = strict

    def chance(self, candidate: int, station: int, who: int) -> np.random.Generator:
        """Chance of its own for each form: what is filled in does not hang on the order."""
        return np.random.default_rng([self.seed, candidate, station, who])

    def _own(self, candidate: int, station: int) -> float:
        if self.odd.blunt == station:
            return float(1.6 * self._on_the_case[candidate, station])
        return float(self.ability[candidate] + self._on_the_case[candidate, station])

    def mark(self, candidate: int, station: int, sat: int, circuit: int, hours: float) -> dict[str, Any]:
        """A mark's fields. sat: the circuit in which the candidate was; circuit: that of the examiner."""
        version, chance = self.stations[station], self.chance(candidate, station, circuit)
        items = version.mark_sheet.items
        tiring = 8 * TIRING if (self.odd.strict, 0) == (station, circuit) else TIRING
        ease = self._own(candidate, station) - self._difficulty[station]
        if self.odd.hard == station and sat == len(self.circuits) - 1:
            ease -= 0.9
        ease -= self.stringency[circuit, station] + tiring * hours
        # What was done is the same, whoever looks; how it is marked is not wholly.
        seen = self.chance(candidate, station, 99).logistic(size=len(items)) + chance.logistic(0, 0.25, len(items))
        inside = self._in_domain[candidate, [self.domains.index(one.domain) for one in items]]
        eases = ease + inside
        if self.odd.turned == station:
            eases[-1] = -1.5 * ease
        margin = STEEPNESS * eases - self._items[station] - seen
        marks = np.where(margin > 0.35, "done", np.where(margin > -0.35, "partly", "not_done"))
        noise = 1.4 if self.odd.blunt == station else 0.4
        rated = 2.3 + 0.75 * (0.15 * ease if self.odd.blunt == station else ease) + chance.normal(0, noise)
        grade = GRADES[int(np.clip(np.round(rated), 0, 4))]
        values: dict[str, Any] = {f"item.{one.id}": str(mark) for one, mark in zip(items, marks, strict=True)}
        values["global"] = grade
        for one in items:
            if one.critical and values[f"item.{one.id}"] == "not_done":
                values[f"comment.{one.id}"] = "I waited for this, and it did not come."
        values["comment"] = self._comment(version, marks, grade)
        return values

    def _comment(self, version: StationVersion, marks: NDArray[Any], grade: str) -> str:
        points = {"done": 1.0, "partly": 0.5, "not_done": 0.0}
        by: dict[str, list[float]] = {}
        for item, mark in zip(version.mark_sheet.items, marks, strict=True):
            by.setdefault(item.domain, []).append(points[str(mark)])
        share = {name: sum(got) / len(got) for name, got in by.items()}
        best, worst = max(share, key=lambda one: share[one]), min(share, key=lambda one: share[one])
        titles = version.mark_sheet.domains
        parts = [OPENINGS[grade]]
        if share[best] > share[worst]:
            parts.append(f"Strongest in {_lower(titles.get(best, best))}.")
            parts.append(f"To work on: {_lower(titles.get(worst, worst))}.")
        return " ".join([*parts, CLOSINGS[grade]])

    def rating(self, candidate: int, station: int) -> dict[str, Any]:
        """The patient's rating."""
        chance = self.chance(candidate, station, 100)
        version, own = self.stations[station], self._own(candidate, station)
        scores = {
            f"sp.{one.id}": int(
                np.clip(np.round((0.68 + 0.13 * own + chance.normal(0, 0.12)) * one.points), 1, one.points)
            )
            for one in version.mark_sheet.sp_rating
        }
        share = (
            np.mean([scores[f"sp.{one.id}"] / one.points for one in version.mark_sheet.sp_rating]) if scores else 0.5
        )
        return scores | {"comment": FELT[int(np.clip(share * 5 - 0.5, 0, 4))]}

    def note(self, candidate: int, station: int) -> dict[str, Any]:
        """The candidate's note; nothing at a station without one."""
        version, chance = self.stations[station], self.chance(candidate, station, 101)
        if version.note is None:
            return {}
        level = int(np.clip(np.round(2.2 + 0.8 * self._own(candidate, station)), 0, 4))
        return {
            f"note.{one.id}": NOTED[int(np.clip(level + chance.integers(-1, 2), 0, 4))] for one in version.note.fields
        }


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _names(many: int, chance: np.random.Generator) -> list[str]:
    """Different names for all, as long as there are some."""
    families = [FAMILY[at] for at in chance.permutation(len(FAMILY))]
    return [
        f"{GIVEN[at % len(GIVEN)]} {families[(at + at // len(GIVEN)) % len(families)]}"
        + (f" {at // 700 + 1}" if at >= 700 else "")
        for at in range(many)
    ]
