"""The commands that write an exam's results into files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from teleosce.core.errors import NotFound
from teleosce.terminal import Data, out, run, settings_of, written_or_not

ExamName = Annotated[str, typer.Argument(metavar="EXAM", help="The exam's id or title.")]
RunNumber = Annotated[
    int | None, typer.Option("--run", help="The decision run, by its number; the last when not given.", min=1)
]


def add_to(exam_app: typer.Typer) -> None:
    """Adds this module's commands."""
    exam_app.command("export")(export)
    exam_app.command("bundle")(bundle)
    exam_app.command("appeal")(appeal)
    exam_app.command("xapi")(xapi)


def export(
    exam: ExamName,
    to: Annotated[Path, typer.Option(help="A new file, .xlsx or .zip (of CSV), or a new folder for CSV.")],
    number: RunNumber = None,
    data: Data = None,
) -> None:
    """Write everything an exam's results are made of as tables, from candidates to key presses.

    One sheet or file for each level, and a data dictionary that says what each column means. No cell is ever taken for
    a formula. People's names are in it: keep it as you keep the results.
    """
    from teleosce.offline_results import export_tables

    with written_or_not(to):
        written = run(export_tables(settings_of(data=data, log_level="warning"), exam, to, number))
    out.print(f"Wrote {len(written)} tables into {to}: {', '.join(written)}.", markup=False)


def bundle(
    exam: ExamName,
    to: Annotated[Path, typer.Option(help="A new .zip, or a new folder.")],
    number: RunNumber = None,
    data: Data = None,
) -> None:
    """Write the signed bundle of a decision run: results, rules, marks with every key press, and hashes.

    `teleosce verify FILE` says of it whether anything was altered, also on a machine without the data folder.
    """
    from teleosce.offline_results import write_bundle

    with written_or_not(to):
        made = run(write_bundle(settings_of(data=data, log_level="warning"), exam, to, number))
    out.print(f"Wrote decision run {made} into {to}, signed. Check it with: teleosce verify {to}", markup=False)


def appeal(
    encounter: Annotated[
        str, typer.Argument(metavar="ENCOUNTER", help="The encounter's id: `teleosce encounters` lists them.")
    ],
    to: Annotated[Path, typer.Option(help="A new folder, or a new .zip.")],
    data: Data = None,
) -> None:
    """Write all there is of one encounter for those who decide on an appeal, signed; open its index.html.

    Recording with the pictures in step, transcript, every sheet with its history, what counts and how it came to be,
    decisions, incidents and the audit trail. The page needs no network and no server.
    """
    from teleosce.offline_results import write_appeal_bundle

    with written_or_not(to):
        names = run(write_appeal_bundle(settings_of(data=data, log_level="warning"), encounter, to))
    out.print(f"Wrote {len(names)} files into {to}, signed. Check them with: teleosce verify {to}", markup=False)


def xapi(
    exam: ExamName,
    to: Annotated[Path, typer.Option(help="A new file of JSON lines.")],
    *,
    base: Annotated[str | None, typer.Option(help="What all IRIs begin with. [public_url]")] = None,
    names: Annotated[bool, typer.Option("--names", help="People's names too; else pseudonyms alone.")] = False,
    number: RunNumber = None,
    data: Data = None,
) -> None:
    """Write an exam's encounters and results as xAPI statements, for a learning record store.

    People are pseudonyms, the same each time, which only this data folder can follow back. A statement that is written
    twice has the same id. Results are in it whether they are released or not.
    """
    from teleosce.offline_results import write_xapi

    settings = settings_of(data=data, log_level="warning")
    with written_or_not(to):
        many = run(write_xapi(settings, exam, to, number=number, base=base, names=names))
    out.print(f"Wrote {many} statements into {to}.", markup=False)


def show_key(
    as_json: Annotated[
        bool, typer.Option("--json", help="As a set of JSON Web Keys, as the server publishes it.")
    ] = False,
    data: Data = None,
) -> None:
    """Show the public key with which bundles and credentials are signed. Give it to those who verify them."""
    from teleosce.core.signing import signing_key

    folder = settings_of(data=data, log_level="warning").data
    if not folder.is_dir():
        raise NotFound(f"There is no teleosce data in {folder}. Name its folder with --data.")
    public = signing_key(folder).public
    if as_json:
        out.print(json.dumps({"keys": [{**public.jwk, "kid": public.thumbprint}]}), markup=False)
        return
    out.print(f"{public.pem}Thumbprint: {public.thumbprint}", markup=False)


def verify_file(file: Path, key: str | None, *, as_json: bool) -> bool:
    """Says whether a bundle is what was signed."""
    from teleosce.reports.exports import keys_of, verify_bundle

    found = verify_bundle(file, *(keys_of(key) if key else (None, None)))
    if as_json:
        out.print(json.dumps(asdict(found), ensure_ascii=False), markup=False)
        return not found.faults
    for fault in found.faults:
        out.print(fault, markup=False)
    if found.faults:
        out.print(f"{file} is not what was signed.", markup=False)
        return False
    out.print(f"All {found.files} files are as they were signed, with the key {found.signer}.", markup=False)
    if not key:
        out.print("Whose key that is, the bundle cannot prove: name the school's with --key.")
    return True
