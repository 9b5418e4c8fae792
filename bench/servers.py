"""The servers under measurement, each in a process of its own: orders come as JSON lines, answers go back so.

`python -m bench.servers ours|stock|janus FOLDER`. Orders: answer (session, name, sdp), finish, and what else it can.
Its first word is the id of the process to be measured, its last the peak memory of the largest that it started, in KiB.
"""

import asyncio
import json
import logging
import resource
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog
import uvloop


class Server(Protocol):
    pid: int
    """The process to be measured; known after `start`."""

    async def start(self) -> None:
        """What it needs before the first participant."""

    async def answer(self, session: str, name: str, sdp: str) -> str:
        """Takes a participant in; forwarding and recording begin by themselves."""

    async def finish(self) -> list[dict[str, Any]]:
        """Ends all sessions and recordings; the files, when they are ready to be played."""


def make(kind: str, folder: Path) -> Server:
    """Imports one of them alone, so that none carries another's memory."""
    if kind == "ours":
        from bench.ours import Ours

        return Ours(folder)
    if kind == "janus":
        from bench.janus import Janus

        return Janus(folder)
    from bench.stock import Stock

    return Stock(folder)


async def serve(kind: str, folder: Path) -> None:
    server = make(kind, folder)
    await server.start()
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    names = ("answer", "finish", "end", "fill", "tasks", "listen", "begin", "close")
    orders: dict[str, Callable[..., Awaitable[Any]]] = {
        name: getattr(server, name) for name in names if hasattr(server, name)
    }
    print(json.dumps(server.pid), flush=True)
    while line := await reader.readline():
        order = json.loads(line)
        result = await orders[order.pop("do")](**order)
        print(json.dumps(result), flush=True)
    if "close" in orders:
        await orders["close"]()
    print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss), flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2])))
