"""A data folder as the first start of a server leaves it, made once: making one takes longer than most tests do."""

import asyncio
import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from teleosce.app import at_rest, freeze_stations
from teleosce.core.settings import Settings
from teleosce.web import Rooms


async def begin(folder: Path) -> None:
    """Makes a data folder, unless there is one: a database with its tables, and the stations of this repository."""
    if not (folder / "teleosce.db").exists():
        await asyncio.to_thread(_copy, folder)


async def bank_of(rooms: Rooms) -> dict[str, str]:
    """The stations' versions, by the names of their folders."""
    return {one.slug: one.hash for one in await rooms.stations.all()}


def _copy(folder: Path) -> None:
    # Keys are each folder's own.
    shutil.copytree(_first(), folder, ignore=shutil.ignore_patterns("*.key"), dirs_exist_ok=True)


@cache
def _first() -> Path:
    made = Path(tempfile.mkdtemp(prefix="teleosce-begun-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    asyncio.run(_freeze(made / "data"))
    return made / "data"


async def _freeze(folder: Path) -> None:
    async with at_rest(Settings(data=folder, log_level="warning")) as rooms:
        await freeze_stations(rooms)
