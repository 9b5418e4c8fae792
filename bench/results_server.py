"""What results of a large exam cost the server: its analysis, its pages, its exports; over HTTP, from a real database.

python -m bench.results_server                       # 300 candidates, 20 stations of 25 items, two examiners each
python -m bench.results_server --folder DIR          # keeps the exam there, or measures the one that is there
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import delete

from bench.machine import machine
from bench.process import times
from bench.results_exam import ITEMS, make
from bench.saving import served
from teleosce.core.db import Database
from teleosce.core.settings import Settings
from teleosce.reports.exports import verify_bundle
from teleosce.reports.store_analysis import analyses

PAGES = {"sound": "", "line": "/line", "examiners": "/examiners", "decisions": "/decisions", "release": "/release"}
EXPORTS = {"tables.xlsx": "tables.xlsx", "tables.zip": "tables.zip", "bundle.zip": "bundle.zip"}
IDLE = 0.4
"""CPU seconds in five, at most, of a server that has nothing to do."""


class Organiser:
    """A signed-in organiser's browser, as far as it asks."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url

    async def join(self, token: str) -> None:
        """By the link. Raises what aiohttp does when it is refused."""
        async with self._http.post(f"{self._url}/api/join", json={"token": token}) as response:
            response.raise_for_status()

    async def get(self, path: str) -> tuple[float, bytes]:
        """Seconds until the whole answer was there, and the answer."""
        began = time.perf_counter()
        headers = {"Teleosce-Role": "organiser"}
        timeout = aiohttp.ClientTimeout(total=3600)
        async with self._http.get(self._url + path, headers=headers, timeout=timeout) as response:
            body = await response.read()
            if response.status != 200:
                raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
        return time.perf_counter() - began, body

    @asynccontextmanager
    async def waits(self) -> AsyncIterator[list[float]]:
        """The longest that a small answer took meanwhile, in seconds, asked for ten times a second."""
        longest = [0.0]

        async def ask() -> None:
            while True:
                longest[0] = max(longest[0], (await self.get("/healthz"))[0])
                await asyncio.sleep(0.1)

        task = asyncio.create_task(ask())
        try:
            yield longest
        finally:
            task.cancel()


def spent() -> float:
    """CPU seconds of the server, which is our only child, and of the commands that it has run."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return sum(sum(times(int(one))) for one in children)


async def forget(folder: Path) -> None:
    """Takes away what was worked out for an earlier run of this command."""
    database = Database(Settings(data=folder / "data").database)
    async with database.write() as connection:
        await connection.execute(delete(analyses))
    await database.close()


async def rest() -> None:
    """Until the server has looked after what was left behind when it started, of every encounter there is."""
    before = -IDLE
    while spent() - before > IDLE:
        before = spent()
        await asyncio.sleep(5)


async def measure(folder: Path, made: dict[str, Any]) -> None:
    """Prints each figure as it is known."""
    await forget(folder)
    os.environ["TELEOSCE_STATIONS"] = str(folder / "bank")
    async with served(folder / "data") as url, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        organiser = Organiser(http, url)
        await organiser.join(made["link"])
        await rest()
        base, api = f"/results/{made['exam']}", f"/api/exams/{made['exam']}/results"
        began, before = time.perf_counter(), spent()
        steps: dict[str, float] = {}
        async with organiser.waits() as longest:
            await organiser.get(base)
            while step := json.loads((await organiser.get(f"{api}/state"))[1])["working"]:
                steps.setdefault(step, time.perf_counter() - began)
                await asyncio.sleep(0.2)
        print(f"analysis with bootstraps and plots: {time.perf_counter() - began:.1f} s from the first look, ", end="")
        print(f"{spent() - before:.1f} CPU-s, ", end="")
        print(f"a small answer meanwhile at most {longest[0]:.2f} s", flush=True)
        print("  " + "; ".join(f"{step} from {at:.1f} s" for step, at in steps.items()), flush=True)
        for name, path in PAGES.items():
            taken = [await organiser.get(base + path) for _ in range(5)]
            seconds = sorted(one for one, _ in taken)
            print(
                f"page {name}: {statistics.median(seconds):.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f}), "
                f"{len(taken[0][1]) / 1e6:.2f} MB",
                flush=True,
            )
        for name, path in EXPORTS.items():
            before = spent()
            async with organiser.waits() as longest:
                seconds_, body = await organiser.get(f"{api}/{path}")
            file = folder / name
            file.write_bytes(body)
            print(
                f"{name}: {seconds_:.1f} s, {spent() - before:.1f} CPU-s, {len(body) / 1e6:.1f} MB, "
                f"a small answer meanwhile at most {longest[0]:.2f} s",
                flush=True,
            )


def verification(folder: Path) -> None:
    """The bundle as anybody would verify it."""
    began = time.process_time()
    told = verify_bundle(folder / "bundle.zip")
    print(f"verification: {time.process_time() - began:.1f} CPU-s, {len(told.faults)} faults")


async def _all(folder: Path, candidates: int, stations: int) -> None:
    kept = folder / "made.json"
    began = time.process_time()
    made = json.loads(kept.read_text()) if kept.exists() else await make(folder, candidates, stations)
    print(f"{made['candidates']} candidates, {made['stations']} stations of {ITEMS} items, each marked twice; ", end="")
    print(f"made in {time.process_time() - began:.0f} CPU-s", flush=True)
    await measure(folder, made)
    # The server has ended: so this is the most of it and of all that it started and waited for.
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"memory of the largest process, the server or one that it started: {most:.0f} MiB")
    verification(folder)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.results_server", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--stations", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the exam here (a temporary folder)")
    asked = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in machine("teleosce", "aiohttp", "numpy", "scipy").items()))
    print("load " + " ".join(f"{one:.1f}" for one in os.getloadavg()))
    with tempfile.TemporaryDirectory(prefix="teleosce-bench-") as passing:
        folder = asked.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_all(folder, asked.candidates, asked.stations))


if __name__ == "__main__":
    main()
