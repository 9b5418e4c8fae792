"""An exam's results as pages show them: figures in words, people by name, and what changes with the line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teleosce.exams import Exam
from teleosce.people import Seat
from teleosce.planning.schedule import local
from teleosce.reports import Look, ResultRules
from teleosce.reports.findings import METHOD_NAMES, count, domain_titles, number
from teleosce.reports.plots import Plot
from teleosce.web.context import Rooms

TABS = (
    ("", "Is the exam sound?"),
    ("line", "Where is the line?"),
    ("examiners", "Are the examiners fair?"),
    ("decisions", "Who passed?"),
    ("release", "Release"),
)
"""The questions, by the last part of their page's path."""

FIRST_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Frame:
    """What every page of an exam's results knows. people: the exam's seats by id. when: times in words, its zone's.

    domains: the titles of the domains that have items, by key.
    """

    exam: Exam
    look: Look
    rules: ResultRules
    people: Mapping[str, Seat]
    domains: Mapping[str, str]

    @property
    def found(self) -> dict[str, Any] | None:
        """The figures, if there are any."""
        return None if self.look.kept is None else self.look.kept.found

    def plot(self, name: str) -> Plot | None:
        """A plot of the figures, with people's names in it; None where the figures have none of that name."""
        every = (self.found or {}).get("plots", {})
        kept = next((one for part in every.values() for one in part if one["name"] == name), None)
        return kept and Plot.of(kept, self.name)

    def name(self, seat_id: str) -> str:
        """A person as lists show them: number and name."""
        seat = self.people.get(seat_id)
        if seat is None:
            return "somebody who has left"
        return " ".join(part for part in (seat.number, seat.name) if part)

    def short(self, seat_id: str) -> str:
        """A person where room is short: the number, if they have one."""
        seat = self.people.get(seat_id)
        return (seat.number or seat.name) if seat else "somebody who has left"

    def when(self, at_ms: int) -> str:
        """A moment by the clocks of the exam's zone."""
        at = local(at_ms, self.exam.zone)
        return f"{at:%a} {at.day} {at:%b %Y}, {at:%H:%M}"


async def frame_of(house: Rooms, exam_id: str) -> Frame:
    """The frame of an exam's pages; begins to work out what is not known. Raises NotFound."""
    exam = await house.exams.exam(exam_id)
    rules = await rules_of(house, exam_id)
    look = await house.analyses.look(exam_id, rules)
    people = {seat.id: seat for seat in await house.people.seats(exam_id)}
    return Frame(exam, look, rules, people, await _domains(house, exam_id))


async def _domains(house: Rooms, exam_id: str) -> dict[str, str]:
    sheets = [(await house.stations.get(one)).mark_sheet for one in await house.exams.stations_of(exam_id)]
    named = domain_titles(sheet.domains for sheet in sheets)
    titles = {item.domain: named.get(item.domain, item.domain) for sheet in sheets for item in sheet.items}
    return dict(sorted(titles.items(), key=lambda one: one[1].casefold()))


async def rules_of(house: Rooms, exam_id: str) -> ResultRules:
    """The rule that pages begin with: the exam's own; where none was fixed, that of the last run, or the usual one."""
    kept = await house.results.kept_rules(exam_id)
    return kept.rules if kept.version else await house.results.last_rules(exam_id) or ResultRules()


def look_view(look: Look) -> dict[str, Any]:
    """What is known, as JSON, without the figures."""
    return {
        "at_ms": look.kept.at_ms if look.kept else None,
        "current": look.current,
        "since": look.since,
        "working": look.working,
        "fault": look.fault,
    }


def missing_words(sound: Mapping[str, Any]) -> list[str]:
    """Why encounters have no mark that counts, the commonest reason first."""
    reasons: dict[str, int] = {}
    for one in sound["missing"]:
        reasons[one["why"]] = reasons.get(one["why"], 0) + 1
    return [f"{many} × {why}" for why, many in sorted(reasons.items(), key=lambda pair: -pair[1])]


def lines_view(frame: Frame, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each method with its line, and who would pass or fail by it alone, seen from the rule's method."""
    drawn = [one for one in lines if "pass_mark" in one]
    base = next((one for one in drawn if one["method"] == frame.rules.method), drawn[0] if drawn else None)
    found = []
    for one in lines:
        row: dict[str, Any] = {
            "method": one["method"],
            "name": METHOD_NAMES[one["method"]],
            "chosen": one["method"] == frame.rules.method,
            "why": one.get("why", "There is nothing to draw it from."),
            "line": None,
        }
        if "pass_mark" in one and base is not None:
            less, more = set(one["fails"]) - set(base["fails"]), set(base["fails"]) - set(one["fails"])
            row |= {
                "line": one["pass_mark"],
                "spread": spread_words(one.get("spread")),
                "passed": one["passed"],
                "judged": one["judged"],
                "base": one is base,
                "fail_too": sorted(frame.short(seat) for seat in less),
                "pass_too": sorted(frame.short(seat) for seat in more),
                "cautions": cautions(one),
            }
        found.append(row)
    return found


def spread_words(spread: Mapping[str, Any] | None) -> str:
    """How uncertain a pass mark is."""
    if spread is None:
        return "not known for this method"
    if "why" in spread:
        return str(spread["why"])
    return f"± {number(spread['se'], 2)} ({number(spread['low'])} to {number(spread['high'])})"


def cautions(line: Mapping[str, Any]) -> list[str]:
    """What stations say of a method's cuts, each once, and how many have none."""
    found: dict[str, list[int]] = {}
    for one in line["stations"]:
        for text in one.get("warnings", ()):
            # The same sentence with another number is said once, with the numbers from the least on.
            number_in = FIRST_NUMBER.search(text)
            key = FIRST_NUMBER.sub("{}", text, count=1)
            found.setdefault(key, []).append(int(number_in[0]) if number_in else 0)
    said = [
        text.replace("{}", f"{min(many)} to {max(many)}" if min(many) < max(many) else str(many[0]))
        + (f" ({count(len(many), 'station')})" if len(many) > 1 else "")
        for text, many in found.items()
    ]
    if line.get("without_cut"):
        verb = "counts" if line["without_cut"] == 1 else "count"
        said.append(f"{count(line['without_cut'], 'station')} without a cut {verb} for nobody.")
    return said


def rule_words(rules: ResultRules, domains: Mapping[str, str]) -> str:
    """A rule in one sentence. domains: their titles."""
    said = [METHOD_NAMES[rules.method] + (f" at {number(rules.fixed_cut)} %" if rules.method == "fixed" else "")]
    if rules.sems:
        said.append(f"{number(rules.sems, 2).rstrip('0').rstrip('.')} standard errors above the pass mark")
    if rules.stations:
        said.append(f"at least {number(100 * rules.stations, 0)} % of the stations passed")
    if rules.critical:
        said.append("no critical item failed")
    said += [f"{domains.get(key, key)} at least {number(least, 0)} %" for key, least in rules.domains.items()]
    usual = ResultRules()
    if (rules.weights, rules.station_weights) != (usual.weights, usual.station_weights):
        said.append("parts of a station by their weights")
    if rules.examiners == "mean":
        said.append("the mean of two marks that agree")
    if rules.missing_parts == "no-score":
        said.append("no score without all parts")
    said += {"zero-if-absent": ["0 for who was absent"], "undecided": ["undecided without all stations"]}.get(
        rules.missing_stations, []
    )
    return "; ".join(said)
