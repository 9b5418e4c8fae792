"""A synthetic examiner: marks a whole sheet by keyboard, evidence attached, and measures what the page adds."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page

SCRIPT = Path(__file__).parent / "desk.js"
MARKS = "1123121131"
"""Done, partly and not done, as they come."""
REMARK = "Asked late, and only after the patient had mentioned it."
EVERY = 7
"""Every so many items one gets a remark."""


@dataclass
class Evening:
    """What marking took. `keys` are all presses, `remark_keys` those of the remarks' own letters; times are in ms.

    saves: from a key to the words that it is saved. seeks: from a key to both pictures of the moment. delays: from a
    key to the next frame on the screen.
    """

    items: int = 0
    keys: int = 0
    remark_keys: int = 0
    saves: list[float] = field(default_factory=list)
    seeks: list[dict[str, Any]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    @property
    def keys_per_item(self) -> float:
        """Without the letters of remarks: moving, attaching, marking, rating, submitting."""
        return round((self.keys - self.remark_keys) / max(1, self.items), 2)


class Examiner:
    """Sits at a desk that is open and ready; `bench/desk.js` is in the page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.evening = Evening()

    async def mark_everything(self) -> Evening:
        """Listens on for each item, attaches the moment, marks it; then the global rating, and submits."""
        page, evening = self._page, self.evening
        evening.items = await page.locator("article.item").count()
        await page.evaluate("bench.attend()")
        await self._key("g")
        for _ in range(evening.items):
            await self._key("ArrowUp")  # from the rating up to the first item
        for number in range(evening.items):
            await self._seek("l")
            await self._saved("e")
            if number % EVERY == EVERY - 1:
                await self._remark()
            await self._saved(MARKS[number % len(MARKS)])
        await self._key("g")
        await self._saved("4")
        await self._key("Control+Enter")
        await page.locator("#mark-locked").wait_for()
        evening.delays = await page.evaluate("bench.delays()")
        return evening

    async def _key(self, key: str) -> None:
        await self._page.keyboard.press(key)
        self.evening.keys += 1

    async def _seek(self, key: str) -> None:
        await self._page.evaluate("bench.expectSeek('keydown')")
        await self._key(key)
        self.evening.seeks.append({"frames": await asyncio.wait_for(self._page.evaluate("bench.seek"), 60)})

    async def _saved(self, key: str) -> None:
        await self._page.evaluate("bench.expectSaved()")
        await self._key(key)
        self.evening.saves.append(await asyncio.wait_for(self._page.evaluate("bench.saved"), 60))

    async def _remark(self) -> None:
        await self._key("w")
        await self._page.evaluate("bench.expectSaved()")
        await self._page.keyboard.type(REMARK)
        await asyncio.wait_for(self._page.evaluate("bench.saved"), 60)
        self.evening.keys += len(REMARK)
        self.evening.remark_keys += len(REMARK)
        await self._key("Escape")
