"""The desk without a network, and on two devices: every mark is kept, and a person chooses between two."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from tests.e2e.browsers import CHROMIUM, FLAGS, eventually, join
from tests.e2e.evening import ROLE, Evening, desk, joined, marked, no_violations
from tests.e2e.evening import context as context  # noqa: PLC0414 a fixture
from tests.e2e.evening import evening as evening  # noqa: PLC0414 a fixture
from tests.e2e.looks import SIZES

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.faults]

COPIED = """async ([sheet, value]) => {
  await navigator.serviceWorker.ready;
  const copy = await caches.match(sheet, { ignoreVary: true });
  return Boolean(await caches.match(location.href)) && (await copy?.text())?.includes(value);
}"""


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
    known = view["fields"].get("global", {"version": 0})
    change = {"field": "global", "value": "fail", "base_version": known["version"]}
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

    async def chosen() -> bool:
        """A key is not taken before there was time to read."""
        await page.keyboard.press("1")
        return await dialog.is_hidden()

    await eventually(chosen)
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    assert (await marked(page, evening, 3))["global"] == "good"


async def test_the_text_that_was_chosen_is_shown_where_one_writes(context: BrowserContext, evening: Evening) -> None:
    page = await desk(context, evening, 2)
    view = await (
        await page.request.get(f"{evening.url}/api/encounters/{evening.encounters[2]}/forms/mark", headers=ROLE)
    ).json()
    await page.route("**/changes", lambda route: route.abort())
    await page.locator("#overall").fill("Mine.")
    await expect(page.locator("#save-state")).to_contain_text("1 kept on this device")
    known = view["fields"].get("comment", {"version": 0})
    change = {"field": "comment", "value": "Theirs.", "base_version": known["version"], "change_id": "another-device-2"}
    changes, headers = f"{evening.url}/api/forms/{view['id']}/changes", ROLE | {"Origin": evening.url}
    assert (await page.request.post(changes, data={"changes": [change]}, headers=headers)).ok
    await page.unroute("**/changes")
    dialog = page.get_by_role("dialog", name="Two versions")
    await dialog.wait_for()

    async def chosen() -> bool:
        await page.keyboard.press("2")
        return await dialog.is_hidden()

    await eventually(chosen)
    await expect(page.locator("#overall")).to_be_focused()
    await expect(page.locator("#overall")).to_have_value("Theirs.")
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    # The key that chose marks nothing besides.
    given = view["fields"].keys() | {"comment", "state"}
    assert (await marked(page, evening, 2)).keys() <= given
    await page.close()


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
