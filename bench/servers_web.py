"""A whole server on a data folder that is there already, for benchmarks: prints its address when it answers."""

import asyncio
import sys
from pathlib import Path

from teleosce.app import running
from teleosce.core.settings import Settings
from teleosce.core.stopping import stop_signal


async def _serve(folder: Path) -> None:
    stop = stop_signal()
    async with running(Settings(data=folder, port=0, worker=False, log_level="error")) as server:
        print(server.url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
