"""A microphone that dies and a camera that shows nothing, in a real browser: said to both sides, mended by a button.

Somebody in good order is left in peace.
"""

import time
import wave
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.async_api import Page, expect

from teleosce.rehearsal.voices import RATE, say
from tests.e2e import browsers
from tests.e2e.browsers import SCRIPT, chromium, join, new_page
from tests.e2e.looks import SIZES
from tests.e2e.server import ServerProcess
from tests.e2e.server import server as server  # noqa: PLC0414 a fixture
from tests.e2e.test_pages import look
from tests.watching.media import person

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

SPOKEN_S = 20
OPENED = """
  const media = navigator.mediaDevices, open = media.getUserMedia.bind(media);
  window.opened = [];
  media.getUserMedia = async (wish) => {
    const stream = await open(wish);
    window.opened.push({ at: performance.now(), ...wish });
    return stream;
  };
"""
SAID = "() => document.getElementById('media-fault').textContent.includes('We cannot hear you') && performance.now()"


def write_dying_voice(path: Path) -> None:
    """A voice; the browser plays it once each time the microphone is opened, and then nothing at all."""
    once = say(SCRIPT["candidate"], "candidate")
    samples = np.tile(once, 1 + SPOKEN_S * RATE // len(once))[: SPOKEN_S * RATE]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def write_camera(path: Path, picture: np.ndarray) -> None:
    """A camera that always shows the same."""
    written, content = cv2.imencode(".jpg", picture)
    assert written
    path.write_bytes(content.tobytes() * 30)


class Day:
    """The organiser's view of the first candidate's encounter, and a hand on its clock."""

    def __init__(self, server: ServerProcess, organiser: Page) -> None:
        self.server, self.organiser = server, organiser
        self.exam = organiser.url.partition("/control/")[2].partition("?")[0]

    async def encounter(self) -> Any:
        path = f"{self.server.url}/api/exams/{self.exam}/day"
        response = await self.organiser.request.get(path, headers={"Teleosce-Role": "organiser"})
        day = await response.json()
        first = {"rotation": 1, "circuit": "A", "number": 1}
        return next(
            one
            for one in day["encounters"]
            if {"rotation": one["rotation"], "circuit": one["circuit"], "number": one["station"]["number"]} == first
        )

    async def act(self, verb: str, **content: Any) -> None:
        path = f"{self.server.url}/api/encounters/{(await self.encounter())['id']}/{verb}"
        response = await self.organiser.request.post(path, data=content, headers={"Teleosce-Role": "organiser"})
        assert response.ok, await response.text()

    async def into_the_encounter(self) -> None:
        """With so much time that it does not end by itself."""
        await self.act("begin")
        await self.act("end-phase", expected="reading")
        await self.act("add-time", seconds=900)

    async def incidents(self, seat: str) -> list[Any]:
        return [one for one in (await self.encounter())["alarms"] if one["seat"] == seat]


async def test_a_dead_microphone_and_a_black_camera(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice, camera = tmp_path / "voice.wav", tmp_path / "camera.mjpeg"
    write_dying_voice(voice)
    write_camera(camera, np.zeros((480, 640, 3), np.uint8))
    monkeypatch.setattr(browsers, "FLAGS", [*browsers.FLAGS, f"--use-file-for-fake-video-capture={camera}"])
    problems: list[str] = []
    async with chromium(Path(f"{voice}%noloop")) as browser:
        organiser = await new_page(browser, problems)
        await join(organiser, server.links["organiser"])
        candidate = await new_page(browser, problems)
        await candidate.add_init_script(OPENED)
        await join(candidate, server.links["candidate"][0])
        await candidate.locator("#waiting-title").wait_for()
        await candidate.mouse.click(2, 2)
        await candidate.wait_for_function("() => window.opened.length > 0")
        said = await (await candidate.wait_for_function(SAID, timeout=60_000)).json_value()
        opened = await candidate.evaluate("() => window.opened.at(-1).at")
        late = (said - opened) / 1000 - SPOKEN_S
        assert -2 < late < 10.5, f"told {late:.1f} s after the last sound"

        day = Day(server, organiser)
        await day.into_the_encounter()
        seat = (await day.encounter())["seats"][0]
        began = time.monotonic()
        cell = organiser.locator(f'.cell[data-encounter="{(await day.encounter())["id"]}"]')
        await cell.click()
        panel = organiser.locator("#panel")
        alarms = panel.locator("#panel-people")
        await expect(alarms).to_contain_text("Microphone is silent", timeout=30_000)
        assert time.monotonic() - began < 14
        await expect(organiser.locator("#troubles")).to_contain_text("Microphone is silent")
        await expect(cell).to_contain_text("silent")
        await expect(alarms).to_contain_text("Picture is dark", timeout=30_000)
        await expect(alarms).to_contain_text("Not in the room")
        await expect(candidate.locator("#media-fault")).to_contain_text("We can hardly see you")
        await look(candidate, "station-silent-and-dark")
        await candidate.set_viewport_size(SIZES["phone"])
        # What is wrong leaves the other in sight.
        stage = await candidate.locator("#stage").bounding_box()
        assert stage is not None
        assert stage["height"] < SIZES["phone"]["height"] / 2
        await candidate.set_viewport_size(SIZES["laptop"])
        await look(organiser, "control-alarms")

        # The one button: the microphone is opened afresh, over the same connection, and the voice is there again.
        again = candidate.get_by_role("button", name="Try the microphone again")
        opened_before = await candidate.evaluate("() => window.opened.length")
        await again.click()
        await expect(again).to_have_count(0)
        assert await candidate.evaluate("() => window.opened.length") == opened_before + 1
        await expect(alarms).not_to_contain_text("Microphone is silent", timeout=10_000)
        await expect(alarms).to_contain_text("Picture is dark")
        found = {one["kind"]: one["until_ms"] for one in await day.incidents(seat)}
        assert found["silent"] is not None
        assert found["dark"] is None
        takes = list((server.data / "encounters").glob("*/*.raw.webm"))
        assert len(takes) == 1, "the connection was made anew"

        # Switched off by the person: nothing is wrong, and the organiser sees it in words.
        await candidate.locator("#control-camera").click()
        await candidate.locator("#control-microphone").click()
        await expect(candidate.locator("#media-fault")).to_be_hidden()
        await expect(alarms).to_contain_text("microphone off, camera off")
        await expect(alarms).not_to_contain_text("Picture is dark")
        await expect(panel.locator("details")).to_contain_text("alarms that are over")
        await panel.locator("summary").click()
        await look(organiser, "control-alarms-over")

        # And so does the examiner, afterwards.
        await day.act("end-phase", expected="encounter")
        examiner = await new_page(browser, problems)
        await join(examiner, server.links["examiner"])
        await examiner.goto(f"{server.url}/mark/{(await day.encounter())['id']}?role=examiner")
        await examiner.locator("#watch").wait_for(timeout=60_000)
        await examiner.locator("#alarms summary").click()
        await expect(examiner.locator("#alarm-list")).to_contain_text("Candidate: Microphone is silent")
        await look(examiner, "desk-alarms")
    assert not problems


LIVES_S, STANDS_S = 20, 25
HIDDEN = "() => Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })"
SHADE = """() => {
  // When the shade in the picture's corner said that it stands still from then on, and when the page said so.
  const video = document.getElementById("self-video"), canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  window.shown = [];
  window.said = [];
  const fault = document.getElementById("media-fault");
  const says = () => fault.textContent.includes("frozen");
  let [before, was] = [null, says()];
  setInterval(() => {
    context.drawImage(video, 0, 0, 1, 1, 0, 0, 1, 1);
    const bright = context.getImageData(0, 0, 1, 1).data[1] > 120;
    if (bright !== before) window.shown.push({ bright, at: performance.now() });
    before = bright;
    if (says() && !was) window.said.push(performance.now());
    was = says();
  }, 50);
}"""


def write_camera_that_stops(path: Path) -> None:
    """Somebody before a wall, then the empty chair, and then one picture again and again; 30 in a second."""
    chance = np.random.default_rng(5)
    pictures = []
    for index in range(30 * LIVES_S):
        drawn = np.repeat(np.repeat(person(index), 2, 0), 2, 1) if index < 15 * LIVES_S else np.full((480, 640), 150)
        drawn[:30, :30] = 60
        pictures.append(np.clip(drawn + chance.normal(0, 1.5, drawn.shape), 0, 255).astype(np.uint8))
    last = np.repeat(np.repeat(person(3), 2, 0), 2, 1)
    last[:30, :30] = 200
    with path.open("wb") as file:
        for picture in [*pictures, *[last] * (30 * STANDS_S)]:
            written, content = cv2.imencode(".jpg", picture)
            assert written
            file.write(content.tobytes())


async def test_a_camera_that_stops_and_one_before_an_empty_chair(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = tmp_path / "camera.mjpeg"
    write_camera_that_stops(camera)
    monkeypatch.setattr(browsers, "FLAGS", [*browsers.FLAGS, f"--use-file-for-fake-video-capture={camera}"])
    problems: list[str] = []
    async with chromium() as browser:
        organiser = await new_page(browser, problems)
        await join(organiser, server.links["organiser"])
        candidate = await new_page(browser, problems)
        await join(candidate, server.links["candidate"][0])
        await candidate.locator("#waiting-title").wait_for()
        day = Day(server, organiser)
        await day.into_the_encounter()
        await candidate.evaluate(SHADE)
        seat = (await day.encounter())["seats"][0]
        stood: list[float] = []
        for again in range(2):
            # The file begins anew behind its end: from life and an empty chair to a picture that stands still.
            await candidate.wait_for_function("() => window.shown.at(-1)?.bright === false", timeout=60_000)
            await expect(candidate.locator("#media-fault")).not_to_contain_text("frozen", timeout=10_000)
            if again:
                # As in a tab that nobody sees: Chromium and Firefox go on to give it the camera's pictures.
                await candidate.evaluate(HIDDEN)
            stands = "() => window.shown.length > 1 && window.shown.at(-1).bright && window.shown.at(-1).at"
            began = await (await candidate.wait_for_function(stands, timeout=60_000)).json_value()
            assert "frozen" not in await open_alarms(day, seat)
            await expect(organiser.locator("#troubles")).to_contain_text("Picture does not move", timeout=20_000)
            assert await candidate.evaluate("() => performance.now()") < began + 10_000
            assert "frozen" in await open_alarms(day, seat)
            stood.append((await candidate.evaluate("() => window.said.at(-1)") - began) / 1000)
            await look(candidate, "station-frozen")
        assert max(stood) < 8, "its own page says so before"
    assert not problems


async def open_alarms(day: Day, seat: str) -> set[str]:
    """What is wrong with somebody now."""
    return {one["kind"] for one in await day.incidents(seat) if one["until_ms"] is None}


async def test_a_person_in_good_order_is_left_in_peace(server: ServerProcess, voices: dict[str, Path]) -> None:
    """A minute of the browser's own test picture and a voice that pauses: no alarm, no word on the page."""
    problems: list[str] = []
    # A browser each: one voice in two microphones, some moments apart, would be an echo.
    async with chromium(voices["candidate"]) as browser, chromium(voices["sp"]) as other:
        organiser = await new_page(browser, problems)
        await join(organiser, server.links["organiser"])
        candidate = await new_page(browser, problems)
        await join(candidate, server.links["candidate"][0])
        patient = await new_page(other, problems)
        await join(patient, server.links["sp"][0])
        day = Day(server, organiser)
        await day.into_the_encounter()
        ends = time.monotonic() + 60
        others = "() => document.querySelectorAll('#stage video').length"
        await candidate.wait_for_function(others)
        while time.monotonic() < ends:
            await candidate.wait_for_timeout(2000)
            assert (await day.encounter())["alarms"] == []
            assert await candidate.locator("#media-fault").is_hidden()

        # One-way sound: the patient hears, and the candidate's browser plays nothing.
        began = time.monotonic()
        await candidate.evaluate("() => document.querySelectorAll('#stage video').forEach((one) => one.pause())")
        await expect(organiser.locator("#troubles")).to_contain_text("Does not hear the others", timeout=20_000)
        assert time.monotonic() - began < 10
        await expect(candidate.locator("#media-fault")).to_contain_text("You do not hear the others")
        await look(candidate, "station-hears-nothing")
        assert {one["kind"] for one in (await day.encounter())["alarms"]} == {"hears-nothing"}
        await candidate.evaluate("() => document.querySelectorAll('#stage video').forEach((one) => void one.play())")
        await expect(candidate.locator("#media-fault")).to_be_hidden(timeout=10_000)
    assert not problems


@pytest.fixture
def voices(tmp_path: Path) -> dict[str, Path]:
    found = {who: tmp_path / f"{who}.wav" for who in ("candidate", "sp")}
    for who, path in found.items():
        browsers.write_voice(who, path)
    return found
