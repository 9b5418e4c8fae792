"""A running server in which a consultation was recorded, transcribed and marked."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from teleosce.core.ids import new_id
from teleosce.recording.recorder import Recorder
from teleosce.rtc.model import Publication
from teleosce.scoring import Change, Kind, layout_of
from teleosce.transcripts import Match
from teleosce.transcripts import store as transcript_store
from teleosce.transcripts.models import HeardWord, Utterance
from tests.recording.media import AUDIO, VIDEO, Sender, deliver
from tests.web.house import House, house

CANDIDATE_SAYS = "Good morning what brings you zanzibar heliotrope"
PATIENT_SAYS = "I have a cough since Monday"


class World:
    """One encounter of a house, from its beginning to its mark."""

    def __init__(self, here: House, encounter_id: str, candidate: str, patient: str, examiner: str) -> None:
        self.house, self.rooms, self.encounter_id = here, here.rooms, encounter_id
        self.candidate, self.patient, self.examiner = candidate, patient, examiner
        self.data = here.rooms.settings.data
        self.folder = self.data / "encounters" / encounter_id

    def recorder(self) -> Recorder:
        return self.rooms.recordings._attended[self.encounter_id][1]

    async def send(
        self,
        seat_id: str,
        *,
        start: float = 0.0,
        seconds: float = 4.0,
        zero: float,
        end: bool = True,
        sender: Any = None,
    ) -> Publication:
        """One publication of a person, from `start` seconds after `zero` (of time.monotonic) on."""
        seat = await self.rooms.people.seat(seat_id)
        made = Publication(new_id(), self.encounter_id, seat.id, seat.name, (AUDIO, VIDEO))
        recorder = self.recorder()
        recorder.publication_started(made)
        await deliver(recorder, made, (sender or Sender()).events(start, start + seconds), zero)
        if end:
            recorder.publication_ended(made)
        return made

    async def record(self, seconds: float = 4.0) -> None:
        """Both speak; then the encounter ends and is sealed."""
        zero = time.monotonic() - seconds - 1
        for seat_id in (self.candidate, self.patient):
            await self.rooms.exams.attended([(self.encounter_id, seat_id)])
            await self.send(seat_id, seconds=seconds, zero=zero)
        await self.end()

    async def end(self) -> None:
        """The encounter goes to its end, and the recording is sealed."""
        day = self.rooms.day
        while (now := await self.rooms.exams.encounter(self.encounter_id)).phase != "done":
            await day.end_phase(self.encounter_id, now.phase)
        await day.heard()
        await self.sealed()

    async def sealed(self) -> None:
        async with asyncio.timeout(60):
            while await self.rooms.recordings.manifest(self.encounter_id) is None:  # noqa: ASYNC110 the disk tells nobody
                await asyncio.sleep(0.02)
            await self.rooms.recordings.seal(self.encounter_id)

    async def transcribe(self) -> None:
        """What Whisper would have written, without the minutes."""
        said = [_said(self.candidate, CANDIDATE_SAYS, 200), _said(self.patient, PATIENT_SAYS, 2200)]
        database = self.rooms.database
        async with database.write() as connection:
            job = next(
                one for one in await transcript_store.unfinished(connection) if one.encounter_id == self.encounter_id
            )
            await transcript_store.change(connection, job, model="tiny.en", model_sha256="0" * 64)
            await transcript_store.publish(connection, job, said, self.rooms.clock.now_ms())

    async def mark(self, comment: str = "Kind, a little quick.") -> str:
        """A mark, submitted; returns the form's id."""
        encounter = await self.rooms.exams.encounter(self.encounter_id)
        layout = layout_of(await self.rooms.stations.get(encounter.station_hash))
        form = await self.rooms.forms.open(Kind.mark, self.encounter_id, self.examiner)
        values: dict[str, Any] = {f"item.{item}": "done" for item in layout.items} | {
            "global": "pass",
            "comment": comment,
        }
        changes = [Change(field, value, 0, new_id()) for field, value in values.items()]
        for at in range(0, len(changes), 50):
            assert not (await self.rooms.forms.save(form.id, changes[at : at + 50], self.examiner, layout)).conflicts
        await self.rooms.forms.submit(form.id, self.examiner, layout)
        return form.id

    async def whole(self) -> str:
        """All of it; returns the mark's id."""
        await self.record()
        await self.transcribe()
        return await self.mark()


def _said(participant: str, text: str, starts_ms: int) -> Utterance:
    words: Sequence[str] = text.split()
    return Utterance(
        participant,
        tuple(
            HeardWord(word, starts_ms + 200 * index, starts_ms + 200 * index + 180, 0.9)
            for index, word in enumerate(words)
        ),
    )


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """An encounter that is being recorded."""
    async with house(folder) as here:
        encounter_id = await here.encounter_of("candidate")
        await here.begin(encounter_id)
        seats = [here.seat("candidate"), here.seat("sp"), here.seat("examiner")]
        encounter = await here.rooms.exams.encounter(encounter_id)
        assert (encounter.candidate, encounter.sp, encounter.examiner) == tuple(seats)
        yield World(here, encounter_id, *seats)


async def said_in(world: World, word: str) -> bool:
    """Whether a word is found in what was said in the consultation."""
    search = world.rooms.transcripts.find
    return bool((await search(word, [world.encounter_id], match=Match.words, role=None, least=0)).found)
