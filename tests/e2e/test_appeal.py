"""The page of an appeal in a browser, from the disk: no server, no network, both pictures in step."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from teleosce.offline_results import write_appeal_bundle
from teleosce.reports.exports import verify_bundle
from tests.e2e.browsers import chromium, eventually, new_page
from tests.e2e.looks import look
from tests.reports.appeal_world import make_appeal_world

pytestmark = [pytest.mark.e2e, pytest.mark.faults]  # a consultation is recorded for it

VIDEOS = "[...document.querySelectorAll('video')].map((one) => ({at: one.currentTime, paused: one.paused}))"


async def test_an_appeal_is_watched_offline(tmp_path: Path) -> None:
    world = await make_appeal_world(tmp_path / "data")
    target = tmp_path / "appeal"
    await write_appeal_bundle(world.settings, world.encounter, target)
    assert verify_bundle(target).faults == []
    problems: list[str] = []
    async with chromium() as browser:
        page = await new_page(browser, problems)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto((target / "index.html").as_uri())
        await plays_in_step(page)
        await says_how_it_came_to_be(page)
        await look(page, "appeal")
        assert [url for url in asked if not url.startswith("file://")] == []
        assert problems == []
        # Without its script each picture plays by its own controls.
        plain = await new_page(browser, problems, java_script_enabled=False)
        await plain.goto((target / "index.html").as_uri())
        await expect(plain.locator("video[controls]")).to_have_count(2)
        await expect(plain.locator("#transport")).to_be_hidden()


async def plays_in_step(page: Page) -> None:
    async def true(script: str) -> None:
        # The page's policy lets nobody evaluate strings, playwright's own waiting neither.
        await eventually(lambda: page.evaluate(script))

    await page.locator("#play").click()
    await expect(page.locator("#play")).to_have_text("Pause")
    await true(f"{VIDEOS}.every((one) => one.at > 3 && !one.paused)")
    await expect(page.locator("#turns [aria-current]")).to_have_count(1)
    await page.locator("#turns .jump").last.click()
    await page.locator("#play").click()
    await expect(page.locator("#play")).to_have_text("Play")
    # At rest both stand where the clock does: their takes began within a second of each other.
    await true(f"{VIDEOS}.every((one) => one.paused && one.at > 30)")
    first, second = await page.evaluate(VIDEOS)
    assert abs(first["at"] - second["at"]) < 1.2
    await expect(page.locator("#turns li").last).to_have_attribute("aria-current", "true")


async def says_how_it_came_to_be(page: Page) -> None:
    record = page.locator("#record")
    await expect(record).to_contain_text("Prof Moderator settled it on")
    await expect(record).to_contain_text("The moderator’s own value: Between the two, by the anchors.")
    await expect(page.locator("#sheets article")).to_have_count(4)
    # What somebody wrote is text, whatever it looks like.
    await expect(page.locator("#sheets article").first).to_contain_text("</script><script>alert")
    await page.locator("#sheets summary").first.click()
    await expect(page.locator("#sheets table").first).to_be_visible()
    await page.locator("#sheets .jump").first.click()
    await expect(page.locator("#now")).to_have_text("0:04")
    await page.locator("#play").click()
