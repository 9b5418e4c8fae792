"""Echoes in a room whose people come and go, switch their microphones and say little."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.events import Events
from teleosce.rtc.model import Packet, PeerHealth, Publication, Subscriber
from teleosce.watching import Watching
from teleosce.watching.watcher import Watcher
from tests.watching.media import microphone


class Meeting:
    """A room without a wire: what its people say is there at once."""

    def __init__(self, watching: Watching) -> None:
        self.watching = watching
        self.live: dict[str, Publication] = {}
        self.watch: Subscriber | None = None
        watching.attend(self, "encounter", ())

    def subscribe(self, subscriber: Subscriber) -> None:
        self.watch = subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self.watch = None

    def peers(self) -> list[PeerHealth]:
        return []

    def comes(self, name: str) -> None:
        assert self.watch is not None
        self.live[name] = Publication(f"of {name}", "encounter", name, name, ())
        self.watch.publication_started(self.live[name])

    def goes(self, name: str) -> None:
        assert self.watch is not None
        self.watch.publication_ended(self.live.pop(name))

    def says(self, **said: list[bytes]) -> None:
        """The last ten seconds, of all at once."""
        assert self.watch is not None
        begins = time.monotonic() - 10
        for name, payloads in said.items():
            packets: list[Packet] = [
                (n, n * 960, False, payload, begins + n / 50, None) for n, payload in enumerate(payloads[:500])
            ]
            self.watch.packets(self.live[name], "audio", packets)

    def echoes(self) -> set[tuple[str, str]]:
        """Whose microphone picks up whose voice."""
        assert isinstance(self.watch, Watcher)
        people = self.watch.people.values()
        return {(own.id, voice.id) for own in people for voice in own.echoes}

    async def look(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """meanwhile: happens while the sounds are compared."""
        looking = asyncio.create_task(self.watching._look_for_echoes(time.monotonic()))
        await asyncio.sleep(0)
        meanwhile()
        await looking


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Meeting]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'teleosce.db'}")
    await database.create_all()
    watching = Watching(database, Clock(), Events())
    room = Meeting(watching)
    for name in ("ann", "ben"):
        room.comes(name)
    yield room
    await watching.close()
    await database.close()


async def test_what_was_found_of_those_who_went_meanwhile_counts_no_more(room: Meeting) -> None:
    def say() -> None:
        room.says(ann=microphone(None, "sp"), ben=microphone("sp"))

    say()
    await room.look(lambda: room.goes("ben"))
    assert room.echoes() == set()
    room.comes("ben")
    for who in ("ann", "ben"):
        room.watching.told(who, "on", "on")
        say()
        await room.look(partial(room.watching.told, who, "off", "on"))
        assert room.echoes() == set()
        room.watching.told(who, "on", "on")
    room.comes("ann")
    say()
    await room.look(lambda: room.comes("ben"))
    assert room.echoes() == set()
    say()
    await room.look()
    assert room.echoes() == {("ann", "ben")}
    room.goes("ben")
    assert room.echoes() == set()


@pytest.mark.parametrize("microphone_is", ["off", "none"])
async def test_nobody_is_told_of_an_echo_of_a_voice_that_is_off(room: Meeting, microphone_is: str) -> None:
    room.says(ann=microphone(None, "sp"), ben=microphone("sp"))
    await room.look()
    room.watching.told("ben", "on", "off")
    assert room.echoes() == {("ann", "ben")}
    room.watching.told("ben", microphone_is, "off")
    assert room.echoes() == set()


async def test_of_two_who_both_echo_both_are_told(room: Meeting) -> None:
    """Whoever of the two is found first. A third, who listens, has part in nothing."""
    room.comes("cy")
    room.says(ann=microphone(None, "sp"), ben=microphone("sp"), cy=microphone(None))
    await room.look()
    assert room.echoes() == {("ann", "ben")}
    room.says(ann=microphone("candidate"), ben=microphone(None, "candidate"), cy=microphone(None))
    await room.look()
    assert room.echoes() == {("ann", "ben"), ("ben", "ann")}
    room.goes("ann")
    assert room.echoes() == {("ann", "ben")}
    room.goes("ben")
    assert room.echoes() == set()
