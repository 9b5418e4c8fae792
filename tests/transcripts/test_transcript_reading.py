"""Transcripts read for their meaning, with real weights."""

import numpy as np
import pytest
from test_transcript_store import heard, ready, transcript_of, word_of
from transcript_world import CANDIDATE, PATIENT, ROLES, World, examiner

from teleosce.core.ids import new_id
from teleosce.transcripts import store, store_passages
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.passages import WORDS, Known, passages
from teleosce.transcripts.reading import Reader
from teleosce.transcripts.turns import utterances

pytestmark = pytest.mark.speech

TALK = (
    (CANDIDATE, "Hello. Which inhalers do you use?"),
    (PATIENT, "The blue one. I take ramble each morning."),
    (CANDIDATE, "Are you allergic to anything?"),
    (PATIENT, "Penicillin, I come out in a rash."),
)


async def spoken(world: World) -> str:
    encounter = new_id()
    await world.transcripts.request(encounter, ROLES)
    words: dict[str, list[HeardWord]] = {CANDIDATE: [], PATIENT: []}
    for number, (who, text) in enumerate(TALK):
        words[who] += heard(text, 5_000 * number)
    async with world.database.write() as connection:
        [job] = await store.unfinished(connection)
        await store.change(connection, job, model="tiny.en")
        await store.publish(connection, job, utterances(words), 1)
    return encounter


async def known(world: World, encounter: str) -> list[Known]:
    async with world.database.read() as connection:
        return await store_passages.read_passages(connection, [encounter])


async def is_read(world: World, encounter: str) -> bool:
    async with world.database.read() as connection:
        return await store_passages.is_read(connection, encounter)


async def test_a_question_and_its_answer_are_one_passage(world: World) -> None:
    encounter = await spoken(world)
    assert not await is_read(world, encounter)
    reader = Reader(world.database)
    assert await reader.read_one()
    assert not await reader.read_one()
    assert await is_read(world, encounter)

    turns = (await transcript_of(world, encounter)).turns
    found = await known(world, encounter)
    assert [(p.first_turn, p.last_turn) for p in found] == [(turns[0].id, turns[3].id), (turns[4].id, turns[5].id)]
    assert [len(passage.vectors) for passage in found] == [5, 3]
    assert (found[1].starts_ms, found[1].ends_ms) == (turns[4].starts_ms, turns[5].ends_ms)


async def test_after_a_correction_only_what_it_changed_is_read_again(world: World) -> None:
    encounter = await spoken(world)
    reader = Reader(world.database)
    await reader.read_one()
    before = await known(world, encounter)
    word = await word_of(world, encounter, "ramble")
    await world.transcripts.correct(word.id, "ramipril", examiner())
    assert not await is_read(world, encounter)
    assert await reader.read_one()
    after = await known(world, encounter)
    assert before[0].digest != after[0].digest
    assert not np.array_equal(before[0].vectors, after[0].vectors)
    assert before[1].digest == after[1].digest
    assert not await reader.read_one()


async def test_a_change_during_a_reading_is_read_next(world: World) -> None:
    encounter = await spoken(world)
    word = await word_of(world, encounter, "ramble")
    async with world.database.write() as connection:
        due = await store_passages.begin(connection, encounter)
    await world.transcripts.correct(word.id, "ramipril", examiner())
    async with world.database.write() as connection:
        assert not await store_passages.keep(connection, encounter, [], due)
    assert not await is_read(world, encounter)
    assert await Reader(world.database).read_one()
    assert await is_read(world, encounter)


async def test_when_words_go_what_they_meant_goes(world: World) -> None:
    encounter = await spoken(world)
    reader = Reader(world.database)
    await reader.read_one()
    await world.transcripts.delete(encounter, "At their request.", participant_id=PATIENT)
    assert await known(world, encounter) == []
    await reader.read_one()
    assert [len(passage.vectors) for passage in await known(world, encounter)] == [4]
    await world.transcripts.delete(encounter, "At their request.")
    assert await known(world, encounter) == []
    assert not await reader.read_one()


async def test_a_transcript_without_words_is_read_once(world: World) -> None:
    encounter = await ready(world, {CANDIDATE: ""})
    reader = Reader(world.database)
    assert await reader.read_one()
    assert not await reader.read_one()
    assert await is_read(world, encounter)


async def test_every_turn_is_in_one_passage_and_none_is_too_long(world: World) -> None:
    talk = [HeardWord(f"word{n}." if n % 15 == 0 else "word", n * 300, n * 300 + 250, 1.0) for n in range(1000)]
    encounter = new_id()
    await world.transcripts.request(encounter, ROLES)
    async with world.database.write() as connection:
        [job] = await store.unfinished(connection)
        await store.publish(connection, job, utterances({CANDIDATE: talk}), 1)
        turns = await store.read_turns(connection, encounter)
    found = passages(turns)
    assert [turn for passage in found for turn in passage.turns] == list(turns)
    assert max(sum(len(turn.words) for turn in passage.turns) for passage in found) <= WORDS
    assert len(found) == 9
