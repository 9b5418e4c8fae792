"""Settling two marks in the browser: by keyboard, with the recording at the moment in question."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from bench.desk_world import make_world
from teleosce.app import Server, running
from teleosce.core.settings import Settings
from teleosce.people import Role
from teleosce.scoring import AssignmentKind, Change, Kind, Status, layout_of
from tests.e2e.browsers import chromium, join, new_page
from tests.e2e.looks import look

pytestmark = pytest.mark.faults

PLAYING = "[...document.querySelectorAll('#pictures video')].some((one) => !one.paused && one.currentTime > 2)"
QUOTE = "The pain started this morning after breakfast"


async def seat(server: Server, exam: str, role: Role, name: str) -> tuple[str, str]:
    """A new person: their seat and their link."""
    people, now = server.rooms.people, server.rooms.clock.now_ms()
    made = await people.add_seat(exam, role, name)
    return made.id, f"{server.url}/j#{await people.issue_link(made.id, now - 60_000, now + 3_600_000)}"


async def marked(server: Server, encounter: str, author: str, grade: str, differs: dict[str, str]) -> None:
    """A submitted mark with a moment and a comment on each item that differs."""
    rooms = server.rooms
    layout = layout_of(await rooms.stations.get((await rooms.exams.encounter(encounter)).station_hash))
    values: dict[str, Any] = {f"item.{name}": differs.get(name, "done") for name in layout.items} | {"global": grade}
    for number, (name, value) in enumerate(differs.items(), 1):
        span = {"from_ms": 3000 * number, "to_ms": 3000 * number + 2500, "quote": f"{QUOTE}, {number}."}
        values[f"evidence.{name}.m1"] = span
        values[f"comment.{name}"] = f"Heard at {3 * number} seconds, which I take for {value.replace('_', ' ')}."
    values["comment"] = "Calm and clear throughout; the closing was hurried."
    values["bookmark.b1"] = {"at_ms": 9000, "text": "warm tone"}
    form = await rooms.forms.open(Kind.mark, encounter, author)
    changes = [Change(name, value, 0, f"change-{n}") for n, (name, value) in enumerate(values.items())]
    await rooms.forms.save(form.id, changes, author, layout)
    await rooms.forms.submit(form.id, author, layout)


async def test_marks_that_differ_are_settled_by_keyboard(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", port=0, worker=False, log_level="error")
    problems: list[str] = []
    async with running(settings) as server, chromium() as browser:
        rooms = server.rooms
        world = await make_world(server, [0.4])
        exam, (encounter,) = world.made, world.encounters
        first = next(link.seat for link in exam.links if link.role == "examiner")
        second, _ = await seat(server, exam.exam_id, Role.examiner, "Dr Second")
        _, moderators = await seat(server, exam.exam_id, Role.moderator, "Prof Moderator")
        await rooms.marking.assign(encounter, second, AssignmentKind.second)
        sheet = (await rooms.stations.get((await rooms.exams.encounter(encounter)).station_hash)).mark_sheet
        order = [item for domain in sheet.domains for item in sheet.items if item.domain == domain]
        critical = next(item.id for item in order if item.critical)
        others = [item.id for item in order if item.id != critical][:2]
        await marked(server, encounter, first, "good", {critical: "done", others[0]: "partly", others[1]: "done"})
        differs = {critical: "not_done", others[0]: "not_done", others[1]: "partly"}
        await marked(server, encounter, second, "borderline", differs)

        page = await new_page(browser, problems)
        await join(page, moderators)
        await page.goto(f"{server.url}/moderate?role=moderator")
        await expect(page.locator("#open tbody tr")).to_have_count(1)
        await expect(page.locator("#open")).to_contain_text("points apart")
        await look(page, "moderation")

        await page.locator("#open a").click()
        await expect(page.locator("#watch")).to_be_visible()
        cards = page.locator("#differences .settle-case")
        await expect(cards).to_have_count(4)
        await expect(page.locator("#who")).to_contain_text("Nobody settles this yet")
        await expect(page.locator("[data-current]")).to_have_count(1)
        await look(page, "moderate-open")

        # One key for each: left, right, an own value with its reason, and the global rating.
        names = [str(await cards.nth(at).get_attribute("data-field")) for at in range(4)]
        await page.keyboard.press("q")
        await page.wait_for_function(PLAYING)
        await page.keyboard.press("k")
        await page.keyboard.press("ArrowLeft")
        await expect(page.locator("#count")).to_have_text("1 of 4 differences settled")
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#count")).to_have_text("2 of 4 differences settled")
        assert await page.evaluate("document.activeElement.dataset.field") == names[2]
        takes = cards.nth(2).locator("[data-take] strong")
        left, right = await takes.all_inner_texts()
        own = next(at for at, word in enumerate(("Done", "Partly", "Not done"), 1) if word not in (left, right))
        await page.keyboard.press(str(own))
        await expect(cards.nth(2).locator("textarea")).to_be_focused()
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#missing")).to_contain_text("not settled yet")
        await look(page, "moderate-missing")
        await page.locator(f"[data-field='{names[2]}'] textarea").fill("Said it in part, and only when asked.")
        await page.keyboard.press("Escape")
        await page.keyboard.press("n")
        await page.keyboard.press("3")
        await expect(page.locator(f"[data-field='{names[3]}'] textarea")).to_be_focused()
        await page.keyboard.type("Between the two.")
        await expect(page.locator("#save-state")).to_have_text("Saved")

        # Another moderator finds it taken; a reload brings everything back.
        _, another = await seat(server, exam.exam_id, Role.moderator, "Prof Another")
        other = await new_page(browser, problems)
        await join(other, another)
        await other.goto(f"{server.url}/moderate/{encounter}?role=moderator")
        await expect(other.locator("#who")).to_contain_text("Prof Moderator settles this")
        await other.keyboard.press("ArrowLeft")
        await expect(other.locator("#toasts")).to_contain_text("Take it over first")
        await other.close()
        await page.reload()
        await expect(page.locator("#count")).to_have_text("4 of 4 differences settled")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#amend")).to_be_visible()
        await expect(page.locator("#who")).to_contain_text("You settled this")
        await look(page, "moderate-settled")

        # Opened again for a reason, and settled again: what both agreed on is written once more.
        await page.locator("#amend").click()
        await expect(page.get_by_label("Reason", exact=True)).to_be_focused()
        await page.keyboard.type("One more look.")
        await page.get_by_role("button", name="Open again").click()
        await expect(page.locator("#submit")).to_be_visible()
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#amend")).to_be_visible()

        record = await rooms.marking.record(encounter)
        assert record.status is Status.settled
        assert [len(record.fields[name].forms) for name in names] == [1, 1, 0, 0]
        assert record.fields["global"].value == "pass"
        assert record.fields["global"].reason == "Between the two."
        await page.goto(f"{server.url}/moderate?role=moderator")
        await expect(page.locator("#settled tbody tr")).to_have_count(1)

        # The organiser changes the rules that led there.
        organiser = next(link.path for link in exam.links if link.role == "organiser")
        desk = await new_page(browser, problems)
        await join(desk, server.url + organiser)
        await desk.goto(f"{server.url}/marking/{exam.exam_id}?role=organiser")
        await desk.locator(".marking-rules > summary").click()
        await expect(desk.locator("#rule-discrepancy_points")).to_have_value("10")
        await desk.locator("#rule-double_share").fill("12.5")
        await desk.locator("#rule-discrepancy_grades").fill("")
        await desk.locator("#rules-save").click()
        await expect(desk.locator("#rules-said")).to_have_text("Saved.")
        rules = await rooms.marking.rules(exam.exam_id)
        assert (rules.double_share, rules.discrepancy_grades, rules.discrepancy_points) == (0.125, None, 10.0)
        await desk.locator(".marking-rules").scroll_into_view_if_needed()
        await look(desk, "rules")
        assert problems == []
