"""Calibration and the organiser's page during marking, in Chromium: from a consultation to an open worklist."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from teleosce.app import Server, freeze_stations, running
from teleosce.people import Role
from teleosce.scoring import MarkingRules
from tests.e2e.browsers import chromium, join, new_page
from tests.e2e.looks import look
from tests.keeping.keeping_world import World, world
from tests.web.house import Client, settings
from tests.web.marked_exam import FLAT, LENIENT, NAMES, SLOW, give_addresses, marked_exam

pytestmark = pytest.mark.faults


@asynccontextmanager
async def _house(folder: Path, **more: object) -> AsyncIterator[tuple[Server, Browser, list[str]]]:
    problems: list[str] = []
    async with running(settings(folder, **more)) as server, chromium() as browser:
        yield server, browser, problems
    assert not problems


async def _agree(server: Server, link: str) -> None:
    """Somebody who was recorded lets it train examiners."""
    client = Client(server.url)
    token = link.partition("#")[2]
    looked = await client.json("POST", "/api/link", {"token": token})
    training = {"version": looked["training"]["version"], "agreed": True}
    version = looked["consent"]["version"]
    await client.json("POST", "/api/join", {"token": token, "consent_version": version, "training": training})
    await client.http.close()


async def _mark_all(page: Page, keys: str, grade: str) -> None:
    """A whole sheet by keyboard."""
    await expect(page.locator("#pictures video")).to_have_count(2)
    await expect(page.locator("#count")).to_contain_text(f"0 of {len(keys)} marked")
    for key in keys:
        await page.keyboard.press(key)
    await page.keyboard.press("g")
    await page.keyboard.press(grade)
    await expect(page.locator("#count")).to_contain_text(f"{len(keys)} of {len(keys)} marked, global rating given")
    await expect(page.locator("#save-state")).to_contain_text("Saved")


async def _submit(page: Page) -> None:
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#mark-locked")).to_be_visible()


async def test_an_examiner_calibrates(tmp_path: Path) -> None:
    problems: list[str] = []
    async with world(tmp_path / "data") as here, chromium() as browser:
        await here.record()
        await here.transcribe()
        await here.mark()
        await _calibrate(here, browser, problems)
    assert not problems


async def _calibrate(here: World, browser: Browser, problems: list[str]) -> None:
    server, exam_id = here.house.server, here.house.exam.exam_id
    links = {role: here.house.link(role) for role in ("organiser", "examiner", "candidate", "sp")}
    url, items = server.url, 21
    # Whoever marked it live does not practise on it: another examiner does.
    people, now_ms = here.rooms.people, here.rooms.clock.now_ms()
    other = await people.add_seat(exam_id, Role.examiner, "Dr Other")
    links["examiner"] = f"/j#{await people.issue_link(other.id, now_ms - 60_000, now_ms + 3_600_000)}"

    # The question about training is the person's own, and unticked.
    candidate = await new_page(browser, problems)
    await candidate.goto(url + links["candidate"])
    await expect(candidate.locator("#training-box")).not_to_be_checked()
    await look(candidate, "join-training")
    for role in ("candidate", "sp"):
        await _agree(server, links[role])
    await candidate.reload()
    await expect(candidate.locator("#training-box")).to_be_checked()

    organiser = await new_page(browser, problems)
    await join(organiser, url + links["organiser"])
    await organiser.goto(f"{url}/marking/{exam_id}/calibration?role=organiser")
    await organiser.get_by_role("button", name="Make it a reference").click()
    await expect(organiser.locator("#references")).to_contain_text("Agreed marks are missing")
    await look(organiser, "references-new")
    await organiser.get_by_role("link", name="Enter the agreed marks").click()
    await _mark_all(organiser, "1" * items, "3")
    await organiser.locator("article.item").nth(1).locator(".item-text").click()
    await organiser.keyboard.press("w")
    await organiser.keyboard.type("The name and the place are asked for in one sentence: that is done.")
    await organiser.keyboard.press("Escape")
    await organiser.keyboard.press("l")
    await organiser.keyboard.press("e")
    await expect(organiser.locator("article.item").nth(1).locator(".evidence li")).to_have_count(1)
    await look(organiser, "agreed-marks")
    await _submit(organiser)
    await organiser.goto(f"{url}/marking/{exam_id}/calibration?role=organiser")
    await expect(organiser.locator("#references")).to_contain_text("Open to examiners")
    rules = MarkingRules(calibration_encounters=2, calibration_agreement=0.9)
    await server.rooms.marking.set_rules(exam_id, rules, 0)

    # The worklist is closed, and says what to do.
    page = await new_page(browser, problems)
    await join(page, url + links["examiner"])
    await expect(page.locator("#work-left")).to_contain_text("please mark 1 reference recording.")
    await look(page, "worklist-closed")
    await page.get_by_role("link", name="Go to calibration").click()
    await expect(page.locator("#left")).to_contain_text("90 %")
    await page.get_by_role("link", name="Recording 1").click()
    await expect(page.locator("#agreed")).to_contain_text("For practice")
    await expect(page.locator("body")).not_to_contain_text("Ada One")
    await _mark_all(page, "1332" + "1" * (items - 4), "1")
    await look(page, "calibrating")
    await _submit(page)

    # Item by item, with the reason and the moment.
    await expect(page.locator("#agreed")).to_contain_text("18 of 21 items agree")
    await expect(page.locator("#agreed")).to_contain_text("more stringent")
    second = page.locator("article.item").nth(1)
    await expect(second.locator(".agreed")).to_contain_text("Agreed: Done. You: Not done")
    await expect(second.locator(".agreed")).to_contain_text("in one sentence")
    await expect(page.locator("#global .agreed")).to_contain_text("2 steps lower")
    await second.get_by_role("button", name="Play the moment").click()
    await page.wait_for_function("() => [...document.querySelectorAll('#pictures video')].some((v) => !v.paused)")
    await page.keyboard.press("k")
    await look(page, "compared")
    await page.goto(f"{url}/calibrate?role=examiner")
    await expect(page.locator("#all")).to_contain_text("18 of 21 items")
    await expect(page.locator("#left")).to_contain_text("so far 85 % of yours do")
    await look(page, "calibrate")

    # Again from the start; then the worklist is open.
    await page.get_by_role("link", name="Recording 1").click()
    await page.get_by_role("button", name="Mark again").click()
    await page.locator("dialog").get_by_role("button", name="Mark again").click()
    await expect(page.locator("#mark-locked")).to_contain_text("Open")
    await expect(page.locator("article.item input:checked")).to_have_count(0)
    await _mark_all(page, "1" * items, "3")
    await _submit(page)
    await expect(page.locator("#agreed")).to_contain_text("21 of 21 items agree")
    await page.goto(f"{url}/mark?role=examiner")
    await expect(page.locator("#work-left")).to_have_count(0)
    await organiser.reload()
    await expect(organiser.locator("#examiners")).to_contain_text("in 2 attempts")
    await expect(organiser.locator("#examiners")).to_contain_text("Worklist open")
    await look(organiser, "references")


async def test_the_organiser_watches_and_reassigns(tmp_path: Path) -> None:
    smtp = {"smtp_host": "127.0.0.1", "smtp_from": "Exam office <exams@school.org>"}
    async with _house(tmp_path / "data", **smtp) as (server, browser, problems):
        await _organise(server, browser, problems)


async def _organise(server: Server, browser: Browser, problems: list[str]) -> None:
    bank = await freeze_stations(server.rooms)
    marked = await marked_exam(server.rooms, [bank["feverish-child"], bank["inhaler-technique"]])
    await give_addresses(server.rooms, {marked.seats[name]: f"{name[3:]}@x.org" for name in NAMES[1:]})
    page = await new_page(browser, problems)
    await join(page, f"{server.url}/j#{marked.organiser}")
    await page.goto(f"{server.url}/marking/{marked.exam_id}?role=organiser")
    await expect(page.locator("#done")).to_contain_text("57 of 72 marks are submitted")
    await expect(page.locator("#nobody")).to_contain_text("2 encounters have no examiner")

    await expect(page.locator("#examiners tr").filter(has_text=LENIENT)).to_contain_text("points more lenient")
    await expect(page.locator("#examiners tr").filter(has_text=FLAT)).to_contain_text("Flat")
    await expect(page.locator("#examiners tr").filter(has_text=SLOW)).to_contain_text("Too few to tell: 3 of 5")
    await look(page, "marking")

    await expect(page.locator("#missing tr")).to_have_count(2)
    await page.get_by_role("button", name="Choose all shown").click()
    await page.locator("#give-to").select_option(label="Dr Costa, 1 left")
    await look(page, "marking-chosen")
    await page.get_by_role("button", name="Reassign").click()
    await expect(page.locator("#nobody")).to_be_hidden()
    await expect(page.locator("#examiners tr").filter(has_text="Dr Costa")).to_contain_text("11 of 14")
    # Nothing answers where the mail server should be: it says so, and nothing was sent.
    await page.get_by_role("button", name=f"Remind {SLOW}").click()
    await page.locator("dialog").get_by_role("button", name="Send").click()
    await expect(page.locator("#fault")).to_contain_text("mail server 127.0.0.1 did not answer")
