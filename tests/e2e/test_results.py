"""From finished marking to released results in the browser, by keyboard: two methods compared, decided, released."""

import asyncio
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from teleosce.app import running
from teleosce.core.settings import Settings
from teleosce.reports import ResultRules
from teleosce.simulated_exam import make_results
from tests.e2e.browsers import chromium, held, join, new_page
from tests.e2e.looks import look

pytestmark = pytest.mark.faults


async def press(page: Page, selector: str, key: str = "Enter") -> None:
    """A key on something that the keyboard reaches."""
    await expect(page.locator(selector)).to_be_enabled()
    await page.locator(selector).focus()
    await page.keyboard.press(key)


async def previewed(page: Page) -> str:
    """What the present rule would do, once it is known."""
    await expect(page.locator("#decide")).to_be_enabled()
    return await page.locator("#preview-said").inner_text()


async def verified(bundle: Path) -> int:
    """What the command says of a bundle, by its exit status; it has no data folder."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "teleosce", "verify", str(bundle))
    return await process.wait()


async def test_an_organiser_goes_from_marks_to_released_results(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", port=0, worker=False, log_level="error")
    problems: list[str] = []
    async with running(settings) as server, chromium() as browser:
        rooms = server.rooms
        made = await make_results(rooms, candidates=36)
        now_ms = rooms.clock.now_ms()
        token = await rooms.people.issue_link(made.organiser.id, now_ms - 60_000, now_ms + 3_600_000)
        page = await new_page(browser, problems)
        await join(page, f"{server.url}/j#{token}")

        # From the exams' list: figures are worked out while the page says so, and then they are there.
        await page.goto(f"{server.url}/?role=organiser")
        await press(page, f'a[href^="/results/{made.exam_id}"]')
        await expect(page.get_by_role("heading", name="Results")).to_be_visible()
        await expect(page.locator(".results-finding").first).to_contain_text("Alpha", timeout=90_000)
        await look(page, "results-sound")
        await press(page, 'a[href*="/examiners?"]')
        await expect(page.locator("#strict-title")).to_be_visible()
        await look(page, "results-examiners")

        # Two methods side by side, and the pass list of each before anything is decided.
        await press(page, 'a[href*="/line?"]')
        await expect(page.locator("#methods-title")).to_be_visible()
        regression = await previewed(page)
        await look(page, "results-line")
        await press(page, "#rule-method", "End")
        await page.locator("#rule-fixed").fill("62")
        await expect(page.locator("#preview-said")).not_to_have_text(regression)
        fixed = await previewed(page)
        assert await rooms.results.runs(made.exam_id) == []
        await press(page, "#decide")
        dialog = page.locator("dialog[open]")
        await expect(dialog).to_contain_text("It rests on")
        await expect(dialog).to_contain_text("It goes without:")
        await look(page, "results-decide")
        await page.keyboard.press("Escape")
        assert await rooms.results.runs(made.exam_id) == []
        await press(page, "#decide")
        await dialog.get_by_role("button", name="Decide").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/decisions?run=1**")
        said = await page.locator(".results-finding").inner_text()
        assert said
        assert said.lower() in fixed.lower()

        # A second run by the other method, and what differs.
        async with held(page, "**/results/preview") as previews:
            await press(page, 'a[href*="/line?"]')
            first = await previews.get()
            await page.locator("#rule-method").select_option("borderline-regression")
            first.set()
            second = await previews.get()
            await expect(page.locator("#decide")).to_be_disabled()
            second.set()
            await expect(page.locator("#preview-against")).to_contain_text("run 1")
            await previewed(page)
        await press(page, "#decide")
        await dialog.get_by_role("button", name="Decide").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/decisions?run=2**")
        await press(page, 'form button[type="submit"]:text("Compare")')
        await expect(page.locator("#changes-title")).to_have_text("From run 1 to run 2")
        await look(page, "results-compare")

        # The table by keyboard: sorted, filtered, and unfolded to the key presses.
        await press(page, '[data-sort="total"]')
        totals = await page.locator("#list tbody tr").evaluate_all(
            "rows => rows.map(row => row.dataset.total).filter(Boolean).map(Number)"
        )
        assert totals == sorted(totals)
        await page.locator("#list-find").fill(made.candidates[7].number or "")
        await expect(page.locator("#list-count")).to_have_text("1 of 36")
        await press(page, "#list tbody tr:not([hidden]) .results-unfold")
        await press(page, ".results-part details:has(table) > summary >> nth=0")
        await expect(page.locator(".results-part table").first).to_be_visible()
        await look(page, "results-unfolded")
        await press(page, ".results-part a[href*='/decisions/']")
        await expect(page.locator("#candidate-title")).to_contain_text(made.candidates[7].number or "")
        await expect(page.locator("#presses details").first).to_be_visible()
        await look(page, "results-candidate")
        await page.go_back()

        # Nobody sees anything before the release; an embargo is named; what is shown can be taken back.
        async with held(page, "**/pages/results-release.js*") as scripts:
            await press(page, 'a.button[href*="/release?"]')
            script = await scripts.get()
            await expect(page.locator("#now")).to_have_text("Candidates see no results: nothing is released to them.")
            await press(page, "#release-later", "Space")
            script.set()
            await expect(page.locator("#release-at")).to_be_visible()
        await page.locator("#release-at").fill("2099-06-01T09:00")
        await press(page, "#release-go")
        await dialog.get_by_role("button", name="Release").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("From Mon 1 Jun 2099, 09:00 on all candidates will see run 2.")).to_be_visible()
        await press(page, "#release-go")
        await dialog.get_by_role("button", name="Release").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#now")).to_have_text("All 36 candidates see what run 2 says of them.")
        await look(page, "results-release")
        shown = await rooms.results.released_to(made.candidates[0])
        assert shown is not None
        assert shown[0].rules == ResultRules(method="borderline-regression", fixed_cut=62)

        # A candidate reads the own feedback by a link of their own, and what was decided can be checked anywhere.
        reader = await new_page(browser, problems)
        token = await rooms.people.issue_link(made.candidates[0].id, now_ms - 60_000, now_ms + 3_600_000)
        await join(reader, f"{server.url}/j#{token}")
        await expect(reader.locator("h1")).to_have_text(
            "You passed" if shown[1]["passed"] else "You did not pass this time"
        )
        await look(reader, "results-feedback")
        await page.goto(f"{server.url}/results/{made.exam_id}/decisions?run=2&role=organiser")
        async with page.expect_download(timeout=90_000) as begun:
            await press(page, 'a:text("Signed bundle")')
            await expect(page.get_by_text("The file is being made.").first).to_be_visible()
        bundle = tmp_path / "bundle.zip"
        await (await begun.value).save_as(bundle)
        assert await verified(bundle) == 0
        with zipfile.ZipFile(bundle, "a") as altered:
            altered.writestr("results/added.json", "{}")
        assert await verified(bundle) == 1

        await page.goto(f"{server.url}/results/{made.exam_id}/release?role=organiser")
        await press(page, "[data-withdraw] >> nth=0")
        await page.keyboard.type("A mark was entered twice.")
        await look(page, "results-withdraw")
        await dialog.get_by_role("button", name="Withdraw").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#now")).to_have_text("Candidates see no results: nothing is released to them.")
        await expect(page.get_by_text("A mark was entered twice.")).to_be_visible()
        assert await rooms.results.released_to(made.candidates[0]) is None
        assert problems == []
