"""A large language model behind an OpenAI-compatible address, asked for moments where a school and an exam allow it.

It is asked once for each state of a transcript, in the background; nobody waits for it, and what it does not answer is
found on this server alone.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Fault, Invalid
from teleosce.core.settings import Settings
from teleosce.transcripts import Turn, store_suggestions
from teleosce.transcripts.evidence import Sought
from teleosce.transcripts.large_model import digest_of, request_for, taken

log = structlog.get_logger(__name__)

_TIMEOUT = ClientTimeout(total=180)
_AGAIN_MS = 600_000
"""What failed is asked again after so long."""
_AT_ONCE = 2
_LARGEST = 1 << 20
"""No answer to our question is longer, in bytes."""


@dataclass(frozen=True)
class Suggested:
    """state: asking, ready or failed. message: why it failed. items: turns by item, once it is ready."""

    state: str
    message: str = ""
    items: Mapping[str, Sequence[str]] = field(default_factory=dict)


class LargeModel:
    """The model of the settings. `name` is None where none is set: then nothing ever leaves this server."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.name = settings.large_model_name
        self._url = f"{(settings.large_model_url or '').rstrip('/')}/chat/completions"
        self._key = settings.large_model_key
        self._database, self._clock = database, clock
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, tuple[int, str]] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def suggested(self, encounter_id: str, sought: Sequence[Sought], turns: Sequence[Turn]) -> Suggested:
        """What it suggests for these items and words, at once: where it was not asked yet, it is asked now."""
        request = request_for(self.name or "", sought, turns)
        digest = digest_of(request)
        async with self._database.read() as connection:
            found = await store_suggestions.suggested(connection, encounter_id, digest)
        if found is not None:
            return Suggested("ready", items=found)
        failed_ms, why = self._failed.get(digest, (0, ""))
        if self._clock.now_ms() - failed_ms < _AGAIN_MS:
            return Suggested("failed", why)
        if digest not in self._asking:
            task = asyncio.create_task(self._ask(encounter_id, digest, request, sought, turns), name="large model")
            self._asking[digest] = task
            task.add_done_callback(lambda _: self._asking.pop(digest, None))
        return Suggested("asking")

    async def close(self) -> None:
        """Ends what is under way; it is asked again when somebody next wants it."""
        for task in (under_way := list(self._asking.values())):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _ask(
        self,
        encounter_id: str,
        digest: str,
        request: dict[str, object],
        sought: Sequence[Sought],
        turns: Sequence[Turn],
    ) -> None:
        try:
            async with self._few:
                answer = await self._answer(request)
            found = taken(answer, sought, turns)
            async with self._database.write() as connection:
                await store_suggestions.keep(
                    connection, encounter_id, digest, model=self.name or "", found=found, at_ms=self._clock.now_ms()
                )
        except (ClientError, OSError, ValueError, Fault) as error:
            why = error.message if isinstance(error, Fault) else "It could not be reached, or did not answer in time."
            self._failed[digest] = (self._clock.now_ms(), why)
            log.warning("the large model gave nothing", encounter=encounter_id, reason=type(error).__name__)
            return
        self._failed.pop(digest, None)
        log.info("the large model suggested moments", encounter=encounter_id, turns=sum(map(len, found.values())))

    async def _answer(self, request: dict[str, object]) -> object:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"} if self._key else {}
        # It speaks to the address of the settings and to no other that this sends it to.
        async with (
            ClientSession(timeout=_TIMEOUT, headers=headers) as http,
            http.post(self._url, json=request, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise Invalid(f"It answered with HTTP {response.status}.", code="large-model")
            body = b""
            async for part in response.content.iter_any():
                body += part
                if len(body) > _LARGEST:
                    raise Invalid("Its answer is too long.", code="large-model")
            return json.loads(body)
