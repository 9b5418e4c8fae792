"""A candidate in Firefox and a patient in Chromium hold an encounter."""

from contextlib import AsyncExitStack
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.async_api import expect

from teleosce.recording import journal
from teleosce.recording.models import journal_name
from tests.e2e.artefacts import decoded_seconds, sound_of
from tests.e2e.browsers import chromium, eventually, join, new_page, write_voice
from tests.e2e.server import ServerProcess
from tests.e2e.stage import LIVELY, Control
from tests.faults.browser_firefox import firefox

pytestmark = pytest.mark.faults

SHARES = [50, 90]
"""In percent: not as loud as that."""


def levels_told(path: Path) -> list[float]:
    """How loud a browser said its packets are (RFC 6464), in dB of full scale."""
    told = np.frombuffer(b"".join(db for _, db in journal.read(path).tracks["audio"].levels), np.uint8)
    assert len(told) > 400, "ten seconds have 500 packets"
    return list(-np.percentile(told, [100 - share for share in SHARES]))


def levels_heard(path: Path) -> list[float]:
    """The same of what is decoded, of its first channel, in steps of 20 ms."""
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    power = np.square(sound[: len(sound) // 960 * 960].reshape(-1, 960)).mean(axis=1)
    aloud = 10 * np.log10(power[power > 0])  # where no packet was, sealing put silence
    return list(np.percentile(aloud, SHARES))


async def test_firefox_and_chromium_see_and_hear_each_other(tmp_path: Path) -> None:
    problems: list[str] = []
    voice = tmp_path / "sp.wav"
    write_voice("sp", voice)
    async with AsyncExitStack() as stack:
        server = ServerProcess(tmp_path / "data", worker=False)
        await server.start("--no-consultation")
        stack.push_async_callback(server.stop)
        organiser = await new_page(await stack.enter_async_context(chromium()), problems)
        patient = await new_page(await stack.enter_async_context(chromium(voice)), problems)
        candidate = await stack.enter_async_context(firefox(tmp_path))
        control = Control(server, organiser)
        await join(organiser, server.links["organiser"])
        await join(patient, server.links["sp"][0])
        await candidate.join(server.links["candidate"][0])
        await candidate.shown("#waiting-title")

        await control.press("Begin")
        await candidate.shown("#reading-title")
        await control.press("End reading")
        # Firefox lets no page sound that has not been touched; the page says so, and one touch is enough.
        await candidate.shown("#stage-tap")
        cell = organiser.locator(f'.cell[data-encounter="{control.encounter_id}"]')
        await expect(cell).to_contain_text("hears nothing")
        await candidate.click("#stage-tap")
        await expect(cell).not_to_contain_text("hears nothing")
        assert await eventually(lambda: candidate.run(LIVELY))
        assert await eventually(lambda: patient.evaluate(LIVELY))
        await control.record(10)
        assert not await candidate.run("() => document.getElementById('sound-off').checkVisibility()")
        assert await candidate.text("#live-line") == "Connected"
        assert not await candidate.run("() => document.querySelector('.tile-message').checkVisibility()")
        assert await candidate.run("() => document.getElementById('media-fault').hidden")
        await control.press("End encounter")
        await candidate.shown("#note-form textarea")
        manifest = await control.sealed()
        assert not problems

    takes = {take["name"]: take for take in manifest["takes"]}
    assert set(takes) == {"Amira Hassan", "Mr Doyle"}
    for take in takes.values():
        file = server.data / "encounters" / control.encounter_id / take["file"]
        picture, sound = decoded_seconds(file)
        assert picture > 8
        assert sound > 8
        assert np.abs(sound_of(file)).max() > 0.05
        assert levels_told(file.with_name(journal_name(take["id"]))) == pytest.approx(levels_heard(file), abs=1.5)


async def test_firefox_is_told_how_to_allow_what_was_refused(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        server = ServerProcess(tmp_path / "data", worker=False)
        await server.start("--no-consultation")
        stack.push_async_callback(server.stop)
        refused = {"media.navigator.permission.disabled": False, "permissions.default.camera": 2}
        page = await stack.enter_async_context(firefox(tmp_path, **refused, **{"permissions.default.microphone": 2}))
        await page.open(server.links["candidate"][0])
        await page.click("#consent-box")
        await page.click("#who-go")
        await page.shown("#again-camera")
        said = await page.text("#check-camera")
        assert "not allowed" in said
        assert "to the left of the address" in said
        await page.click("#speaker-play")
        await page.click("#speaker-heard")
        await page.click('#enter:not([aria-disabled="true"])')
        await page.shown("#waiting-title")
        assert "No microphone" in await page.text("#self-sound")
