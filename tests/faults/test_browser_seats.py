"""Tabs and devices: whoever closes a tab is back in the same seat; the newest page of a seat counts, and the older is
told so and does not fight back.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browsers import chromium, join, new_page, write_voice
from tests.e2e.server import ServerProcess
from tests.e2e.stage import Stage

pytestmark = pytest.mark.faults


async def told(page: Page) -> None:
    """The page says that it has no place any more, has let the devices go, and stays so."""
    await expect(page.get_by_role("heading", name="You have moved to another tab or device")).to_be_visible()
    await expect(page.locator("#live-line")).to_have_text("Not connected")
    tracks = "() => document.getElementById('self-video').srcObject.getTracks().map((one) => one.readyState)"
    assert set(await page.evaluate(tracks)) == {"ended"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    voices = {speaker: tmp_path / f"{speaker}.wav" for speaker in ("candidate", "sp")}
    for speaker, path in voices.items():
        await asyncio.to_thread(write_voice, speaker, path)
    async with AsyncExitStack() as stack:
        server = ServerProcess(tmp_path / "data", worker=False)
        await server.start("--no-consultation")
        stack.push_async_callback(server.stop)
        made = await Stage.build(stack, server, voices)
        await made.begin()
        await made.see_and_hear_each_other()
        yield made


async def test_the_newest_page_counts(stage: Stage, tmp_path: Path) -> None:
    context = stage.candidate.context
    await stage.record(3)
    await stage.candidate.close()
    back = await context.new_page()
    await back.goto(f"{stage.server.url}/station")
    stage.candidate = back
    await stage.see_and_hear_each_other()
    await stage.record(3)

    second = await context.new_page()
    await second.goto(f"{stage.server.url}/station")
    await told(back)
    stage.candidate = second
    await stage.see_and_hear_each_other()
    await stage.record(3)

    async with chromium(tmp_path / "candidate.wav") as other_device:
        third = await new_page(other_device, stage.problems)
        # In mid-encounter there is no equipment check: the link leads straight in.
        await join(third, stage.server.links["candidate"][0])
        await told(second)
        stage.candidate = third
        await stage.see_and_hear_each_other()
        await stage.record(12)
        await told(back)
        await told(second)
        await stage.press("End encounter")
        await expect(third.locator("#note-title")).to_be_visible()
        await told(second)
        manifest = await stage.sealed()
    takes = [take for take in manifest["takes"] if take["name"] == "Amira Hassan"]
    # One for each page: nobody took the seat back, not even once.
    assert len(takes) == 4
    assert {take["state"] for take in takes} == {"sealed"}
    assert len([take for take in manifest["takes"] if take["name"] == "Mr Doyle"]) == 1
