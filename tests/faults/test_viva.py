"""A viva in real browsers: two candidates after each other talk with an examiner who marks them meanwhile."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from teleosce.core.settings import Settings
from teleosce.invariants import check
from tests.e2e.artefacts import manifest_of, rows
from tests.e2e.browsers import chromium, eventually, join, new_page, no_violations, write_voice
from tests.e2e.looks import picture
from tests.faults.planned_day import served, start

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

PLAN = """
title: Viva
phases: {reading_s: 25, encounter_s: 35, note_s: 0, changeover_s: 5, warning_s: 10}
stations:
  - {station: chest-pain-video, examiner_speaks: true, people: {A: {examiner: Dr Khan}}}
  - rest
candidates: [Amira Hassan, Ben Okafor]
"""
SHOWN = """(place) => {
  const videos = [...document.querySelectorAll(place + " video")];
  return videos.some((v) => v.videoWidth > 0 && v.currentTime > 0.5);
}"""
HELD = (
    "SELECT encounter.id FROM encounter JOIN slot ON slot.id = slot_id "
    "WHERE slot.position = 1 ORDER BY encounter.rotation"
)


async def _sees(page: Page, place: str) -> None:
    async def shown() -> bool:
        return bool(await page.evaluate(SHOWN, place))

    await eventually(shown, timeout=40)


async def test_an_examiner_talks_with_one_candidate_after_the_other(tmp_path: Path) -> None:
    data, voice = tmp_path / "data", tmp_path / "voice.wav"
    write_voice("candidate", voice)
    problems: list[str] = []
    async with served(tmp_path, PLAN) as (_, told):
        async with chromium(voice) as browser:
            pages = {}
            for name in ("Organiser", "Amira Hassan", "Ben Okafor", "Dr Khan"):
                pages[name] = await new_page(browser, problems)
                await join(pages[name], told[name])
            examiner, control = pages["Dr Khan"], pages["Organiser"]
            await expect(control.locator(".cell[data-cell='A/1']")).to_contain_text("Dr Khan")
            await start(control)

            # The worklist leads to the first desk by itself, the first desk to the second.
            held = [str(one) for (one,) in rows(data, HELD)]
            for encounter, name in zip(held, _order(data), strict=True):
                await examiner.wait_for_url(f"**/mark/{encounter}**", timeout=90_000)
                await _sees(examiner, "#live-tiles")
                await _sees(pages[name], "#stage")
                await expect(pages[name].locator("#stage-people")).to_contain_text("Dr Khan")
                await examiner.locator("#mark input[type=radio]").first.evaluate("(box) => box.click()")
                await picture(examiner, f"viva-desk-{held.index(encounter)}")
                await picture(pages[name], f"viva-candidate-{held.index(encounter)}")
                await no_violations(examiner, "the desk of who speaks")
                await expect(control.locator(f".cell[data-encounter='{encounter}']")).to_contain_text("Recorded")

            async def sealed() -> bool:
                return all((data / "encounters" / one / "manifest.json").exists() for one in held)

            await eventually(sealed, timeout=120)
        for encounter in held:
            assert len({take["participant_id"] for take in manifest_of(data, encounter)["takes"]}) == 2
        assert len(rows(data, "SELECT id FROM form WHERE kind = 'mark'")) == 2

        async def sound() -> bool:
            return await check(Settings(data=data), over=True) == []

        await eventually(sound, timeout=60)
    # axe looks at pages with a style of its own, which our pages refuse.
    assert [one for one in problems if "inline style" not in one] == []


def _order(data: Path) -> list[str]:
    query = (
        "SELECT seats.name FROM encounter JOIN slot ON slot.id = slot_id JOIN seats ON seats.id = encounter.candidate "
        "WHERE slot.position = 1 ORDER BY encounter.rotation"
    )
    return [str(name) for (name,) in rows(data, query)]
