"""A rehearsal's report: for the terminal, for programs, and as one page to keep or print."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from rich.console import Console
from rich.table import Table
from rich.text import Text

from teleosce.rehearsal.facts import Facts, Session, Take
from teleosce.rehearsal.judge import Verdict, is_go, judge, missing_s

SAID = {True: "go", False: "NO-GO", None: "told"}
_STYLES = {True: "green", False: "bold red", None: "dim"}
_LARGE = 200
"""More people than this are summed up on the page, not listed."""


def as_json(facts: Facts) -> dict[str, Any]:
    """Everything: the verdicts, and the facts they rest on."""
    verdicts = judge(facts)
    return {
        "go": is_go(verdicts),
        "verdicts": [{"what": one.what, "found": one.found, "bound": one.bound, "go": one.go} for one in verdicts],
        "facts": facts.model_dump(mode="json"),
    }


def show(facts: Facts, console: Console) -> None:
    """The verdicts as a table, and the word that counts last."""
    verdicts = judge(facts)
    console.print(f"\n{_title(facts)}\n", markup=False)
    table = Table(show_edge=False, pad_edge=False)
    for name in ("", "What", "Found", "Bound"):
        table.add_column(name, overflow="fold")
    for one in verdicts:
        table.add_row(Text(SAID[one.go], style=_STYLES[one.go]), Text(one.what), Text(one.found), Text(one.bound))
    console.print(table, soft_wrap=False)
    console.print(Text(f"\n{_word(verdicts)}", style=_STYLES[is_go(verdicts)]))


def write(facts: Facts, folder: Path) -> list[Path]:
    """`report.json` and `report.html` in `folder`, which is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "report.json", folder / "report.html"]
    written[0].write_text(json.dumps(as_json(facts), indent=1, ensure_ascii=False) + "\n")
    written[1].write_text(as_html(facts))
    return written


def as_html(facts: Facts) -> str:
    """One page that needs nothing else."""
    verdicts = judge(facts)
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    return pages.get_template("report.html").render(
        facts=facts,
        title=_title(facts),
        word=_word(verdicts),
        go=is_go(verdicts),
        verdicts=[(SAID[one.go], one) for one in verdicts],
        people=facts.people if len(facts.people) <= _LARGE else [],
        takes={one.seat: [take for take in facts.takes if take.seat == one.seat] for one in facts.people},
        missing={} if facts.day else {one.seat: missing_s(facts, one.seat) for one in facts.people},
        sessions=_sessions(facts),
        names={
            one.seat: f"{'Candidate' if one.role == 'candidate' else 'Patient'} {one.session}" for one in facts.people
        },
        began=datetime.fromtimestamp(facts.began_ms / 1000, UTC),
    )


def _sessions(facts: Facts) -> list[tuple[Session, list[Take], float]]:
    """A day's encounters, each with its takes and the most that is missing of one's sound."""
    return [
        (
            one,
            [take for take in facts.takes if take.session == one.number],
            max(missing_s(facts, seat, one) for seat in one.people),
        )
        for one in (facts.day.sessions if facts.day else [])
    ]


def _title(facts: Facts) -> str:
    troubles = f", with {', '.join(facts.troubles)}" if facts.troubles else ", with nothing made to go wrong"
    if facts.day is not None:
        day = facts.day
        people = f"{day.candidates} candidates, {day.patients} patients and {day.others} others"
        rings = "1 circuit" if len(day.circuits) == 1 else f"{len(day.circuits)} circuits"
        rings += f" of {day.stations} stations, {day.planned} rotations"
        return f"Rehearsal of “{day.title}”: {rings}, {people}{troubles}"
    sessions = "1 session" if facts.sessions == 1 else f"{facts.sessions} sessions"
    return f"Rehearsal on {facts.server}: {sessions} of {facts.seconds:g} s at “{facts.station}”{troubles}"


def _word(verdicts: list[Verdict]) -> str:
    against = [one.what for one in verdicts if one.go is False]
    return f"NO-GO: {'; '.join(against)}." if against else "GO: everything is within its bounds."
