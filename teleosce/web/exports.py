"""Files that take long to make are made by a command, in a process of low priority: no page waits for them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

from aiohttp import web

from teleosce.core.errors import Unavailable
from teleosce.core.ids import new_id
from teleosce.web.context import Rooms, rooms
from teleosce.web.files import send_file

FOLDER = ".exports"
"""Of the data folder: what is being made lies here, and in no backup."""
ONE_AT_A_TIME: web.AppKey[asyncio.Semaphore] = web.AppKey("exports", asyncio.Semaphore)
NICENESS = 10
_SAID = "teleosce: "


async def send_made(request: web.Request, arguments: list[str], name: str, media_type: str) -> web.StreamResponse:
    """Runs `teleosce <arguments> --to <file>` and sends the file under a name, whose ending says what is made.

    Raises Unavailable with what the command said.
    """
    async with _made(rooms(request), request.app[ONE_AT_A_TIME], arguments, Path(name).suffix) as file:
        return await send_file(request, file, name, media_type)


@asynccontextmanager
async def _made(
    house: Rooms, one_at_a_time: asyncio.Semaphore, arguments: list[str], suffix: str
) -> AsyncIterator[IO[bytes]]:
    folder = house.settings.data.resolve() / FOLDER
    await asyncio.to_thread(folder.mkdir, mode=0o700, exist_ok=True)
    path = folder / f"{new_id()}{suffix}"
    try:
        # Nobody else waits until it is sent: that takes as long as the slowest line.
        async with one_at_a_time:
            await _run(house, [*arguments, "--to", str(path), "--data", str(house.settings.data.resolve())])
        file = await asyncio.to_thread(path.open, "rb")
    finally:
        # It goes on without a name: nothing stays behind, whatever happens.
        await asyncio.to_thread(_clear, path)
    with file:
        yield file


async def _run(house: Rooms, arguments: list[str]) -> None:
    environment = os.environ | {"TELEOSCE_DATABASE_URL": house.settings.database}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce", *arguments,
        env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        text = said.decode(errors="replace")
        told = text[text.rindex(_SAID) + len(_SAID) :].strip() if process.returncode == 2 and _SAID in text else ""
        raise Unavailable(told or "The file could not be made. Nothing was changed: the server's log says why.")


def _clear(path: Path) -> None:
    for one in (path, path.with_name(f".{path.name}.part")):
        with suppress(OSError):
            one.unlink(missing_ok=True)
