"""The bells, as the loudspeakers of both pages give them, and as they are seen and told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.artefacts import rows
from tests.e2e.browsers import chromium, eventually, join, new_page
from tests.e2e.server import ServerProcess, quick_stations
from tests.e2e.stage import Control

# What goes to the loudspeaker also goes to an analyser; every 30 ms the strongest tone is noted, if there is one.
LISTEN = """(() => {
  const heard = (window.heardTones = []);
  const seen = (window.seenBells = []);
  const connect = AudioNode.prototype.connect;
  const analysers = new WeakMap();
  function analyser(context) {
    const made = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
    const bins = new Float32Array(made.frequencyBinCount);
    setInterval(() => {
      made.getFloatFrequencyData(bins);
      const top = bins.reduce((best, level, bin) => (level > bins[best] ? bin : best), 0);
      heard.push([Date.now(), (top * context.sampleRate) / made.fftSize, Math.max(bins[top], -120)]);
    }, 30);
    return made;
  }
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
      if (!analysers.has(to.context)) analysers.set(to.context, analyser(to.context));
      connect.call(this, analysers.get(to.context));
    }
    return connect.call(this, to, ...rest);
  };
  new MutationObserver((changes) => {
    for (const { target } of changes)
      if (target.matches(".bell-frame.ringing") && !target.matches("[data-seen]")) {
        target.dataset.seen = "";
        seen.push(target.dataset.kind);
      } else if (target.matches(".bell-frame[data-seen]:not(.ringing)")) delete target.dataset.seen;
  }).observe(document, { attributes: true, attributeFilter: ["class"], subtree: true });
})()"""

STROKES = {"start": (660, 1), "warning": (880, 2), "end": (523, 3)}
"""Pitch in Hz and number."""
AUDIBLE_DB = -45


async def strokes(page: Page, since_ms: float) -> list[tuple[float, float]]:
    """When (ms since the epoch) and how high (Hz) each stroke was that the loudspeaker gave since then."""
    found: list[tuple[float, float]] = []
    tones = [one for one in await page.evaluate("window.heardTones") if one[0] >= since_ms - 100]
    low = -120.0
    for at, pitch, level in tones:
        if level > max(AUDIBLE_DB, low + 6):
            if not found or at - found[-1][0] > 200:
                found.append((at, pitch))
            low = level
        low = min(low, level)
    return found


async def rings(page: Page, kind: str, at_ms: int) -> None:
    """The loudspeaker gives this bell, in full, within two seconds of its time; the frame shows it."""
    pitch, number = STROKES[kind]

    async def all_of_them() -> bool:
        return len(await strokes(page, at_ms)) >= number

    await eventually(all_of_them, timeout=10)
    heard = await strokes(page, at_ms)
    assert [abs(one - pitch) < 15 for _, one in heard] == [True] * number, (kind, heard)
    assert heard[0][0] - at_ms < 2000, (kind, heard[0][0] - at_ms)
    assert (await page.evaluate("window.seenBells"))[-1] == kind


async def listening(page: Page) -> Page:
    await page.add_init_script(LISTEN)
    return page


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    stations = quick_stations(tmp_path / "stations", reading_s=6, encounter_s=18, warning_s=9, note_s=60)
    made = ServerProcess(tmp_path / "data", stations=stations, worker=False)
    await made.start("--no-consultation")
    yield made
    await made.stop()


@pytest.mark.faults
async def test_bells_are_heard_seen_and_told_on_both_pages(server: ServerProcess) -> None:
    problems: list[str] = []
    async with chromium(autoplay=False) as browser:
        organiser, candidate, patient = [await listening(await new_page(browser, problems)) for _ in range(3)]
        await asyncio.gather(
            join(organiser, server.links["organiser"]),
            join(candidate, server.links["candidate"][0]),
            join(patient, server.links["sp"][0]),
        )
        # Enter was a touch, and counts on the page behind it. A page that is opened afresh has had none.
        await expect(candidate.locator("#waiting-title")).to_be_visible()
        await patient.close()
        patient = await listening(await patient.context.new_page())
        await patient.goto(f"{server.url}/patient")
        await expect(patient.get_by_role("button", name="Sound is off: tap to hear the bell")).to_be_visible()
        await patient.get_by_role("button", name="Sound is off").click()
        await expect(patient.locator("#sound-off")).to_be_hidden()
        await expect(candidate.locator("#sound-off")).to_be_hidden()

        await Control(server, organiser).press("Begin")
        expected = [
            ("start", "reading", "Bell. The reading time begins.", ("#reading-title", "#ready-title")),
            ("start", "encounter", "Bell. The consultation begins.", ("#stage-remark", "#stage-remark")),
            ("warning", "encounter", "seconds left.", ("#stage-remark", "#stage-remark")),
            ("end", "encounter", "Bell. The consultation is over.", ("#note-title", "#rating-title")),
        ]
        for kind, phase, words, visible in expected:
            at_ms = await eventually(lambda kind=kind, phase=phase: _rung(server, kind, phase))
            for page, place in zip((candidate, patient), visible, strict=True):
                await expect(page.locator("#announce-assertive")).to_contain_text(words)
                await expect(page.locator(place)).to_be_visible()
                await rings(page, kind, at_ms)
        assert not problems


async def _rung(server: ServerProcess, kind: str, phase: str) -> Any:
    found = rows(server.data, "SELECT at_ms FROM bell WHERE kind = ? AND phase = ?", kind, phase)
    return found[0][0] if found else None
