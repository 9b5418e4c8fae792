"""The commands that keep what must be kept, and let go of what must go."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from teleosce.core.clock import Clock
from teleosce.terminal import Data, err, out, progress, run, settings_of, size


def add_to(app: typer.Typer) -> None:
    """Adds this module's commands."""
    for command in (encounters, export, backup, restore):
        app.command()(command)


def encounters(
    exam: Annotated[str | None, typer.Option(help="An exam's id or title; all exams when not given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    data: Data = None,
) -> None:
    """List encounters with their ids, by candidate number, and what there is of each. Times are UTC."""
    from teleosce.offline import Listed, list_encounters

    found = run(list_encounters(settings_of(data=data, log_level="warning"), exam))

    def row(one: Listed) -> dict[str, str]:
        began = "–" if one.began_ms is None else f"{datetime.fromtimestamp(one.began_ms / 1000, UTC):%Y-%m-%d %H:%M}"
        state = one.encounter.phase.value if one.encounter.outcome is None else one.encounter.outcome.value
        return {
            "id": one.encounter.id,
            "exam": one.exam.title,
            "station": f"{one.encounter.position} {one.station}",
            "candidate": one.candidate,
            "attempt": str(one.encounter.attempt),
            "began": began,
            "state": state,
            "recording": one.recording,
            "transcript": one.transcript,
            "marks": one.marks,
        }

    rows = [row(one) for one in found]
    if as_json:
        out.print(json.dumps(rows, ensure_ascii=False), markup=False)
    elif not rows:
        out.print("There are no encounters yet.")
    else:
        table = Table(*(name.capitalize() for name in rows[0]), box=None, pad_edge=False)
        for one in rows:
            table.add_row(*one.values())
        out.print(table, soft_wrap=not out.is_terminal)


def export(
    encounter: Annotated[str, typer.Argument(help="The encounter's id: `teleosce encounters` lists them.")],
    to: Annotated[Path, typer.Option(help="A new folder to write into.")],
    film: Annotated[
        bool, typer.Option("--film", help="Also one film, both pictures side by side, with captions.")
    ] = False,
    data: Data = None,
) -> None:
    """Write all there is of one encounter into a folder: videos, transcript, captions, forms and hashes.

    With --film also film.mp4, for the archive: candidate left, patient right, both voices, captions as a track and as
    film.vtt, by candidate number and without names. It takes a while, at low priority; interrupted, it goes on when the
    same command is run again. An export that is there already gets its film added.
    """
    from teleosce.offline import export as write

    settings = settings_of(data=data, log_level="warning")
    with progress("Making the film") as told:
        written = run(write(settings, encounter, to, film=film, told=told))
    out.print(json.dumps({"folder": str(to), "files": written}), markup=False)


def backup(
    to: Annotated[Path, typer.Argument(help="The backup's own folder, best on another disk. Use the same each time.")],
    data: Data = None,
) -> None:
    """Copy the database, the recordings and the keys into a folder, while the server runs.

    What is there already is not copied again, so the second backup into the same folder is quick. An interrupted one
    goes on where it was when it is run again; until it is done, the one before is what `restore` uses. A folder holds
    one backup: for several generations use several folders in turn.

    Not in it: the settings (teleosce.toml), certificates, and Whisper's weights. A PostgreSQL database is the school's
    own to copy: run pg_dump first, then this.
    """
    from teleosce.keeping import back_up

    settings = settings_of(data=data, log_level="warning")
    with progress("Copying") as told:
        made, copied = back_up(
            settings.data, to, sqlite=settings.database_url is None, now_ms=Clock().now_ms(), told=told
        )
    for fault in made.faults:
        err.print(f"warning  {fault}", markup=False)
    growing = sum(one.growing for one in made.files)
    if growing:
        out.print(f"{growing} files were still being recorded: this holds what there was of them.")
    if made.database != "sqlite":
        out.print("The database is in PostgreSQL and not in this backup: keep a pg_dump that is older than it.")
    whole = sum(one.size for one in made.files)
    out.print(
        f"Backed up {len(made.files)} files, {size(whole)}, into {to}; {size(copied)} of it were new.", markup=False
    )
    out.print(f"Its digest is {made.digest}. `teleosce restore {to} --data NEW` proves it.", markup=False)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="The folder of a backup.")],
    data: Annotated[Path, typer.Option(help="A new folder to restore into. `serve --data` goes on from there.")],
) -> None:
    """Make a data folder out of a backup, and prove every file of it by its hash.

    Nothing is overwritten: the folder must be new or empty. Interrupted, it goes on when it is run again.
    """
    from teleosce.keeping import restore as bring_back

    with progress("Restoring and checking") as told:
        made = bring_back(source, data, told=told)
    at = datetime.fromtimestamp(made.made_ms / 1000, UTC)
    out.print(
        f"Restored {len(made.files)} files into {data}, all as they were on {at:%d %B %Y at %H:%M} UTC.", markup=False
    )
    for fault in made.faults:
        err.print(f"warning  When it was made: {fault}", markup=False)
    growing = sum(one.growing for one in made.files)
    if growing:
        out.print(
            f"{growing} files were being recorded just then; the server seals what there is of them when it starts."
        )
    if made.database != "sqlite":
        out.print("The database was in PostgreSQL: restore its dump before you start the server.")
    out.print(f"Next: teleosce serve --data {data}", markup=False)
