"""Debian's Chromium with a microphone that plays a file, and the few things every test does with a page."""

import asyncio
import contextlib
import os
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Error, Page, Route, async_playwright, expect

from teleosce.rehearsal.voices import RATE, say
from tests.e2e.looks import SIZES

CHROMIUM = "/usr/bin/chromium"
# Two browsers, a server and Whisper share two processors: five seconds are too few to call a page wrong.
expect.set_options(timeout=20_000)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]

SCRIPT = {
    "candidate": "Good morning, my name is Doctor Lee and I am one of the general practitioners here. "
    "Can you tell me your full name and where you are right now? When did the pain in your chest begin?",
    "sp": "Hello doctor, my name is Arthur Doyle and I am sitting at home in the kitchen. "
    "The pain started this morning after breakfast. It goes down my left arm and up into my jaw.",
}


def write_voice(speaker: str, path: Path) -> None:
    """What a speaker says over and over: 48 kHz, mono, 16 bit, with a second of quiet at its end."""
    samples = np.concatenate([say(SCRIPT[speaker], speaker), np.zeros(RATE, np.int16)])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


@dataclass(frozen=True)
class Home:
    """Where a browser runs: the address by which it finds the server, and the program that starts it there."""

    url: str
    executable: str = CHROMIUM

    def link(self, link: str) -> str:
        """A person's link, by the address that is right from here."""
        return self.url + link[link.index("/j#") :]


@asynccontextmanager
async def chromium(
    microphone: Path | None = None,
    *,
    refused: bool = False,
    autoplay: bool = True,
    home: Home | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Browser]:
    """One browser process: its microphone belongs to all its pages.

    refused: camera and microphone are denied. autoplay: pages may sound before anybody has touched them. environment:
    for its processes, beside ours.
    """
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"] if microphone else FLAGS
    if not autoplay:
        flags = [flag for flag in flags if not flag.startswith("--autoplay-policy")]
    if refused:
        flags = [f"{flag}=deny" if flag == "--use-fake-ui-for-media-stream" else flag for flag in flags]
    if home is not None:
        # Without TLS a browser gives camera and microphone to localhost alone, unless it is told otherwise.
        flags = [*flags, f"--unsafely-treat-insecure-origin-as-secure={home.url}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=home.executable if home else CHROMIUM,
            args=flags,
            ignore_default_args=["--headless", "--mute-audio"],
            env={**os.environ, **(environment or {})},
        )
        try:
            yield browser
        finally:
            with contextlib.suppress(Exception):
                await browser.close()


async def new_page(browser: Browser, problems: list[str], **options: Any) -> Page:
    """A page in a context of its own; what its console calls an error is a problem."""
    context = await browser.new_context(**({"viewport": SIZES["laptop"]} | options))
    page = await context.new_page()
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))

    def console(message: Any) -> None:
        # A line that is cut on purpose is reported by the browser as an error of its own.
        if (
            message.type == "error"
            and "Failed to load resource" not in message.text
            and "WebSocket" not in message.text
        ):
            problems.append(f"{page.url}: {message.text}")

    page.on("console", console)
    return page


async def join(page: Page, link: str) -> None:
    """From a link to its page, through consent and the equipment check where there is one."""
    await page.goto(link)
    await page.locator("#who-go").wait_for()
    if await page.locator("#consent-box").is_visible():
        await page.locator("#consent-box").check()
    await page.locator("#who-go").click()
    await page.wait_for_function("() => location.pathname !== '/j' || !document.getElementById('part-check').hidden")
    if urlsplit(page.url).path != "/j":  # the id of an exam may begin with any letter
        return
    await page.locator("#speaker-play").click()
    await page.locator("#speaker-heard").click()
    await page.locator('#enter:not([aria-disabled="true"])').click(timeout=30_000)
    await page.wait_for_url(lambda url: urlsplit(url).path != "/j")


@asynccontextmanager
async def held(page: Page, what: str, method: str = "") -> AsyncIterator[asyncio.Queue[asyncio.Event]]:
    """Answers, each given to the page when its event is set; the page may have left it by then. method: only these."""
    events: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def hold(route: Route) -> None:
        if method and route.request.method != method:
            await route.continue_()
            return
        event, response = asyncio.Event(), await route.fetch()
        events.put_nowait(event)
        await event.wait()
        with contextlib.suppress(Error):
            await route.fulfill(response=response)

    await page.route(what, hold)
    yield events
    await page.unroute(what, hold)


async def no_violations(page: Page, where: str) -> None:
    """axe finds nothing."""
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"


async def eventually(what: Callable[[], Awaitable[Any]], timeout: float = 60, every: float = 0.25) -> Any:
    """Asks until the answer is true; for what has no event to wait on, such as files."""
    async with asyncio.timeout(timeout):
        while True:
            found = await what()
            if found:
                return found
            await asyncio.sleep(every)
