"""Organiser, candidate and patient, each in their own browser, and what they do in a consultation."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, expect

from tests.e2e.artefacts import manifest_of, rows
from tests.e2e.browsers import Home, chromium, eventually, join, new_page
from tests.e2e.server import ServerProcess

LIVELY = """async () => {
  // Five new pictures and an audible voice of somebody else, at this moment: what was shown before does not count.
  const videos = [...document.querySelectorAll("#stage video")];
  const video = videos.find((v) => v.videoWidth > 0 && v.srcObject?.getAudioTracks().length);
  if (!video) return false;
  let frames = 0;
  const painted = () => {
    frames += 1;
    video.requestVideoFrameCallback(painted);
  };
  video.requestVideoFrameCallback(painted);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream(video.srcObject.getAudioTracks())).connect(analyser);
  const data = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (let i = 0; i < 100 && (loudest < 0.05 || frames < 5); i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    analyser.getFloatTimeDomainData(data);
    for (const value of data) loudest = Math.max(loudest, Math.abs(value));
  }
  await context.close();
  return loudest >= 0.05 && frames >= 5;
}"""


PLAYING = """() => {
  const videos = [...document.querySelectorAll("#pictures video")];
  return videos.length === 2 && videos.every((v) => !v.paused && v.currentTime > 0.5);
}"""
IN_STEP = """async () => {
  // Twenty jumps; after each, how far apart the two players stand on one timeline. test_desk.py looks at their frames.
  const videos = [...document.querySelectorAll("#pictures video")];
  const takes = await (await fetch(location.pathname.replace("/mark/", "/api/encounters/") + "/recording",
    { headers: { "Teleosce-Role": "examiner" } })).json();
  const zero = (video) => takes.takes.find((take) => video.currentSrc.includes(take.url)).starts_ms / 1000;
  const lane = document.querySelector("#lanes [role=slider]");
  const settled = () => videos.every((v) => !v.seeking && v.readyState >= 2);
  let worst = 0;
  lane.focus();
  for (let i = 0; i < 20; i++) {
    const key = i % 3 === 2 ? "ArrowLeft" : "ArrowRight";
    lane.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true }));
    // A slow machine may take its time to jump, but where both have arrived they are in step.
    let apart = Infinity;
    for (let wait = 0; wait < 200 && !(apart <= 0.05); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const [a, b] = videos.map((v) => v.currentTime + zero(v));
      if (settled()) apart = Math.abs(a - b);
    }
    worst = Math.max(worst, apart);
  }
  return worst;
}"""


class Control:
    """The organiser's page, and what is known of the first encounter."""

    def __init__(self, server: ServerProcess, organiser: Page) -> None:
        self.server, self.organiser = server, organiser

    @property
    def exam_id(self) -> str:
        return str(rows(self.server.data, "SELECT id FROM exam")[0][0])

    @property
    def encounter_id(self) -> str:
        """Rotation 1, station 1: the first candidate with the first patient."""
        query = (
            "SELECT encounter.id FROM encounter JOIN slot ON slot.id = slot_id "
            "WHERE encounter.rotation = 1 AND position = 1 AND circuit = 'A' ORDER BY attempt DESC"
        )
        return str(rows(self.server.data, query)[0][0])

    def phase(self) -> str:
        return str(rows(self.server.data, "SELECT phase FROM encounter WHERE id = ?", self.encounter_id)[0][0])

    @property
    def panel(self) -> Locator:
        """The encounter's side panel on the organiser's page."""
        return self.organiser.locator(f'#panel[data-encounter="{self.encounter_id}"]')

    async def open_panel(self) -> Locator:
        """Opens the cell where the encounter is, if it is not open."""
        await self.organiser.locator(f'.cell[data-encounter="{self.encounter_id}"]').click()
        return self.panel

    async def press(self, name: str) -> None:
        """An organiser's button of the encounter; a question is answered with its action."""
        panel = await self.open_panel()
        if name == "Begin":
            people = panel.locator("#panel-people")
            await expect(people.get_by_text("Here", exact=True)).to_have_count(2, timeout=30_000)
        await panel.get_by_role("button", name=name, exact=True).click()
        dialog = self.organiser.locator("dialog[open]")
        if name == "End encounter":
            await dialog.get_by_role("button", name="End the encounter").click()

    async def record(self, seconds: float) -> None:
        """Until so much of the present take is safe on disk, as the organiser's page is told."""
        zero = await self._on_disk()

        async def grown() -> bool:
            return await self._on_disk() >= zero + seconds

        await eventually(grown, timeout=seconds + 60)

    async def _on_disk(self) -> float:
        ask = "async (path) => (await fetch(path, {headers: {'Teleosce-Role': 'organiser'}})).json()"
        day = await self.organiser.evaluate(ask, f"/api/exams/{self.exam_id}/day")
        mine = next(one for one in day["encounters"] if one["id"] == self.encounter_id)
        return float(mine["recording"]["seconds"])

    async def sealed(self) -> dict:
        async def look() -> dict:
            return manifest_of(self.server.data, self.encounter_id)

        return await eventually(look, timeout=90)


class Stage(Control):
    """Organiser, candidate and patient, each in their own browser."""

    def __init__(self, server: ServerProcess, organiser: Page, candidate: Page, patient: Page) -> None:
        super().__init__(server, organiser)
        self.candidate, self.patient = candidate, patient
        self.problems: list[str] = []

    @classmethod
    async def build(
        cls,
        stack: AsyncExitStack,
        server: ServerProcess,
        voices: dict[str, Path],
        homes: dict[str, Home] | None = None,
        scripts: dict[str, str] | None = None,
    ) -> "Stage":
        """homes: where each role's browser runs, and how it finds the server. scripts: what runs first in its pages."""
        problems: list[str] = []
        homes = dict.fromkeys(("organiser", "candidate", "sp"), Home(server.url)) | (homes or {})
        browsers = {
            role: await stack.enter_async_context(chromium(voices.get(role), home=home)) for role, home in homes.items()
        }
        pages = {role: await new_page(browser, problems) for role, browser in browsers.items()}
        for role, script in (scripts or {}).items():
            await pages[role].add_init_script(script)
        stage = cls(server, pages["organiser"], pages["candidate"], pages["sp"])
        stage.problems = problems
        await asyncio.gather(
            join(stage.organiser, homes["organiser"].link(server.links["organiser"])),
            join(stage.candidate, homes["candidate"].link(server.links["candidate"][0])),
            join(stage.patient, homes["sp"].link(server.links["sp"][0])),
        )
        await expect(stage.organiser).to_have_url(f"{homes['organiser'].url}/control/{stage.exam_id}?role=organiser")
        return stage

    async def begin(self) -> None:
        await self.press("Begin")
        await expect(self.candidate.locator("#reading-title")).to_be_visible()
        await self.press("End reading")
        await expect(self.candidate.locator("#stage")).to_be_visible()

    async def see_and_hear_each_other(self) -> None:
        for page in (self.candidate, self.patient):

            async def lively(page: Page = page) -> bool:
                try:
                    return bool(await page.evaluate(LIVELY))
                except PlaywrightError:  # the page is being loaded again
                    return False

            await eventually(lively, timeout=45)

    async def mark_by_keyboard(self, stack: AsyncExitStack) -> None:
        """The examiner watches, marks everything without the mouse, finds it after a reload, and submits."""
        page = await new_page(await stack.enter_async_context(chromium()), self.problems)
        await join(page, self.server.links["examiner"])
        await page.goto(f"{self.server.url}/mark/{self.encounter_id}")
        await expect(page.locator("#pictures video")).to_have_count(2)
        await expect(page.locator("#turns .word").first).to_be_visible()
        await expect(page.locator(".note-read")).to_contain_text("Central chest pain for two hours")
        await page.keyboard.press("k")
        await page.wait_for_function(PLAYING)
        await page.keyboard.press("k")
        assert await page.evaluate(IN_STEP) <= 0.05
        items = await page.locator("article.item").count()
        assert 15 <= items <= 25
        for index in range(items - 1):
            await page.keyboard.press("123"[index % 3])
        await expect(page.locator("#save-state")).to_contain_text("Saved")
        await page.context.set_offline(offline=True)
        await page.keyboard.press("1")
        await expect(page.locator("#save-state")).to_contain_text("1 kept on this device")
        await page.context.set_offline(offline=False)
        await page.keyboard.press("g")
        await page.keyboard.press("3")
        await expect(page.locator("#save-state")).to_contain_text("Saved")
        await self._ranges(page)
        await page.reload()
        await expect(page.locator("article.item input:checked")).to_have_count(items)
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#mark-locked")).to_be_visible()
        query = (
            "SELECT field, value FROM form_entry JOIN form ON form.id = form_id "
            "WHERE kind = 'mark' AND encounter_id = ? AND state = 'submitted'"
        )
        marks = dict(rows(self.server.data, query, self.encounter_id))
        assert len(marks) == items + 1
        assert marks["global"] == '"pass"'

    async def _ranges(self, page: Page) -> None:
        """A recording is served in parts to its examiner, and to nobody else."""
        take = manifest_of(self.server.data, self.encounter_id)["takes"][0]
        url = f"{self.server.url}/media/takes/{take['id']}.webm"
        part = await page.request.get(url, headers={"Range": "bytes=0-99"})
        assert (part.status, len(await part.body())) == (206, 100)
        assert (await page.request.get(url, headers={"Range": f"bytes={take['size']}-"})).status == 416
        assert (await self.candidate.request.get(url)).status == 403
