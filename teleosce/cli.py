"""The commands. Each says what it does in its help, and what went wrong in a sentence."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from teleosce import __version__, cli_exam, cli_exports, cli_keeping, cli_rehearse
from teleosce.core.errors import Fault
from teleosce.core.memory import settle
from teleosce.core.port import wait_for
from teleosce.core.settings import Settings, unsafe
from teleosce.core.stopping import stop_signal
from teleosce.terminal import App, Commands, Data, Model, Stopped, err, out
from teleosce.terminal import run as _run
from teleosce.terminal import settings_of as _settings

app = App(
    cls=Commands,
    context_settings={"max_content_width": 120},
    help="Remote teleconsultation OSCEs: live stations, recordings, transcripts and marks.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
station_app = App(help="Station folders.", no_args_is_help=True)
user_app = App(help="Staff accounts.", no_args_is_help=True)
audit_app = App(help="The audit log.", no_args_is_help=True)
app.add_typer(station_app, name="station")
app.add_typer(user_app, name="user")
app.add_typer(audit_app, name="audit")

Host = Annotated[str | None, typer.Option(help="Address to listen on. [127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one. [8400]")]
Level = Annotated[str | None, typer.Option(help="debug, info, warning or error. [info]")]


INTERRUPTED = 128 + signal.SIGINT
"""The status with which shells know that Ctrl-C ended a command."""


def main() -> None:
    """Runs a command; a fault ends it with its sentence and status 2, Ctrl-C with 130, never with a traceback."""
    # What we write (recordings, keys, exports) is for the server's user alone.
    os.umask(0o077)
    try:
        app()
    except Fault as fault:
        err.print(f"teleosce: {fault.message}", style="red", markup=False)
        sys.exit(2)
    except Stopped as stopped:
        err.print(f"\nteleosce: Stopped. {stopped}".rstrip(), markup=False)
        sys.stdout.flush()
        # Threads may still be at something long: it ends here, as it does when the machine fails.
        os._exit(INTERRUPTED)


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
    taken = await wait_for(settings.host, settings.port)  # before all that is imported now, which takes longer
    from teleosce.app import running

    stop = stop_signal()
    async with running(settings, taken) as server:
        settle()
        _tell(f"teleosce {__version__} answers at {server.url}  (data: {settings.data.resolve()})")
        warning = unsafe(settings)
        if warning:
            _tell(f"\n!!! {warning}\n", err, style="bold red")
        await stop.wait()
        _tell("Stopping: recordings are being closed.")


def _tell(text: str, where: Console = out, style: str | None = None) -> None:
    """To the terminal, or the file that stands for it: a full disk beneath that file must not stop an exam."""
    with suppress(OSError):
        where.print(text, style=style, markup=False)


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Data folder; a throwaway one when not given.")] = None,
    host: Host = None,
    port: Port = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the links as one line of JSON.")] = False,
    consultation: Annotated[bool, typer.Option(help="Play a short consultation first, to have one to mark.")] = True,
    marking: Annotated[
        bool,
        typer.Option("--marking", help="Begin with an exam that is over: three stations, nine recordings to mark."),
    ] = False,
    spoken: Annotated[
        bool, typer.Option("--spoken", help="Let every word of it be heard, which takes minutes; else a murmur.")
    ] = False,
    results: Annotated[
        bool | None,
        typer.Option(
            "--results/--no-results",
            help="Make an exam of sixty candidates with all its marks as well; with --json only when asked.",
        ),
    ] = None,
    whisper_model: Model = None,
    log_level: Level = None,
) -> None:
    """Run a server with a small exam, play a consultation through it, and print one link per role."""
    from teleosce.demo import Wanted, run_demo

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
            wanted=Wanted(consultation, marking, spoken, not as_json if results is None else results),
        )
    )


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
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Station folders, or folders of them.")],
) -> None:
    """Name every fault of station folders with its file and line. Ends with 1 when there are errors."""
    from teleosce.stations.command import check_paths

    findings = check_paths(paths)
    for finding in findings:
        print(finding)
    errors = sum(1 for one in findings if one.severity == "error")
    print(f"{_many(errors, 'error')}, {_many(len(findings) - errors, 'warning')}" if findings else "No faults found.")
    raise typer.Exit(1 if errors else 0)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


@app.command()
def transcribe(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Sound or video files; each is one speaker's own track.")
    ],
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
    # On a thread: Whisper is at one piece for seconds, and hears no Ctrl-C meanwhile.
    _run(asyncio.to_thread(hear, files, settings, form=Form(form), hints=hints or []))


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
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A signed bundle, .zip or folder; else the data folder.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="With a bundle: the school's public key, a file (PEM, JWK) or its thumbprint.")
    ] = None,
    data: Data = None,
    acknowledged: Annotated[Path | None, typer.Option(help="JSON lines of what clients were told is saved.")] = None,
    over: Annotated[bool, typer.Option(help="The exams are over: nothing may be under way any more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Check what must always be true: recordings, hashes, marks, encounters. Reads only; ends with 1 on a breach.

    With FILE: whether a bundle is what was signed, without the data folder. What was altered, is missing or was added
    is named, and the command ends with 1.
    """
    from dataclasses import asdict

    from teleosce.invariants import check, read_acknowledgements

    if file is not None:
        raise typer.Exit(0 if cli_exports.verify_file(file, key, as_json=as_json) else 1)
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


Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address they sign in with.")]
Password = Annotated[str | None, typer.Option(help="12 characters or more; asked for where it is not given.")]


def _password(words: str) -> str:
    return str(typer.prompt(words, hide_input=True, confirmation_prompt=True))


@user_app.command("add")
def user_add(
    email: Email,
    name: Annotated[str, typer.Option(prompt=True, help="As colleagues know them.")],
    password: Password = None,
    role: Annotated[str, typer.Option(help="organiser, examiner, moderator, invigilator or observer.")] = "organiser",
    data: Data = None,
) -> None:
    """Add a staff account."""
    from teleosce.app import add_account, check_account

    settings = _settings(data=data, log_level="warning")
    _run(check_account(settings, email=email, role=role))
    password = password or _password("Password")
    _run(add_account(settings, email=email, name=name, role=role, password=password))
    out.print(f"{name} can now sign in as {email} ({role}).", markup=False)


@user_app.command("password")
def user_password(
    email: Email,
    password: Password = None,
    data: Data = None,
) -> None:
    """Give a member of staff a new password, in place of a forgotten one; it signs them out everywhere."""
    from teleosce.offline import account_of, change_password

    settings = _settings(data=data, log_level="warning")
    _run(account_of(settings, email))
    password = password or _password("New password")
    account = _run(change_password(settings, email=email, password=password))
    out.print(f"{account.name} can now sign in as {account.email} with the new password.", markup=False)


@audit_app.command("verify")
def audit_verify(data: Data = None) -> None:
    """Check the chain of hashes of the audit log. Ends with 1 when a row was changed or is missing."""
    from teleosce.offline import verify_audit

    report = _run(verify_audit(_settings(data=data, log_level="warning")))
    if report.broken_at is None:
        out.print(f"{report.rows} rows, unbroken. Head: {report.head}")
        return
    out.print(f"Broken at row {report.broken_at}: it was changed or removed after it was written.")
    raise typer.Exit(1)


app.command("key")(cli_exports.show_key)
cli_exam.add_to(app)
cli_keeping.add_to(app)
cli_rehearse.add_to(app)


if __name__ == "__main__":
    main()
