"""The commands. Each says what it does in its help, and what went wrong in a sentence."""

import json
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from teleosce import __version__, cli_exam, cli_keeping
from teleosce.core.errors import Fault, Invalid
from teleosce.core.settings import Settings
from teleosce.core.stopping import stop_signal
from teleosce.terminal import Data, err, out
from teleosce.terminal import run as _run
from teleosce.terminal import settings_of as _settings

if TYPE_CHECKING:
    from teleosce.rehearsal.facts import Facts

app = typer.Typer(
    help="Remote teleconsultation OSCEs: live stations, recordings, transcripts and marks.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
station_app = typer.Typer(help="Station folders.", no_args_is_help=True)
user_app = typer.Typer(help="Staff accounts.", no_args_is_help=True)
audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)
app.add_typer(station_app, name="station")
app.add_typer(user_app, name="user")
app.add_typer(audit_app, name="audit")

Host = Annotated[str | None, typer.Option(help="Address to listen on. [127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [8400]")]
Level = Annotated[str | None, typer.Option(help="debug, info, warning or error. [info]")]
Model = Annotated[str | None, typer.Option(help="tiny.en, base, or a folder with a CTranslate2 model. [base]")]


def main() -> None:
    """Runs a command; a fault ends it with its sentence and status 2, never with a traceback."""
    # What we write (recordings, keys, exports) is for the server's user alone.
    os.umask(0o077)
    try:
        app()
    except Fault as fault:
        err.print(f"teleosce: {fault.message}", style="red", markup=False)
        sys.exit(2)


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"teleosce {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Settings come from flags, then TELEOSCE_* variables, then teleosce.toml, then the defaults."""


@app.command()
def serve(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    public_url: Annotated[str | None, typer.Option(help="The address people reach, as written in links.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    database_url: Annotated[str | None, typer.Option(help="PostgreSQL; SQLite in the data folder when empty.")] = None,
    whisper_model: Model = None,
    worker: Annotated[bool | None, typer.Option(help="Start a transcription worker too. [yes]")] = None,
    log_level: Level = None,
) -> None:
    """Run the server, until Ctrl-C."""
    settings = _settings(
        data=data,
        host=host,
        port=port,
        public_url=public_url,
        tls_cert=tls_cert,
        tls_key=tls_key,
        database_url=database_url,
        whisper_model=whisper_model,
        worker=worker,
        log_level=log_level,
    )
    _run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from teleosce.app import running

    stop = stop_signal()
    async with running(settings) as server:
        out.print(f"teleosce {__version__} answers at {server.url}  (data: {settings.data.resolve()})")
        warning = unsafe(settings)
        if warning:
            err.print(f"\n!!! {warning}\n", style="bold red", markup=False)
        await stop.wait()
        out.print("Stopping: recordings are being closed.")


def unsafe(settings: Settings) -> str | None:
    """Why browsers off this machine could not use the server, or should not; None where all is well."""
    if settings.tls_cert or (settings.public_url or "").startswith("https://"):
        return None
    try:
        local = ip_address(settings.host).is_loopback
    except ValueError:
        local = settings.host == "localhost"
    if local:
        return None
    return (
        "This server is open to other machines without TLS. Browsers give a page no camera and no microphone there, "
        "and passwords and links travel in the clear. Give --tls-cert and --tls-key, or put a TLS proxy in front and "
        "give --public-url https://…"
    )


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Data folder; a throwaway one when not given.")] = None,
    host: Host = None,
    port: Port = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the links as one line of JSON.")] = False,
    consultation: Annotated[bool, typer.Option(help="Play a short consultation first, to have one to mark.")] = True,
    whisper_model: Model = None,
    log_level: Level = None,
) -> None:
    """Run a server with a small exam, play a consultation through it, and print one link per role."""
    from teleosce.demo import run_demo

    _run(
        run_demo(
            flags={
                "data": data,
                "host": host,
                "port": port,
                "whisper_model": whisper_model,
                "log_level": log_level or "warning",
            },
            as_json=as_json,
            consultation=consultation,
        )
    )


@app.command()
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
            "move@20, silent, black, kill@20: seconds into the encounters, @2/20 those of the second rotation, or "
            "@random. It befalls the candidates; add :sp or :both for others, or :3 for so many people by chance. "
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
            school=_settings(log_level="warning"),
            pace=Pace(compress or COMPRESS, given),
            candidates=candidates,
            rotations=rotations,
            picture=picture,
            troubles=troubles,
            data=data,
            seed=seed,
        )
        _report(_run(rehearse_day(asked, lambda text: err.print(text, markup=False))), report, as_json=as_json)
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
    _report(_run(hold(wanted, lambda text: err.print(text, markup=False))), report, as_json=as_json)


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


@app.command()
def worker(
    data: Data = None,
    database_url: Annotated[str | None, typer.Option(help="The server's database.")] = None,
    whisper_model: Model = None,
    parent: Annotated[int | None, typer.Option(hidden=True, help="End when this process ends.")] = None,
    log_level: Level = None,
) -> None:
    """Transcribe recordings as they are sealed, at low priority, until Ctrl-C."""
    from teleosce.transcripts.worker import run

    run(
        _settings(data=data, database_url=database_url, whisper_model=whisper_model, log_level=log_level),
        parent=parent,
    )


@station_app.command("check")
def station_check(
    paths: Annotated[list[Path], typer.Argument(help="Station folders, or folders of them.")],
) -> None:
    """Name every fault of station folders with its file and line. Ends with 1 when there are errors."""
    from teleosce.stations.command import check_paths

    findings = check_paths(paths)
    for finding in findings:
        print(finding)
    errors = sum(1 for one in findings if one.severity == "error")
    print(f"{errors} errors, {len(findings) - errors} warnings" if findings else "No faults found.")
    raise typer.Exit(1 if errors else 0)


@app.command()
def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Sound or video files; each is one speaker's own track.")],
    form: Annotated[Literal["text", "vtt", "json"], typer.Option("--format", help="How to write it.")] = "text",
    hints: Annotated[list[str] | None, typer.Option("--hint", help="A word that may occur; repeatable.")] = None,
    data: Data = None,
    whisper_model: Model = None,
    log_level: Level = None,
) -> None:
    """Write down what is said in files, without any exam."""
    from teleosce.transcripts.command import Form
    from teleosce.transcripts.command import transcribe as hear

    settings = _settings(data=data, whisper_model=whisper_model, log_level=log_level or "warning")
    hear(files, settings, form=Form(form), hints=hints or [])


@app.command()
def doctor(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    whisper_model: Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Look at what an exam needs: weights, disk, clock, ports, TURN, database, what is left over.

    Each line is ok, a warning or wrong, with what to do. Ends with 1 when something is wrong.
    """
    from teleosce.doctor import Finding, examine

    async def look() -> list[Finding]:
        found = []
        async for finding in examine(settings):
            found.append(finding)
            if not as_json:
                out.print(f"{finding.verdict:<8} {finding.what}: {finding.said}", markup=False)
                if finding.do:
                    out.print(f"{'':<8} → {finding.do}", markup=False)
        return found

    settings = _settings(data=data, host=host, port=port, whisper_model=whisper_model, log_level="error")
    found = _run(look())
    if as_json:
        print(json.dumps([vars(finding) for finding in found], ensure_ascii=False, indent=1))
    raise typer.Exit(1 if any(finding.verdict == "wrong" for finding in found) else 0)


@app.command()
def verify(
    data: Data = None,
    acknowledged: Annotated[Path | None, typer.Option(help="JSON lines of what clients were told is saved.")] = None,
    over: Annotated[bool, typer.Option(help="The exams are over: nothing may be under way any more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Check what must always be true: recordings, hashes, marks, encounters. Reads only; ends with 1 on a breach."""
    from dataclasses import asdict

    from teleosce.invariants import check, read_acknowledgements

    settings = _settings(data=data, log_level="warning")
    noted = read_acknowledgements(acknowledged) if acknowledged else []
    breaches = _run(check(settings, acknowledged=noted, over=over))
    if as_json:
        print(json.dumps([asdict(breach) for breach in breaches]))
    else:
        for breach in breaches:
            out.print(f"{breach.rule:<12} {breach.where}: {breach.said}", markup=False)
        if not breaches:
            out.print("Everything is as it must be.")
    raise typer.Exit(1 if breaches else 0)


@user_app.command("add")
def user_add(
    email: str,
    name: Annotated[str, typer.Option(prompt=True, help="As colleagues know them.")],
    role: Annotated[str, typer.Option(help="organiser, examiner, moderator, invigilator or observer.")] = "organiser",
    password: Annotated[
        str,
        typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, help="12 characters or more."),
    ] = "",
    data: Data = None,
) -> None:
    """Add a staff account."""
    from teleosce.app import add_account

    settings = _settings(data=data, log_level="warning")
    _run(add_account(settings, email=email, name=name, role=role, password=password))
    out.print(f"{name} can now sign in as {email} ({role}).", markup=False)


@audit_app.command("verify")
def audit_verify(data: Data = None) -> None:
    """Check the chain of hashes of the audit log. Ends with 1 when a row was changed or is missing."""
    from teleosce.app import verify_audit

    report = _run(verify_audit(_settings(data=data, log_level="warning")))
    if report.broken_at is None:
        out.print(f"{report.rows} rows, unbroken. Head: {report.head}")
        return
    out.print(f"Broken at row {report.broken_at}: it was changed or removed after it was written.")
    raise typer.Exit(1)


cli_exam.add_to(app)
cli_keeping.add_to(app)


if __name__ == "__main__":
    main()
