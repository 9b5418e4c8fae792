"""What a process on this machine uses, read from /proc (proc_pid_stat(5), proc_pid_status(5)) once a second."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

from teleosce.rehearsal.facts import Usage

_TICKS = os.sysconf("SC_CLK_TCK")


class Meter:
    """`follow` a server's process; after a restart, the next one: the figures add up."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._pid = 0
        self._gone_cpu = self._began_cpu = 0.0
        self._cpu = self._cpu_used = 0.0
        self._worker: dict[int, float] = {}
        self._since = self._seconds = 0.0
        self._memory: list[float] = []
        self._handles: list[int] = []
        self._threads: list[int] = []
        self._task: asyncio.Task[None] | None = None

    def follow(self, pid: int) -> None:
        """From now on it is this process."""
        self._gone_cpu += self._cpu
        self._pid, self._cpu = pid, 0.0

    def begin(self) -> None:
        """The measured stretch begins."""
        self._look()
        self._began_cpu, self._since = self._gone_cpu + self._cpu, time.monotonic()
        self._worker = dict.fromkeys(self._worker, 0.0)
        self._task = asyncio.create_task(self._run())

    async def end(self) -> None:
        """It is over."""
        self._look()
        self._cpu_used = self._gone_cpu + self._cpu - self._began_cpu
        self._seconds = time.monotonic() - self._since
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._look()

    def _look(self) -> None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            self._cpu = cpu_s(self._pid)
            self._memory.append(memory_mib(self._pid))
            self._handles.append(_entries(f"/proc/{self._pid}/fd"))
            self._threads.append(_entries(f"/proc/{self._pid}/task"))
        for child in _children(self._pid):
            with contextlib.suppress(OSError, IndexError, ValueError):
                self._worker[child] = cpu_s(child)

    def usage(self) -> Usage:
        """Looks a last time, when everybody has left."""
        memory, handles = list(self._memory), list(self._handles)
        self._look()
        sizes = [one.stat().st_size for one in self._data.rglob("*") if one.is_file()]
        return Usage(
            cpu_s=round(self._cpu_used, 2),
            seconds=round(self._seconds, 1),
            worker_cpu_s=round(sum(self._worker.values()), 2),
            rss_before=round(memory[0], 1),
            rss_most=round(max(self._memory), 1),
            rss_after=round(self._memory[-1], 1),
            handles_before=handles[0],
            handles_most=max(self._handles),
            handles_after=self._handles[-1],
            threads_most=max(self._threads),
            disk_mib=round(sum(sizes) / 2**20, 1),
        )


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def cpu_s(pid: int) -> float:
    """User and system time of a process, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / _TICKS


def memory_mib(pid: int) -> float:
    """Resident memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
