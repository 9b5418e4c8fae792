"""What all commands share: how they read settings, run, speak, and show how far they are."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from teleosce.core import logs
from teleosce.core.settings import Settings, load

T = TypeVar("T")

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)

Data = Annotated[Path | None, typer.Option(help="Folder for the database, recordings and keys. [recordings]")]
Model = Annotated[str | None, typer.Option(help="tiny.en, base, or a folder with a CTranslate2 model. [base]")]


def settings_of(**flags: Any) -> Settings:
    """The settings of a command, with its flags before all others; logs begin with them."""
    settings = load(**flags)
    logs.configure(settings.log_level)
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs on the fastest event loop there is."""
    try:
        import uvloop

        return uvloop.run(work)
    except ImportError:
        return asyncio.run(work)


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
