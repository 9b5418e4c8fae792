"""An alarm on its way to the organiser's page, to the person's own, and to whoever reads the figures."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.house import House
from tests.web.house import house as house_of


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_of(tmp_path / "data") as made:
        yield made


@pytest.mark.faults
async def test_an_empty_room_is_seen_by_all_who_should_see_it(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    organiser, candidate = await house.client("organiser"), await house.client("candidate")
    async with candidate.http.ws_connect("/ws?role=candidate") as page:
        await page.send_json({"type": "health", "sending": True, "microphone": "off", "camera": ["?"]})
        await house.begin(encounter)
        told = await _next(page, lambda said: said["type"] == "alarms" and said["kinds"])
        assert told["kinds"] == ["absent"]
        mine = await _row(organiser, house, encounter)
        by_role = {one["role"]: one for one in mine["people"]}
        assert {role: [one["kind"] for one in by_role[role]["alarms"]] for role in ("candidate", "sp")} == {
            "candidate": ["absent"],
            "sp": ["absent"],
        }
        assert by_role["examiner"]["alarms"] == []
        assert (by_role["candidate"]["microphone"], by_role["candidate"]["camera"]) == ("off", "on")
        figures = await (await house.clients[0].ask("GET", "/metrics")).text()
        assert 'teleosce_alarms{kind="absent"} 2.0' in figures
        assert 'teleosce_alarms{kind="silent"} 0.0' in figures
        assert not any(name in figures for name in ("Ada", house.seat("candidate")))

        await house.rooms.day.end_phase(encounter, (await house.rooms.exams.encounter(encounter)).phase)
        await _next(page, lambda said: said["type"] == "alarms" and not said["kinds"])
    async with asyncio.timeout(10):
        while True:
            mine = await _row(organiser, house, encounter)
            if all(one["until_ms"] for one in mine["alarms"]):
                break
    assert [one["kind"] for one in mine["alarms"]] == ["absent", "absent"]
    assert all(one["alarms"] == [] for one in mine["people"])
    assert 'teleosce_alarms{kind="absent"} 0.0' in await (await organiser.ask("GET", "/metrics")).text()


async def _row(organiser: Any, house: House, encounter: str) -> Any:
    day = await organiser.json("GET", f"/api/exams/{house.exam.exam_id}/day")
    mine = next(one for one in day["encounters"] if one["id"] == encounter)
    return mine | {"people": [one for one in day["people"] if one["seat"] in mine["seats"]]}


async def _next(page: Any, wanted: Any) -> Any:
    async with asyncio.timeout(20):
        async for message in page:
            said = json.loads(message.data)
            if wanted(said):
                return said
    raise AssertionError("the page was closed")
