"""The signed bundle of a decision run: what was decided, by which rule, from what, down to the key presses."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from teleosce.core.signing import SigningKey
from teleosce.core.spreadsheet import write_csv
from teleosce.reports.exports.bundle import Bundle, new_bundle
from teleosce.reports.exports.levels import tables_of
from teleosce.reports.exports.material import Material, iso
from teleosce.reports.exports.table import Table
from teleosce.reports.runs import Run
from teleosce.scoring import Assignment


def write_decision(
    known: Material,
    run: Run,
    target: Path,
    *,
    audit: list[dict[str, Any]],
    key: SigningKey,
    made_ms: int,
) -> None:
    """Writes the bundle of a run, by whose rules `known` was read. Blocks.

    Raises Invalid when there is something at `target`, Unavailable when the disk does not let it.
    """
    with new_bundle(target) as bundle:
        bundle.json("run.json", run)
        bundle.json("exam.json", {"exam": known.exam, "marking": known.marking, "releases": known.releases})
        shown = ("id", "role", "number", "name", "group")
        bundle.json("people.json", [{name: getattr(one, name) for name in shown} for one in known.seats.values()])
        for version in known.versions.values():
            bundle.json(f"stations/{version.slug}-{version.hash[:12]}.json", version)
        bundle.lines("provenance.jsonl", _provenance(known, run))
        bundle.lines("forms.jsonl", _forms(known))
        bundle.json("incidents.json", known.incidents)
        bundle.lines("audit.jsonl", iter(audit))
        for table in tables_of(known):
            _add(bundle, table)
        about = {"kind": "results", "exam": known.exam.id, "title": known.exam.title, "run": run.number}
        bundle.seal(about | {"run_id": run.id, "inputs_hash": run.inputs_hash}, key, made_ms, _said(known, run))


def _add(bundle: Bundle, table: Table) -> None:
    bundle.add(f"tables/{table.name}.csv", lambda file: write_csv(file, table.head, table.rows))


def _provenance(known: Material, run: Run) -> Iterator[dict[str, Any]]:
    """For each encounter: the mark of record, the forms it is made of, and whether the run decided on the same."""
    given: dict[str, list[Assignment]] = defaultdict(list)
    for one in known.assignments:
        given[one.encounter_id].append(one)
    for encounter in known.encounters:
        record = known.records.get(encounter.id)
        if record is None:
            continue
        decided = run.inputs.get(encounter.id)
        yield {
            "encounter": encounter.id,
            "candidate": known.candidate(encounter.candidate),
            "station": encounter.station_hash,
            "attempt": encounter.attempt,
            "outcome": encounter.outcome,
            "decided_on": decided,
            "same_now": None if decided is None else decided == known.inputs.get(encounter.id),
            "record": record,
            "forms": [
                {"form": form.id, "kind": form.kind, "author": form.author_id, "state": form.state}
                | {"key_presses": len(entries), "after_the_run": sum(one.at_ms > run.at_ms for one in entries)}
                for form in known.forms.get(encounter.id, ())
                for entries in [known.histories[form.id].entries]
            ],
            "assignments": given[encounter.id],
        }


def _forms(known: Material) -> Iterator[dict[str, Any]]:
    """Every form as it stands, with all that was ever written to it."""
    for encounter in known.encounters:
        for form in known.forms.get(encounter.id, ()):
            yield {
                "form": form,
                "candidate": known.candidate(encounter.candidate),
                "author": known.person(form.author_id),
                "history": known.histories[form.id],
            }


def _said(known: Material, run: Run) -> str:
    judged = [one for one in run.found["candidates"].values() if one.get("passed") is not None]
    passed = sum(bool(one["passed"]) for one in judged)
    return f"""{known.exam.title}: decision run {run.number}, made {iso(run.at_ms)}
{passed} of {len(judged)} candidates passed.

run.json          the run: rules, cuts, every candidate's result, and a hash of every mark it rests on
provenance.jsonl  for each encounter: the mark of record, the forms it is made of, whether that was decided on
forms.jsonl       every form as it stands, with every key press and change of state, by whom and when
stations/         the station versions with their mark sheets
tables/           the same for spreadsheets; dictionary.csv says what each column means
exam.json         the exam, the rules of marking, and releases
people.json, incidents.json, audit.jsonl   the people, disruptions, and the audit log about the exam"""
