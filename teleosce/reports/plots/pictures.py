"""Pictures of plots: drawn in a process of their own, and kept while the server runs."""

import asyncio
import json
import sys
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

from teleosce.core.errors import Unavailable
from teleosce.reports.plots.plot import Spec
from teleosce.reports.runs import digest

PAINTER = Path(__file__).with_name("painter.py")
KEPT = 300
"""Pictures that are kept; one is some 50 kB."""
IDLE_S = 60.0
"""After this time without work the process, and its 100 MB, are given back."""
PATIENCE_S = 60.0
LONGEST_LINE = 1 << 26

SNIPPET = "window.vegaEmbed = vegaEmbed;"


class Pictures:
    """All pictures of a server."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._bundle: str | None = None

    async def svg(self, spec: Spec) -> str:
        """The picture of a whole specification (`drawn`). Raises Unavailable when it cannot be drawn."""
        key = digest(spec)
        if key not in self._kept:
            self._kept[key] = (await self._ask({"spec": spec}))["svg"]
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    async def bundle(self) -> str:
        """Vega, Vega-Lite and Vega-Embed as one script that puts `vegaEmbed` on the window; some seconds once."""
        if self._bundle is None:
            self._bundle = (await self._ask({"bundle": SNIPPET}))["bundle"]
        return self._bundle

    async def close(self) -> None:
        """Ends the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, wanted: dict[str, Any]) -> dict[str, Any]:
        async with self._turn:
            if self._idle:
                self._idle.cancel()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    answer = await self._answer(wanted)
            except (TimeoutError, OSError, ValueError) as error:
                await self._end()
                raise _not_drawn() from error
            except asyncio.CancelledError:
                await self._end()  # the answer would be taken for that of the next question
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._rest)
        if "error" in answer:
            raise _not_drawn()
        return answer

    async def _answer(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(PAINTER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LONGEST_LINE,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        await process.stdin.drain()
        answer: dict[str, Any] = json.loads(await process.stdout.readline())
        return answer

    def _rest(self) -> None:
        if self._process and self._process.stdin and not self._turn.locked():
            self._process.stdin.close()  # it ends by itself

    async def _end(self) -> None:
        if self._idle:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _not_drawn() -> Unavailable:
    return Unavailable("The picture could not be drawn. Its table has the same figures.", code="not-drawn")
