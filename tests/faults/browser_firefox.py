"""One page in Debian's Firefox, driven over Marionette."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from marionette_driver.by import By
from marionette_driver.marionette import Marionette

from tests.e2e.browsers import eventually
from tests.e2e.server import free_port

FIREFOX = shutil.which("firefox-esr")
PREFERENCES = {
    # A moving picture and a tone instead of devices, and nobody there to be asked.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Firefox:
    """The page. Each call blocks, so it goes through a thread."""

    def __init__(self, driver: Marionette) -> None:
        self._driver = driver

    async def open(self, url: str) -> None:
        await asyncio.to_thread(self._driver.navigate, url)

    async def url(self) -> str:
        return str(await asyncio.to_thread(self._driver.get_url))

    async def run(self, function: str) -> Any:
        """What a function, asynchronous or not, returns in the page."""
        script = f"""const [done] = arguments;
          Promise.resolve(({function})()).then((it) => done([it]), (no) => done(String(no)));"""
        said = await asyncio.to_thread(self._driver.execute_async_script, script, script_timeout=30_000, sandbox=None)
        assert isinstance(said, list), said
        return said[0]

    async def shown(self, selector: str) -> None:
        """Waits until something is there to be seen."""
        test = f"() => !!document.querySelector({selector!r})?.checkVisibility()"
        await eventually(lambda: self.run(test))

    async def click(self, selector: str) -> None:
        """Waits for it, and presses it as a person would."""
        await self.shown(selector)
        await asyncio.to_thread(lambda: self._driver.find_element(By.CSS_SELECTOR, selector).click())

    async def text(self, selector: str) -> str:
        return str(await self.run(f"() => document.querySelector({selector!r}).innerText"))

    async def join(self, link: str) -> None:
        """From a link through consent and the equipment check."""
        await self.open(link)
        await self.click("#consent-box")
        await self.click("#who-go")
        await self.click("#speaker-play")
        await self.click("#speaker-heard")
        await self.click('#enter:not([aria-disabled="true"])')

        async def inside() -> bool:
            return "/j" not in await self.url()

        await eventually(inside)


@asynccontextmanager
async def loudspeaker(folder: Path) -> AsyncIterator[str]:
    """A sound server whose loudspeaker nobody hears: on a machine without one Firefox keeps all Web Audio asleep."""
    program = shutil.which("pulseaudio")
    if program is None:
        pytest.skip("This test needs a sound server for Firefox: apt-get install pulseaudio")
    socket = folder / "pulse.sock"
    process = await asyncio.create_subprocess_exec(
        *(program, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"),
        *("-L", "module-null-sink", "-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"),
        env=os.environ | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def there() -> bool:
        return socket.exists()

    try:
        await eventually(there, timeout=30)
        yield f"unix:{socket}"
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def firefox(folder: Path, **preferences: Any) -> AsyncIterator[Firefox]:
    """A Firefox of its own, without a window. Skips the test where there is none."""
    if FIREFOX is None:
        pytest.skip("This test needs Firefox: apt-get install firefox-esr")
    port = free_port()
    profile = folder / "profile"
    profile.mkdir()
    lines = PREFERENCES | preferences | {"marionette.port": port}
    said = {True: "true", False: "false"}
    (profile / "user.js").write_text(
        "".join(f'user_pref("{name}", {said.get(value, value)});\n' for name, value in lines.items())
    )
    async with loudspeaker(folder) as sound:
        process = await asyncio.create_subprocess_exec(
            *(FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile)),
            env=os.environ | {"HOME": str(folder), "PULSE_SERVER": sound, "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        driver = Marionette(host="127.0.0.1", port=port)
        try:
            await asyncio.to_thread(driver.start_session, timeout=90)
            yield Firefox(driver)
        finally:
            with suppress(Exception):
                await asyncio.to_thread(driver.delete_session)
            process.terminate()
            await process.wait()
