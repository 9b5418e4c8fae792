"""The marking desk in a browser: by keyboard alone, at twice the size, with keys of one's own, without a network."""

import asyncio
import statistics

import pytest
from playwright.async_api import BrowserContext, Route, expect

from bench.desk import apart, seek
from bench.examiner import SCRIPT, Examiner
from tests.e2e.browsers import eventually, held
from tests.e2e.evening import Evening, desk, marked, no_violations
from tests.e2e.evening import context as context  # noqa: PLC0414 a fixture
from tests.e2e.evening import evening as evening  # noqa: PLC0414 a fixture
from tests.e2e.looks import SCHEMES

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.faults]

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
SMALL = """() => [...document.querySelectorAll("main button, .item label, main summary, main a")].filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  return one.checkVisibility() && width > 0 && (height < 43.5 || width < 43.5);
}).map((one) => `${one.id || one.className} ${one.textContent.trim()} ${one.getBoundingClientRect().height}`)"""


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


async def test_a_mark_given_before_the_sheet_has_come_is_kept(context: BrowserContext, evening: Evening) -> None:
    page = await context.new_page()
    come = asyncio.Event()

    async def late(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route("**/forms/mark", late)
    async with page.expect_request("**/forms/mark"):
        await page.goto(f"{evening.url}/mark/{evening.encounters[4]}?role=examiner")
    radio = page.locator("#sheet input[type=radio][value=partly]").first
    await radio.evaluate("(box) => box.click()")
    overall = page.locator("#overall")
    await overall.fill("Calm throughout.")
    come.set()
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    name = str(await radio.get_attribute("name"))

    async def kept() -> bool:
        known = await marked(page, evening, 4)
        return (known.get(name), known.get("comment")) == ("partly", "Calm throughout.")

    await eventually(kept)
    await expect(radio).to_be_checked()
    await expect(overall).to_have_value("Calm throughout.")
    come.clear()
    async with page.expect_request("**/forms/mark"):
        await page.reload()
    await overall.fill("Thorough, too.")
    come.set()

    async def both() -> bool:
        return (await marked(page, evening, 4)).get("comment") == "Calm throughout.\nThorough, too."

    await eventually(both)
    await expect(overall).to_have_value("Calm throughout.\nThorough, too.")
    await page.close()


async def test_a_sheet_that_could_not_come_comes_by_itself(context: BrowserContext, evening: Evening) -> None:
    page = await context.new_page()
    await page.route("**/forms/mark", lambda route: route.abort(), times=1)
    await page.goto(f"{evening.url}/mark/{evening.encounters[2]}?role=examiner")
    await expect(page.locator("#save-state")).to_have_text("Not open")
    await page.locator("#overall").fill("Calm.")
    await expect(page.locator("#save-state")).to_contain_text("Saved")
    await expect(page.locator("#mark-fault")).to_be_hidden()
    assert (await marked(page, evening, 2))["comment"] == "Calm."
    await page.close()


async def test_a_late_correction_leaves_the_keyboard_where_it_is(context: BrowserContext, evening: Evening) -> None:
    """Letters of a remark would be marks, if the keyboard were taken out of it."""
    page = await desk(context, evening, 2)
    word, overall = page.locator(".word").first, page.locator("#overall")
    async with held(page, "**/transcripts/words/*") as saves:
        await word.dblclick()
        await page.keyboard.press("Control+a")
        await page.keyboard.type("Corrected")
        await page.keyboard.press("Enter")
        saved = await saves.get()
        await overall.fill("Clear ")
        saved.set()
        await expect(word.locator("del")).to_be_attached()
        await page.keyboard.type("and calm.")
    await expect(overall).to_have_value("Clear and calm.")
    await page.close()


async def test_two_pictures_are_in_step_after_a_seek(context: BrowserContext, evening: Evening) -> None:
    """By the frames that are shown, of two people who came 750 ms apart: at rest, and while it plays on."""
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


async def test_the_pictures_go_into_a_window_of_their_own(context: BrowserContext, evening: Evening) -> None:
    page = await desk(context, evening, 1)
    await page.locator("#watch").wait_for()
    await page.keyboard.press("i")
    await expect(page.locator("#pictures-away")).to_be_visible()
    assert await page.evaluate("documentPictureInPicture.window.document.querySelectorAll('video').length") == 2
    await expect(page.locator("#pictures")).to_have_count(0)
    # The desk's keys go on working beside it.
    await page.keyboard.press("k")
    await page.wait_for_function(
        "[...documentPictureInPicture.window.document.querySelectorAll('video')].some((one) => !one.paused)"
    )
    await page.locator("#window-back").click()
    await expect(page.locator("#pictures video")).to_have_count(2)
    await expect(page.locator("#pictures-away")).to_be_hidden()
    await page.close()


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
