"""The room's door: asking for transcripts, reading, correcting and searching them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Invalid, NotFound, Unavailable
from teleosce.core.events import Events, TranscriptReady
from teleosce.transcripts import (
    store,
    store_checks,
    store_corrections,
    store_passages,
    store_suggestions,
    store_voices,
)
from teleosce.transcripts.corrected import ReadTurn
from teleosce.transcripts.find import Finder, Findings, Match
from teleosce.transcripts.models import Correction, Progress, State, Stretch, Transcript, Word
from teleosce.transcripts.passages import Known
from teleosce.transcripts.questions import Questions
from teleosce.transcripts.vocabulary import terms
from teleosce.transcripts.vtt import webvtt

if TYPE_CHECKING:
    from teleosce.people import Principal

log = structlog.get_logger(__name__)

_LONGEST = 200
_LOOK_S = 1.0


class Transcripts:
    """What the server does with transcripts. The hearing itself is the worker's: see `worker.run`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.questions = Questions()
        self._finder = Finder(database, self.questions)

    async def request(
        self,
        encounter_id: str,
        roles: Mapping[str, str],
        hints: Sequence[str] = (),
        exam_id: str | None = None,
    ) -> bool:
        """Asks the worker for the transcript of a sealed recording; when this returns, the request is on disk.

        roles: participant → role. hints: the station's neutral vocabulary (never its mark sheet: a hint can
        make Whisper hear an expected answer); the first 24 are used. exam_id: where `search` looks for it.
        Repeating it is safe: a transcript under way or ready is left as it is and False returned; a failed
        one begins again.
        """
        async with self._database.write() as connection:
            return await store.ask(
                connection,
                encounter_id,
                exam_id=exam_id,
                roles=roles,
                hints=terms(hints),
                now_ms=self._clock.now_ms(),
            )

    async def status(self, encounter_id: str) -> Progress:
        """How far the transcript of an encounter is, also before it was asked for."""
        async with self._database.read() as connection:
            row = await store.header(connection, encounter_id)
        if row is None:
            return Progress(State.waiting, 0.0, "The recording has not been closed yet.")
        return Progress(State(row.state), row.done, row.message)

    async def statuses(self, encounter_ids: Collection[str]) -> dict[str, Progress]:
        """How far the transcripts of some encounters are; those not yet asked for are left out."""
        async with self._database.read() as connection:
            rows = await store.headers(connection, encounter_ids)
        return {encounter_id: Progress(State(state), done, message) for encounter_id, state, done, message in rows}

    async def asked_for(self, encounter_id: str) -> bool:
        """Whether the transcript of an encounter was ever asked for: from then on `status` tells of it."""
        async with self._database.read() as connection:
            return await store.header(connection, encounter_id) is not None

    async def get(self, encounter_id: str) -> Transcript | None:
        """The whole transcript, corrections included; None until it is ready."""
        async with self._database.read() as connection:
            row = await store.header(connection, encounter_id)
            if row is None or row.state != State.ready:
                return None
            turns = await store.read_turns(connection, encounter_id)
        return Transcript(encounter_id, row.model, tuple(row.hints), turns)

    async def voices(self, encounter_id: str) -> dict[str, list[Stretch]]:
        """When each participant spoke, by voice activity; empty where a transcript was made before this was kept."""
        async with self._database.read() as connection:
            return await store_voices.read_voices(connection, encounter_id)

    async def webvtt(self, encounter_id: str) -> str:
        """The transcript as a WebVTT file. Raises NotFound until it is ready."""
        transcript = await self.get(encounter_id)
        if transcript is None:
            raise NotFound("There is no transcript of this encounter yet.")
        return webvtt(transcript)

    async def correct(self, word_id: str, text: str, principal: "Principal") -> Word:
        """Keeps what a person says was said beside what the machine heard; an empty text strikes the word out.

        Earlier corrections are kept too. Raises Invalid for a text that is too long, NotFound for no such word.
        """
        text = " ".join(text.split())
        if len(text) > _LONGEST or not text.isprintable():
            raise Invalid(f"A correction has at most {_LONGEST} letters, and none that cannot be seen.")
        author = principal.account_id or principal.seat_id or principal.session_id
        async with self._database.write() as connection:
            word = await store_corrections.correct(
                connection, word_id, text, author=author, name=principal.name, now_ms=self._clock.now_ms()
            )
            if word is not None and (encounter_id := await store.encounter_of(connection, word_id)):
                await store_passages.outdate(connection, encounter_id)
        if word is None:
            raise NotFound("There is no such word in any transcript.")
        return word

    async def confirm(self, turn_id: str, principal: "Principal") -> None:
        """Keeps that a person read a turn and finds it right as it now stands. Raises NotFound for no such turn."""
        author = principal.account_id or principal.seat_id or principal.session_id
        async with self._database.write() as connection:
            if await store_corrections.encounter_of_turn(connection, turn_id) is None:
                raise NotFound("There is no such turn in any transcript.")
            await store_checks.check(
                connection, turn_id, author=author, name=principal.name, now_ms=self._clock.now_ms()
            )

    async def read_through(self, encounter_ids: Sequence[str]) -> list[ReadTurn]:
        """The turns of some encounters that people said are right, or corrected."""
        async with self._database.read() as connection:
            return await store_corrections.read_through(connection, encounter_ids)

    async def encounter_of_turn(self, turn_id: str) -> str:
        """The encounter in which a turn was said: whose right it is to read it. Raises NotFound."""
        async with self._database.read() as connection:
            found = await store_corrections.encounter_of_turn(connection, turn_id)
        if found is None:
            raise NotFound("There is no such turn in any transcript.")
        return found

    async def corrections(self, word_id: str) -> list[Correction]:
        """All corrections of a word, the oldest first."""
        async with self._database.read() as connection:
            return await store_corrections.history(connection, word_id)

    async def encounter_of(self, word_id: str) -> str:
        """The encounter in which a word was said: whose right it is to read it. Raises NotFound."""
        async with self._database.read() as connection:
            found = await store.encounter_of(connection, word_id)
        if found is None:
            raise NotFound("There is no such word in any transcript.")
        return found

    async def find(
        self, query: str, encounter_ids: Collection[str], *, match: Match, role: str | None, least: float
    ) -> Findings:
        """Every moment of some encounters that holds what is asked for, by words and by meaning: see `find.py`."""
        return await self._finder.find(query, encounter_ids, match=match, role=role, least=least)

    async def passages(self, encounter_ids: Collection[str]) -> list[Known]:
        """What the passages of some transcripts mean, as far as the worker has read them."""
        async with self._database.read() as connection:
            return await store_passages.read_passages(connection, encounter_ids)

    async def is_read(self, encounter_id: str) -> bool:
        """Whether `passages` are those of the transcript's present words."""
        async with self._database.read() as connection:
            return await store_passages.is_read(connection, encounter_id)

    async def delete(self, encounter_id: str, why: str, *, participant_id: str | None = None) -> int:
        """Deletes what a participant said, or the whole transcript, which then says `why`. Returns how many turns."""
        async with self._database.write() as connection:
            gone = await store.delete_words(connection, encounter_id, participant_id)
            await store_passages.outdate(connection, encounter_id, forget=True)
            await store_suggestions.forget(connection, encounter_id)
            if participant_id is None:
                await store.close(connection, encounter_id, why)
        self._finder.forget(encounter_id)
        return gone

    async def forget_author(self, author: str, name: str) -> int:
        """Who corrected words is called `name` from now on; returns how many corrections there are."""
        async with self._database.write() as connection:
            return await store.forget_author(connection, author, name)

    async def watch(self, events: Events) -> None:
        """Publishes TranscriptReady, once for each transcript, until it is cancelled."""
        while True:
            try:
                for encounter_id in await self._announced():
                    await events.publish(TranscriptReady(encounter_id))
            except Unavailable as busy:
                log.warning("transcripts cannot be looked for", reason=busy.message)
            except Exception:
                log.exception("transcripts that became ready could not be told of")
            await asyncio.sleep(_LOOK_S)

    async def _announced(self) -> list[str]:
        """The transcripts that became ready since the last call. Most calls only read."""
        async with self._database.read() as connection:
            if not await store.any_unannounced(connection):
                return []
        async with self._database.write() as connection:
            return await store.announce(connection)
