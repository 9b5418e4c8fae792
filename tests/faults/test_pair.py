"""An interprofessional station in real browsers: two candidates meet one patient together, and are marked apart."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from teleosce.core.settings import Settings
from teleosce.invariants import check
from tests.e2e.artefacts import manifest_of, rows
from tests.e2e.browsers import chromium, eventually, join, new_page, write_voice
from tests.e2e.looks import look, picture
from tests.faults.planned_day import served, start
from tests.web.test_web_pair import stations_with_a_pair

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

PLAN = """
title: Together
phases: {reading_s: 25, encounter_s: 50, note_s: 75, changeover_s: 5, warning_s: 10}
stations: [ward-round, rest]
candidates: [Amira Hassan, Ben Okafor]
"""
SEEN = """(place) => {
  const videos = [...document.querySelectorAll(place + " video")];
  return videos.filter((v) => v.videoWidth > 0 && v.currentTime > 0.5).length;
}"""
HELD = "SELECT id, joins, candidate FROM encounter WHERE examiner IS NOT NULL ORDER BY joins IS NOT NULL"


async def _sees(page: Page, place: str, count: int) -> None:
    async def shown() -> bool:
        return int(await page.evaluate(SEEN, place)) >= count

    await eventually(shown, timeout=60)


async def _write_and_rate(candidates: dict[str, Page], patient: Page) -> None:
    """A note by each, and a rating of each."""
    for name, page in candidates.items():
        field = page.locator("#note-form textarea").first
        await expect(field).to_be_editable(timeout=90_000)
        await field.fill(f"Written by {name}")
    for name in candidates:
        await expect(patient.locator("#rating-title")).to_contain_text(name)
        await picture(patient, f"pair-rating-{name.split()[0].lower()}")
        for line in await patient.locator(".rating-line").all():
            await line.locator(".step").last.click()
        await patient.locator("#rating-submit").click()
    await expect(patient.locator("#idle-title")).to_be_visible()


async def test_two_candidates_meet_one_patient_and_are_marked_apart(tmp_path: Path) -> None:
    data, voice = tmp_path / "data", tmp_path / "voice.wav"
    write_voice("candidate", voice)
    problems: list[str] = []
    async with served(tmp_path, PLAN, stations=stations_with_a_pair(tmp_path / "stations")) as (server, told):
        async with chromium(voice) as browser:
            pages = {}
            for name in ("Organiser", "Amira Hassan", "Ben Okafor", "Patient 1", "Examiner"):
                pages[name] = await new_page(browser, problems)
                await join(pages[name], told[name])
            control, patient, examiner = (pages[name] for name in ("Organiser", "Patient 1", "Examiner"))
            candidates = {name: pages[name] for name in ("Amira Hassan", "Ben Okafor")}
            cell = control.locator(".cell[data-cell='A/1']")
            for number in ("C01", "C02"):
                await expect(cell).to_contain_text(number)
            for name in ("Amira Hassan", "Ben Okafor", "Patient 1"):
                await expect(pages[name].locator("#live-title")).to_contain_text("Ward round")
            await start(control)
            await expect(patient.locator("#ready-candidate")).to_contain_text("Ben Okafor is here", timeout=30_000)

            for name, page in pages.items():
                if name not in ("Organiser", "Examiner"):
                    await _sees(page, "#stage", 2)
                    await picture(page, f"pair-{name.split()[0].lower()}")
            await picture(control, "pair-control")
            leads, joins = rows(data, HELD)
            assert joins[1] == leads[0]

            await _write_and_rate(candidates, patient)

            # One desk for each, with a way between the two.
            await examiner.goto(f"{server.url}/mark/{joins[0]}?role=examiner")
            switch = examiner.get_by_role("navigation", name="Two candidates")
            await expect(switch.get_by_role("link", name="Candidate C02")).to_have_attribute("aria-current", "page")
            await expect(examiner.locator(".picture-name")).to_have_count(3, timeout=120_000)
            await expect(examiner.locator("#pictures")).to_contain_text("Candidate C01")
            await examiner.locator("#mark input[type=radio]").first.evaluate("(box) => box.click()")
            await look(examiner, "pair-desk")
            await switch.get_by_role("link", name="Candidate C01").focus()
            await examiner.keyboard.press("Enter")
            await examiner.wait_for_url(f"**/mark/{leads[0]}**")
            await examiner.locator("#mark input[type=radio]").first.evaluate("(box) => box.click()")

            async def two_marks() -> bool:
                return len(rows(data, "SELECT number FROM form_entry WHERE field LIKE 'item.%'")) == 2

            await eventually(two_marks)
        assert len({take["participant_id"] for take in manifest_of(data, str(leads[0]))["takes"]}) == 3
        assert not (data / "encounters" / str(joins[0])).exists()
        written = (
            "SELECT encounter_id, kind FROM form WHERE kind IN ('note', 'sp_rating', 'mark') "
            "ORDER BY encounter_id, kind"
        )
        kinds = ["mark", "note", "sp_rating"]
        assert rows(data, written) == [(one, kind) for one in sorted((leads[0], joins[0])) for kind in kinds]

        async def sound() -> bool:
            return await check(Settings(data=data)) == []

        await eventually(sound, timeout=60)
    assert problems == []
