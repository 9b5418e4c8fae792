"""The marking desk in a browser: by keyboard alone, at twice the size, with keys of one's own, without a network."""

import statistics
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from bench.desk import apart, seek
from bench.desk_world import make_world
from bench.examiner import SCRIPT, Examiner
from teleosce.app import running
from teleosce.core.settings import Settings
from teleosce.people import Role
from tests.e2e.browsers import CHROMIUM, FLAGS, eventually, join
from tests.e2e.looks import SCHEMES, SIZES

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.faults]

ROLE = {"Teleosce-Role": "examiner"}
IN_STEP_MS = 50
SCROLLERS = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const { overflowY } = getComputedStyle(one);
  return /auto|scroll/.test(overflowY) && one.clientHeight > 0 && one.scrollHeight > one.clientHeight + 1;
}).map((one) => one.id || one.className)"""
OUTSIDE = """() => [...document.querySelectorAll("button, a, input, textarea, [role=slider]")].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  return width > 1 && one.checkVisibility() && !one.closest(".skip") && (left < -1 || right > innerWidth + 1);
}).map((one) => one.id || one.textContent)"""
OVERLAP = """() => {
  const parts = [...document.querySelectorAll(".bar > *, .bar button")].filter((one) => one.checkVisibility());
  return parts.flatMap((one, at) => parts.slice(at + 1).filter((other) => {
    if (one.contains(other)) return false;
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    return a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  }).map((other) => `${one.id || one.className} and ${other.id || other.className}`));
}"""
COPIED = """async ([sheet, value]) => {
  await navigator.serviceWorker.ready;
  const copy = await caches.match(sheet, { ignoreVary: true });
  return Boolean(await caches.match(location.href)) && (await copy?.text())?.includes(value);
}"""
SMALL = """() => [...document.querySelectorAll("main button, .item label, main summary, main a")].filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  return one.checkVisibility() && width > 0 && (height < 43.5 || width < 43.5);
}).map((one) => `${one.id || one.className} ${one.textContent.trim()} ${one.getBoundingClientRect().height}`)"""


@dataclass
class Evening:
    """A server with encounters to mark, and the examiner's link to them."""

    url: str
    link: str
    other: str
    """Another examiner's link."""
    encounters: list[str]
    starts: list[dict[str, int]]
    """Of each encounter, when its takes begin, in ms from the start of the recording."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evening]:
    settings = Settings(data=tmp_path_factory.mktemp("evening"), port=0, worker=False, log_level="warning")
    async with running(settings) as server:
        world = await make_world(server, [15, 0.3, 0.3, 0.3, 0.3])
        starts = [{take.id: take.starts_ms - one.starts_ms for take in one.takes} for one in world.manifests]
        people, now_ms = server.rooms.people, server.rooms.clock.now_ms()
        other = await people.add_seat(world.made.exam_id, Role.examiner, "Somebody Else")
        token = await people.issue_link(other.id, now_ms - 60_000, now_ms + 3_600_000)
        links = (server.url + world.link, f"{server.url}/j#{token}")
        yield Evening(server.url, *links, world.encounters, starts)


@pytest_asyncio.fixture(loop_scope="module")
async def context(evening: Evening, tmp_path: Path) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--headless", "--mute-audio"]
        )
        made = await browser.new_context(viewport=SIZES["laptop"], reduced_motion="reduce")
        await joined(made, evening)
        yield made
        await browser.close()


async def joined(context: BrowserContext, evening: Evening) -> Page:
    page = await context.new_page()
    await join(page, evening.link)
    await page.locator("#work-next").wait_for()
    return page


async def desk(context: BrowserContext, evening: Evening, number: int) -> Page:
    """The desk of an encounter, ready to be marked."""
    page = await context.new_page()
    await page.goto(f"{evening.url}/mark/{evening.encounters[number]}?role=examiner")
    await page.locator("[data-current]").wait_for()
    await page.locator(".word").first.wait_for(state="attached")
    return page


async def marked(page: Page, evening: Evening, number: int) -> dict[str, Any]:
    """The mark as the server has it: values by field."""
    path = f"{evening.url}/api/encounters/{evening.encounters[number]}/forms/mark"
    view = await (await page.request.get(path, headers=ROLE)).json()
    given = {name: one["value"] for name, one in view["fields"].items() if one["value"] is not None}
    return {"state": view["state"]} | given


async def no_violations(page: Page) -> None:
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("axe.run({resultTypes: ['violations'], preload: false})")
    assert [one["id"] for one in found["violations"]] == [], found["violations"]


async def test_an_examiner_marks_all_of_it_by_keyboard(context: BrowserContext, evening: Evening) -> None:
    page = context.pages[0]
    await context.add_init_script(SCRIPT.read_text())
    await page.keyboard.press("n")
    await page.wait_for_url("**/mark/*")
    assert evening.encounters[0] in page.url
    await page.wait_for_function("() => 'pictures' in window.bench?.marks && 'sheet' in bench.marks")
    await no_violations(page)
    done = await Examiner(page).mark_everything()
    values = await marked(page, evening, 0)
    assert values["state"] == "submitted"
    assert values["global"] == "good"
    assert sum(name.startswith("item.") for name in values) == done.items == 20
    assert sum(name.startswith("evidence.") for name in values) == 20
    assert sum(name.startswith("comment.") for name in values) == 2
    assert done.keys_per_item <= 5
    await expect(page.locator("#next")).to_be_focused()
    await page.locator("#amend").click()
    await page.get_by_label("Reason", exact=True).fill("One more look.")
    await page.get_by_role("button", name="Open for amendment").click()
    await page.locator("#submit").click()
    await expect(page.locator("#next")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/mark/{evening.encounters[1]}**")


async def test_two_pictures_are_in_step_after_a_seek(context: BrowserContext, evening: Evening) -> None:
    """By the frames that are shown, of two people who came 700 ms apart: at rest, and while it plays on."""
    await context.add_init_script(SCRIPT.read_text())
    page, starts = await desk(context, evening, 0), evening.starts[0]
    await page.wait_for_function("() => 'pictures' in window.bench?.marks")
    assert abs(max(starts.values()) - min(starts.values())) > 500
    for place in (0.7, 0.2, 0.45, 0.9, 0.1, 0.63):
        assert (await seek(page, place, starts))["apart_ms"] <= IN_STEP_MS
    await page.keyboard.press("k")
    for place in (0.3, 0.8, 0.5):
        await seek(page, place, starts)
        await page.evaluate("bench.watch()")
        await page.wait_for_function("() => bench.frames.length > 200")
        between = apart(await page.evaluate("bench.frames"), starts)
        # The first may still be on their way; a machine that drops frames shows some late, and is right on the whole.
        assert statistics.median(between[len(between) // 4 :]) <= IN_STEP_MS, between
    await page.close()


async def test_keys_of_ones_own_follow_to_another_page(context: BrowserContext, evening: Evening) -> None:
    page = await desk(context, evening, 1)
    await page.keyboard.press("?")
    await page.get_by_role("button", name="Choose keys").press("Enter")
    await no_violations(page)
    async with page.expect_response("**/api/desk") as answered:
        await page.get_by_role("button", name="Change the key for “done").press("Enter")
        await page.keyboard.press("a")
        await expect(page.locator("[data-change=done]")).to_be_focused()
    # What had the key takes the one that is free now.
    assert (await (await answered.value).json())["keys"] == {"done": "a", "found-attach": "1"}
    await page.keyboard.press("Escape")
    await page.evaluate("localStorage.clear()")
    again = await desk(context, evening, 1)
    await expect(again.locator("[data-current] kbd[data-key=done]")).to_have_text("A")
    await again.keyboard.press("a")
    await expect(again.locator("#save-state")).to_contain_text("Saved")
    assert "done" in (await marked(again, evening, 1)).values()
    await again.keyboard.press("?")
    await again.get_by_role("button", name="Choose keys").press("Enter")
    async with again.expect_response("**/api/desk"):
        await again.get_by_role("button", name="Keys as they came").press("Enter")


async def test_layouts_are_remembered_and_read_well(context: BrowserContext, evening: Evening) -> None:
    page = await desk(context, evening, 1)
    for layout in ("two", "sound", "large"):
        async with page.expect_response("**/api/desk"):
            await page.keyboard.press("v")
        await expect(page.locator(f"#layout-{layout}")).to_have_attribute("aria-pressed", "true")
        await page.reload()
        await page.locator(f"#watch[data-layout={layout}]").wait_for()
        await no_violations(page)
    async with page.expect_response("**/api/desk"):
        await page.locator("#desk-contrast").press("Enter")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-contrast", "")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await no_violations(page)
    async with page.expect_response("**/api/desk"):
        await page.locator("#desk-contrast").press("Enter")


@pytest.mark.parametrize("size", [(640, 400), (720, 450)])
async def test_nothing_is_lost_at_twice_the_size(
    context: BrowserContext, evening: Evening, size: tuple[int, int]
) -> None:
    page = await desk(context, evening, 2)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    for key, there, away in (("t", "#turns", "#sheet"), ("n", "#sheet", "#turns")):
        await page.keyboard.press(key)
        await expect(page.locator(there)).to_be_visible()
        await expect(page.locator(away)).to_be_hidden()
        assert await page.evaluate(SCROLLERS) == [], "one scrollbar, the page's"
        assert await page.evaluate(OUTSIDE) == []
        assert await page.evaluate(OVERLAP) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await no_violations(page)
    await page.keyboard.press("g")
    await expect(page.locator("#global")).to_be_focused()
    await expect(page.locator("#global .choice-mark").first).to_be_in_viewport()


@pytest.mark.parametrize("size", [(1024, 768), (768, 1024)])
async def test_a_finger_finds_everything(context: BrowserContext, evening: Evening, size: tuple[int, int]) -> None:
    browser = context.browser
    assert browser is not None
    tablet = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    await tablet.add_cookies(await context.cookies())  # type: ignore[arg-type]
    page = await desk(tablet, evening, 2)
    await page.locator("#watch").wait_for()
    assert await page.evaluate(SMALL) == []
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "only its parts scroll"
    await page.locator("article.item").nth(3).locator("[data-value=not_done]").tap()
    await page.locator("article.item").nth(3).get_by_role("button", name="Attach moment").tap()
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    await no_violations(page)
    await tablet.close()


async def test_an_evening_without_a_network(evening: Evening, tmp_path: Path) -> None:
    async def opened(playwright: Any) -> BrowserContext:
        made: BrowserContext = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=FLAGS,
            ignore_default_args=["--headless", "--mute-audio"], viewport=SIZES["laptop"],
        )  # fmt: skip
        return made

    async with async_playwright() as playwright:
        browser = await opened(playwright)
        await joined(browser, evening)
        pages = [await desk(browser, evening, number) for number in (2, 3, 4)]
        items = await pages[0].evaluate("[...document.querySelectorAll('article.item')].map((one) => one.dataset.item)")
        await browser.set_offline(True)
        for page in pages:
            await page.bring_to_front()
            await page.keyboard.press("g")
            await page.keyboard.press("2")
            for _ in range(20):
                await page.keyboard.press("ArrowUp")
            await page.keyboard.type("1321")
            await expect(page.locator("#save-state")).to_contain_text("5 kept on this device")
        await browser.close()

        browser = await opened(playwright)
        page = await browser.new_page()
        await join(page, evening.link)
        await page.locator("#work-next").wait_for()

        async def sent() -> bool:
            return all([(await marked(page, evening, number)).get("global") == "borderline" for number in (2, 3, 4)])

        await eventually(sent)
        for number in (2, 3, 4):
            values = await marked(page, evening, number)
            assert [values[f"item.{name}"] for name in items[:4]] == ["done", "not_done", "partly", "done"]
        await expect(page.locator("#work-waiting")).to_be_hidden()
        await browser.close()


async def test_two_versions_are_shown_and_one_is_chosen_by_key(context: BrowserContext, evening: Evening) -> None:
    page = await desk(context, evening, 3)
    view = await (
        await page.request.get(f"{evening.url}/api/encounters/{evening.encounters[3]}/forms/mark", headers=ROLE)
    ).json()
    await context.set_offline(True)
    await page.keyboard.press("g")
    await page.keyboard.press("4")
    await expect(page.locator("#save-state")).to_contain_text("1 kept on this device")
    change = {"field": "global", "value": "fail", "base_version": view["fields"]["global"]["version"]}
    await page.request.post(
        f"{evening.url}/api/forms/{view['id']}/changes",
        data={"changes": [change | {"change_id": "another-device"}]},
        headers=ROLE | {"Origin": evening.url},
    )
    await context.set_offline(False)
    dialog = page.get_by_role("dialog", name="Two versions")
    await dialog.wait_for()
    await expect(dialog).to_contain_text("Fail")
    await no_violations(page)
    await page.keyboard.press("1")
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    assert (await marked(page, evening, 3))["global"] == "good"


async def test_a_desk_opens_again_without_a_network(context: BrowserContext, evening: Evening) -> None:
    page = await desk(context, evening, 4)
    await page.keyboard.press("g")
    await page.keyboard.press("4")
    sheet = f"/api/encounters/{evening.encounters[4]}/forms/mark"
    await eventually(lambda: page.evaluate(COPIED, [sheet, '"good"']))
    await context.set_offline(True)
    await page.reload()
    await expect(page.locator("#save-state")).to_contain_text("No network")
    await expect(page.locator("#global input:checked")).to_have_value("good")
    await expect(page.locator("#watch-message")).to_contain_text("could not be reached")
    await no_violations(page)
    await page.keyboard.press("g")
    await page.keyboard.press("3")
    await expect(page.locator("#save-state")).to_contain_text("1 kept on this device")
    await page.reload()
    await expect(page.locator("#global input:checked")).to_have_value("pass")
    await context.set_offline(False)
    # By itself: what was marked is sent, and what was missing comes.
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    await page.locator("#watch").wait_for()
    await page.locator(".word").first.wait_for(state="attached")
    assert (await marked(page, evening, 4))["global"] == "pass"
    # Another role signs out meanwhile: an open desk keeps itself again, whole.
    await page.evaluate("caches.delete('teleosce-desk')")
    await page.keyboard.press("g")
    await page.keyboard.press("4")
    await eventually(lambda: page.evaluate(COPIED, [sheet, '"good"']))
    for _ in range(20):
        await page.keyboard.press("ArrowUp")
    await page.keyboard.type("1" * 20)
    await page.keyboard.press("Control+Enter")
    await page.locator("#mark-locked").wait_for()
    await eventually(lambda: page.evaluate("async () => !(await caches.match(location.href))"))


async def test_a_copy_goes_with_its_session(context: BrowserContext, evening: Evening) -> None:
    """Whoever uses the browser next, or after a sign-out, is shown nothing of it, with the line down too."""
    sheet = f"/api/encounters/{evening.encounters[3]}/forms/mark"

    async def left_open() -> Page:
        page = await desk(context, evening, 3)
        await eventually(lambda: page.evaluate(COPIED, [sheet, '"kept":true']))
        return page

    async def opens_nothing(page: Page) -> None:
        await context.set_offline(True)
        with pytest.raises(PlaywrightError):
            await page.goto(f"{evening.url}/mark/{evening.encounters[3]}?role=examiner")
        await context.set_offline(False)

    stale = await left_open()
    other = await context.new_page()
    await join(other, evening.other)
    await opens_nothing(other)
    # The desk that stayed open is not kept for whoever is here now.
    await stale.bring_to_front()
    await stale.keyboard.press("g")
    await stale.keyboard.press("3")
    await expect(stale.locator("#save-state")).to_have_attribute("data-tone", "bad")
    assert not await stale.evaluate("caches.has('teleosce-desk')")
    await opens_nothing(other)

    await joined(context, evening)
    page = await left_open()
    await page.goto(f"{evening.url}/mark?role=examiner")
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in")
    assert not await page.evaluate("caches.has('teleosce-desk')")
    await opens_nothing(page)
