"""The tables of what was decided on an exam's marks, and of the figures that it rests on. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from teleosce.reports.exports.cells import CANDIDATE, PERCENT, UTC, plain_json, verdict, yes
from teleosce.reports.exports.material import Material, iso
from teleosce.reports.exports.table import Column, Row, Table
from teleosce.reports.findings import failed_words
from teleosce.reports.runs import Release


def run_tables(known: Material) -> list[Table]:
    """Decision runs, what each decided, and the figures of the analysis."""
    return [_runs(known), _decisions(known), _analysis(known)]


def _runs(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for one in known.runs:
            rules = plain_json(one.rules.model_dump(mode="json"))
            said = "; ".join(_released(own) for own in known.releases if own.run_id == one.id)
            yield one.number, one.id, iso(one.at_ms), known.person(one.by), one.inputs_hash, rules, said

    columns = (
        Column("run", "The run's number"),
        Column("id", "Its id"),
        Column("at", "When it was made", UTC),
        Column("by", "By whom"),
        Column("inputs", "SHA-256 of what it rests on"),
        Column("rules", "The rule by which it decided, as JSON"),
        Column("released", "To whom it was released, from when on, and when that was taken back"),
    )
    return Table("runs", "A decision run", columns, rows())


def _released(one: Release) -> str:
    withdrawn = f", withdrawn {iso(one.withdrawn_ms)} {one.withdrawn_why or ''}".rstrip() if one.withdrawn_ms else ""
    return f"{one.group or 'all'} from {iso(one.from_ms)}{withdrawn}"


def _decisions(known: Material) -> Table:
    def rows() -> Iterator[Row]:
        for run in known.runs:
            for seat, own in run.found["candidates"].items():
                yield (
                    run.number, known.candidate(seat), verdict(own.get("passed")), own.get("total"), own.get("needed"),
                    own.get("stations_passed"), failed_words(own.get("failed_by") or (), known.domains),
                )  # fmt: skip

    columns = (
        Column("run", "The run's number"),
        CANDIDATE,
        Column("passed", "What it decided", values="yes, no; empty when it decided nothing"),
        Column("total", "The total that it decided on", PERCENT),
        Column("pass_mark", "The pass mark", PERCENT),
        Column("stations_passed", "Stations at or above their cut", "stations"),
        Column("failed_by", "The conditions that were not met"),
    )
    return Table("decisions", "What a decision run decided about a candidate", columns, rows())


def _analysis(known: Material) -> Table:
    columns = (
        Column("question", "What it answers", values="sound, lines, fair"),
        Column("figure", "Which figure it is: the way to it, with / between the steps; numbers count from 0"),
        Column("value", "The figure"),
        Column("text", "What is said in words: a name, a method, or why there is no figure"),
    )

    def rows() -> Iterator[Row]:
        for question in ("sound", "lines", "fair"):
            for path, value in _flat(known.analysis[question]):
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                text = yes(value) if isinstance(value, bool) else value if isinstance(value, str) else None
                yield question, "/".join(path), value if is_number else None, text

    return Table("analysis", "A figure of the analysis of the exam, by the rule of the run", columns, rows())


def _flat(answer: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(answer, Mapping):
        for key, one in answer.items():
            yield from _flat(one, (*path, str(key)))
    elif isinstance(answer, list | tuple):
        for at, one in enumerate(answer):
            yield from _flat(one, (*path, str(at)))
    elif answer not in (None, ""):
        yield path, answer
