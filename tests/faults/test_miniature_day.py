"""A day in small, in real browsers: three stations, three candidates; one late, one dropped, one with extra time."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from teleosce.core.settings import Settings
from teleosce.invariants import check
from tests.e2e.artefacts import rows
from tests.e2e.browsers import chromium, eventually, join, new_page, write_voice
from tests.e2e.server import ServerProcess
from tests.faults.planned_day import served

pytestmark = [pytest.mark.faults, pytest.mark.e2e]

PLAN = """
title: Small day
zone: Europe/London
starts: 2027-03-02 09:00
phases: {reading_s: 6, encounter_s: 32, note_s: 6, changeover_s: 5, warning_s: 10}
stations:
  - {station: chest-pain-video, people: {A: {sp: Mr Doyle, examiner: Dr Khan}}}
  - {station: low-mood, people: {A: {sp: Ms Reed, examiner: Dr Khan}}}
  - rest
candidates:
  - Amira Hassan
  - Ben Okafor
  - {name: Chloe Martin, extra_percent: 25}
"""
LIVE = (1, 2)
"""The stations with a patient; at the third people rest."""


class Day:
    """The pages, and what the database says of the plan: who is where in which rotation."""

    def __init__(self, server: ServerProcess, links: dict[str, str], browser: Browser, problems: list[str]) -> None:
        self.server, self.links, self.browser, self.problems = server, links, browser, problems
        self.pages: dict[str, Page] = {}
        query = (
            "SELECT seats.name, encounter.rotation, position, encounter.id FROM encounter "
            "JOIN slot ON slot.id = slot_id JOIN seats ON seats.id = encounter.candidate"
        )
        found = rows(server.data, query)
        self.station = {(name, rotation): position for name, rotation, position, _ in found}
        self.encounter = {(name, rotation): encounter for name, rotation, _, encounter in found}

    async def join(self, name: str) -> None:
        self.pages[name] = await new_page(self.browser, self.problems)
        await join(self.pages[name], self.links[name])

    def cell(self, position: int) -> Locator:
        return self.pages["Organiser"].locator(f".cell[data-cell='A/{position}']")

    async def rotation(self, number: int, phase: str) -> None:
        """Until all who have a patient in this rotation are in the phase."""
        query = (
            "SELECT encounter.phase FROM encounter JOIN slot ON slot.id = slot_id "
            "WHERE encounter.rotation = ? AND position < 3"
        )

        async def there() -> bool:
            return set(rows(self.server.data, query, number)) == {(phase,)}

        await eventually(there, timeout=120)

    def log(self, phase: str) -> list[tuple[Any, ...]]:
        """Rotation, candidate, beginning and length in ms of each phase of a kind, as they came about."""
        query = (
            "SELECT rotation, seats.name, at_ms, ends_ms - at_ms FROM phase_log "
            "JOIN encounter ON encounter.id = encounter_id JOIN seats ON seats.id = encounter.candidate "
            "WHERE phase_log.phase = ? AND cause IN ('begun', 'clock', 'ring')"
        )
        return rows(self.server.data, query, phase)


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    voice = tmp_path / "voice.wav"
    write_voice("candidate", voice)
    problems: list[str] = []
    async with served(tmp_path, PLAN) as (server, told), chromium(voice) as browser:
        yield Day(server, told, browser, problems)
    assert not problems


async def test_a_small_day_with_somebody_late_dropped_and_slow(day: Day) -> None:
    others = ["Amira Hassan", "Ben Okafor"]
    late = next(name for name in others if day.station[name, 1] in LIVE)
    (dropped,) = set(others) - {late}
    falls = next(rotation for rotation in (2, 3) if day.station[dropped, rotation] in LIVE)
    for name in ("Organiser", "Mr Doyle", "Ms Reed", dropped, "Chloe Martin"):
        await day.join(name)
    control = day.pages["Organiser"]
    await expect(day.cell(day.station[late, 1])).to_contain_text("not here")
    await control.get_by_role("button", name="Gather").click()
    await expect(day.pages[dropped].locator("#waiting-text")).to_contain_text("Everyone gathers now")
    await control.get_by_role("button", name="Start").click()
    await control.locator("dialog[open]").get_by_role("button", name="Start anyway").click()

    await day.rotation(1, "encounter")
    cell = day.cell(day.station[late, 1])
    await expect(cell).to_contain_text("Encounter")
    await day.join(late)
    await expect(day.pages[late].locator("#stage-people video")).to_be_visible()
    await expect(cell).to_contain_text("Recorded")
    await expect(cell).not_to_contain_text("not here")

    await day.rotation(falls, "encounter")
    cell = day.cell(day.station[dropped, falls])
    await expect(day.pages[dropped].locator("#stage-people video")).to_be_visible()
    context = day.pages[dropped].context
    await day.pages[dropped].close()
    await expect(cell).to_contain_text("not here")
    day.pages[dropped] = await context.new_page()
    await day.pages[dropped].goto(f"{day.server.url}/station?role=candidate")
    await expect(day.pages[dropped].locator("#stage-people video")).to_be_visible()
    await expect(cell).not_to_contain_text("not here")

    await expect(control.locator("#summary")).to_contain_text("9 of 9 encounters done", timeout=150_000)
    assert {one[0] for one in rows(day.server.data, "SELECT phase FROM encounter")} == {"done"}
    assert rows(day.server.data, "SELECT state FROM circuit") == [("finished",)]
    _as_planned(day)
    await _whole(day)


def _as_planned(day: Day) -> None:
    """Everybody began each rotation at one moment, and had their own time and no less."""
    for rotation in (1, 2, 3):
        assert len({at for turn, _, at, _ in day.log("reading") if turn == rotation}) == 1
    lengths: dict[str, set[int]] = {}
    for turn, name, _, length in day.log("encounter"):
        if day.station[name, turn] in LIVE:
            lengths.setdefault(name, set()).add(length)
    assert lengths == {"Amira Hassan": {32_000}, "Ben Okafor": {32_000}, "Chloe Martin": {40_000}}


async def _whole(day: Day) -> None:
    """All six consultations are recorded and sealed with both people, and nothing is wrong in the folder."""
    held = [one for (name, rotation), one in day.encounter.items() if day.station[name, rotation] in LIVE]

    async def sealed() -> bool:
        return all((day.server.data / "encounters" / one / "manifest.json").exists() for one in held)

    await eventually(sealed, timeout=120)

    async def sound() -> Any:
        return await check(Settings(data=day.server.data), over=True) == []

    await eventually(sound, timeout=60)
