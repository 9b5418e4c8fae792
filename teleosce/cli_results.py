"""The command that says what an exam's marks come to."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from teleosce.terminal import Data, out, run, settings_of


def results(
    exam: Annotated[str, typer.Argument(metavar="EXAM", help="The exam's id or title.")],
    sems: Annotated[
        float | None,
        typer.Option(help="Standard errors of measurement a total must be above the pass mark.", min=0, max=3),
    ] = None,
    stations: Annotated[
        float | None, typer.Option(help="The share of the stations that must be passed too, 0 to 1.", min=0, max=1)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that was worked out, as JSON.")] = False,
    data: Data = None,
) -> None:
    """Say what an exam’s marks come to: is it sound, where is the line, are examiners fair.

    Rests on the marks of record: submitted, and settled where two differ; by the exam's rule, or with other options.
    Decides and changes nothing. What the marks do not have is said in words.
    """
    from teleosce.offline_exams import results as find

    instead = {name: value for name, value in (("sems", sems), ("stations", stations)) if value is not None}
    found = run(find(settings_of(data=data, log_level="warning"), exam, instead))
    if as_json:
        out.print(json.dumps(found, ensure_ascii=False), markup=False)
        return
    _sound(found["title"], found["sound"])
    _lines(found["lines"])
    _fair(found["fair"], found["people"])


def _sound(title: str, sound: Mapping[str, Any]) -> None:
    out.print(
        f"[bold]{title}[/]: {sound['candidates']} candidates, {sound['encounters']} encounters with a mark that counts."
    )
    reasons: dict[str, int] = {}
    for one in sound["missing"]:
        reasons[one["why"]] = reasons.get(one["why"], 0) + 1
    for why, many in reasons.items():
        out.print(f"  {many} without: {why}", markup=False)
    out.print("\n[bold]Is it sound?[/]")
    out.print(f"  Cronbach's alpha {_told(sound['alpha'])}; McDonald's omega {_told(sound['omega'])}", markup=False)
    out.print(f"  Standard error of measurement {_told(sound['sem'], ' %')}", markup=False)
    study = sound["generalizability"]
    if "why" in study:
        out.print(f"  Generalizability: {study['why']}", markup=False)
    else:
        needed = study["needed"]["absolute"]
        more = f"{needed} stations would give 0.80" if needed else "no number of stations up to 100 would give 0.80"
        out.print(f"  Φ {study['now']['absolute']:.2f} ({study['design']}); {more}.", markup=False)
    table = Table(
        "Station", "n", "Mean %", "With the rest", "Cut %", "R²", "A grade is", "Below cut", box=None, pad_edge=False
    )
    for one in sound["stations"]:
        table.add_row(
            one["title"], str(one["n"]), _number(one["facility"]), _number(one["total_correlation"], 2),
            _number(one["cut"]), _number(one["r2"], 2), _number(one["discrimination"]), _number(one["failing"], 0),
        )  # fmt: skip
    out.print(table, soft_wrap=not out.is_terminal)


def _lines(lines: list[Mapping[str, Any]]) -> None:
    from teleosce.reports.findings import METHOD_NAMES

    out.print("\n[bold]Where is the line?[/]")
    table = Table("Method", "Pass mark %", "Standard error", "Pass", box=None, pad_edge=False)
    for one in lines:
        if "pass_mark" not in one:
            table.add_row(METHOD_NAMES[one["method"]], "–", one.get("why", "There is nothing to draw it from."), "–")
            continue
        spread = one["spread"] or {}
        error = _number(spread["se"], 2) if "se" in spread else spread.get("why", "not known for it")
        table.add_row(
            METHOD_NAMES[one["method"]], _number(one["pass_mark"], 2), error, f"{one['passed']} of {one['judged']}"
        )
    out.print(table, soft_wrap=not out.is_terminal)


def _fair(fair: Mapping[str, Any], people: Mapping[str, str]) -> None:
    out.print("\n[bold]Are the examiners fair?[/]")
    if "why" in fair:
        out.print(f"  {fair['why']}", markup=False)
        return
    model, both = fair["stringency"], fair["agreement"]
    if "why" in model:
        out.print(f"  Stringency: {model['why']}", markup=False)
    else:
        apart = [one for one in model["examiners"] if one["low"] > 0 or one["high"] < 0]
        out.print(f"  {len(apart)} of {len(model['examiners'])} stand apart from the others (95 % interval without 0).")
        table = Table("Examiner", "Points", "95 % interval", "Marks", box=None, pad_edge=False)
        for one in sorted(apart, key=lambda one: one["effect"]):
            interval = f"{one['low']:+.1f} to {one['high']:+.1f}"
            table.add_row(people.get(one["name"], "?"), f"{one['effect']:+.1f}", interval, str(one["marks"]))
        if apart:
            out.print(table, soft_wrap=not out.is_terminal)
        if model["caution"]:
            out.print(f"  {model['caution']}", markup=False)
    alike = fair.get("adjusted", {})
    if "pass_then" in alike:
        more, fewer = len(alike["pass_then"]), len(alike["fail_then"])
        out.print(f"  With all examiners alike {more} more would pass and {fewer} more fail.")
    if fair["links"] and model.get("links", 1) > 1:
        out.print(f"  {len(fair['links'])} recordings marked by examiners of another circuit would link the circuits.")
    if "why" in both:
        out.print(f"  Agreement: {both['why']}", markup=False)
    else:
        out.print(
            f"  Marked twice: {both['encounters']} encounters; scores ICC(1,1) {_told(both['score_icc'])}, "
            f"ratings weighted kappa {_told(both['grade_weighted_kappa'])}",
            markup=False,
        )


def _told(answer: Mapping[str, Any], unit: str = "") -> str:
    return f"{answer['value']:.2f}{unit}" if "value" in answer else f"– ({answer['why']})"


def _number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
