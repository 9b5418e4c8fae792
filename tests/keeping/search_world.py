"""Two consultations of one exam, recorded and written down: one candidate asks about allergies, the other does not."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from teleosce.core.errors import Unavailable
from teleosce.scoring import MarkingRules
from teleosce.transcripts import store
from teleosce.transcripts.models import HeardWord, Utterance
from teleosce.transcripts.reading import Reader
from tests.keeping.keeping_world import World
from tests.web.house import House, house

Lines = Sequence[tuple[str, str]]

ASKS: Lines = (
    (
        "candidate",
        "Before I prescribe anything, has a medicine ever given you a bad reaction, or are you allergic to any?",
    ),
    ("sp", "Penicillin, years ago. I came out in a rash all over."),
    ("candidate", "Thank you, that matters. I will write it down."),
)
ASKS_NOT: Lines = (
    ("candidate", "Hello, how long has the cough been going on?"),
    ("sp", "Since Monday, and it keeps me up at night."),
    ("candidate", "Let us try this syrup first."),
)
SECONDS = 8.0


async def write(world: World, lines: Lines) -> None:
    """What Whisper would have written."""
    seats = {"candidate": world.candidate, "sp": world.patient}
    said = [
        Utterance(
            seats[role],
            tuple(
                HeardWord(word, at + 90 * place, at + 90 * place + 80, 0.9) for place, word in enumerate(text.split())
            ),
        )
        for at, (role, text) in zip((1000, 3500, 5500), lines, strict=True)
    ]
    async with world.rooms.database.write() as connection:
        waiting = await store.unfinished(connection)
        job = next(one for one in waiting if one.encounter_id == world.encounter_id)
        await store.change(connection, job, model="tiny.en", model_sha256="0" * 64)
        await store.publish(connection, job, said, world.rooms.clock.now_ms())


async def read(here: House) -> bool:
    """What the worker does afterwards; False where its weights are not installed."""
    reader = Reader(here.rooms.database)
    try:
        while await reader.read_one():
            pass
    except Unavailable:
        return False
    return True


async def agree(world: World, seat_id: str, *, agreed: bool = True) -> None:
    """The answer of a person who has joined."""
    now = world.rooms.clock.now_ms()
    link = await world.rooms.people.issue_link(seat_id, now - 1, now + 99_000_000)
    _, principal = await world.rooms.people.join(link, "a browser")
    version = world.rooms.people.training_text().version
    await world.rooms.people.answer_training(principal, version, agreed=agreed)


async def allow(world: World, *, reels: bool = True) -> None:
    """The exam's rules."""
    exam_id = (await world.rooms.exams.encounter(world.encounter_id)).exam_id
    kept = await world.rooms.marking.kept_rules(exam_id)
    await world.rooms.marking.set_rules(exam_id, MarkingRules(reels=reels), kept.version)


@asynccontextmanager
async def two_worlds(folder: Path) -> AsyncIterator[tuple[World, World]]:
    """All four have agreed to teaching; whether reels may be cut is not said yet."""
    async with house(folder) as here:
        made = []
        for index, lines in enumerate((ASKS, ASKS_NOT)):
            encounter_id = await here.encounter_of("candidate", index)
            await here.begin(encounter_id)
            encounter = await here.rooms.exams.encounter(encounter_id)
            assert encounter.candidate
            assert encounter.sp
            world = World(here, encounter_id, encounter.candidate, encounter.sp, here.seat("examiner"))
            await world.record(SECONDS)
            await write(world, lines)
            for seat in (world.candidate, world.patient):
                await agree(world, seat)
            made.append(world)
        yield made[0], made[1]
