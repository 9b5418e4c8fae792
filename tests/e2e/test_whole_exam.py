"""A whole exam of recorded consultations in Chromium: calibrated, marked, marked twice and moderated by keyboard."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from teleosce.app import Server, running
from teleosce.cohort import Cohort, Held, make_cohort
from teleosce.core.settings import Settings
from teleosce.people import Role
from teleosce.rehearsal.consultations import LEVELS, Mark, read_consultations
from teleosce.scoring import Status, layout_of
from teleosce.stations import Item, MarkSheet
from tests.e2e.browsers import chromium, join, new_page

pytestmark = pytest.mark.faults  # nineteen sheets are filled in by keyboard

CONSULTATIONS = read_consultations(Path(__file__).parents[2] / "bench" / "consultations")
RING = ["chest-pain-video", "low-mood", "inhaler-technique"]
MARK_KEYS: Mapping[Mark, str] = {"done": "1", "partly": "2", "not_done": "3"}
WORDS: Mapping[Mark, str] = {"done": "Done", "partly": "Partly", "not_done": "Not done"}
GRADES = ("fail", "borderline", "pass", "good", "excellent")
SLIPS: Mapping[Mark, Mark] = {"done": "not_done", "partly": "done", "not_done": "done"}
"""What somebody gives who did not look well."""


@dataclass
class School:
    """A server with an exam that is over, and a page for each who works on it."""

    server: Server
    browser: Browser
    cohort: Cohort
    sheets: dict[str, MarkSheet]
    problems: list[str] = field(default_factory=list)

    async def page(self, link: str) -> Page:
        page = await new_page(self.browser, self.problems)
        await join(page, self.server.url + link)
        return page

    async def newcomer(self, role: Role, name: str) -> str:
        """The link of somebody who was not there on the day, without the server."""
        people, now_ms = self.server.rooms.people, self.server.rooms.clock.now_ms()
        seat = await people.add_seat(self.cohort.made.exam_id, role, name)
        return f"/j#{await people.issue_link(seat.id, now_ms - 60_000, now_ms + 3_600_000)}"

    def link(self, role: str) -> str:
        return next(one.path for one in self.cohort.made.links if one.role == role)

    def held(self, url: str) -> Held:
        """The consultation whose desk is at this address."""
        return next(one for one in self.cohort.held if one.encounter in url)

    def items(self, held: Held) -> list[Item]:
        """As the desk shows them."""
        sheet = self.sheets[held.consultation.station]
        return [item for domain in sheet.domains for item in sheet.items if item.domain == domain]

    def slips(self, held: Held, *, second: bool) -> set[str]:
        """Where an examiner slips: the first at a critical item of the weak, the second at an ordinary one of all but
        the strong. So the weak are in dispute, and of both marks the right parts count.
        """
        critical = next(one.id for one in self.items(held) if one.critical)
        ordinary = next(one.id for one in self.items(held) if not one.critical)
        return {
            "strong": set[str](),
            "borderline": {ordinary} if second else set[str](),
            "weak": {ordinary if second else critical},
        }[held.consultation.level]

    def keys(self, held: Held, slips: Collection[str] = ()) -> str:
        """The keys that give each item the mark that the dialogue deserves, but for slips."""
        marks = held.consultation.marks
        return "".join(
            MARK_KEYS[SLIPS[marks[one.id]] if one.id in slips else marks[one.id]] for one in self.items(held)
        )

    async def mark(self, page: Page, keys: str, grade: str) -> None:
        """The whole sheet of the open desk by keyboard, with a moment attached to the first item; submitted."""
        await expect(page.locator("#count")).to_contain_text(f"0 of {len(keys)} marked")
        await expect(page.locator("#watch")).to_be_visible()
        await expect(page.locator("#turns .word").first).to_be_attached()
        await page.keyboard.press("l")
        await page.keyboard.press("e")
        for key in keys:
            await page.keyboard.press(key)
        await page.keyboard.press("g")
        await page.keyboard.press(str(GRADES.index(grade) + 1))
        await expect(page.locator("#count")).to_contain_text(f"{len(keys)} of {len(keys)} marked, global rating given")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#mark-locked")).to_be_visible()
        await expect(page.locator("#next")).to_be_focused()


@asynccontextmanager
async def school(folder: Path) -> AsyncIterator[School]:
    settings = Settings(data=folder / "data", port=0, worker=False, log_level="warning")
    # What was said in the first minutes is enough to be watched and read; the marks are those of the whole.
    short = {key: one.model_copy(update={"lines": one.lines[:12]}) for key, one in CONSULTATIONS.items()}
    cohort = await make_cohort(settings, short, RING)
    async with running(settings) as server, chromium() as browser:
        rooms = server.rooms
        sheets = {
            one.consultation.station: (
                await rooms.stations.get((await rooms.exams.encounter(one.encounter)).station_hash)
            ).mark_sheet
            for one in cohort.held
        }
        yield School(server, browser, cohort, sheets)


async def test_an_exam_is_marked_calibrated_marked_twice_and_moderated(tmp_path: Path) -> None:
    async with school(tmp_path) as here:
        reference = here.cohort.of("inhaler-technique", "strong")
        first = await here.page(here.link("examiner"))
        organiser = await here.page(here.link("organiser"))
        await first.goto(f"{here.server.url}/mark/{reference.encounter}?role=examiner")
        await here.mark(first, here.keys(reference), reference.consultation.overall)
        await a_reference(here, organiser, reference)
        seconds_link = await here.newcomer(Role.examiner, "Dr Second")
        await rules(here, organiser)

        await first.goto(f"{here.server.url}/mark?role=examiner")
        await expect(first.locator("#work-summary")).to_contain_text("1 of 9 finished")
        await marked(here, first, 8, second=False)
        second = await here.page(seconds_link)
        await calibrated(here, second, reference)
        await second.goto(f"{here.server.url}/mark?role=examiner")
        # Who practised on the reference is the only other examiner: it keeps its one mark.
        await expect(second.locator("#work-summary")).to_contain_text("0 of 8 finished")
        await marked(here, second, 8, second=True)
        await organiser.reload()
        await expect(organiser.locator("#done")).to_contain_text("17 of 17 marks are submitted")
        await moderated(here)
        await is_whole(here, reference)
        assert here.problems == []


async def a_reference(here: School, page: Page, reference: Held) -> None:
    """The organiser makes a finished encounter a reference, and enters its agreed marks."""
    exam = here.cohort.made.exam_id
    await page.goto(f"{here.server.url}/marking/{exam}/calibration?role=organiser")
    await page.get_by_role("button", name="Make it a reference").click()
    await page.get_by_role("link", name="Enter the agreed marks").click()
    await here.mark(page, here.keys(reference), reference.consultation.overall)


async def rules(here: School, page: Page) -> None:
    """Everything is marked twice, and nobody new marks before the reference."""
    await page.goto(f"{here.server.url}/marking/{here.cohort.made.exam_id}?role=organiser")
    await page.locator(".marking-rules > summary").click()
    await expect(page.locator("#rules-save")).to_be_enabled()
    for name, value in {"double_share": "100", "calibration_encounters": "1", "calibration_agreement": "80"}.items():
        await page.locator(f"#rule-{name}").fill(value)
    await page.locator("#rules-save").click()
    await expect(page.locator("#rules-said")).to_have_text("Saved.")


async def marked(here: School, page: Page, many: int, *, second: bool) -> None:
    """From the worklist to a desk, and with Enter from one to the next, until nothing is left."""
    await page.locator("#work-next").wait_for()
    await page.keyboard.press("n")
    await page.wait_for_url("**/mark/*")
    for left in range(many - 1, -1, -1):
        held = here.held(page.url)
        await here.mark(page, here.keys(held, here.slips(held, second=second)), held.consultation.overall)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url, marked=held.encounter: marked not in url)
        assert ("/mark/" in page.url) == bool(left)
    await expect(page.locator("#work-done")).to_be_visible()


async def calibrated(here: School, page: Page, reference: Held) -> None:
    """The worklist opens after a reference that is marked as was agreed on, but for one item."""
    await expect(page.locator("#work-left")).to_contain_text("please mark 1 reference recording.")
    await page.get_by_role("link", name="Go to calibration").click()
    await page.get_by_role("link", name="Recording 1").click()
    items = here.items(reference)
    await here.mark(page, here.keys(reference, {items[2].id}), reference.consultation.overall)
    await expect(page.locator("#agreed")).to_contain_text(f"{len(items) - 1} of {len(items)} items agree")


async def moderated(here: School) -> None:
    """The weak candidates are in dispute, and of each difference the right side is taken by keyboard."""
    page = await here.page(await here.newcomer(Role.moderator, "Prof Moderator"))
    for held in here.cohort.held:
        if held.consultation.level != "weak":
            continue
        await page.goto(f"{here.server.url}/moderate?role=moderator")
        await page.locator(f"#open [data-encounter='{held.encounter}'] a").click()
        await expect(page.locator("#watch")).to_be_visible()
        await expect(page.locator("#count")).to_have_text("0 of 2 differences settled")
        for done in (1, 2):
            current = page.locator("#differences [data-current]")
            item = str(await current.get_attribute("data-field")).removeprefix("item.")
            left = await current.locator("[data-take=left] strong").inner_text()
            right = left != WORDS[held.consultation.marks[item]]
            await page.keyboard.press("ArrowRight" if right else "ArrowLeft")
            await expect(page.locator("#count")).to_have_text(f"{done} of 2 differences settled")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#amend")).to_be_visible()
    await page.goto(f"{here.server.url}/moderate?role=moderator")
    await expect(page.locator("#settled tbody tr")).to_have_count(len(RING))
    await expect(page.locator("#agreed tbody tr")).to_have_count(2 * len(RING) - 1)
    await expect(page.locator("#open")).to_have_count(0)


async def is_whole(here: School, reference: Held) -> None:
    """What counts is what each dialogue deserves, whoever slipped, and leads to the marks that it was made of."""
    rooms = here.server.rooms
    totals: dict[tuple[str, str], float] = {}
    for held in here.cohort.held:
        consultation = held.consultation
        record = await rooms.marking.record(held.encounter)
        assert {name: record.value(f"item.{name}") for name in consultation.marks} == consultation.marks
        assert record.value("global") == consultation.overall
        status = Status.settled if consultation.level == "weak" else Status.confirmed
        assert (record.status, len(record.parents)) == ((status, 2) if held is not reference else (Status.single, 1))
        if status is Status.settled:
            of = {
                record.fields[f"item.{name}"].forms
                for second in (False, True)
                for name in here.slips(held, second=second)
            }
            assert of == {(one,) for one in record.parents}
        encounter = await rooms.exams.encounter(held.encounter)
        total = record.total(layout_of(await rooms.stations.get(encounter.station_hash)))
        assert total is not None
        totals[consultation.station, consultation.level] = total
    for station in RING:
        strong, borderline, weak = (totals[station, level] for level in LEVELS)
        assert strong > borderline > weak
