"""A server under measurement, seen from outside: orders over its pipes, cost from /proc."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")


def times(pid: int) -> tuple[float, float]:
    """CPU seconds of a process, and of its children that have ended: fields 14 to 17 of proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / _TICKS, sum(map(int, fields[13:15])) / _TICKS


class ServerProcess:
    """Use as `async with`. Whatever happens, the process is gone afterwards."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._folder = kind, folder
        self.largest_child_mib = 0.0
        """Known at the end: peak memory of a process that the server started, such as for sealing."""

    async def __aenter__(self) -> "ServerProcess":
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.servers", self._kind, str(self._folder),
            cwd=Path(__file__).parent.parent, limit=1 << 22,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._pid = int(await self._answer())
        self.pin(*range(os.cpu_count() or 1))  # the load may be pinned: that is not for us
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            async with asyncio.timeout(30):
                self._pipe.close()
                self.largest_child_mib = await self._answer() / 1024
                await self._process.wait()
        except (TimeoutError, ConnectionError):
            self._process.kill()
            await self._process.wait()

    async def order(self, do: str, **details: str) -> Any:
        """Raises ConnectionError when the server has died; what it said is on standard error."""
        self._pipe.write(json.dumps({"do": do, **details}).encode() + b"\n")
        return await self._answer()

    @property
    def _pipe(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    async def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise ConnectionError(f"the server ({self._kind}) ended before its time")
        return json.loads(line)

    def pin(self, *cores: int) -> None:
        """Keeps it, and all that it starts from now on, on these cores."""
        for task in Path(f"/proc/{self._pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores)
        os.sched_setaffinity(self._process.pid, cores)

    def cpu_s(self) -> float:
        """User and system time, with children that have ended.

        Of a server that is no Python: its own, and that of what was run for it afterwards; not of who gives it orders.
        """
        own, children = times(self._pid)
        if self._pid != self._process.pid:
            children += times(self._process.pid)[1]
        return own + children

    def handles(self) -> int:
        """Open file handles."""
        return len(list(Path(f"/proc/{self._pid}/fd").iterdir()))

    def threads(self) -> int:
        """Threads, of whatever library."""
        return len(list(Path(f"/proc/{self._pid}/task").iterdir()))

    def memory_mib(self, field: str) -> float:
        """`VmRSS` is the memory in use now, `VmHWM` the most so far."""
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024
