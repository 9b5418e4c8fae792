"""A candidate reads their feedback by their own link and hears a moment, by keyboard, until it is withdrawn."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from teleosce.core.ids import new_id
from teleosce.reports import ResultRules
from teleosce.simulated_exam import make_results
from teleosce.web.api.credentials import credentials_of
from tests.e2e.browsers import chromium, join, new_page
from tests.e2e.looks import SIZES, TOO_WIDE, look, picture
from tests.web.house import house as running_house
from tests.web.released_exam import released_exam


async def enlarged(page: Page, state: str) -> None:
    """At 200 % on a laptop a page has half of its width, and nothing is cut off or beside it; printed it is grey."""
    await page.set_viewport_size({"width": 640, "height": 360})
    assert await page.evaluate(TOO_WIDE) == [], f"{state} at 200 %"
    await picture(page, f"{state}-200", whole=True)
    await page.set_viewport_size({"width": 794, "height": 1123})
    await page.emulate_media(media="print")
    assert not await page.locator(".bar").is_visible()
    await picture(page, f"{state}-print", whole=True)
    await page.emulate_media(media="screen")
    await page.set_viewport_size(SIZES["laptop"])


@pytest.mark.faults
async def test_a_candidate_reads_and_hears_their_feedback(tmp_path: Path) -> None:
    problems: list[str] = []
    async with running_house(tmp_path / "data") as house, chromium() as browser:
        exam = await released_exam(house)
        run = await exam.run()
        await exam.allow(recording=True, transcript=True)
        organiser = await new_page(browser, problems)
        await join(organiser, house.server.url + house.link("organiser"))
        await organiser.goto(f"{house.server.url}/results/{house.exam.exam_id}/feedback?role=organiser")
        await expect(organiser.locator("#mail-sum")).to_contain_text("No candidate can read their result now")
        await look(organiser, "feedback-release")
        await organiser.get_by_role("link", name="Read the feedback of Ada One").click()
        await expect(organiser.locator("h1")).to_have_text("You passed")
        await expect(organiser.locator(".notice").first).to_contain_text("Not released yet")

        page = await new_page(browser, problems)
        release = await house.rooms.results.release(
            run.id, exam.organiser, from_ms=house.rooms.clock.now_ms() + 3_600_000
        )
        await page.goto(house.server.url + house.link("candidate"))
        await expect(page.locator("#who-may")).to_have_text("Read your result and your feedback.")
        assert not await page.locator("#consent").is_visible()
        await page.locator("#who-go").press("Enter")
        await page.wait_for_url("**/feedback?role=candidate")
        await expect(page.locator("h1")).to_have_text("Your result is not open yet")
        await look(page, "feedback-embargo")
        await house.rooms.results.withdraw(release.id, house.exam.exam_id, exam.organiser)
        release = await house.rooms.results.release(run.id, exam.organiser)
        await page.reload()
        await expect(page.locator("h1")).to_have_text("You passed")
        await look(page, "feedback")
        await enlarged(page, "feedback")

        play = page.get_by_role("button", name="Play from 0:12")
        await play.press("Enter")
        player = page.get_by_role("group", name="The moment")
        await expect(player.get_by_role("button", name="Pause")).to_be_visible()
        await expect(player.get_by_role("status")).to_have_text(re.compile("^0:1[0-7]$"))
        await page.get_by_role("button", name="Play from 0:02").press("Enter")
        await expect(player).to_have_count(1)
        await expect(play).to_have_attribute("aria-expanded", "false")
        await look(page, "feedback-playing")
        await player.get_by_role("button", name="Close").press("Enter")
        await expect(page.get_by_role("button", name="Play from 0:02")).to_be_focused()
        async with page.expect_download() as begun:
            await page.get_by_role("link", name="As PDF").press("Enter")
        assert (await begun.value).suggested_filename == "A small exam feedback.pdf"

        await house.rooms.results.withdraw(release.id, house.exam.exam_id, exam.organiser)
        await play.press("Enter")
        await expect(player.get_by_role("status")).to_contain_text("nothing of this recording to be played")
        await page.reload()
        await expect(page.locator("h1")).to_have_text("Your result was taken back for now")
        await look(page, "feedback-withdrawn")
        assert problems == []


@pytest.mark.faults
async def test_anybody_sees_whether_a_credential_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems: list[str] = []
    async with running_house(tmp_path / "data") as house, chromium() as browser:
        monkeypatch.setitem(vars(house.rooms.settings), "public_url", house.server.url)
        exam = await released_exam(house)
        release = await exam.release()
        page = await new_page(browser, problems)
        await join(page, house.server.url + house.link("candidate"))
        async with page.expect_download():
            await page.get_by_role("link", name="Credential").press("Enter")
        (issued,) = await credentials_of(house.rooms).of_exam(house.exam.exam_id)
        address = f"{house.server.url}/credentials/{issued.issued.id}"
        anybody = await new_page(browser, problems)
        await anybody.goto(address)
        await expect(anybody.locator("h1")).to_have_text("This credential is valid")
        await look(anybody, "credential-valid")
        await house.rooms.results.withdraw(release, house.exam.exam_id, exam.organiser)
        await anybody.reload()
        await expect(anybody.locator("h1")).to_have_text("This credential was revoked")
        await look(anybody, "credential-revoked")
        assert problems == []
        await anybody.goto(f"{house.server.url}/credentials/{new_id()}")
        await expect(anybody.locator("h1")).to_have_text("There is no such credential")
        await look(anybody, "credential-unknown")


@pytest.mark.faults
async def test_feedback_beside_a_whole_cohort(tmp_path: Path) -> None:
    problems: list[str] = []
    async with running_house(tmp_path / "data") as house, chromium() as browser:
        made = await make_results(house.rooms, candidates=24)
        run = await house.rooms.results.run(made.exam_id, ResultRules(), made.principal)
        await house.rooms.results.release(run.id, made.principal)
        totals = {seat: one["total"] for seat, one in run.found["candidates"].items() if one["total"] is not None}
        ranked = sorted(totals, key=totals.__getitem__)
        for name, seat in (("weakest", ranked[0]), ("best", ranked[-1])):
            now_ms = house.rooms.clock.now_ms()
            token = await house.rooms.people.issue_link(seat, now_ms - 60_000, now_ms + 3_600_000)
            page = await new_page(browser, problems)
            await join(page, f"{house.server.url}/j#{token}")
            heading = "You passed" if run.found["candidates"][seat]["passed"] else "You did not pass this time"
            await expect(page.locator("h1")).to_have_text(heading)
            beside = "above" if name == "best" else "below"
            await expect(page.locator(".lead")).to_contain_text(f"{beside} the middle half of all")
            await look(page, f"feedback-{name}")
            await enlarged(page, f"feedback-{name}")
        assert problems == []
