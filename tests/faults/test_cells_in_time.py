"""From an event to the control room's page: with sixty encounters going on and a day of seven hundred around them."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from teleosce.exams import Phase
from tests.faults.test_control_frames import CIRCUITS, PLAN, STATIONS
from tests.web.house import House, planned_house

pytestmark = pytest.mark.faults

BOUND_S = 1.0
TRIES = 4
"""What else the machine does makes it later and never sooner."""

Entry = dict[str, Any]


class Control:
    """A control room's page: what it knows of each part, and when it was told last."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.parts: dict[str, dict[str, Entry]] = {"encounters": {}, "people": {}}
        self._told = asyncio.Event()

    async def read(self) -> None:
        async for message in self.socket:
            said = json.loads(message.data)
            if said["type"] != "day":
                continue
            for part, key in (("encounters", "id"), ("people", "seat")):
                self.parts[part] |= {one[key]: one for one in said[part]}
            self._told.set()

    async def told(self) -> None:
        """Until something is told: just then whatever happens has the longest to wait."""
        self._told.clear()
        await self._told.wait()

    async def until(self, so: Callable[[], bool], seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not so():
                await self.told()

    def person(self, seat: str) -> Entry:
        return self.parts["people"][seat]

    def encounter(self, encounter: str) -> Entry:
        return self.parts["encounters"][encounter]


def _queued() -> dict[str, float]:
    """How long each thread of this process, which server and pages are, has stood in the queue for a processor, in
    seconds: what else the machine does is no part of what is measured (proc(5), schedstat).
    """
    waited = {}
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # one that has just ended
            waited[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
    return waited


async def _late(control: Control, happens: Callable[[], Awaitable[Any]], so: Callable[[], bool]) -> float:
    await control.told()
    began, before = time.monotonic(), _queued()
    await happens()
    await control.until(so)
    late = time.monotonic() - began
    waited = {thread: then - before.get(thread, 0.0) for thread, then in _queued().items()}
    # One after the other: the event loop, and the thread that asks the database.
    return late - waited.pop(str(os.getpid())) - max(waited.values(), default=0.0)


class Events:
    """Each thing that can happen to the first encounter, with what the control room then shows of it."""

    def __init__(self, house: House, control: Control, encounter: str) -> None:
        self.house, self.control, self.encounter = house, control, encounter
        self.seat = house.seat("candidate")

    async def page(self) -> dict[str, float]:
        """A person comes, switches the microphone off, and goes."""
        candidate = await self.house.client("candidate")
        person = self.control.person

        async def comes() -> None:
            self.socket = await candidate.http.ws_connect("/ws?role=candidate")

        async def mutes() -> None:
            await self.socket.send_json({"type": "health", "microphone": "off", "camera": "on"})

        async def unmutes() -> None:
            await self.socket.send_json({"type": "health", "microphone": "on", "camera": "on"})

        async def goes() -> None:
            await self.socket.close()

        return {
            "joined": await _late(self.control, comes, lambda: person(self.seat)["present"]),
            "microphone off": await _late(self.control, mutes, lambda: person(self.seat)["microphone"] == "off"),
            "microphone on": await _late(self.control, unmutes, lambda: person(self.seat)["microphone"] == "on"),
            "lost": await _late(self.control, goes, lambda: not person(self.seat)["present"]),
        }

    async def time_added(self) -> dict[str, float]:
        before = self.control.encounter(self.encounter)["phase_ends_ms"]
        late = await _late(
            self.control,
            lambda: self.house.rooms.day.add_time(self.encounter, 5),
            lambda: self.control.encounter(self.encounter)["phase_ends_ms"] == before + 5000,
        )
        return {"time added": late}

    async def mark(self, number: int) -> dict[str, float]:
        examiner = await self.house.client("examiner")
        form = await examiner.json("GET", f"/api/encounters/{self.encounter}/forms/mark")
        sheet = await examiner.json("GET", f"/api/encounters/{self.encounter}")
        items = [item["id"] for item in sheet["mark_sheet"]["items"]]
        change = {"change_id": f"change-{number}", "field": f"item.{items[number]}", "value": "done", "base_version": 0}
        marked = self.control.encounter(self.encounter)["marking"]["marked"]

        async def saves() -> None:
            await examiner.json("POST", f"/api/forms/{form['id']}/changes", {"changes": [change]})

        late = await _late(
            self.control, saves, lambda: self.control.encounter(self.encounter)["marking"]["marked"] > marked
        )
        return {"mark saved": late}


async def _alarm(house: House, control: Control, encounter: str) -> dict[str, float]:
    """Everybody's alarms of one encounter end when nobody watches it any more."""
    seats = [one for one in control.encounter(encounter)["seats"] if control.person(one)["alarms"]]
    late = await _late(
        control,
        lambda: house.rooms.watching.leave(encounter),
        lambda: not any(control.person(one)["alarms"] for one in seats),
    )
    return {"alarm over": late}


async def test_each_cell_is_told_within_a_second(tmp_path: Path) -> None:
    async with planned_house(tmp_path, PLAN) as house:
        await house.rooms.day.go(house.exam.exam_id)
        live = [one.id for one in await house.rooms.exams.running()]
        assert len(live) == STATIONS * CIRCUITS
        organiser = await house.client("organiser")
        watching = f"/ws?role=organiser&exam={house.exam.exam_id}"
        async with organiser.http.ws_connect(watching) as socket:
            control = Control(socket)
            reading = asyncio.create_task(control.read())
            people = control.parts["people"]
            # Nobody is there, and it is told of everybody.
            await control.until(lambda: sum(bool(one["alarms"]) for one in people.values()) > len(live), 180)
            assert len(control.parts["encounters"]) == STATIONS * STATIONS * CIRCUITS
            mine = await house.encounter_of("candidate")
            events = Events(house, control, mine)
            best: dict[str, float] = {}
            for number in range(TRIES):
                for found in (await events.page(), await events.time_added(), await events.mark(number)):
                    best |= {kind: min(late, best.get(kind, late)) for kind, late in found.items()}
            best |= await _alarm(house, control, live[0])
            best["phase over"] = await _late(
                control,
                lambda: house.rooms.day.end_phase(mine, Phase.encounter),
                lambda: control.encounter(mine)["phase"] != "encounter",
            )
            reading.cancel()
        print({kind: round(late, 2) for kind, late in best.items()})  # noqa: T201 the measurement
        assert max(best.values()) < BOUND_S
