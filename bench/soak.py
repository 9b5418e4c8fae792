"""Joins and leaves without pause, and whether anything grows that should not.

    .venv/bin/python -m bench.soak --minutes 30 --sessions 4

A media server with recorder, database and sealing in a process of its own. In each of `--sessions` rooms two people
join, send and receive for some seconds and leave, one time in four without a word; the room closes, its recording is
sealed, and the next two join a new room. Every ten seconds the server's memory, file handles, tasks and threads are
read. At the end each one's slope is told, after the warm-up, with twice its standard error. Exit status 1: a slope is
surely above its bound.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import uvloop
from aiortc import RTCCertificate

from bench.input import Clip, make_clip
from bench.load import Participant, pump
from bench.process import ServerProcess
from bench.report import environment

EVERY_S = 10.0
WARM_UP = 0.3
"""Of the whole time: until every cache and buffer has its size. The pools of threads have theirs before it begins."""

STAY_S = (4.0, 12.0)

LAST_ROUND_S = 120.0

BOUNDS = {"rss_mib": 0.5, "handles": 0.5, "tasks": 0.5, "threads": 0.1}
"""The most that each may grow in a minute."""


@dataclass(frozen=True)
class Sample:
    """One look at the server; `minute` from the start."""

    minute: float
    rss_mib: float
    handles: int
    tasks: int
    threads: int
    rooms_ended: int


@dataclass(frozen=True)
class Slope:
    """Growth in a minute, plus or minus `uncertainty` (twice the standard error)."""

    per_minute: float
    uncertainty: float
    bound: float

    @property
    def grows(self) -> bool:
        return self.per_minute - self.uncertainty > self.bound


class Crowd:
    """People who come and go, in `sessions` rooms at a time."""

    def __init__(self, server: ServerProcess, clip: Clip) -> None:
        self.sending: list[Participant] = []
        self.ended = self.failed = 0
        self.stopping = False
        self._server, self._clip = server, clip
        self._certificate = RTCCertificate.generateCertificate()
        self._orders = asyncio.Lock()

    async def order(self, do: str, **details: str) -> object:
        async with self._orders:
            return await self._server.order(do, **details)

    async def run(self, worker: int) -> None:
        number = 0
        while not self.stopping:
            number += 1
            session = f"{worker}-{number}"
            people = [Participant(self._clip, self._certificate) for _ in range(2)]
            for name, person in zip(("candidate", "sp"), people, strict=True):
                await self._join(session, name, person)
            await asyncio.sleep(random.uniform(*STAY_S))
            for person in people:
                if person in self.sending:
                    self.sending.remove(person)
                    await self._leave(person)
            await self.order("end", session=session)
            self.ended += 1

    async def _join(self, session: str, name: str, person: Participant) -> None:
        async def answer(sdp: str) -> str:
            return str(await self.order("answer", session=session, name=name, sdp=sdp))

        try:
            async with asyncio.timeout(30):
                await person.join(answer)
        except (TimeoutError, ConnectionError):
            self.failed += 1
            return
        self.sending.append(person)

    async def _leave(self, person: Participant) -> None:
        with contextlib.suppress(ConnectionError):
            if random.random() < 0.25:
                await person.vanish()
            else:
                await person.leave()


async def sample(crowd: Crowd, server: ServerProcess, began: float) -> Sample:
    return Sample(
        minute=round((time.monotonic() - began) / 60, 2),
        rss_mib=round(server.memory_mib("VmRSS"), 2),
        handles=server.handles(),
        tasks=int(str(await crowd.order("tasks"))),
        threads=server.threads(),
        rooms_ended=crowd.ended,
    )


def slope(samples: list[Sample], what: str) -> Slope:
    """Least squares over the samples after the warm-up."""
    kept = samples[int(len(samples) * WARM_UP) :]
    x = np.array([one.minute for one in kept])
    y = np.array([getattr(one, what) for one in kept], dtype=float)
    spread = ((x - x.mean()) ** 2).sum()
    per_minute = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    rest = y - y.mean() - per_minute * (x - x.mean())
    error = float(np.sqrt((rest**2).sum() / max(1, len(x) - 2) / spread))
    return Slope(round(per_minute, 3), round(2 * error, 3), BOUNDS[what])


async def soak(minutes: float, sessions: int) -> tuple[list[Sample], Crowd]:
    clip, samples = make_clip(), list[Sample]()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with ServerProcess("ours", Path(folder)) as server:
            crowd = Crowd(server, clip)
            await crowd.order("fill")
            work = [asyncio.create_task(pump(crowd.sending))]
            work += [asyncio.create_task(crowd.run(number)) for number in range(sessions)]
            began = time.monotonic()
            while time.monotonic() - began < minutes * 60:
                await asyncio.sleep(EVERY_S)
                for one in work:
                    if one.done():
                        one.result()
                samples.append(await sample(crowd, server, began))
                print(json.dumps(asdict(samples[-1])), flush=True)
            # Whoever is cancelled while an order is under way leaves its answer to somebody else.
            crowd.stopping = True
            sending, *rooms = work
            await asyncio.wait(rooms, timeout=LAST_ROUND_S)
            sending.cancel()
            await crowd.order("finish")
    return samples, crowd


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--sessions", type=int, default=4)
    arguments = parser.parse_args()
    if arguments.minutes < 1:
        parser.error("a slope needs a minute at least")
    samples, crowd = uvloop.run(soak(arguments.minutes, arguments.sessions))
    slopes = {what: slope(samples, what) for what in BOUNDS}
    print(f"\n{crowd.ended} rooms of two came and went; {crowd.failed} people did not get in.")
    for what, found in slopes.items():
        verdict = "GROWS" if found.grows else "flat enough"
        print(f"{what:8} {found.per_minute:+.3f} a minute, +- {found.uncertainty}; bound {found.bound}: {verdict}")
    told = {what: asdict(found) for what, found in slopes.items()}
    print(json.dumps({"environment": environment(), "rooms": crowd.ended, "failed": crowd.failed, "slopes": told}))
    sys.exit(any(found.grows for found in slopes.values()))


if __name__ == "__main__":
    main()
