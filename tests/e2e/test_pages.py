"""Every page as a person meets it: axe finds nothing, in light and dark, on a laptop and on a phone; nothing is wider
than its window; the console has no errors, which a refusal of the content security policy would be.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import make_mocked_request
from playwright.async_api import Browser, Page, expect

from teleosce.core.errors import Fault, Forbidden, SignInNeeded, TooMany, Unavailable
from teleosce.web.rendering import fault_page
from tests.e2e.artefacts import rows
from tests.e2e.browsers import chromium, eventually, join, new_page
from tests.e2e.looks import look
from tests.e2e.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMAIL, PASSWORD = "organiser@school.example", "a long enough password"


class House:
    """A running server, and one browser whose pages each have a session of their own."""

    def __init__(self, server: ServerProcess, browser: Browser) -> None:
        self.server, self.browser = server, browser
        self.problems: list[str] = []

    async def page(self, path: str = "") -> Page:
        page = await new_page(self.browser, self.problems)
        page.on("response", self._missing)
        if path:
            await page.goto(self.server.url + path)
        return page

    def _missing(self, response: Any) -> None:
        if response.status >= 400 and "/static/" in response.url:
            self.problems.append(f"{response.status} {response.url}")

    async def joined(self, role: str) -> Page:
        page = await self.page()
        links = self.server.links[role]
        await join(page, links if isinstance(links, str) else links[0])
        return page

    async def signed_in(self) -> Page:
        page = await self.page("/sign-in")
        await sign_in(page, PASSWORD)
        await page.wait_for_url(f"{self.server.url}/")
        return page


async def sign_in(page: Page, password: str) -> None:
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    server = ServerProcess(tmp_path_factory.mktemp("pages") / "data")
    await server.start("--no-consultation")
    account = ["user", "add", EMAIL, "--name", "Dr Olive Organiser", "--password", PASSWORD, "--data", str(server.data)]
    added = await asyncio.create_subprocess_exec(sys.executable, "-m", "teleosce", *account, cwd=server.data.parent)
    assert await added.wait() == 0
    async with chromium() as browser:
        yield House(server, browser)
    await server.stop()


@pytest.fixture(autouse=True)
def _no_problems(house: House) -> Any:
    house.problems.clear()
    yield
    assert not house.problems


async def test_sign_in_and_what_is_not_there(house: House) -> None:
    page = await house.page("/sign-in")
    await look(page, "sign-in")
    await sign_in(page, "not the password")
    await page.get_by_role("alert").wait_for()
    await look(page, "sign-in-refused")
    await sign_in(page, PASSWORD)
    await page.wait_for_url(f"{house.server.url}/")
    await page.goto(f"{house.server.url}/nowhere")
    await look(page, "not-found")
    await page.context.close()


def _defect() -> Fault:
    made = Fault("Something went wrong on our side. What was saved before is kept. Try again.", details="c0ffee42")
    made.status = 500
    return made


FAULTS = {
    "fault-401": SignInNeeded("You have joined on another device, so this one has stopped.", code="replaced"),
    "fault-403": Forbidden("This page is the organiser's. Your own link leads to your place."),
    "fault-429": TooMany("Too many attempts. Wait a minute, and try again."),
    "fault-500": _defect(),
    "fault-503": Unavailable("The disk is full. What was saved before is kept; try again in a minute."),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_a_page(house: House, name: str) -> None:
    page = await house.page()
    said = fault_page(make_mocked_request("GET", "/somewhere"), FAULTS[name])
    await page.route("**/somewhere", lambda route: route.fulfill(body=said.text, content_type="text/html"))
    await page.goto(f"{house.server.url}/somewhere")
    await look(page, name)
    await page.context.close()


async def test_the_bank_of_stations(house: House) -> None:
    page = await house.signed_in()
    await page.get_by_role("link", name="Stations").click()
    await look(page, "stations")
    await page.locator("#bank h2 a").first.click()
    station = page.url.partition("?")[0]
    for view in ("candidate", "sp", "examiner"):
        await page.goto(f"{station}?as={view}")
        await look(page, f"preview-{view}")
    await page.context.close()


async def test_a_new_exam(house: House) -> None:
    page = await house.signed_in()
    await look(page, "home")
    await page.get_by_role("link", name="New exam").click()
    await page.get_by_label("Title", exact=True).fill("Finals, =first day")
    await page.get_by_label("Start", exact=True).fill("2027-03-02T09:00")
    await expect(page.locator("#kept")).to_have_text("Saved")
    await page.wait_for_url("**/exams/*/plan**")
    await look(page, "plan-exam")
    following = page.get_by_role("button", name="Next")
    await following.click()
    bank = page.get_by_label("Station from the bank")
    for name in ("Chest pain", "Low mood", "Rest"):
        await bank.select_option(index=await _option(page, name))
        await page.get_by_role("button", name="Add to the ring").click()
    up = page.get_by_role("button", name="Up: 2.")
    await up.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Up: 1.")).to_be_focused()
    await look(page, "plan-stations")
    await following.click()
    await page.get_by_label("Circuits side by side").fill("2")
    await page.get_by_label("Patient played by").first.fill("Pat Peters")
    await page.get_by_role("button", name="Circuit B").click()
    await page.get_by_label("Patient played by").first.fill("Pat Peters")
    await page.get_by_label("Site of circuit B").fill("South campus")
    await look(page, "plan-circuits")
    await page.get_by_role("button", name="Circuit A").click()
    await page.get_by_label("Site of circuit A").fill("North campus")
    await following.click()
    await page.get_by_label("E-mail", exact=True).fill("pat at school")
    await expect(page.locator("#foot-sum")).to_contain_text("“email” is no e-mail address.")
    await page.get_by_label("E-mail", exact=True).fill("pat@school.example")
    await page.get_by_role("button", name="Spare patient").click()
    await look(page, "plan-people")
    await following.click()
    await _candidates(page)
    await _make(page)
    await look(page, "plan-made")
    await _links_and_timetable(house, page)
    await page.context.close()


async def _candidates(page: Page) -> None:
    """A list with a fault is shown and not taken; the mended one is."""
    lines = page.get_by_label("Or names, one on each line")
    await lines.fill("Number;Name;Extra time\n1;=Ada Adams;\n1;Ben Bull;25 %")
    await page.get_by_role("button", name="Read these lines").click()
    found = page.locator("#list-found")
    await expect(found).to_contain_text("Row 3, column A (Number): The number “1” stands in row 2 already.")
    await expect(page.get_by_role("button", name="Take these")).to_have_count(0)
    await look(page, "plan-candidates-refused")
    await lines.fill("Number;Name;Extra time\n1;=Ada Adams;\n2;Ben Bull;25 %")
    await page.get_by_role("button", name="Read these lines").click()
    await page.get_by_role("button", name="Take these").click()
    await expect(page.get_by_label("Extra time of Ben Bull")).to_have_value("25")
    await look(page, "plan-candidates")


async def _make(page: Page) -> None:
    """The patient who is in two circuits at once is in the way; then the exam is made."""
    await page.get_by_role("button", name="Next").click()
    await expect(page.locator("#conflicts")).to_contain_text("Pat Peters is at station 1 of circuit A and station 1 of")
    await expect(page.get_by_role("button", name="Make the exam")).to_have_attribute("aria-disabled", "true")
    await expect(page.locator("#grids table")).to_have_count(2)
    await look(page, "plan-check")
    await page.get_by_role("button", name="Put right: Pat Peters").first.click()
    await page.get_by_label("Circuits side by side").fill("1")
    await page.get_by_role("button", name="Check and make").click()
    await expect(page.locator("#conflicts")).not_to_contain_text("This must be corrected")
    await page.get_by_role("button", name="Make the exam").click()
    await page.get_by_role("heading", name="Hand out the links").wait_for()


async def _links_and_timetable(house: House, page: Page) -> None:
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="CSV").click()
    lines = (await (await downloading.value).path()).read_text("utf-8-sig").splitlines()
    cells = [line.strip('"').split('","') for line in lines]
    assert [row[2] for row in cells] == [
        "Name",
        "'=Ada Adams",
        "Ben Bull",
        "Examiner",
        "Organiser",
        "Pat Peters",
        "Patient 2",
        "Spare 1",
    ]
    await expect(page.locator("#mail-sum")).to_contain_text("No mail server is set")
    await page.get_by_role("link", name="Timetable").click()
    await expect(page.locator("tbody tr").first).to_contain_text("09:00")
    await expect(page.locator("#circuit-1")).to_contain_text("Circuit A, North campus")
    await look(page, "timetable")
    await page.go_back()
    await page.get_by_role("link", name="Blueprint").click()
    await look(page, "blueprint")
    await page.go_back()
    await page.get_by_role("link", name="Control page").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Finals, =first day")
    await page.goto(cells[1][5])
    await expect(page.locator("#who-name")).to_have_text("Welcome, =Ada Adams")


async def test_the_pages_of_a_rest(house: House) -> None:
    organiser = await house.signed_in()
    stations = ["rest", "chest-pain-video"]
    plan = {"title": "With a rest", "zone": "Europe/London", "stations": stations, "candidates": ["Ada Adams"]}
    made = await (await organiser.request.post(f"{house.server.url}/api/exams", data=plan)).json()
    links = {one["role"]: one["path"] for one in made["links"]}
    candidate = await house.page()
    await join(candidate, house.server.url + links["candidate"])
    await candidate.locator("#waiting-title").wait_for()
    query = "SELECT encounter.id FROM encounter JOIN slot ON slot.id = slot_id WHERE encounter.exam_id = ? AND "
    query += "slot.rotation = 1"
    encounter = rows(house.server.data, query, made["exam"])[0][0]
    begun = await organiser.request.post(f"{house.server.url}/api/encounters/{encounter}/begin", data={})
    assert begun.ok, await begun.text()
    await expect(candidate.locator("#between-title")).to_have_text("Rest")
    await look(candidate, "station-rest")
    for page in (organiser, candidate):
        await page.context.close()


async def _option(page: Page, name: str) -> int:
    options = await page.locator("#bank option").all_inner_texts()
    return next(index for index, text in enumerate(options) if text.startswith(name))


async def test_an_organiser_by_link_has_one_exam(house: House) -> None:
    page = await house.joined("organiser")
    await page.goto(f"{house.server.url}/?role=organiser")
    await expect(page.get_by_role("heading", level=2)).to_have_count(1)
    await expect(page.get_by_role("link", name="New exam")).to_have_count(0)
    response = await page.goto(f"{house.server.url}/exams/new")
    assert response is not None
    assert response.status == 403
    plan = {"title": "Another", "stations": ["any"], "candidates": ["Ada"]}
    assert (await page.request.post(f"{house.server.url}/api/exams", data=plan)).status == 403
    await page.context.close()


async def test_the_pages_of_an_encounter(house: House) -> None:
    refused = await house.page("/j#not-a-link")
    await refused.locator("#part-refused").wait_for()
    await look(refused, "join-refused")
    await refused.context.close()
    examiner = await house.joined("examiner")
    await look(examiner, "worklist-empty")
    organiser = await house.joined("organiser")
    candidate = await house.page()
    await candidate.goto(house.server.links["candidate"][0])
    await candidate.locator("#consent-box").wait_for()
    await look(candidate, "join-consent")
    await candidate.locator("#consent-box").check()
    await candidate.locator("#who-go").click()
    await candidate.locator("#speaker-play").click()
    await candidate.locator("#speaker-heard").click()
    await candidate.locator('#enter:not([aria-disabled="true"])').wait_for(timeout=30_000)
    await look(candidate, "join-check")
    await candidate.locator("#enter").click()
    await candidate.locator("#waiting-title").wait_for()
    patient = await house.joined("sp")
    await patient.locator("#ready-title").wait_for()
    await organiser.locator(".cell[data-encounter]").first.click()
    await expect(organiser.locator("#panel-people").get_by_text("Here", exact=True).first).to_be_visible()
    await look(organiser, "control-waiting")
    await look(candidate, "station-waiting")
    await look(patient, "patient-waiting")

    move = Moves(house, organiser)
    await move.on("begin")
    await candidate.locator("#reading-title").wait_for()
    await organiser.get_by_role("button", name="End reading").wait_for()
    await look(organiser, "control-reading")
    await look(candidate, "station-reading")
    await look(patient, "patient-reading")

    await move.on("end-phase", expected="reading")
    await candidate.locator("#stage").wait_for()
    await eventually(move.recorded)
    await look(candidate, "station-encounter")
    await look(patient, "patient-encounter")
    await look(organiser, "control-encounter")

    await move.on("end-phase", expected="encounter")
    await candidate.locator("#note-form textarea").first.fill("Chest pain for two hours.")
    await expect(candidate.locator("#note-state")).to_contain_text("Saved")
    await look(candidate, "station-note")
    await patient.locator("#rating-form fieldset").first.wait_for()
    await look(patient, "patient-rating")
    await _another_device(candidate, move)

    # The line is lost before the bell, and comes back: the page says what is true of the note.
    await candidate.route("**/changes", lambda route: route.abort())
    await candidate.locator("#note-form textarea").first.fill("Chest pain for two hours, at rest.")
    await move.on("end-phase", expected="note")
    await candidate.locator("[data-views~=between]").wait_for()
    await expect(candidate.locator("#between-note")).to_contain_text("kept on this device")
    await candidate.unroute("**/changes")
    await expect(candidate.locator("#between-note")).to_have_text("Your note is saved.")
    await look(candidate, "station-changeover")
    await look(organiser, "control-changeover")

    await examiner.reload()
    await examiner.locator("#work-open tbody tr").wait_for()
    await look(examiner, "worklist")
    await examiner.locator("#work-open tbody a").first.click()
    await examiner.locator("#watch").wait_for(timeout=60_000)
    await look(examiner, "desk")
    for page in (examiner, organiser, candidate, patient):
        await page.context.close()


async def _another_device(candidate: Page, move: "Moves") -> None:
    """The note is changed there too: the version that is chosen is shown, though the keyboard is in the text."""
    area, ours = candidate.locator("#note-form textarea").first, {"Teleosce-Role": "candidate"}
    path = f"{move.url}/api/encounters/{move.encounter}/forms/note"
    form = await (await candidate.request.get(path, headers=ours)).json()
    field = str(await area.get_attribute("name"))
    await candidate.route("**/changes", lambda route: route.abort())
    await area.fill("Chest pain.")
    await expect(candidate.locator("#note-state")).to_contain_text("Kept on this device")
    change = {
        "field": field,
        "value": "There.",
        "base_version": form["fields"][field]["version"],
        "change_id": "another-device",
    }
    changes = f"{move.url}/api/forms/{form['id']}/changes"
    assert (await candidate.request.post(changes, data={"changes": [change]}, headers=ours | {"Origin": move.url})).ok
    await candidate.unroute("**/changes")
    await candidate.get_by_role("button", name="Take the other").click()
    await expect(area).to_have_value("There.")


class Moves:
    """The organiser's hand on the first candidate's encounter at the first station."""

    def __init__(self, house: House, organiser: Page) -> None:
        self.exam = organiser.url.partition("/control/")[2].partition("?")[0]
        query = "SELECT encounter.id FROM encounter JOIN slot ON slot.id = slot_id WHERE encounter.exam_id = ? AND "
        where = "slot.rotation = 1 AND position = 1 AND circuit = 'A'"
        self.encounter = rows(house.server.data, query + where, self.exam)[0][0]
        self.organiser, self.url = organiser, house.server.url

    async def on(self, verb: str, **content: str) -> None:
        """Into the next phase, with so much time that a slow machine sees all of it before it ends by itself."""
        await self.post(verb, **content)
        await self.post("add-time", seconds=900)

    async def post(self, verb: str, **content: str | int) -> None:
        path = f"{self.url}/api/encounters/{self.encounter}/{verb}"
        response = await self.organiser.request.post(path, data=content, headers={"Teleosce-Role": "organiser"})
        assert response.ok, await response.text()

    async def recorded(self) -> bool:
        """Whether two seconds of it are on disk."""
        path = f"{self.url}/api/exams/{self.exam}/day"
        response = await self.organiser.request.get(path, headers={"Teleosce-Role": "organiser"})
        day = await response.json()
        mine = next(one for one in day["encounters"] if one["id"] == self.encounter)
        return bool(mine["recording"] and mine["recording"]["seconds"] >= 2)
