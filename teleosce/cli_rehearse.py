"""The command that rehearses: encounters all alike, or the whole day of an exam."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from teleosce.core.errors import Invalid
from teleosce.terminal import Model, err, out, run, settings_of, stopped_with

if TYPE_CHECKING:
    from teleosce.rehearsal.facts import Facts


NO_REPORT = "The rehearsal is over, without a report."


def add_to(app: typer.Typer) -> None:
    """Adds this module's commands."""
    app.command()(rehearse)


def rehearse(
    exam: Annotated[
        str | None,
        typer.Option(help="The whole day of an exam: its exam.yaml, or its id or title in the data folder."),
    ] = None,
    candidates: Annotated[
        Path | None, typer.Option(help="With --exam FILE: the list of candidates, .xlsx or .csv.")
    ] = None,
    compress: Annotated[
        float | None, typer.Option(min=1, max=200, help="With --exam: all lengths divided by so much. [20]")
    ] = None,
    phase_seconds: Annotated[
        str | None,
        typer.Option(
            help="With --exam: the lengths themselves, as reading=2,encounter=12,note=3,changeover=2.",
            metavar="LENGTHS",
        ),
    ] = None,
    rotations: Annotated[
        int | None, typer.Option(min=1, help="With --exam: only the first so many. [all of them]")
    ] = None,
    sessions: Annotated[
        int | None, typer.Option(min=1, max=200, help="Without --exam: how many candidates with their patients. [2]")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.2, max=120, help="Without --exam: length of their encounters. [1]")
    ] = None,
    picture: Annotated[
        Literal["full", "low"], typer.Option(help="640×480 at 30 a second; or 320×240 at 15, for many on one machine.")
    ] = "full",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="Made to go wrong; repeatable. loss=5%, delay=150ms, reorder=2%, reload@20, vanish@20, drop=20s@15, "
            "move@20, silent, black, echo, kill@20: seconds into the encounters, @2/20 those of the second rotation, "
            "or @random. It befalls the candidates; add :sp or :both for others, or :3 for so many people by chance. "
            "reload=5% is a share of all people in each rotation.",
            metavar="SPEC",
        ),
    ] = None,
    server: Annotated[str | None, typer.Option(help="A running server, as https://…; one is started if empty.")] = None,
    organiser: Annotated[str | None, typer.Option(help="With --server: e-mail of an organiser's account.")] = None,
    station: Annotated[
        str | None, typer.Option(help="Without --exam: the station whose dialogue is spoken. [chest-pain-video]")
    ] = None,
    transcribe: Annotated[bool, typer.Option(help="Wait for the transcripts too, and compare them.")] = False,
    whisper_model: Model = None,
    data: Annotated[Path | None, typer.Option(help="Keep what our own server makes in this empty folder.")] = None,
    seed: Annotated[int | None, typer.Option(help="Repeats the chance of an earlier rehearsal.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write report.html and report.json into this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Hold encounters with synthetic people, make things go wrong, and say go or no-go. Ends with 1 for no-go.

    With --exam it runs the timetable of a whole exam, in a hurry, on a copy of it: nothing of yours is changed.
    Without, it holds --sessions encounters at once, all alike.

    Without --server it starts a server of its own in a throwaway folder. On a running server it makes exams called
    “Rehearsal”, which stay there; the organiser's password is asked for, or taken from REHEARSAL_PASSWORD.
    """
    from teleosce.core import logs
    from teleosce.rehearsal.course import COMPRESS, Pace, read_seconds
    from teleosce.rehearsal.trouble import read_trouble
    from teleosce.rehearse import Wanted
    from teleosce.rehearse import rehearse as hold
    from teleosce.rehearse_day import WantedDay, rehearse_day

    if (server is None) != (organiser is None):
        raise Invalid("--server and --organiser go together: give both, or neither for a server of our own.")
    if server is not None and data is not None:
        raise Invalid("--data is for a server of our own: leave it out with --server.")
    logs.configure("warning")
    troubles = [read_trouble(one) for one in fault or []]
    if exam is not None:
        if server is not None or transcribe:
            raise Invalid("--exam has a server of its own and waits for no transcripts: no --server, no --transcribe.")
        if any(one is not None for one in (sessions, minutes, station, whisper_model)):
            raise Invalid(
                "--exam says itself how many there are, for how long and where, and waits for no transcripts: "
                "leave --sessions, --minutes, --station and --whisper-model out."
            )
        if compress is not None and phase_seconds is not None:
            raise Invalid("--compress and --phase-seconds both say how long phases are: give one of them.")
        given = read_seconds(phase_seconds) if phase_seconds else None
        asked = WantedDay(
            exam=exam,
            school=settings_of(log_level="warning"),
            pace=Pace(compress or COMPRESS, given),
            candidates=candidates,
            rotations=rotations,
            picture=picture,
            troubles=troubles,
            data=data,
            seed=seed,
        )
        with stopped_with(NO_REPORT):
            found = run(rehearse_day(asked, lambda text: err.print(text, markup=False)))
        _report(found, report, as_json=as_json)
    if candidates or compress or phase_seconds or rotations:
        raise Invalid("--candidates, --compress, --phase-seconds and --rotations are for --exam.")
    password = os.environ.get("REHEARSAL_PASSWORD") or (
        typer.prompt("Password", hide_input=True, err=True) if organiser else ""
    )
    wanted = Wanted(
        sessions=sessions or 2,
        minutes=minutes or 1.0,
        troubles=troubles,
        station=station or "chest-pain-video",
        server=server,
        email=organiser or "",
        password=password,
        data=data,
        transcribe=transcribe,
        whisper_model=whisper_model or "base",
        seed=seed,
        picture=picture,
    )
    with stopped_with(f"{NO_REPORT} What was made on {server} stays there." if server else NO_REPORT):
        found = run(hold(wanted, lambda text: err.print(text, markup=False)))
    _report(found, report, as_json=as_json)


def _report(facts: "Facts", folder: Path | None, *, as_json: bool) -> None:
    """Shows what a rehearsal came to, and ends the command: with 1 for no-go."""
    from teleosce.rehearsal.judge import is_go, judge
    from teleosce.rehearsal.report import as_json as in_json
    from teleosce.rehearsal.report import show, write

    if as_json:
        print(json.dumps(in_json(facts), ensure_ascii=False))
    else:
        show(facts, out)
    for file in write(facts, folder) if folder else []:
        err.print(f"Written: {file}", markup=False)
    raise typer.Exit(0 if is_go(judge(facts)) else 1)
