"""A line that is cut in mid-encounter, and an address that changes: seen from both browsers and in the recording."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.artefacts import decoded_seconds
from tests.e2e.browsers import Home, write_voice
from tests.e2e.server import ServerProcess
from tests.e2e.stage import Stage
from tests.faults.browser_net import Cable, school

log = logging.getLogger(__name__)

BACK_S = 10.0
"""Everyone is back within so long after the line is."""

COUNT_CONNECTIONS = """(() => {
  window.connections = 0;
  const Real = RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...all) {
      super(...all);
      window.connections += 1;
    }
  };
})()"""
# The veil is lifted and the other's picture moves.
SEES_AGAIN = """() => {
  const video = document.querySelector("#stage video");
  if (!document.getElementById("stage-overlay").hidden || !video) return false;
  const shown = video.getVideoPlaybackQuality().totalVideoFrames;
  const before = (window.shownBefore ??= shown);
  window.shownBefore = shown;
  return shown > before;
}"""


class World:
    """Server, candidate and patient, each behind a cable of their own."""

    def __init__(self, stage: Stage, line: Cable) -> None:
        self.stage, self.line = stage, line
        self.outages: list[tuple[float, float, float]] = []
        """Cut, mended, and the candidate seeing the patient again, in ms since the epoch."""

    async def outage(self, seconds: float) -> None:
        page = self.stage.candidate
        overlay = page.locator("#stage-overlay")
        cut_ms = _now_ms()
        self.line.cut()
        await expect(overlay).to_be_visible(timeout=10_000 if seconds > 8 else 1000 * seconds)
        await expect(overlay).to_contain_text("Reconnecting")
        await expect(overlay).to_contain_text("Your place is kept, the examiner will know.")
        await expect(overlay.locator(".veil-clock")).to_have_text("0:01")
        await asyncio.sleep(max(0.0, seconds - (_now_ms() - cut_ms) / 1000))
        self.line.mend()
        await self._back(cut_ms)

    async def move(self) -> None:
        moved_ms = _now_ms()
        self.line.move()
        # Until it is noticed the last picture stands: wait for a fresh connection, or a stall that is over.
        await self._back(moved_ms)

    async def _back(self, since_ms: float) -> None:
        mended_ms = _now_ms()
        page = self.stage.candidate
        await page.evaluate("window.shownBefore = undefined")
        await page.wait_for_function(SEES_AGAIN, polling=100, timeout=40_000)
        back_ms = _now_ms()
        self.outages.append((since_ms, mended_ms, back_ms))
        log.info("back %.0f ms after the line", back_ms - mended_ms)
        assert back_ms - mended_ms < 1000 * BACK_S, f"back after {back_ms - mended_ms:.0f} ms"
        await self.stage.see_and_hear_each_other()

    async def judge(self) -> None:
        """The patient kept one connection; both recordings have all but what the cuts took, and that is named."""
        assert await self.stage.patient.evaluate("window.connections") == 1
        await self.stage.press("End encounter")
        manifest = await self.stage.sealed()
        folder = self.stage.server.data / "encounters" / self.stage.encounter_id
        people: dict[str, list[dict[str, Any]]] = {}
        for take in manifest["takes"]:
            assert take["state"] == "sealed"
            people.setdefault(take["name"], []).append(take)
            picture, sound = decoded_seconds(folder / take["file"])
            assert picture > 0
            assert abs(sound - take["duration_ms"] / 1000) < 3
        patient, candidate = people["Mr Doyle"], people["Amira Hassan"]
        assert len(patient) == 1
        starts_ms = manifest["starts_ms"]
        assert sum(end - begin for begin, end in _gaps(patient, starts_ms)) < 500
        gaps = _gaps(candidate, starts_ms)
        for cut_ms, mended_ms, back_ms in self.outages:
            inside = [gap for gap in gaps if gap[0] < back_ms and gap[1] > cut_ms]
            assert inside, f"no gap is named between {cut_ms:.0f} and {mended_ms:.0f}: {gaps}"
            assert inside[0][0] < cut_ms + 1500
            if mended_ms > cut_ms + 10_000:
                assert inside[-1][1] > mended_ms - 500
            assert inside[-1][1] < back_ms + 3000
            # What was sent into a short cut is asked for again: the gap may be shorter than the cut, but it is named.
            assert sum(end - begin for begin, end in inside) > 500
        elsewhere = [
            gap for gap in gaps if not any(gap[0] < back_ms and gap[1] > cut_ms for cut_ms, _, back_ms in self.outages)
        ]
        assert sum(end - begin for begin, end in elsewhere) < 500, elsewhere


def _now_ms() -> float:
    return time.time() * 1000


def _gaps(takes: list[dict[str, Any]], starts_ms: float) -> list[tuple[float, float]]:
    """All gaps in somebody's sound, and between takes, in ms since the epoch; the manifest counts from its start."""
    return sorted(
        (starts_ms + gap["from_ms"], starts_ms + gap["to_ms"])
        for take in takes
        for gap in take["gaps"]
        if gap["track"] != "video"
    )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    voices = {speaker: tmp_path / f"{speaker}.wav" for speaker in ("candidate", "sp")}
    for speaker, path in voices.items():
        await asyncio.to_thread(write_voice, speaker, path)
    async with AsyncExitStack() as stack:
        made = stack.enter_context(school(tmp_path))
        line, other = made.home("candidate"), made.home("patient")
        server = ServerProcess(tmp_path / "data", within=made.within, host="0.0.0.0", worker=False)
        await server.start("--no-consultation")
        stack.push_async_callback(server.stop)
        homes = {
            "organiser": Home(server.url, str(made.wrapper)),
            "candidate": line.browser(server.port),
            "sp": other.browser(server.port),
        }
        stage = await Stage.build(stack, server, voices, homes, {"sp": COUNT_CONNECTIONS})
        await stage.begin()
        await stage.see_and_hear_each_other()
        await stage.record(4)
        yield World(stage, line)


@pytest.mark.faults
async def test_five_seconds_without_a_line(world: World) -> None:
    await world.outage(5)
    await world.stage.record(4)
    await world.judge()


@pytest.mark.faults
async def test_longer_cuts_and_another_address(world: World) -> None:
    await world.outage(20)
    await world.stage.record(4)
    await world.move()
    await world.stage.record(4)
    await world.outage(60)
    await world.stage.record(4)
    await world.judge()
