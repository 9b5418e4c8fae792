"""A panel in the browser: two judges by keyboard, the organiser between the rounds, a cut at the end."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from teleosce.app import freeze_stations, running
from teleosce.core.settings import Settings
from tests.e2e.browsers import chromium, join, new_page
from tests.e2e.looks import look
from tests.web.marked_exam import NAMES, marked_exam

pytestmark = pytest.mark.faults


async def enter(page: Page, values: list[int]) -> None:
    """All values of a sheet, by keyboard alone."""
    await page.locator(".panel-value").first.focus()
    for percent in values:
        await page.keyboard.press("Control+a")
        await page.keyboard.type(str(percent))
        await page.keyboard.press("Enter")
    await expect(page.locator("#saved")).to_have_text("Everything is saved")


async def test_a_panel_judges_twice_and_sets_the_cut(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", port=0, worker=False, log_level="error")
    problems: list[str] = []
    async with running(settings) as server, chromium() as browser:
        rooms = server.rooms
        bank = await freeze_stations(rooms)
        marked = await marked_exam(rooms, [bank["inhaler-technique"]])
        now_ms = rooms.clock.now_ms()
        organiser = await new_page(browser, problems)
        await join(organiser, f"{server.url}/j#{marked.organiser}")
        await organiser.goto(f"{server.url}/results/{marked.exam_id}/panel?role=organiser")
        await look(organiser, "panel-none")
        await organiser.locator("#go").click()
        await expect(organiser.locator("#fault")).to_contain_text("at least two judges")
        for name in NAMES[:2]:
            await organiser.get_by_label(name).check()
        await organiser.locator("#go").click()
        await expect(organiser.locator("#now-title")).to_contain_text("round 1")

        judges = []
        for name in NAMES[:2]:
            link = await rooms.people.issue_link(marked.seats[name], now_ms - 1000, now_ms + 3_600_000)
            page = await new_page(browser, problems)
            await join(page, f"{server.url}/j#{link}")
            await page.goto(f"{server.url}/mark?role=examiner")
            await page.locator("#work-panel a").click()
            await expect(page.locator(".panel-value").first).to_be_visible()
            judges.append(page)
        (station,) = await rooms.results.panels.stations(marked.exam_id)
        many = len(station.mark_sheet.items)
        await enter(judges[0], [70] * many)
        await look(judges[0], "panel-round-1")
        await judges[0].locator(".panel-value").first.fill("170")
        await judges[0].keyboard.press("Enter")
        await expect(judges[0].locator("#saved")).to_contain_text("from 0 to 100")
        await judges[0].reload()
        await expect(judges[0].locator("#count")).to_have_text(f"{many} of {many}")
        await expect(judges[0].locator(".panel-value").first).to_have_value("70")
        await enter(judges[1], [20 + 3 * at for at in range(many)])

        await organiser.reload()
        await expect(organiser.locator(".panel-judges")).to_contain_text(f"{many} of {many} items")
        await look(organiser, "panel-going-on")
        await organiser.locator("#facility").check()
        await expect(organiser.locator("#facility-said")).to_have_text("They will see it.")
        await organiser.get_by_role("button", name="End round 1").click()
        await expect(organiser.locator("#now-title")).to_contain_text("the panel talks")
        await judges[0].reload()
        await expect(judges[0].locator("h1")).to_have_text("Panel, discussion")
        await expect(judges[0].locator(".panel-others").first).to_contain_text("panel 20 to 70, middle 45")
        await expect(judges[0].locator(".panel-others").first).to_contain_text("of this cohort did it")
        await look(judges[0], "panel-discussion")

        await organiser.get_by_role("button", name="Begin round 2").click()
        await expect(organiser.locator("#now-title")).to_contain_text("round 2")
        await expect(judges[1].locator("#moved")).to_be_visible()
        await judges[1].locator("#reload").click()
        await expect(judges[1].locator("h1")).to_have_text("Panel, round 2")
        await enter(judges[1], [60] * many)
        await look(judges[1], "panel-round-2")
        await organiser.get_by_role("button", name="Close the panel").click()
        await expect(organiser.locator("#cuts-title")).to_be_visible()
        await expect(organiser.locator("tbody")).to_contain_text("65.0 ± 5.00 between 2 judges")
        await look(organiser, "panel-closed")
        judged = await rooms.results.panels.judged(marked.exam_id)
        assert judged[station.hash].cut.cut == pytest.approx(65)
    assert problems == []
