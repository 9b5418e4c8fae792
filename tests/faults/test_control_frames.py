"""Sixty encounters at once in the control room: how smoothly a browser draws them while all of them change."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from teleosce.app import freeze_stations, running
from teleosce.web.plans import plans_of
from tests.e2e.browsers import chromium, eventually, join, new_page
from tests.web.house import settings

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

STATIONS, CIRCUITS = 12, 5
SECONDS = 20
PLAN: dict[str, Any] = {
    "title": "Sixty at once",
    "phases": {"reading_s": 0, "encounter_s": 1200, "note_s": 0, "changeover_s": 60},
    "stations": ["chest-pain-video", "low-mood"] * (STATIONS // 2),
    "circuits": list("ABCDE"),
    "rounds": 1,
    "candidates": [f"Candidate {number}" for number in range(STATIONS * CIRCUITS)],
}
WATCH = """async (seconds) => {
  // Every frame, how long it took, and all work that held the page for more than 50 ms; what a cell changed, too.
  const frames = [], tasks = [];
  let changed = 0;
  const told = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)));
  told.observe({ type: "longtask" });
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver((those) => (changed += those.length)).observe(document.getElementById("grid"), all);
  let last = performance.now();
  const until = last + 1000 * seconds;
  while (last < until) {
    const now = await new Promise((resolve) => requestAnimationFrame(resolve));
    frames.push(now - last);
    last = now;
  }
  return { frames, tasks, changed };
}"""


async def test_sixty_cells_are_drawn_while_they_change(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as server:
        rooms = server.rooms
        await freeze_stations(rooms)
        kept = await plans_of(rooms).create(PLAN)
        await plans_of(rooms).build(kept.exam_id, kept.version)
        organiser = next(one for one in await rooms.people.seats(kept.exam_id) if one.role == "organiser")
        now = rooms.clock.now_ms()
        token = await rooms.people.issue_link(organiser.id, now - 60_000, now + 3_600_000)
        problems: list[str] = []
        async with chromium() as browser:
            page = await new_page(browser, problems, viewport={"width": 1920, "height": 1080})
            await join(page, f"{server.url}/j#{token}")
            await rooms.day.go(kept.exam_id)
            live = [one.id for one in await rooms.exams.running()]
            assert len(live) == STATIONS * CIRCUITS

            async def shown() -> bool:
                return await page.locator(".cell[data-phase='encounter']").count() == len(live)

            await eventually(shown)
            drawing = asyncio.create_task(page.evaluate(WATCH, SECONDS))
            for one in itertools.cycle(live):  # each change is told to the page
                if drawing.done():
                    break
                await rooms.day.add_time(one, 1)
                await asyncio.sleep(0.05)
            found = await drawing
        late = [one for one in found["frames"] if one > 34]
        figures = (
            f"{len(found['frames'])} frames in {SECONDS} s, {len(late)} took longer than two, the longest "
            f"{max(found['frames']):.0f} ms; {len(found['tasks'])} tasks over 50 ms, the longest "
            f"{max(found['tasks'], default=0):.0f} ms; {found['changed']} changes in the grid"
        )
        print(figures)  # noqa: T201 the measurement
        assert found["changed"] > 10 * len(live), "all cells changed while they were watched"
        assert not problems
