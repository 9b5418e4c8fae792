"""Tells the other rooms what happened without letting a slow listener hold up the clock."""

import asyncio
from collections.abc import Sequence

from teleosce.core.events import Events


class Announcer:
    """Publishes events: those of one encounter in order, those of different encounters side by side."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._last: dict[str, asyncio.Task[None]] = {}

    def announce(self, encounter_id: str, happenings: Sequence[object]) -> None:
        """Publishes after all that was announced of this encounter before. Returns at once."""
        task = asyncio.create_task(self._publish(self._last.get(encounter_id), happenings))
        self._last[encounter_id] = task
        task.add_done_callback(lambda done: self._forget(encounter_id, done))

    async def heard(self) -> None:
        """Returns when every event announced so far has been heard."""
        await asyncio.gather(*self._last.values())

    async def _publish(self, before: asyncio.Task[None] | None, happenings: Sequence[object]) -> None:
        if before is not None:
            await asyncio.wait([before])
        for happening in happenings:
            await self._events.publish(happening)

    def _forget(self, encounter_id: str, task: asyncio.Task[None]) -> None:
        if self._last.get(encounter_id) is task:
            del self._last[encounter_id]
