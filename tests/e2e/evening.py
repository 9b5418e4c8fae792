"""What the tests of the desk share: a server with encounters to mark, and an examiner's browser."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import BrowserContext, Page, async_playwright

from bench.desk_world import make_world
from teleosce.app import running
from teleosce.core.settings import Settings
from teleosce.people import Role
from tests.e2e.browsers import CHROMIUM, FLAGS, join
from tests.e2e.looks import SIZES

ROLE = {"Teleosce-Role": "examiner"}


@dataclass
class Evening:
    """A server with encounters to mark, and the examiner's link to them."""

    url: str
    link: str
    other: str
    """Another examiner's link."""
    encounters: list[str]
    starts: list[dict[str, int]]
    """Of each encounter, when its takes begin, in ms from the start of the recording."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evening]:
    settings = Settings(data=tmp_path_factory.mktemp("evening"), port=0, worker=False, log_level="warning")
    async with running(settings) as server:
        world = await make_world(server, [15, 0.3, 0.3, 0.3, 0.3])
        starts = [{take.id: take.starts_ms - one.starts_ms for take in one.takes} for one in world.manifests]
        people, now_ms = server.rooms.people, server.rooms.clock.now_ms()
        other = await people.add_seat(world.made.exam_id, Role.examiner, "Somebody Else")
        token = await people.issue_link(other.id, now_ms - 60_000, now_ms + 3_600_000)
        links = (server.url + world.link, f"{server.url}/j#{token}")
        yield Evening(server.url, *links, world.encounters, starts)


@pytest_asyncio.fixture(loop_scope="module")
async def context(evening: Evening, tmp_path: Path) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--headless", "--mute-audio"]
        )
        made = await browser.new_context(viewport=SIZES["laptop"], reduced_motion="reduce")
        await joined(made, evening)
        yield made
        await browser.close()


async def joined(context: BrowserContext, evening: Evening) -> Page:
    page = await context.new_page()
    await join(page, evening.link)
    await page.locator("#work-next").wait_for()
    return page


async def desk(context: BrowserContext, evening: Evening, number: int) -> Page:
    """The desk of an encounter, ready to be marked."""
    page = await context.new_page()
    await page.goto(f"{evening.url}/mark/{evening.encounters[number]}?role=examiner")
    await page.locator("[data-current]").wait_for()
    await page.locator(".word").first.wait_for(state="attached")
    return page


async def marked(page: Page, evening: Evening, number: int) -> dict[str, Any]:
    """The mark as the server has it: values by field."""
    path = f"{evening.url}/api/encounters/{evening.encounters[number]}/forms/mark"
    view = await (await page.request.get(path, headers=ROLE)).json()
    given = {name: one["value"] for name, one in view["fields"].items() if one["value"] is not None}
    return {"state": view["state"]} | given


async def no_violations(page: Page) -> None:
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("axe.run({resultTypes: ['violations'], preload: false})")
    assert [one["id"] for one in found["violations"]] == [], found["violations"]
