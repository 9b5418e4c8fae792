"""Evidence on the desk, wholly by keyboard: heard, attached, hidden; and by the rule that shows it afterwards."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from bench.desk_world import make_world
from teleosce.app import running
from teleosce.core.settings import Settings
from teleosce.scoring import Kind
from teleosce.transcripts.reading import Reader
from tests.e2e.browsers import chromium, eventually, join, new_page
from tests.e2e.looks import look

pytestmark = [pytest.mark.e2e, pytest.mark.speech, pytest.mark.faults]

PLAYING = "[...document.querySelectorAll('#pictures video')].some((one) => !one.paused)"


async def test_what_was_found_is_heard_attached_and_hidden_by_keyboard(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path, port=0, worker=False, log_level="warning")) as server:
        rooms = server.rooms
        world = await make_world(server, [2])
        made, (encounter,) = world.made, world.encounters
        async with chromium() as browser:
            problems: list[str] = []
            page = await new_page(browser, problems)
            await join(page, f"{server.url}{world.link}")
            await page.goto(f"{server.url}/mark/{encounter}")
            # The transcript is there, and not read for its meaning yet: that is said, and nothing waits for it.
            await expect(page.locator("#evidence-message")).to_contain_text("looked through")
            assert await Reader(rooms.database).read_one()

            current = page.locator(".item[data-current]")
            await expect(current.locator(".found-one").first).to_be_visible()
            await expect(page.locator("#evidence-message")).to_be_hidden()
            await expect(page.locator(".found-one").locator("visible=true")).to_have_count(
                await current.locator(".found-one").count()
            )
            await expect(page.locator('.lane-marks[data-kind="found"] > i')).to_have_count(
                await current.locator(".found-one").count()
            )
            await expect(page.locator("input:checked")).to_have_count(0)
            await look(page, "evidence")

            # The first item is about identity: hear the moment, attach it, mark the item.
            item = str(await current.get_attribute("data-item"))
            quote = (await current.locator(".found-said > span").first.inner_text()).strip("“”")
            await page.keyboard.press("h")
            await expect(current.locator(".found-one").first).to_have_attribute("data-heard", "")
            await eventually(lambda: page.evaluate(PLAYING))
            await page.keyboard.press("a")
            await expect(current.locator(".evidence .chip")).to_contain_text(quote[:40])
            await page.keyboard.press("1")
            await expect(page.locator("#save-state")).to_contain_text("Saved")

            async def stored() -> dict[str, object]:
                [form] = [one for one in await rooms.forms.of_encounter(encounter) if one.kind is Kind.mark]
                return dict(form.values)

            attached = [value for name, value in (await stored()).items() if name.startswith(f"evidence.{item}.")]
            assert [value["quote"] for value in attached] == [quote]  # type: ignore[index]
            [form] = [one for one in await rooms.forms.of_encounter(encounter) if one.kind is Kind.mark]
            assert item in {one.item for one in (await rooms.forms.history(form.id)).shown}

            # Hidden it stays hidden, on any page.
            await page.keyboard.press("d")
            await expect(page.locator(".found").locator("visible=true")).to_have_count(0)
            await expect(page.locator("#evidence-switch")).to_have_attribute("aria-pressed", "true")
            async with page.expect_response("**/api/desk"):
                pass
            await page.reload()
            await expect(page.locator("#save-state")).to_contain_text("Saved")
            await expect(page.locator(".found").locator("visible=true")).to_have_count(0)
            await page.keyboard.press("d")
            await expect(page.locator(".found-one").locator("visible=true").first).to_be_visible()

            # By the rule "after" an item's evidence comes once the examiner's own mark is saved.
            kept = await rooms.marking.kept_rules(made.exam_id)
            after = kept.rules.model_copy(update={"evidence": "after"})
            await rooms.marking.set_rules(made.exam_id, after, kept.version)
            await page.reload()
            await expect(current.locator(".found")).to_contain_text("once you have marked")
            await look(page, "evidence-after")
            await page.keyboard.press("2")
            await page.keyboard.press("p")
            await expect(current.locator(".found-one").first).to_be_visible()
            assert problems == []
