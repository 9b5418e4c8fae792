"""From the beginning of each fault to the control room's page and to the person's own: ten seconds for all of it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_watch_people import after, speaks
from tests.rtc import clients
from tests.watching.media import clip, microphone, sounds
from tests.watching.ward import Sends
from tests.web.house import House
from tests.web.house import house as house_of

pytestmark = pytest.mark.faults

BOUND_S = 10.0


def _make() -> None:
    """All that is sent, before anything is measured: what was made once is kept."""
    for kind in ("silence", "shouting"):
        sounds(kind)
    for picture in ("black", "a finger"):
        clip(picture)
    microphone(None, "sp", -20, 250)


def _silent(one: Sends, _: Sends) -> None:
    one.clip.sounds[:] = sounds("silence")


def _shouts(one: Sends, _: Sends) -> None:
    one.clip.sounds[:] = sounds("shouting")


def _dark(one: Sends, _: Sends) -> None:
    one.clip.frames[:] = clip("black").frames
    one.force_key = True


def _covered(one: Sends, _: Sends) -> None:
    one.clip.frames[:] = clip("a finger").frames
    one.force_key = True


def _loses(one: Sends, _: Sends) -> None:
    one.drop_out = lambda ssrc, sequence: sequence % 12 == 0


def _echoes(one: Sends, other: Sends) -> None:
    one.clip.sounds[:] = after(microphone(None, "sp", -20, 250), one, other)


def _no_sound(one: Sends, _: Sends) -> None:
    one.mute = True


def _nothing(one: Sends, _: Sends) -> None:
    one.mute = one.dim = True


FAULTS: list[tuple[str, Callable[[Sends, Sends], None]]] = [
    ("silent", _silent),
    ("clipping", _shouts),
    ("dark", _dark),
    ("covered", _covered),
    ("loss", _loses),
    ("echo", _echoes),
    ("no-sound", _no_sound),
    ("no-packets", _nothing),
]


class Page:
    """One page's WebSocket, and what it was told last of the alarms of one seat."""

    def __init__(self, socket: Any, seat: str) -> None:
        self.socket, self.seat = socket, seat
        self.kinds: set[str] = set()
        self._told = asyncio.Event()

    async def read(self) -> None:
        async for message in self.socket:
            said = json.loads(message.data)
            if said["type"] == "alarms":
                self.kinds = {*said["kinds"]}
            for person in said["people"] if said["type"] == "day" else ():
                if person["seat"] == self.seat:
                    self.kinds = {one["kind"] for one in person["alarms"]}
            self._told.set()

    async def until(self, kinds: set[str], seconds: float = 30) -> float:
        """When it was told of just these."""
        try:
            async with asyncio.timeout(seconds):
                while self.kinds != kinds:
                    self._told.clear()
                    await self._told.wait()
        except TimeoutError:
            raise AssertionError(f"after {seconds} s: {self.kinds}, not {kinds}") from None
        return time.monotonic()


@asynccontextmanager
async def _met(house: House) -> AsyncIterator[tuple[Sends, Sends, Page, Page]]:
    """The candidate and the patient of one encounter, both well, and the candidate's page and the control room's."""
    encounter = await house.encounter_of("candidate")
    organiser, candidate = await house.client("organiser"), await house.client("candidate")
    one = Sends(house.rooms.media, clip("person", "room"), house.seat("candidate"), room=encounter, slots=0)
    other = Sends(house.rooms.media, clip(), house.seat("sp"), room=encounter, slots=0)
    one.clip.sounds[:], other.clip.sounds[:] = microphone("candidate"), microphone("sp")
    seat = house.seat("candidate")
    watching = f"/ws?role=organiser&exam={house.exam.exam_id}"
    async with candidate.http.ws_connect("/ws?role=candidate") as own, organiser.http.ws_connect(watching) as control:
        pages = Page(own, seat), Page(control, seat)
        reading = [asyncio.create_task(page.read()) for page in pages]
        await house.begin(encounter)
        await one.join()
        await other.join()
        await asyncio.sleep(12)
        try:
            yield one, other, *pages
        finally:
            for task in reading:
                task.cancel()
            for person in (one, other):
                await person.leave()


@pytest.mark.parametrize(("kind", "happens"), FAULTS, ids=[kind for kind, _ in FAULTS])
async def test_a_fault_is_told_within_ten_seconds(
    kind: str, happens: Callable[[Sends, Sends], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make()
    async with house_of(tmp_path / "data") as house:
        monkeypatch.setattr(clients, "SECRET", house.rooms.secret)
        async with _met(house) as (one, other, own, control):
            assert not house.rooms.watching.alarms(), "nothing was wrong before"
            if kind == "echo":
                await speaks(other)
            began = time.monotonic()
            happens(one, other)
            took = [when - began for when in await asyncio.gather(control.until({kind}), own.until({kind}))]
            print(f"{kind}: the control room after {took[0]:.1f} s, the person after {took[1]:.1f} s")  # noqa: T201
            assert max(took) < BOUND_S


async def test_one_who_does_not_hear_the_other_is_told_within_ten_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page tells it every other second; what a real page tells, test_watch_browser.py sees."""
    async with house_of(tmp_path / "data") as house:
        monkeypatch.setattr(clients, "SECRET", house.rooms.secret)
        async with _met(house) as (_, _, own, control):
            began = time.monotonic()
            health = {"type": "health", "microphone": "on", "camera": "on"}
            await own.socket.send_json(health | {"hears": False})
            took = [
                when - began for when in await asyncio.gather(*(one.until({"hears-nothing"}) for one in (control, own)))
            ]
            assert max(took) < BOUND_S - 4, "a page has known for up to four seconds before"
            await own.socket.send_json(health | {"hears": True})
            await asyncio.gather(control.until(set()), own.until(set()))
