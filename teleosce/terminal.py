"""What all commands share: how they read settings, run, speak, and show how far they are."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperCommand, TyperGroup

from teleosce.core import logs
from teleosce.core.settings import Settings, load

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)

Data = Annotated[Path | None, typer.Option(help="Folder for the database, recordings and keys. [recordings]")]
Model = Annotated[str | None, typer.Option(help="tiny.en, base, or a folder with a CTranslate2 model. [base]")]


def settings_of(**flags: Any) -> Settings:
    """The settings of a command, with its flags before all others; logs begin with them."""
    settings = load(**flags)
    logs.configure(settings.log_level)
    return settings


class Stopped(Exception):
    """Ctrl-C ended a command. Says what there is now, and how to go on."""


class Command(TyperCommand):
    """A command. Its arguments stand in the usage line as people know it: ID, not {ID}."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line's parts."""
        return [piece.translate({ord("{"): None, ord("}"): None}) for piece in super().collect_usage_pieces(ctx)]


class App(typer.Typer):
    """Makes such commands."""

    def command(  # type: ignore[override]  # its settings are typer's to name
        self, *names: Any, cls: type[TyperCommand] = Command, **settings: Any
    ) -> Callable[[F], F]:
        """As typer.Typer has it."""
        return super().command(*names, cls=cls, **settings)


class Commands(TyperGroup):
    """All commands. Ctrl-C ends each in the same way, with what it has to say of itself or without."""

    def invoke(self, ctx: Any) -> Any:
        """Raises Stopped."""
        with stopped_with(""):
            return super().invoke(ctx)


@contextmanager
def stopped_with(said: str | Callable[[], str]) -> Iterator[None]:
    """What Ctrl-C in the block is answered with. Raises Stopped."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(said if isinstance(said, str) else said()) from None


def written_or_not(to: Path) -> AbstractContextManager[None]:
    """The same for what writes one file or folder, whole or not at all."""
    return stopped_with(lambda: f"{to} is there, and whole." if to.exists() else f"{to} was not written.")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs on the fastest event loop there is.

    Ctrl-C raises KeyboardInterrupt wherever the work is, also where it holds up the loop. What it then cleans up is
    waited for, its threads are not: `main` ends the process.
    """
    runner = asyncio.Runner(loop_factory=_loop_factory())
    loop = runner.get_loop()
    task = loop.create_task(work)
    try:
        found = loop.run_until_complete(task)
    except KeyboardInterrupt:
        if task.cancel():
            # What goes wrong while it is let go would only hide that it was stopped.
            with suppress(asyncio.CancelledError, Exception):
                loop.run_until_complete(task)
        raise
    except BaseException:
        runner.close()
        raise
    runner.close()
    return found


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere. Gives the function that takes how much is done, and of how much."""
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def size(octets: float) -> str:
    """A number of bytes as people read it."""
    if octets < 1000:
        return f"{octets:.0f} bytes"
    for unit in ("KB", "MB"):
        octets /= 1000
        if octets < 1000:
            return f"{octets:.1f} {unit}"
    return f"{octets / 1000:.1f} GB"
