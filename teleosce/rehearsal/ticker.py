"""One clock tick for everybody in a process, however many they are."""

import asyncio
import time
from typing import Protocol
from weakref import WeakKeyDictionary

TICK_S = 0.005


class Ticked(Protocol):
    """Somebody with something to do at each tick."""

    def step(self, now: float) -> None:
        """What is due at `now`, on `time.monotonic()`. Must not raise."""


class Ticker:
    """Calls `step` of all its members every 5 ms, and lets the loop read sockets between any two of them."""

    def __init__(self) -> None:
        self._members: dict[Ticked, None] = {}
        self.longest_s = 0.0
        """The longest time between two ticks: so long this machine kept everybody waiting."""
        self._task: asyncio.Task[None] | None = None

    def add(self, member: Ticked) -> None:
        """From the next tick on."""
        self._members[member] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="ticker")

    def discard(self, member: Ticked) -> None:
        """No further tick."""
        self._members.pop(member, None)

    async def _run(self) -> None:
        last = time.monotonic()
        while self._members:
            began = time.monotonic()
            self.longest_s, last = max(self.longest_s, began - last), began
            for member in list(self._members):
                if member in self._members:
                    member.step(time.monotonic())
                await asyncio.sleep(0)
            await asyncio.sleep(max(0.001, TICK_S - (time.monotonic() - began)))
        self._task = None


_TICKERS: WeakKeyDictionary[asyncio.AbstractEventLoop, Ticker] = WeakKeyDictionary()


def ticker() -> Ticker:
    """The running loop's one ticker."""
    return _TICKERS.setdefault(asyncio.get_running_loop(), Ticker())
