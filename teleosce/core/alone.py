"""One server for a data folder: two would each seal what the other still records, and ring every bell twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import structlog

from teleosce.core.errors import Unavailable

log = structlog.get_logger(__name__)

LOCK_FILE = "server.lock"
PATIENCE_S = 10.0
"""For a server that is just ending, as when one is started in its place; `core.port` has the same for its port."""
_LOOK_S = 0.1


@asynccontextmanager
async def alone(folder: Path) -> AsyncIterator[None]:
    """Holds the data folder while the block runs; it is free again however the process ends.

    Raises Unavailable when another server has it for longer than PATIENCE_S.
    """
    give_up_s = asyncio.get_running_loop().time() + PATIENCE_S
    with (folder / LOCK_FILE).open("wb") as file:
        while True:
            try:
                flock(file, LOCK_EX | LOCK_NB)
                break
            except BlockingIOError:
                if asyncio.get_running_loop().time() > give_up_s:
                    raise Unavailable(
                        f"Another teleosce server runs with the data folder {folder}. Two would spoil each other's "
                        "recordings, so nothing was started. Stop the other, or choose another folder with --data."
                    ) from None
            except OSError as error:
                log.warning("this disk has no locks: start no second server here", reason=error.strerror)
                break
            await asyncio.sleep(_LOOK_S)
        yield
