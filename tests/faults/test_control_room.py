"""The control room in a real browser: its cells follow the day, it is led by keyboard, and who looks in is named."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.artefacts import rows
from tests.e2e.browsers import chromium, eventually, join, new_page, write_voice
from tests.e2e.looks import look, picture
from tests.e2e.server import ServerProcess
from tests.e2e.stage import LIVELY
from tests.web.house import house

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

OUTLINED = """() => {
  // Within its line, which clips what is outside it.
  const one = document.activeElement, { outlineWidth, outlineOffset, outlineStyle } = getComputedStyle(one);
  return one.matches(".trouble:focus-visible") && outlineStyle === "solid" && parseFloat(outlineWidth) >= 2
    && parseFloat(outlineOffset) + parseFloat(outlineWidth) <= 0;
}"""


async def test_the_control_room_shows_and_leads_the_day(tmp_path: Path) -> None:
    problems: list[str] = []
    voice = tmp_path / "voice.wav"
    write_voice("candidate", voice)
    server = ServerProcess(tmp_path / "data", worker=False)
    await server.start("--no-consultation")
    try:
        async with chromium(voice) as browser:
            control = await new_page(browser, problems)
            await join(control, server.links["organiser"])
            cell = control.locator(".cell[data-cell='A/1']")
            await expect(cell).to_contain_text("Waiting")
            await expect(cell).to_contain_text("not here")
            candidate, patient = [await new_page(browser, problems) for _ in range(2)]
            await join(candidate, server.links["candidate"][0])
            await expect(candidate.locator("#waiting-text")).to_contain_text("It begins soon")
            await join(patient, server.links["sp"][0])
            await expect(cell).not_to_contain_text("not here")

            # All circuits gather; a candidate is ticked off; the message is there, and still after a reload.
            await control.get_by_role("button", name="Gather").click()
            await expect(candidate.locator("#waiting-text")).to_contain_text("Everyone gathers now")
            await control.locator("#tab-people").click()
            await control.get_by_role("button", name="Amira Hassan: known by the photo").click()
            await expect(control.locator("#people")).to_contain_text("By photo")
            await control.get_by_role("button", name="Broadcast").click()
            await control.keyboard.type("We begin in a minute.")
            await control.keyboard.press("Enter")
            await expect(candidate.locator("#live-message-text")).to_have_text("We begin in a minute.")
            await candidate.reload()
            await expect(candidate.locator("#live-message-text")).to_have_text("We begin in a minute.")
            await candidate.get_by_role("button", name="Understood").click()
            await look(control, "control-gathering")
            await look(candidate, "station-gathering")

            # Started without those who are missing elsewhere, after a question.
            await control.get_by_role("button", name="Start").click()
            await control.locator("dialog[open]").get_by_role("button", name="Start anyway").click()
            await expect(cell).to_contain_text("Reading")
            await expect(candidate.locator("#reading-title")).to_be_visible()

            # By keyboard: into the cell, a pause, and out again.
            await cell.focus()
            await control.keyboard.press("p")
            await expect(cell).to_contain_text("Paused")
            await expect(candidate.locator("#live-paused")).to_contain_text("Your clock is stopped")
            clock = await candidate.locator("#live-clock").inner_text()
            await look(candidate, "station-paused")
            assert await candidate.locator("#live-clock").inner_text() == clock
            await control.keyboard.press("p")
            await expect(cell).to_contain_text("Reading")
            await expect(candidate.locator("#live-paused")).to_be_hidden()
            await control.keyboard.press("Enter")
            panel = control.locator("#panel")
            await expect(panel.locator("#panel-title")).to_be_focused()
            await panel.get_by_role("button", name="End reading").click()
            await expect(cell).to_contain_text("Encounter")
            await panel.get_by_role("button", name="Ring").click()
            await expect(candidate.locator("#stage-remark")).to_contain_text("The organisers are calling")
            await expect(cell).to_contain_text("Recorded")

            await _looked_in(control, candidate, problems)

            # Help comes to the top, and is answered.
            await candidate.locator("#live-help").click()
            await candidate.locator("#help-text").fill("I hear nothing.")
            await candidate.get_by_role("button", name="Call for help").click()
            trouble = control.locator("#troubles button", has_text="I hear nothing.")
            await trouble.click()
            await expect(control.locator("#message-text")).to_be_focused()
            await control.keyboard.type("Unplug the headset once.")
            await control.keyboard.press("Enter")
            await expect(trouble).to_have_count(0)
            await expect(candidate.locator("#live-message-text")).to_have_text("Unplug the headset once.")

            # The line of one goes: the cell says so, the ledger has it, and a decision is made.
            await patient.close()
            await expect(cell).to_contain_text("not in room", timeout=30_000)
            await look(control, "control-trouble")
            await control.locator("#tab-incidents").click()
            row = control.locator("#ledger-rows tr").first
            await row.locator("select").select_option("none")
            async with control.expect_response("**/incidents/*") as answered:
                await row.get_by_role("button", name="Decide").click()
            assert (await answered.value).ok
            decided = rows(server.data, "SELECT decision FROM incident WHERE decision IS NOT NULL")
            assert decided == [("none",)]
            await expect(control.locator("#ledger-rows")).to_contain_text("Organiser, ")
        assert not problems
    finally:
        await server.stop()


async def test_a_half_made_decision_stays_while_others_come(tmp_path: Path) -> None:
    problems: list[str] = []
    async with house(tmp_path) as small, chromium() as browser:
        one = await small.encounter_of("candidate")
        await small.begin(one)

        async def outages(number: int) -> None:
            for _ in range(number):
                await small.rooms.ledger.outage(one, small.rooms.clock.now_ms())

        control = await new_page(browser, problems)
        await join(control, small.server.url + small.link("organiser"))
        await control.locator("#tab-incidents").click()
        await outages(1)
        first = await control.locator("#ledger-rows tr", has_text="Everyone").get_attribute("data-incident")
        row = control.locator(f"#ledger-rows tr[data-incident='{first}']")
        await row.locator("select").select_option("re-run")
        await row.locator("input").fill("The fire alarm rang.")
        await control.locator("#troubles-title").focus()
        await control.mouse.move(0, 0)
        await outages(40)
        await expect(control.locator("#tab-incidents-count")).to_contain_text("4")
        await expect(control.locator("#ledger-rows tr")).to_have_count(31)
        await expect(row.locator("select")).to_have_value("re-run")
        await expect(row.locator("input")).to_have_value("The fire alarm rang.")

        # Led by keyboard, one sees in the list of alarms where one is.
        await expect(control.locator(".trouble").first).to_be_visible()
        await control.locator("#troubles").focus()
        await control.keyboard.press("Tab")
        assert await control.evaluate(OUTLINED)
        await picture(control, "control-trouble-focused")
    assert not problems


async def _looked_in(control: Page, candidate: Page, problems: list[str]) -> None:
    """The organiser looks in: pictures and sound come, nothing is sent, and the candidate reads whose eyes they are."""
    async with control.context.expect_page() as opening:
        await control.locator("#panel").get_by_role("button", name="Observe").click()
    observing = await opening.value
    observing.on("pageerror", lambda error: problems.append(f"{observing.url}: {error}"))
    await expect(observing.locator("#pictures figure")).to_have_count(2, timeout=30_000)

    async def lively() -> Any:
        return await observing.evaluate(LIVELY.replace("#stage video", "#pictures video"))

    await eventually(lively, timeout=45)
    await expect(candidate.locator("#live-observers")).to_contain_text("Observed by")
    await expect(control.locator("#panel-observers")).to_contain_text("Observed by")
    await look(observing, "observe")
    await observing.close()
    await expect(candidate.locator("#live-observers")).to_be_hidden(timeout=60_000)
