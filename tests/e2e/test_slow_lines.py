"""Pages on a slow line: answers to what was asked before, second presses, and what was typed meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Dialog, FilePayload, Page, Route, WebSocketRoute, expect

from teleosce.app import Server, freeze_stations, running
from teleosce.people import Role
from teleosce.planning.plans import Kept
from teleosce.scoring import AssignmentKind
from teleosce.web.plans import plans_of
from tests.e2e.browsers import chromium, eventually, held, join, new_page
from tests.e2e.test_moderation import marked as mark
from tests.e2e.test_moderation import seat
from tests.web.house import settings
from tests.web.marked_exam import NAMES, MarkedExam, marked_exam

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]

EMAIL, PASSWORD = "organiser@school.example", "a long enough password"
RING = ["feverish-child", "inhaler-technique"]


@dataclass(frozen=True)
class Here:
    server: Server
    exam: MarkedExam
    organiser: BrowserContext
    problems: list[str]

    async def page(self, path: str) -> Page:
        page = await self.organiser.new_page()
        await page.goto(f"{self.server.url}{path}{'&' if '?' in path else '?'}role=organiser")
        return page

    async def plan(self, **more: object) -> Kept:
        document = {"title": "Finals", "zone": "Europe/London", "stations": RING, "candidates": ["Ada", "Ben"]}
        return await plans_of(self.server.rooms).create(document | more)

    async def kept(self, plan: Kept) -> Kept:
        kept = await plans_of(self.server.rooms).get(plan.exam_id)
        assert kept is not None
        return kept


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    problems: list[str] = []
    async with running(settings(tmp_path_factory.mktemp("slow"))) as server, chromium() as browser:
        bank = await freeze_stations(server.rooms)
        exam = await marked_exam(server.rooms, [bank[name] for name in RING])
        await server.rooms.people.add_account(EMAIL, "Dr Olive Organiser", PASSWORD, Role.organiser)
        page = await new_page(browser, problems)
        await page.goto(f"{server.url}/sign-in")
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"{server.url}/")
        yield Here(server, exam, page.context, problems)
    assert problems == []


async def test_an_exam_is_made_only_of_what_is_saved(here: Here) -> None:
    plan = await here.plan()
    page = await here.page(f"/exams/{plan.exam_id}/plan")
    await expect(page.locator("#kept")).to_have_text("Saved")
    await page.locator("#step-check").click()
    await expect(page.locator("#make")).to_have_attribute("aria-disabled", "false")
    # The line is gone for the last change, and back for the button.
    await page.route("**/plan", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    await page.locator("#step-exam").click()
    await page.locator("#title").fill("Finals, mended")
    await expect(page.locator("#kept")).to_have_text("Not saved")
    await page.locator("#step-check").click()
    await page.locator("#make").click()
    await expect(page.locator("#make-fault")).to_be_visible()
    assert (await here.kept(plan)).built_ms is None
    # Saved by itself; then pressed while the next change is on its way.
    await page.unroute("**/plan")
    await expect(page.locator("#kept")).to_have_text("Saved", timeout=30_000)
    async with held(page, "**/plan", "POST") as saves:
        await page.locator("#step-exam").click()
        await page.locator("#title").fill("Finals, whole")
        await page.locator("#step-check").click()
        first = await saves.get()
        await page.locator("#make").click()
        first.set()
        async with asyncio.timeout(30):
            while (await here.kept(plan)).built_ms is None:
                with suppress(TimeoutError):
                    (await asyncio.wait_for(saves.get(), 0.2)).set()
    assert (await here.kept(plan)).document["title"] == "Finals, whole"
    await page.close()


async def test_an_answer_that_was_lost_stops_no_plan(here: Here) -> None:
    plan = await here.plan()
    page = await here.page(f"/exams/{plan.exam_id}/plan")
    await expect(page.locator("#kept")).to_have_text("Saved")
    lost = asyncio.Event()

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()
        lost.set()

    await page.route("**/plan", lose, times=1)
    await page.locator("#title").fill("Finals, once")
    await lost.wait()
    await page.locator("#title").fill("Finals, twice")
    await expect(page.locator("#kept")).to_have_text("Saved")
    await expect(page.locator("#save-fault")).to_be_hidden()
    assert (await here.kept(plan)).document["title"] == "Finals, twice"
    await page.close()


async def test_a_number_that_is_being_typed_removes_nobody(here: Here) -> None:
    plan = await here.plan(circuits=["A", "B"], stations=[{"station": RING[0], "people": {"A": "Pat", "B": "Kim"}}])
    page = await here.page(f"/exams/{plan.exam_id}/plan")
    await page.locator("#step-circuits").click()
    await page.locator("#circuit-count").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("12")
    await page.keyboard.press("Tab")
    await expect(page.locator("#circuit-tabs button")).to_have_count(12)
    await page.get_by_role("button", name="Circuit B").click()
    await expect(page.locator("#sp-0")).to_have_value("Kim")
    await page.close()


async def test_the_list_that_was_read_last_is_offered(here: Here) -> None:
    plan = await here.plan(candidates=[])
    page = await here.page(f"/exams/{plan.exam_id}/plan")
    await page.locator("#step-candidates").click()
    async with held(page, "**/api/candidates") as lists:
        old = FilePayload(name="old.csv", mimeType="text/csv", buffer=b"name\nOld One\n")
        await page.locator("#list-file").set_input_files(old)
        first = await lists.get()
        await page.locator("#list-text").fill("Ada\nBen\nCem")
        await page.locator("#list-read").click()
        (await lists.get()).set()
        await expect(page.locator("#list-found")).to_contain_text("3 candidates were read")
        async with page.expect_response("**/api/candidates"):
            first.set()
        await page.wait_for_timeout(200)
        await expect(page.locator("#list-found")).to_contain_text("3 candidates were read")
    await page.close()


async def test_a_message_goes_once_and_to_whom_it_was_written(here: Here) -> None:
    page = await here.page(f"/control/{here.exam.exam_id}")
    await page.locator("#tab-messages").click()
    await expect(page.locator("#message-to option").nth(1)).to_be_attached()
    text = page.locator("#message-text")
    async with held(page, "**/messages") as said:
        await text.fill("Please come to room 4.")
        await text.press("Enter")
        await text.press("Enter")
        await page.wait_for_timeout(300)
        (await said.get()).set()
        await expect(text).to_have_value("")
        assert said.empty()
    # For one person; the page is loaded again before it is sent.
    await page.locator("#message-to").select_option(index=1)
    await text.fill("Your consent is missing.")
    await page.reload()
    await page.locator("#tab-messages").click()
    await expect(page.locator("#message-to option").nth(1)).to_be_attached()
    assert (await text.input_value(), await page.locator("#message-to").input_value()) == ("", "")
    await page.close()


async def test_a_cell_whose_request_hangs_holds_up_no_other(here: Here) -> None:
    page = await here.page(f"/control/{here.exam.exam_id}")
    again = page.get_by_role("button", name="Re-run")
    async with held(page, "**/rerun") as runs:
        for cell in ("A/1", "B/1"):
            await page.locator(f".cell[data-cell='{cell}']").click()
            await again.click()
        for _ in range(2):
            (await asyncio.wait_for(runs.get(), 20)).set()
    await page.close()


async def test_rules_are_not_taken_back_by_a_late_answer(here: Here) -> None:
    page = await here.organiser.new_page()
    for path, box in (("results/{}/feedback", "comments"), ("marking/{}", "hide_total")):
        async with held(page, "**/rules") as rules:
            address = f"{here.server.url}/{path.format(here.exam.exam_id)}?role=organiser"
            await page.goto(address, wait_until="commit")
            first = await rules.get()
            field = page.locator(f"input[name={box}]")
            await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            form = page.locator("form", has=field)
            await expect(form).to_have_attribute("inert", "")
            first.set()
            await expect(form).not_to_have_attribute("inert", "")
            await page.locator("#rules-save").click()
            second = await rules.get()
            was = await field.is_checked()
            await field.set_checked(not was)
            second.set()
            await expect(page.locator("#rules-said")).to_contain_text("not what you have changed since")
            assert await field.is_checked() is not was
            await page.locator("#rules-save").click()
            (await rules.get()).set()
            await expect(page.locator("#rules-said")).to_have_text("Saved.")
            assert await field.is_checked() is not was
    await page.close()


async def test_what_was_given_is_not_missing_again(here: Here) -> None:
    page = await here.organiser.new_page()
    await page.goto(f"{here.server.url}/marking/{here.exam.exam_id}?role=organiser")
    await expect(page.locator("#nobody")).to_be_visible()
    async with held(page, f"**/{here.exam.exam_id}/marking", "GET") as views:
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        old = await views.get()
        await page.get_by_role("button", name="Choose all shown").click()
        costa = page.locator("#give-to option", has_text="Dr Costa")
        await page.locator("#give-to").select_option(await costa.get_attribute("value"))
        await page.get_by_role("button", name="Reassign").click()
        (await views.get()).set()
        await expect(page.locator("#nobody")).to_be_hidden()
        async with page.expect_response(f"**/{here.exam.exam_id}/marking"):
            old.set()
        await page.wait_for_timeout(200)
        await expect(page.locator("#nobody")).to_be_hidden()
    await page.close()


async def test_a_reason_that_was_not_sent_stays(here: Here) -> None:
    page = await here.page(f"/control/{here.exam.exam_id}/keeping")
    await expect(page.locator("#hold-state")).to_have_text("No hold is on")
    await page.locator("#raw-days").fill("30")
    await page.locator("#hold-reason").fill("An appeal is under way.")
    await page.route("**/keeping/hold", lambda route: route.abort(), times=1)
    await page.locator("#hold-button").click()
    await expect(page.locator("#toasts")).to_contain_text("could not be reached")
    await expect(page.locator("#hold-reason")).to_have_value("An appeal is under way.")
    await page.locator("#hold-button").click()
    await expect(page.locator("#hold-state")).to_contain_text("An appeal is under way.")
    await expect(page.locator("#hold-reason")).to_have_value("")
    await expect(page.locator("#raw-days")).to_have_value("30")
    await page.close()


async def test_a_rule_chosen_early_has_its_field(here: Here) -> None:
    page = await here.organiser.new_page()
    address = f"{here.server.url}/results/{here.exam.exam_id}/line?role=organiser"
    # An answer is lost while the figures are worked out: they come all the same.
    await page.route("**/results/state", lambda route: route.abort(), times=1)
    await page.goto(address)
    await expect(page.locator("#rule-method")).to_be_visible(timeout=60_000)
    async with held(page, "**/pages/results-line.js*") as scripts:
        await page.goto(address, wait_until="commit")
        script = await scripts.get()
        await page.locator("#rule-method").select_option("fixed")
        script.set()
        await expect(page.locator("#rule-fixed")).to_be_visible()
    await page.close()


async def test_a_moderators_words_wait_for_the_case(here: Here) -> None:
    rooms, encounter = here.server.rooms, here.exam.nobodys[0]
    first, second = here.exam.seats[NAMES[3]], here.exam.seats[NAMES[4]]
    await rooms.marking.assign(encounter, first, AssignmentKind.first)
    await rooms.marking.assign(encounter, second, AssignmentKind.second)
    version = await rooms.stations.get((await rooms.exams.encounter(encounter)).station_hash)
    items = [item.id for item in version.mark_sheet.items][:2]
    await mark(here.server, encounter, first, "good", {items[0]: "done", items[1]: "done"})
    await mark(here.server, encounter, second, "fail", {items[0]: "not_done", items[1]: "not_done"})
    _, link = await seat(here.server, here.exam.exam_id, Role.moderator, "Prof Moderator")
    assert here.organiser.browser is not None
    page = await new_page(here.organiser.browser, here.problems)
    await join(page, link)
    # Written before the page's script was there, and before the case could be taken.
    await page.route("**/moderation", lambda route: route.abort())
    async with held(page, "**/pages/moderate.js*") as scripts:
        await page.goto(f"{here.server.url}/moderate/{encounter}?role=moderator", wait_until="commit")
        script = await scripts.get()
        overall = page.locator("#overall")
        await overall.fill("Both heard it.")
        script.set()
    await expect(page.locator("#who")).to_contain_text("Nobody settles this yet")
    await expect(overall).to_have_value("Both heard it.")
    await overall.press_sequentially(" ")
    await expect(page.locator("#toasts")).to_contain_text("could not be reached")
    await page.locator("[data-take=left]").first.click()
    await expect(overall).to_have_value("Both heard it. ")
    await page.unroute("**/moderation")
    await page.locator("[data-take=left]").first.click()
    await expect(page.locator("#count")).to_contain_text("1 of")
    await expect(page.locator("#save-state")).to_have_text("Saved")
    await expect(overall).to_have_value("Both heard it. ")
    await page.reload()
    await expect(overall).to_have_value("Both heard it. ")
    await page.context.close()


async def test_a_value_that_is_being_typed_is_not_lost_on_leaving(here: Here) -> None:
    page = await here.page(f"/results/{here.exam.exam_id}/panel")
    for name in NAMES[:2]:
        await page.get_by_label(name).check()
    await page.locator("#go").click()
    await expect(page.locator("#now-title")).to_contain_text("round 1")
    await page.close()
    people, now_ms = here.server.rooms.people, here.server.rooms.clock.now_ms()
    link = await people.issue_link(here.exam.seats[NAMES[0]], now_ms - 1000, now_ms + 3_600_000)
    assert here.organiser.browser is not None
    judge = await new_page(here.organiser.browser, here.problems)
    await join(judge, f"{here.server.url}/j#{link}")
    address = f"{here.server.url}/results/{here.exam.exam_id}/panel?role=examiner"
    await judge.goto(address)
    await judge.locator(".panel-value").first.press_sequentially("75")
    asked = asyncio.Event()

    async def stay(dialog: Dialog) -> None:
        asked.set()
        await dialog.dismiss()

    judge.on("dialog", stay)
    await judge.close(run_before_unload=True)
    await asyncio.wait_for(asked.wait(), 20)
    await expect(judge.locator("#saved")).to_have_text("Everything is saved")
    again = await judge.context.new_page()
    await again.goto(address)
    await expect(again.locator(".panel-value").first).to_have_value("75")
    await judge.context.close()


async def test_a_call_for_help_outlives_a_dead_line(here: Here) -> None:
    rooms = here.server.rooms
    _, link = await seat(here.server, here.exam.exam_id, Role.standardized_patient, "Pat Patient")
    assert here.organiser.browser is not None
    page = await new_page(here.organiser.browser, here.problems)
    dead, wires = asyncio.Event(), list[WebSocketRoute]()
    dead.set()

    def through(wire: WebSocketRoute) -> None:
        server = wire.connect_to_server()
        wire.on_message(lambda said: None if dead.is_set() and '"help"' in str(said) else server.send(said))
        wires.append(wire)

    await page.route_web_socket(re.compile(r"/ws\?"), through)
    await join(page, link)
    await expect(page.locator("#live-line")).to_have_text("Connected")
    await page.locator("#live-help").click()
    await page.locator("#help-text").fill("My sound is gone.")
    await page.get_by_role("dialog").get_by_role("button", name="Call for help").click()
    await page.wait_for_timeout(500)
    dead.clear()
    await wires[-1].close()

    async def heard() -> int:
        said = await rooms.ledger.messages(here.exam.exam_id, None)
        return sum(one.text == "My sound is gone." for one in said)

    await eventually(heard, 20)
    # It is said once, however often the line comes back.
    await wires[-1].close()
    await page.wait_for_timeout(3000)
    await expect(page.locator("#live-line")).to_have_text("Connected")
    assert await heard() == 1
    await page.context.close()


TWO_FORMS = """async () => {
  // The station page's and the patient's own form, opened for one encounter and then for the next.
  const { SavedForm } = await import("/static/js/saved-form.js");
  const root = document.createElement("div"), state = document.createElement("p");
  root.innerHTML = '<textarea name="note.plan"></textarea>';
  document.body.append(root, state);
  const left = new AbortController(), here = new AbortController();
  const late = SavedForm.open("first", "note", root, state, () => {}, left.signal).then(() => "opened", () => "left");
  left.abort();
  await SavedForm.open("second", "note", root, state, () => {}, here.signal);
  const shown = root.firstChild.value;
  dispatchEvent(new Event("second-open"));
  return [shown, await late, root.firstChild.value];
}"""


async def test_a_form_that_comes_late_fills_no_other(here: Here) -> None:
    page = await here.page("/")
    second = asyncio.Event()
    await page.expose_function("secondIsOpen", second.set)
    await page.evaluate("addEventListener('second-open', () => secondIsOpen())")

    async def answer(route: Route) -> None:
        name = route.request.url.split("/")[-3]
        if name == "first":
            await second.wait()
        fields = {"note.plan": {"value": f"of the {name}", "version": 1}}
        with suppress(Exception):
            await route.fulfill(json={"id": f"form-{name}", "state": "draft", "fields": fields})

    await page.route("**/api/encounters/*/forms/note", answer)
    assert await page.evaluate(TWO_FORMS) == ["of the second", "left", "of the second"]
    await page.close()
