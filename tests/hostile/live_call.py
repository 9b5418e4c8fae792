"""A consultation of two lean clients in a house, watched for anything that reaches it from outside."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from teleosce.rtc import Ticket
from tests.hostile.journal import Journal
from tests.rtc.clients import Client, Clip, until
from tests.web.house import House

AUDIO_SLOT, VIDEO_SLOT = "2", "3"


def ticket(house: House, participant: str, room: str) -> str:
    """A ticket as the WebSocket gives it, valid for a minute."""
    expires = house.rooms.clock.now_ms() + 60_000
    asked = Ticket(room, participant, participant, publish=True, subscribe=True, expires_ms=expires)
    return asked.sign(house.rooms.secret)


class Wire:
    """What a lean client takes for a media server: offers go through HTTP, as a page's do."""

    def __init__(self, house: House, seat: str, room: str) -> None:
        self.house, self.seat, self.room = house, seat, room

    async def answer(self, _ticket: str, sdp: str) -> str:
        client = await self.house.client()
        content = {"ticket": ticket(self.house, self.seat, self.room), "sdp": sdp}
        return str((await client.json("POST", "/api/media/offer", content))["sdp"])


class Speaker(Client):
    """A lean client that notes when it hears."""

    def __init__(self, house: House, clip: Clip, seat: str, room: str) -> None:
        super().__init__(Wire(house, seat, room), clip, seat, room=room)  # type: ignore[arg-type]
        self.heard_at: list[float] = []

    def on_rtp(self, data: bytes) -> None:
        before = len(self.by_mid[AUDIO_SLOT].order)
        super().on_rtp(data)
        if len(self.by_mid[AUDIO_SLOT].order) > before:
            self.heard_at.append(time.monotonic())

    @property
    def answered_ufrag(self) -> str:
        """The server's ICE user name."""
        return self.answer.partition("a=ice-ufrag:")[2].split("\r\n")[0]

    def worst_gap(self, since: float) -> float:
        """The longest time without a sound, in seconds."""
        times = [since, *(at for at in self.heard_at if at >= since), time.monotonic()]
        return max(later - earlier for earlier, later in pairwise(times))


class Call:
    """The consultation of the first candidate."""

    def __init__(self, house: House, encounter: str, people: list[Speaker]) -> None:
        self.house, self.encounter, self.people = house, encounter, people
        self.quiet = 0.0

    async def rest(self, seconds: float = 3.0) -> None:
        """Measures how even the sound is when nobody disturbs."""
        began = time.monotonic()
        await asyncio.sleep(seconds)
        self.quiet = self.worst_gap(began)
        assert self.quiet < seconds, [(one.name, len(one.heard_at)) for one in self.people]

    def worst_gap(self, since: float) -> float:
        return max(one.worst_gap(since) for one in self.people)

    def was_not_disturbed(self, since: float, journal: Journal) -> None:
        """The sound came about as evenly as when nobody disturbed."""
        busy = self.worst_gap(since)
        said = [line for line in journal.lines if self.encounter in line]
        assert busy < max(1.0, 10 * self.quiet), (f"{busy:.2f} s without a sound, {self.quiet:.2f} s before", said)

    async def goes_on(self) -> None:
        """Both are in their first call and hear each other."""
        enough = {one.name: len(one.heard_at) + 50 for one in self.people}
        await until(lambda: all(len(one.heard_at) > enough[one.name] for one in self.people))
        states = {peer.participant: peer.state.value for peer in self.house.rooms.media.peers(self.encounter)}
        assert states == {one.name: "connected" for one in self.people}

    async def is_whole(self) -> None:
        """Both hear and see each other, and of all that was sent nothing is missing."""
        await self.goes_on()
        for one in self.people:
            await until(lambda one=one: not one.by_mid[AUDIO_SLOT].holes and not one.by_mid[VIDEO_SLOT].holes)

    async def is_recorded(self) -> None:
        """Ends it: two takes, of sound and picture, without a gap."""
        for one in self.people:
            await one.leave()
        manifest = await self.house.rooms.recordings.seal(self.encounter)
        assert len(manifest.takes) == 2
        assert [gap for take in manifest.takes for gap in take.gaps] == []
        for take in manifest.takes:
            hearer = next(one for one in self.people if one.name != take.participant_id)
            heard_s = hearer.heard_at[-1] - hearer.heard_at[0]
            assert take.duration_ms > (heard_s - 1) * 1000, (take.duration_ms, heard_s)


@asynccontextmanager
async def live_call(house: House, clip: Clip) -> AsyncIterator[Call]:
    """The first candidate and their patient in their encounter, hearing and seeing each other, recorded."""
    encounter = await house.encounter_of("candidate")
    await house.begin(encounter)
    seats = [house.seat("candidate"), house.seat("sp")]
    people = [Speaker(house, clip, seat, encounter) for seat in seats]
    for one in people:
        await one.join()
    await until(lambda: all(len(one.by_mid[VIDEO_SLOT].order) > 10 and len(one.heard_at) > 10 for one in people))
    try:
        yield Call(house, encounter, people)
    finally:
        for one in people:
            if not one.ended:
                await one.leave()


class Holdings:
    """What the process holds: tasks, file handles, threads."""

    def __init__(self) -> None:
        gc.collect()
        self.tasks = len(asyncio.all_tasks())
        self.handles = len(list(Path("/proc/self/fd").iterdir()))
        self.threads = threading.active_count()

    def no_more_than(self, before: "Holdings") -> bool:
        return self.tasks <= before.tasks and self.handles <= before.handles and self.threads <= before.threads

    def __repr__(self) -> str:
        return f"{self.tasks} tasks, {self.handles} handles, {self.threads} threads"


async def settled(before: Holdings, seconds: float = 40.0) -> None:
    """Returns when no more is held than before."""
    now = Holdings()
    try:
        async with asyncio.timeout(seconds):
            while not (now := Holdings()).no_more_than(before):  # noqa: ASYNC110  handles tell nobody
                await asyncio.sleep(0.2)
    except TimeoutError:
        names = [task.get_name() + str(task.get_coro()) for task in asyncio.all_tasks()]
        raise AssertionError(f"{before} before, {now} after: {names}") from None


async def warm(house: House) -> None:
    """Opens all that is kept open once used: the database's connections and the threads of the pool."""
    client = await house.client("organiser")
    exam = house.exam.exam_id

    async def some(_number: int) -> Any:
        return await client.json("GET", f"/api/exams/{exam}/day")

    await asyncio.gather(*(some(number) for number in range(40)))
    await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.05) for _ in range(40)))
