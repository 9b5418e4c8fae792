"""Plots in a browser: pictures for each surface and width, and values under the pointer, under our security policy."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from teleosce.app import running
from teleosce.core.settings import Settings
from teleosce.simulated_exam import make_results
from tests.e2e.browsers import chromium, eventually, join, new_page
from tests.e2e.looks import SCREENSHOTS, SIZES, look, picture

pytestmark = pytest.mark.faults  # a whole cohort is marked first

DRAWN = """() => {
  const all = [...document.querySelectorAll("figure.plot img")];
  return all.length > 0 && all.every((one) => one.complete && one.naturalWidth > 0);
}"""
CUT_OFF = """() => [...document.querySelectorAll(".table-frame")]
  .filter((one) => one.checkVisibility())
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
  .map((one) => `${one.ariaLabel}: ${one.scrollWidth} × ${one.scrollHeight} of
    ${one.clientWidth} × ${one.clientHeight} px`)"""
EAGER = "document.querySelectorAll('figure.plot img').forEach((one) => (one.loading = 'eager'))"


async def drawn(page: Page) -> None:
    """Until every picture of the page is there."""
    await page.evaluate(EAGER)
    await eventually(lambda: page.evaluate(DRAWN))


async def test_plots_are_pictures_that_answer_a_pointer(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", port=0, worker=False, log_level="error")
    problems: list[str] = []
    async with running(settings) as server, chromium() as browser:
        rooms = server.rooms
        made = await make_results(rooms, candidates=60 if SCREENSHOTS else 30)
        now_ms = rooms.clock.now_ms()
        token = await rooms.people.issue_link(made.organiser.id, now_ms - 60_000, now_ms + 3_600_000)
        page = await new_page(browser, problems)
        await join(page, f"{server.url}/j#{token}")
        base = f"{server.url}/results/{made.exam_id}"
        await page.goto(f"{base}?role=organiser")
        await expect(page.locator("#plot-circuits")).to_be_visible(timeout=90_000)
        for name, path in (("sound", ""), ("line", "/line"), ("examiners", "/examiners")):
            await page.goto(f"{base}{path}?role=organiser")
            await look(page, f"plots-{name}")
            if name == "line":
                await expect(page.locator("#preview-frame")).to_be_visible()
            # On A4 with the browser's margins no table is cut off, nor one that a screen lets scroll.
            await page.set_viewport_size({"width": 718, "height": 1000})
            await page.emulate_media(media="print")
            assert await page.evaluate(CUT_OFF) == [], f"{name} on paper"
            await page.emulate_media(media="screen")
            await page.set_viewport_size(SIZES["laptop"])

        # A picture that takes a while says so in its place.
        held = asyncio.Event()

        async def later(route: Route) -> None:
            await held.wait()
            await route.continue_()

        await page.route("**/plots/stringency.svg*", later)
        await page.reload(wait_until="domcontentloaded")
        frame = page.locator("#plot-stringency [data-plot]")
        await frame.scroll_into_view_if_needed()
        await expect(frame.get_by_text("Being drawn")).to_be_visible()
        empty = await frame.bounding_box()
        if SCREENSHOTS:
            await page.screenshot(path=Path(SCREENSHOTS) / "plots-waiting.png")
        held.set()
        await expect(frame.get_by_text("Being drawn")).to_be_hidden()
        full = await frame.bounding_box()
        assert empty is not None
        assert full is not None
        assert abs(empty["height"] - full["height"]) < 1

        # Under the pointer the plot is drawn once more, in the same place, and says what each mark is.
        await page.reload()
        await drawn(page)
        frame = page.locator("#plot-stringency [data-plot]")
        await frame.scroll_into_view_if_needed()
        before = await frame.bounding_box()
        await frame.hover()
        diamond = frame.locator("svg .mark-symbol path").first
        await diamond.wait_for(timeout=60_000)
        after = await frame.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(before["height"] - after["height"]) < 12
        await diamond.hover(force=True)
        tooltip = page.locator("#vg-tooltip-element")
        await expect(tooltip).to_contain_text("Examiner")
        await expect(tooltip).to_have_css("visibility", "visible")
        await picture(page, "plots-pointer")
        # The table says the same by keyboard.
        summary = page.locator("#plot-drift summary")
        await summary.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#plot-drift table")).to_be_visible()
    assert problems == []
