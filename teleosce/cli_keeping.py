"""The commands that keep what must be kept, and let go of what must go."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from teleosce.core.clock import Clock
from teleosce.terminal import Command, Data, err, out, progress, run, settings_of, size, stopped_with, written_or_not


def add_to(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command()(encounters)
    app.command(cls=_Export)(export)
    for command in (backup, restore, erase, person_data):
        app.command()(command)


WIDE = 500
"""Columns for what no person reads on a terminal: nothing is cut off."""


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
        # Other commands are given the id: however narrow the terminal, it is there whole.
        table.columns[0].min_width = len(rows[0]["id"])
        (out if out.is_terminal else Console(width=WIDE)).print(table)


class _Export(Command):
    """`export encounter ID`, as it is said, means `export ID`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args[1:] if args[:1] == ["encounter"] else args)


def export(
    encounter: Annotated[
        str, typer.Argument(metavar="ENCOUNTER", help="The encounter's id: `teleosce encounters` lists them.")
    ],
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
    from teleosce.keeping.film import parts_of
    from teleosce.offline import FILM, add_film, prepare_film
    from teleosce.offline import export as write

    settings = settings_of(data=data, log_level="warning")
    parts = parts_of(to / FILM)

    def left() -> str:
        if parts.is_dir():
            # What it has of a minute that is not whole is rendered anew.
            whole = len(list(parts.glob("*.mp4")))
            return f"Minutes of the film that are kept, in {parts}: {whole}. The same command goes on from there."
        return f"{to} is there, without the film." if to.is_dir() else f"{to} was not written."

    with stopped_with(left):
        if film:
            made = run(prepare_film(settings, encounter, to))
            with progress("Making the film") as told:
                written = add_film(made, to, told=told)
        else:
            written = run(write(settings, encounter, to))
    out.print(json.dumps({"folder": str(to), "files": written}), markup=False)


def backup(
    to: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The backup's own folder, best on another disk. Use the same each time."),
    ],
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
    left = (
        "What was copied is kept, and the same command goes on from there. Until it is done, `restore` uses the backup "
        f"before, if {to} holds one."
    )
    with stopped_with(left), progress("Copying") as told:
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
    erasures: Annotated[
        Path | None, typer.Option(help="erasures.jsonl of the newest data folder: erases those again.")
    ] = None,
) -> None:
    """Make a data folder out of a backup, and prove every file of it by its hash.

    Nothing is overwritten: the folder must be new or empty. Interrupted, it goes on when it is run again. A backup may
    hold people who were erased after it was made: give --erasures before anybody uses it.
    """
    from teleosce.keeping import restore as bring_back
    from teleosce.offline import erase_again

    left = f"{data} is not fully restored, and no server will use it. The same command goes on with it."
    with stopped_with(left), progress("Restoring and checking") as told:
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
    if erasures is not None:
        left = f"{data} may still hold people who were erased. Delete it and run the same command again."
        with stopped_with(left):
            again = run(erase_again(settings_of(data=data, log_level="warning"), erasures))
        out.print(f"{again} erasures that were made after the backup were made again.")
    out.print(f"Next: teleosce serve --data {data}", markup=False)


def erase(
    person: Annotated[
        list[str],
        typer.Argument(
            metavar="PERSON",
            help="One person: candidate number, name, e-mail or id. Several when they have several seats.",
        ),
    ],
    asked_by: Annotated[
        str, typer.Option(prompt="On whose request (without names)", help="Who asked, without names; it is kept.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
    data: Data = None,
) -> None:
    """Erase one person: recordings, words, texts by and about them, names. It cannot be undone.

    Marks stay, of a person without a name. The other person of an encounter keeps their own recording and words. A
    record stays that it happened, without a name. Refused under a legal hold, and in the middle of an encounter.
    """
    from teleosce.offline import erase as let_go
    from teleosce.offline import find_person

    settings = settings_of(data=data, log_level="warning")
    found = run(find_person(settings, person))
    for one in found:
        out.print(f"  {one.id}  {one.name}, {one.role.value}", markup=False)
    if not yes:
        typer.confirm("Erase all that is kept of this person? It cannot be undone.", abort=True, err=True)
    ids = " ".join(one.id for one in found)
    with stopped_with(f"Some of it may be erased already. Run it again to its end: teleosce erase {ids}"):
        outcome = run(let_go(settings, found, asked_by))
    for kind, count in sorted(outcome.erased.counts.items()):
        out.print(f"{count:>6} {kind}")
    out.print(f"Erased. The record of it is {outcome.erased.id}.")
    if outcome.still:
        where = ", ".join(f"{count} in {column}" for column, count in sorted(outcome.still.items()))
        err.print(f"warning  The same name still stands in rows that were not touched: {where}.", markup=False)
    if not outcome.overwritten:
        err.print("warning  The database's log is still in use: stop and start the server to overwrite it.")
    if settings.database_url:
        out.print("PostgreSQL keeps old rows until VACUUM FULL: run it.")
    out.print(
        "Backups made before still hold this person. Back up into each of your backup folders again, and keep "
        f"{settings.data / 'erasures.jsonl'}: `teleosce restore --erasures` erases again from an older one.",
        markup=False,
    )


def person_data(
    person: Annotated[
        list[str],
        typer.Argument(
            metavar="PERSON",
            help="One person: candidate number, name, e-mail or id. Several when they have several seats.",
        ),
    ],
    to: Annotated[Path, typer.Option(help="A new ZIP file.")],
    data: Data = None,
) -> None:
    """Write all that is kept of one person into one ZIP file, for them: open index.html in it.

    Their own recordings, words, forms and consents, and what the audit log notes of them. Nobody else's name or picture
    is in it.
    """
    from teleosce.offline import find_person
    from teleosce.offline import person_data as write

    settings = settings_of(data=data, log_level="warning")
    found = run(find_person(settings, person))
    with written_or_not(to):
        written = run(write(settings, found, to))
    named = ", ".join(f"{one.name} ({one.role.value})" for one in found)
    out.print(f"Wrote {len(written)} files about {named} into {to}, {size(to.stat().st_size)}.", markup=False)
