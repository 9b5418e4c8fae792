"""The time left that a page shows is the server's, whatever the computer's own clock says and however slow the line is.

On a line that takes longer one way than the other nobody can know by how much; a page is then wrong by half the
difference, and no more.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import quantiles

import pytest
from playwright.async_api import Page

from tests.e2e.browsers import Home, chromium, join, new_page
from tests.e2e.server import ServerProcess
from tests.e2e.server import server as server  # noqa: PLC0414 a fixture
from tests.faults.test_watch_browser import Day
from tests.faults.wall_clock import WallClock, needs_compiler

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

WITHIN_MS = 200
CHANGES = 20
WRONG_S = 3600
LINE_S = 0.3
NOTE = """
  () => {
    const clock = document.getElementById("live-clock");
    window.shown = [];
    const note = () => window.shown.push([performance.timeOrigin + performance.now(), clock.textContent]);
    new MutationObserver(note).observe(clock, { childList: true, characterData: true, subtree: true });
  }
"""


@asynccontextmanager
async def slow_line(port: int, seconds: float) -> AsyncIterator[int]:
    """A port of its own that leads to this one; what goes through comes so much later, each way."""
    ways: set[asyncio.Task[None]] = set()

    async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                last = max(last, loop.time() + seconds)
                loop.call_at(last, writer.write, data)
            await asyncio.sleep(seconds + 0.05)
        writer.close()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("localhost", port)
        for way in (one_way(reader, back), one_way(there, writer)):
            task = asyncio.create_task(way)
            ways.add(task)
            task.add_done_callback(ways.discard)

    server = await asyncio.start_server(through, "localhost", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for way in [*ways]:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def lateness(page: Page, day: Day, wrong_s: int = 0) -> list[float]:
    """For each change of the countdown on the page: how long after the right moment it was, in milliseconds.

    By the clock of this machine, which is the server's: it was read when that started, and nobody has set it since.
    wrong_s: by how much the page's is ahead.
    """
    ahead_ms = wrong_s * 1000 + await page.evaluate("() => performance.timeOrigin + performance.now() - Date.now()")
    await page.evaluate(NOTE)
    await page.wait_for_function(f"() => window.shown.length >= {CHANGES}", timeout=120_000)
    ends_ms = (await day.encounter())["phase_ends_ms"]
    late = []
    for at_ms, text in await page.evaluate("() => window.shown"):
        minutes, _, seconds = text.rpartition(":")
        due_ms = ends_ms - (int(minutes) * 60 + int(seconds)) * 1000
        late.append(at_ms - ahead_ms - due_ms)
    print(f"{page.url}: {sorted(round(one) for one in late)} ms")  # noqa: T201 the measurement
    return late


def right(late: list[float]) -> bool:
    """A busy machine draws some of them later; a wrong clock moves them all."""
    return min(late) >= -WITHIN_MS and quantiles(late, n=4)[0] <= WITHIN_MS


@needs_compiler
async def test_a_page_shows_the_servers_time_left(server: ServerProcess, tmp_path: Path) -> None:
    """One computer is right and near; the other is an hour ahead, and each word takes 300 ms to it and from it."""
    wall, problems = WallClock(tmp_path), list[str]()
    wall.set(WRONG_S)
    async with (
        slow_line(server.port, LINE_S) as port,
        chromium() as near,
        chromium(environment=wall.environment) as far,
    ):
        organiser, candidate = await new_page(near, problems), await new_page(near, problems)
        await join(organiser, server.links["organiser"])
        day = Day(server, organiser)
        await join(candidate, server.links["candidate"][0])
        patient = await new_page(far, problems)
        await join(patient, Home(f"http://localhost:{port}").link(server.links["sp"][0]))
        assert await patient.evaluate("() => Date.now()") > (time.time() + WRONG_S - 60) * 1000
        await day.into_the_encounter()
        for page in (candidate, patient):
            await page.wait_for_function("() => document.getElementById('live-clock').textContent.includes(':')")

        found = await asyncio.gather(lateness(candidate, day), lateness(patient, day, WRONG_S))
        assert all(right(late) for late in found)

        # Loaded afresh, a page has little to go by for a moment.
        await patient.reload()
        await patient.wait_for_function("() => document.getElementById('live-clock')?.textContent.includes(':')")
        assert right(await lateness(patient, day, WRONG_S))
    assert not problems
