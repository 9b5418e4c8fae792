"""An examiner who never stops saving, and remembers what the server said is saved."""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any

from teleosce.core.errors import Fault
from teleosce.rehearsal.participant import Participant

EVERY_S, AGAIN_S = 0.5, 0.3


@dataclass(frozen=True)
class Acknowledged:
    """The server said that this is on disk."""

    form: str
    field: str
    version: int
    value: Any


class Scribe:
    """Saves a bookmark twice a second; one that is not acknowledged is sent again, with the same id, until it is."""

    def __init__(self, link: str, encounter: str) -> None:
        self._examiner = Participant(link)
        self.encounter = encounter
        self._task: asyncio.Task[None] | None = None
        self._form = ""
        self.acknowledged: list[Acknowledged] = []

    async def begin(self) -> None:
        """Joins, opens the mark sheet and begins."""
        await self._examiner.join()
        opened = await self._examiner.get(f"/api/encounters/{self.encounter}/forms/mark")
        self._form = opened["id"]
        self._task = asyncio.create_task(self._write(), name="scribe")

    async def _write(self) -> None:
        number = 0
        while True:
            number += 1
            value = {"at_ms": number * 100, "text": f"Remark {number}"}
            change = {"change_id": secrets.token_hex(8), "field": f"bookmark.r{number}", "value": value}
            await self._save(change | {"base_version": 0})
            await asyncio.sleep(EVERY_S)

    async def _save(self, change: dict[str, Any]) -> None:
        while True:
            try:
                said = await self._examiner.post(f"/api/forms/{self._form}/changes", {"changes": [change]})
            except Fault:
                await asyncio.sleep(AGAIN_S)
                continue
            for one in said["saved"]:
                self.acknowledged.append(Acknowledged(self._form, one["field"], one["version"], change["value"]))
            return

    async def stop(self) -> None:
        """Writes no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def missing(self) -> int:
        """How many of the acknowledged remarks the form does not show."""
        if not self._form:
            return 0
        fields = (await self._examiner.get(f"/api/encounters/{self.encounter}/forms/mark"))["fields"]
        return sum(fields.get(one.field, {}).get("value") != one.value for one in self.acknowledged)

    async def leave(self) -> None:
        """Closes the page."""
        await self.stop()
        await self._examiner.leave()
