"""The commands that make an exam of a file and bring people their timetables and links."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teleosce import cli_exports
from teleosce.cli_results import results
from teleosce.core.settings import Settings
from teleosce.terminal import App, Data, err, out, progress, run, settings_of, stopped_with, written_or_not

if TYPE_CHECKING:
    from teleosce.planning.schedule import Schedule

Stations = Annotated[Path | None, typer.Option(help="Folder of station folders. [those that come with teleosce]")]
Candidates = Annotated[Path | None, typer.Option(help="A list, .xlsx or .csv, in place of the candidates in the file.")]
Url = Annotated[str | None, typer.Option(help="The server's address, as people reach it. [public_url]")]
ExamName = Annotated[str, typer.Argument(metavar="EXAM", help="The exam's id or title.")]

exam_app = App(help="Exams from files: check, make, print, mail.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Adds this module's commands."""
    exam_app.command("results")(results)
    cli_exports.add_to(exam_app)
    app.add_typer(exam_app, name="exam")


@exam_app.command("check")
def check(
    plan: Annotated[Path, typer.Argument(metavar="FILE", help="The plan: exam.yaml.")],
    candidates: Candidates = None,
    stations: Stations = None,
) -> None:
    """Name every fault and conflict of a plan with its line, row and column; write nothing. Ends with 1 on errors."""
    from teleosce.offline_exams import check as look

    looked = look(settings_of(stations=stations, log_level="warning"), plan, candidates)
    for line in looked.findings:
        print(line)
    if looked.sound and looked.draft.plan and looked.draft.table:
        table = looked.draft.table
        print(
            f"{len(looked.draft.plan.candidates)} candidates, {len(looked.draft.plan.stations)} stations, "
            f"{len(table.rings)} circuits and rounds, {len(table.visits)} slots. An exam can be made of this."
        )
    raise typer.Exit(1 if looked.errors else 0)


@exam_app.command("load")
def load(
    plan: Annotated[Path, typer.Argument(metavar="FILE", help="The plan: exam.yaml.")],
    candidates: Candidates = None,
    stations: Stations = None,
    another: Annotated[bool, typer.Option("--another", help="Although there is an exam of this title.")] = False,
    data: Data = None,
) -> None:
    """Make an exam of a plan: people, slots and circuits, all or nothing. `exam check` only looks.

    With any error nothing is made. Links are made by `exam links` or `exam mail`.
    """
    from teleosce.offline_exams import load as make

    looked, made = run(
        make(settings_of(data=data, stations=stations, log_level="warning"), plan, candidates, another=another)
    )
    for line in looked.findings:
        err.print(line, markup=False)
    if made is None:
        err.print("Nothing was made.")
        raise typer.Exit(1)
    out.print(f"Made “{made.exam.title}” ({made.exam.id}): {made.people} people, {made.slots} slots.", markup=False)
    for name in made.schedule.by_circuit:
        out.print(f"  circuit {name}: {_when(made.schedule, name)}", markup=False)
    out.print(f"Next: teleosce exam links {made.exam.id} --to links.xlsx   (or: teleosce exam mail {made.exam.id})")


def _when(schedule: "Schedule", circuit: str) -> str:
    entries = schedule.by_circuit[circuit]
    first, last = entries[0].starts_ms, max(one.ends_ms for one in entries)
    day = schedule.day(first, circuit)
    return f"{day + ', ' if day else ''}{schedule.clock(first, circuit)} to {schedule.clock(last, circuit)}"


@exam_app.command("timetable")
def timetable(
    exam: ExamName,
    to: Annotated[Path, typer.Option(help="A new file: .xlsx, .pdf or .ics.")],
    person: Annotated[
        str | None, typer.Option(help="With .ics: the times of one person, by number, name, e-mail or id.")
    ] = None,
    data: Data = None,
) -> None:
    """Write the timetable of an exam: a spreadsheet, pages to print, or a calendar, also one person's own."""
    from teleosce.offline_exams import timetable as write

    with written_or_not(to):
        run(write(settings_of(data=data, log_level="warning"), exam, to, person))
    out.print(f"Wrote {to}.", markup=False)


@exam_app.command("links")
def links(
    exam: ExamName,
    to: Annotated[Path, typer.Option(help="A new file: .xlsx, .csv, or .pdf for cards with QR codes.")],
    url: Url = None,
    data: Data = None,
) -> None:
    """Make a new link for everybody and write them into a file, this once: they cannot be read again.

    Links that were made before go on working. Whoever has a link takes the seat: keep the file as you keep passwords.
    """
    from teleosce.offline_exams import links as write

    settings = settings_of(data=data, log_level="warning")
    with written_or_not(to):
        number = run(write(settings, exam, to, _address(settings, url)))
    out.print(f"Wrote {number} new links into {to}. They are told this once.", markup=False)


@exam_app.command("mail")
def mail(
    exam: ExamName,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Number, name or address of one to send to, even if sent before; repeatable."),
    ] = None,
    url: Url = None,
    data: Data = None,
) -> None:
    """Mail everybody their link and times, by the SMTP server of the settings; each once, however often this runs.

    Ends with 1 when some could not be sent: they are named, and the next run tries them alone.
    """
    from teleosce.offline_exams import mail as send

    settings = settings_of(data=data, log_level="warning")
    left = (
        "Who was sent their link is known, and the same command goes on with the others. One letter may have been on "
        "its way: it is then named as unsure."
    )
    with stopped_with(left), progress("Sending") as told:
        done = run(send(settings, exam, only or [], _address(settings, url), told))
    out.print(f"Sent {len(done.sent)}; {len(done.before)} were sent before; {len(done.without)} have no address.")
    for seat, why in done.failed:
        err.print(f"failed   {seat.number or ''} {seat.name}: {why}".replace("  ", " "), markup=False)
    for seat in done.unsure:
        err.print(f"unsure   {seat.number or ''} {seat.name}: send it with --only if it did not come.", markup=False)
    raise typer.Exit(1 if done.failed or done.unsure else 0)


def _address(settings: Settings, url: str | None) -> str:
    """The address that links begin with."""
    if url or settings.public_url:
        return (url or settings.public_url or "").rstrip("/")
    found = f"{'https' if settings.tls_cert else 'http'}://localhost:{settings.port}"
    err.print(f"warning  The links begin with {found}: give --url or set public_url for other machines.", markup=False)
    return found
