"""Decision runs as pages show them: who passed, why not, what changed between two, and who sees which."""

from collections.abc import Mapping, Sequence
from typing import Any

from teleosce.core.errors import NotFound
from teleosce.reports import Difference, Run, RunHead
from teleosce.reports.findings import count, domain_titles, failed_words, number
from teleosce.reports.plots import Plot, of_candidate
from teleosce.web.context import Rooms
from teleosce.web.results_view import Frame, rule_words

RESULTS = {True: "Pass", False: "Fail", None: "Not decided"}


async def names_of_staff(house: Rooms) -> dict[str, str]:
    """Accounts by id: who ran or released something without a seat."""
    _, accounts = await house.people.everybody()
    return {one.id: one.name for one in accounts}


async def run_of(house: Rooms, exam_id: str, run_id: str) -> Run:
    """A run of this exam. Raises NotFound."""
    run = await house.results.one(run_id)
    if run.exam_id != exam_id:
        raise NotFound("There is no such decision run.", code="no-run")
    return run


def who(frame: Frame, staff: Mapping[str, str], by: str | None) -> str:
    """Who did something, by their seat or their account."""
    if by is None:
        return "a command"
    return staff.get(by) or frame.name(by)


def run_row(frame: Frame, staff: Mapping[str, str], run: RunHead) -> dict[str, Any]:
    """A run in the list of them."""
    return {
        "id": run.id,
        "number": run.number,
        "when": frame.when(run.at_ms),
        "who": who(frame, staff, run.by),
        "rule": rule_words(run.rules, frame.domains),
        "marks": run.marks,
        "hash": run.inputs_hash,
        "said": run.said,
    }


def candidate_rows(frame: Frame, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each candidate with their result, those who failed first, then by total."""
    rows = [candidate_row(frame, seat, own) for seat, own in found["candidates"].items()]
    order = {"Fail": 0, "Not decided": 1, "Pass": 2}
    return sorted(rows, key=lambda row: (order[row["result"]], row["total"] is None, row["total"] or 0, row["name"]))


def candidate_row(frame: Frame, seat: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """One candidate's result."""
    person = frame.people.get(seat)
    return {
        "seat": seat,
        "name": frame.name(seat),
        "group": (person.group if person else None) or "",
        "result": RESULTS[own["passed"]],
        "passed": own["passed"],
        "total": own["total"],
        "needed": own["needed"],
        "above": None if own["total"] is None or own["needed"] is None else own["total"] - own["needed"],
        "stations_passed": own["stations_passed"],
        "stations_sat": own["stations_sat"],
        "weakest": weakest(own["domains"], frame.domains),
        "failed": failed_words(own["failed_by"], frame.domains),
    }


async def plot_of(house: Rooms, run: Run, seat: str) -> Plot:
    """A candidate of a run beside the others: total, stations, domains."""
    sheets = [(await house.stations.get(one["key"])).mark_sheet for one in run.found["stations"]]
    return of_candidate(run.found, seat, domain_titles(sheet.domains for sheet in sheets))


async def encounters_of(house: Rooms, run: Run, seat: str) -> list[dict[str, Any]]:
    """A candidate's encounters at the stations of a run, with those that its result rests on named so."""
    titles = {one["key"]: one["title"] for one in run.found["stations"]}
    mine = [one for one in await house.exams.of_seat(seat) if one.candidate == seat and one.station_hash in titles]
    return [
        {"id": one.id, "title": titles[one.station_hash], "attempt": one.attempt, "counts": one.id in run.inputs}
        for one in sorted(mine, key=lambda one: (one.position, one.attempt))
    ]


def weakest(domains: Mapping[str, float | None], titles: Mapping[str, str], most: int = 2) -> str:
    """The domains in which somebody did least well, the weakest first."""
    known = sorted((value, titles.get(name, name)) for name, value in domains.items() if value is not None)
    return ", ".join(f"{name} {number(value, 0)}" for value, name in known[:most])


def missing_of(frame: Frame, found: Mapping[str, Any]) -> list[str]:
    """What a run went without, in words, the commonest reason first; and what is outdated."""
    reasons: dict[str, list[str]] = {}
    for one in (*found.get("missing", ()), *found.get("outdated", ())):
        reasons.setdefault(one["why"], []).append(frame.short(one["candidate"]))
    return [
        f"{count(len(who), 'encounter')}: {why} ({', '.join(who[:6])}{' …' if len(who) > 6 else ''})"
        for why, who in sorted(reasons.items(), key=lambda pair: -len(pair[1]))
    ]


def difference_rows(frame: Frame, found: Sequence[Difference], after: Run) -> list[dict[str, Any]]:
    """Those about whom two runs differ, those whose result changed first."""
    rows = [
        {
            "name": frame.name(one.candidate),
            "before": RESULTS[one.before],
            "after": RESULTS[one.after],
            "changed": one.before is not one.after,
            "total_before": one.total_before,
            "total_after": one.total_after,
            "failed": failed_words(
                after.found["candidates"].get(one.candidate, {}).get("failed_by", ()), frame.domains
            ),
        }
        for one in found
    ]
    return sorted(rows, key=lambda row: (not row["changed"], row["name"]))


def difference_words(frame: Frame, found: Sequence[Difference], before: Run, after: Run) -> list[str]:
    """What two runs differ in: results, rule, marks."""
    gained = sum(one.after is True and one.before is not True for one in found)
    lost = sum(one.before is True and one.after is not True for one in found)
    said = [f"{gained} more and {lost} fewer pass by run {after.number} than by run {before.number}."]
    if before.rules != after.rules:
        was, now = (rule_words(one.rules, frame.domains) for one in (before, after))
        said.append(f"The rule is another: {was}; then {now}.")
    else:
        said.append("The rule is the same.")
    if before.inputs_hash == after.inputs_hash:
        return [*said, "Both rest on the same marks."]
    old, new = before.inputs, after.inputs
    changed = sum(one in new and old[one] != new[one] for one in old)
    came, went = len(set(new) - set(old)), len(set(old) - set(new))
    return [*said, f"The marks are others: {changed} changed, {came} came in, {went} no longer count."]
