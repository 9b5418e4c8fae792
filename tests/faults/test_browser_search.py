"""Search as an organiser meets it: what was put in other words is found, heard where it stands, and cut into a reel."""

from pathlib import Path
from typing import Any

import av
import pytest
from playwright.async_api import Page, expect

from tests.e2e.browsers import chromium, join, new_page, no_violations
from tests.keeping.search_world import allow, read, two_worlds

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

PLAYING = """() => [...document.querySelectorAll(".moment-player video")]
  .filter((one) => !one.paused && !one.muted && one.currentTime > 0.3).length === 2"""


async def asks(page: Page, said: str) -> None:
    await page.get_by_label("What was said").fill(said)
    await page.keyboard.press("Enter")
    await expect(page.locator("#search-go")).not_to_have_attribute("aria-busy", "true")


async def test_a_moment_is_found_heard_and_cut_into_a_reel(tmp_path: Path) -> None:
    problems: list[str] = []
    async with two_worlds(tmp_path / "data") as (one, _other), chromium() as browser:
        await allow(one)
        weights = await read(one.house)
        page = await new_page(browser, problems, accept_downloads=True)
        await join(page, one.house.server.url + one.house.link("organiser"))
        await page.goto(f"{one.house.server.url}/search?role=organiser")
        await asks(page, "Show me every candidate who asked about allergies" if weights else "allergic")
        await expect(page.get_by_role("heading", name="in 1 of 2 consultations")).to_be_visible()
        await expect(page.get_by_role("article")).to_contain_text("has a medicine ever given you a bad reaction")
        await expect(page.locator("#none-title")).to_have_text("1 consultation in which nothing was found")
        # Both are heard, from two seconds before the moment on.
        await page.get_by_role("button", name="Hear Candidate at 0:01").click()
        await page.wait_for_function(PLAYING)
        await page.get_by_role("button", name="Close").click()
        await page.get_by_role("checkbox", name="Choose Candidate C01").check()
        await page.get_by_role("button", name="Make a reel …").click()
        await page.get_by_label("Title, without names").fill("How Ada asks")
        await page.get_by_role("button", name="Make the reel").click()
        await expect(page.locator("#tray-fault")).to_contain_text("names somebody")
        await page.get_by_role("button", name="Make a reel …").click()
        await page.get_by_label("Title, without names").fill("Asking about allergies")
        await page.get_by_role("button", name="Make the reel").click()
        reel = page.locator(".reel", has_text="Asking about allergies")
        await expect(reel.get_by_text("Ready")).to_be_visible(timeout=120_000)
        await expect(page.locator("#tray")).to_be_hidden()
        async with page.expect_download() as coming:
            await reel.get_by_role("link", name="Download").click()
        await plays(await (await coming.value).path())
        # The question stands in the address: a reload asks it again.
        await page.reload()
        await expect(page.get_by_role("article")).to_be_visible()
        await narrow(page)
        await no_violations(page, "search")
        await page.get_by_role("button", name="Delete …: Asking about allergies").click()
        await page.get_by_role("button", name="Delete the reel").click()
        await expect(page.get_by_text("Deleted by hand.")).to_be_visible()
        assert list((one.data / "reels").iterdir()) == []
    assert [each for each in problems if "Content Security Policy" not in each] == []


async def plays(path: Any) -> None:
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 25


async def narrow(page: Page) -> None:
    """On a phone nothing is wider than the window."""
    await page.set_viewport_size({"width": 390, "height": 844})
    width = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(width) <= 0
