"""The commands that write an exam's results into files."""

from pathlib import Path
from typing import Annotated

import typer

from teleosce.terminal import Data, out, run, settings_of

ExamName = Annotated[str, typer.Argument(help="The exam's id or title.")]
RunNumber = Annotated[
    int | None, typer.Option("--run", help="The decision run, by its number; the last when not given.", min=1)
]


def add_to(exam_app: typer.Typer) -> None:
    """Adds this module's commands."""
    exam_app.command("export")(export)


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

    written = run(export_tables(settings_of(data=data, log_level="warning"), exam, to, number))
    out.print(f"Wrote {len(written)} tables into {to}: {', '.join(written)}.", markup=False)
