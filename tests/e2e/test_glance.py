"""The consultation at a glance on the desk, by keyboard; a turn that is right; a term copied for a station's author."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.browsers import chromium, join, new_page, no_violations
from tests.e2e.looks import look, picture
from tests.web.house import house as running_house
from tests.web.test_web_glance import recorded


@pytest.mark.faults
async def test_a_glance_at_a_consultation_and_at_a_station(tmp_path: Path) -> None:
    problems: list[str] = []
    async with running_house(tmp_path / "data") as house, chromium() as browser:
        encounters = house.rooms.exams
        mine = await house.encounter_of("candidate")
        station = (await encounters.encounter(mine)).station_hash
        await house.begin(mine, "changeover")
        both = [one.id for one in await encounters.encounters(house.exam.exam_id) if one.station_hash == station]
        for encounter in both:
            await recorded(house, encounter, sound=encounter == mine)

        desk = await new_page(browser, problems)
        await join(desk, house.server.url + house.link("examiner"))
        await desk.goto(f"{house.server.url}/mark/{mine}?role=examiner")
        await expect(desk.locator("#glance > summary")).to_be_visible()
        await desk.locator("#glance > summary").focus()
        await desk.keyboard.press("Enter")
        row = desk.locator(".glance-table tr")
        await expect(row.filter(has_text="share of the talk")).to_contain_text("67 %")
        await expect(row.filter(has_text="Longest silence")).to_contain_text("None of 2 s")
        await expect(desk.locator("#glance")).to_contain_text("never part of a mark")
        # axe itself makes style elements, which our policy refuses and the console reports.
        assert problems == []
        await no_violations(desk, "the desk with its glance")
        await desk.get_by_role("button", name="Hear the longest listening, at 0:07").focus()
        await desk.keyboard.press("Enter")
        await expect(desk.locator("#play")).to_have_attribute("data-playing", "")
        await expect(desk.locator("#play-at")).to_have_text("0:08")
        await desk.locator(".glance-more > summary", has_text="1 open, 2 closed").click()
        await expect(desk.locator(".glance-list").first).to_contain_text("Is it angina?")

        for word in await desk.locator(".word", has_text="ramble").all():
            await word.dblclick()
            await desk.locator(".word-edit").fill("ramipril")
            await desk.keyboard.press("Enter")
            await expect(desk.locator(".word-edit")).to_have_count(0)
        await desk.locator(".word", has_text="fever").focus()
        await desk.keyboard.press("r")
        await expect(desk.locator(".turn[data-right]")).to_contain_text("fever")
        await picture(desk, "desk-right")

        examiner = await house.client("examiner", 0)
        for encounter in both:
            if encounter != mine:
                found = await examiner.json("GET", f"/api/encounters/{encounter}/transcript")
                for word in (word for turn in found["turns"] for word in turn["words"] if "ramble" in word["text"]):
                    await examiner.json("POST", f"/api/transcripts/words/{word['id']}", {"text": "ramipril"})
        problems.clear()
        bank = await new_page(browser, problems, permissions=["clipboard-read", "clipboard-write"])
        await join(bank, house.server.url + house.link("organiser"))
        await bank.goto(f"{house.server.url}/stations/{station}?as=examiner")
        await expect(bank.locator("main")).to_contain_text("4 of 14 words were heard wrongly")
        await bank.get_by_role("button", name="Copy the line").click()
        await expect(bank.locator(".toast")).to_contain_text("Copied")
        assert await bank.evaluate("navigator.clipboard.readText()") == "  - ramipril\n"
        await look(bank, "station-corrections")
        assert problems == []
