"""Reads transcripts for their meaning: the worker's step after a transcript, and after each change of one."""

import asyncio

import structlog
from sqlalchemy.exc import DBAPIError

from teleosce.core.db import Database
from teleosce.core.errors import Unavailable
from teleosce.transcripts import store, store_passages
from teleosce.transcripts.meaning import Encoder
from teleosce.transcripts.passages import Known, Passage, passages

log = structlog.get_logger(__name__)


class Reader:
    """Reads one transcript after the other. The encoder is loaded for the first, and kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._encoder: Encoder | None = None
        self._failed: set[str] = set()

    async def read_one(self) -> bool:
        """Reads a transcript that is not read as it now is; False when all are.

        What cannot be read is left out until the process starts again. Raises Unavailable without weights.
        """
        async with self._database.read() as connection:
            encounter_id = await store_passages.unread(connection, self._failed)
        if encounter_id is None:
            return False
        if self._encoder is None:
            self._encoder = await asyncio.to_thread(Encoder)
        try:
            await self._read(encounter_id, self._encoder)
        except (Unavailable, DBAPIError, OSError):
            raise  # the database's or the disk's trouble, not the transcript's: the worker tries again
        except Exception:
            log.exception("a transcript could not be read for its meaning", encounter=encounter_id)
            self._failed.add(encounter_id)
        return True

    async def _read(self, encounter_id: str, encoder: Encoder) -> None:
        async with self._database.write() as connection:
            due = await store_passages.begin(connection, encounter_id)
        async with self._database.read() as connection:
            turns = await store.read_turns(connection, encounter_id)
            before = {known.digest: known for known in await store_passages.read_passages(connection, [encounter_id])}
        known = await asyncio.to_thread(_encoded, encoder, encounter_id, passages(turns), before)
        async with self._database.write() as connection:
            kept = await store_passages.keep(connection, encounter_id, known, due)
        log.info("a transcript was read for its meaning", encounter=encounter_id, passages=len(known), kept=kept)


def _encoded(encoder: Encoder, encounter_id: str, found: list[Passage], before: dict[str, Known]) -> list[Known]:
    """The passages with their vectors; those whose words are as before keep theirs."""
    return [
        Known(
            encounter_id,
            passage.number,
            passage.turns[0].id,
            passage.turns[-1].id,
            passage.starts_ms,
            passage.ends_ms,
            passage.digest,
            before[passage.digest].vectors
            if passage.digest in before
            else encoder.in_context([turn.text for turn in passage.turns]),
        )
        for passage in found
    ]
