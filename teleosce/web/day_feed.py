"""Keeps the pages of control rooms up to date: whole when they come, by differences from then on."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

import structlog

from teleosce.web.context import Rooms
from teleosce.web.day_view import Board, Boards

if TYPE_CHECKING:
    from teleosce.web.hub import Connection, Hub

log = structlog.get_logger(__name__)

GATHER_S = 0.02
"""What belongs together comes within this time: a turn of the ring is one message."""
LEAST_S, SHARE = 0.5, 0.2
"""A pause of half a second between two tellings, or less where they take no more than this share of the time: a small
exam is told at once, and that of seven hundred encounters within three quarters of a second."""
MOST_S = 2.0
"""For what only grows, without an event of its own: seconds on disk, the figures of a line."""


class DayFeed:
    """Works out each watched day whenever it has changed, and at least every other second."""

    def __init__(self, rooms: Rooms, hub: "Hub") -> None:
        self._hub = hub
        self.boards = Boards(rooms, hub)
        self._last: dict[str, Board] = {}
        self._told: WeakSet[Connection] = WeakSet()
        self._stale = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins."""
        self._task = asyncio.create_task(self._keep(), name="days")

    def close(self) -> None:
        """Ends."""
        if self._task:
            self._task.cancel()

    def changed(self) -> None:
        """Something that a day shows has changed."""
        self._stale.set()

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stale.wait(), MOST_S)
            await asyncio.sleep(GATHER_S)
            self._stale.clear()
            began = time.monotonic()
            await self._tell()
            await asyncio.sleep(min(LEAST_S, (time.monotonic() - began) * (1 / SHARE - 1)))

    async def _tell(self) -> None:
        watching: dict[str, list[Connection]] = defaultdict(list)
        for one in self._hub.connections():
            if one.watches is not None:
                watching[one.watches].append(one)
        self._last = {exam_id: board for exam_id, board in self._last.items() if exam_id in watching}
        for exam_id, pages in watching.items():
            try:
                await self._tell_exam(exam_id, pages)
            except Exception:
                # What is wrong with one exam keeps no other's control room waiting.
                log.exception("the day could not be shown", exam=exam_id)

    async def _tell_exam(self, exam_id: str, pages: "list[Connection]") -> None:
        board = await self.boards.board(exam_id)
        difference = board.message(self._last[exam_id]) if exam_id in self._last else None
        whole = None
        for page in pages:
            if page in self._told and difference is not None:
                page.post(difference)
            else:
                whole = whole or board.message()
                page.post(whole)
                self._told.add(page)
        self._last[exam_id] = board
