import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text as sql
from structlog.testing import capture_logs
from transcript_world import CANDIDATE, PATIENT, ROLES, World, examiner

from teleosce.core.errors import Invalid, NotFound
from teleosce.core.events import Events, TranscriptReady
from teleosce.core.ids import new_id
from teleosce.transcripts import Found, Match, State, Transcript, Word, store, store_voices
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.turns import utterances

SAID = {CANDIDATE: "Which inhalers do you use?", PATIENT: "The blue one. I take ramble each morning."}


def heard(text: str, at_ms: int) -> list[HeardWord]:
    return [HeardWord(word, at_ms + n * 300, at_ms + n * 300 + 250, 0.9) for n, word in enumerate(text.split())]


async def ready(world: World, said: dict[str, str] | None = None, exam_id: str | None = None) -> str:
    """A transcript as the worker leaves it."""
    encounter = new_id()
    await world.transcripts.request(encounter, ROLES, ["ramipril"], exam_id)
    words = {who: heard(text, 5_000 * n) for n, (who, text) in enumerate((said or SAID).items())}
    async with world.database.write() as connection:
        [job] = [job for job in await store.unfinished(connection) if job.encounter_id == encounter]
        await store.change(connection, job, model="tiny.en")
        await store.publish(connection, job, utterances(words), 1)
    return encounter


async def transcript_of(world: World, encounter: str) -> Transcript:
    transcript = await world.transcripts.get(encounter)
    assert transcript
    return transcript


async def word_of(world: World, encounter: str, text: str) -> Word:
    transcript = await transcript_of(world, encounter)
    return next(word for turn in transcript.turns for word in turn.words if word.text == text)


async def test_before_it_is_asked_for_a_transcript_waits(world: World) -> None:
    progress = await world.transcripts.status(new_id())
    assert (progress.state, progress.done) == (State.waiting, 0.0)
    assert "not been closed" in progress.message
    assert await world.transcripts.get(new_id()) is None


async def test_asking_twice_is_asking_once(world: World) -> None:
    encounter = new_id()
    assert await world.transcripts.request(encounter, ROLES, [])
    assert not await world.transcripts.request(encounter, ROLES, [])
    made = await ready(world)
    assert not await world.transcripts.request(made, ROLES, [])
    assert (await world.transcripts.status(made)).state is State.ready


async def test_a_transcript_comes_back_as_it_was_heard(world: World) -> None:
    transcript = await transcript_of(world, await ready(world))
    assert [(turn.role, turn.text) for turn in transcript.turns] == [
        ("candidate", "Which inhalers do you use?"),
        ("sp", "The blue one."),
        ("sp", "I take ramble each morning."),
    ]
    assert (transcript.model, transcript.hints) == ("tiny.en", ("ramipril",))
    assert transcript.turns[1].words[0].starts_ms == 5_000


async def test_a_correction_stands_beside_what_was_heard(world: World) -> None:
    encounter = await ready(world)
    word = await word_of(world, encounter, "ramble")
    first, second = examiner(), examiner()
    await world.transcripts.correct(word.id, "ramipil", first)
    corrected = await world.transcripts.correct(word.id, " ramipril\n", second)
    assert (corrected.text, corrected.corrected) == ("ramble", "ramipril")
    assert (await word_of(world, encounter, "ramble")).corrected == "ramipril"

    history = await world.transcripts.corrections(word.id)
    assert [(one.text, one.author) for one in history] == [
        ("ramipil", first.seat_id),
        ("ramipril", second.seat_id),
    ]
    assert history[0].at_ms <= history[1].at_ms
    assert "ramipril" in await world.transcripts.webvtt(encounter)


async def said(world: World, query: str, *encounters: str) -> list[Found]:
    """What a search by words finds."""
    found = await world.transcripts.find(query, encounters, match=Match.words, role=None, least=0)
    return [one for group in found.found.values() for one in group]


async def test_search_finds_what_a_person_wrote_and_no_longer_what_was_heard(world: World) -> None:
    encounter = await ready(world)
    word = await word_of(world, encounter, "ramble")
    await world.transcripts.correct(word.id, "ramipril", examiner())
    [hit] = await said(world, "Ramipril morning", encounter)
    assert (hit.encounter_id, hit.role, hit.text) == (encounter, "sp", "I take ramipril each morning.")
    assert hit.starts_ms == 5_900
    assert await said(world, "ramble", encounter) == []


async def test_a_word_struck_out_is_kept_but_not_read(world: World) -> None:
    encounter = await ready(world)
    word = await word_of(world, encounter, "blue")
    await world.transcripts.correct(word.id, "", examiner())
    transcript = await transcript_of(world, encounter)
    assert [turn.text for turn in transcript.turns][1] == "The one."
    assert (await word_of(world, encounter, "blue")).corrected == ""


async def test_search_takes_any_form_of_a_word_and_stays_where_it_is_asked(world: World) -> None:
    mine, other = await ready(world), await ready(world)
    assert [hit.encounter_id for hit in await said(world, "inhaler", mine)] == [mine]
    assert len(await said(world, "inhaler", mine, other)) == 2


@pytest.mark.parametrize("query", ["", "   ", '"', "a OR", "NEAR(", "body:pain", "*", "-x", "'; --", "é☃", "(" * 500])
async def test_no_query_breaks_the_search(world: World, query: str) -> None:
    assert await said(world, query, await ready(world)) == []


async def test_a_correction_that_cannot_be_kept_is_refused(world: World) -> None:
    word = await word_of(world, await ready(world), "blue")
    for text in ("x" * 201, "nul\0"):
        with pytest.raises(Invalid):
            await world.transcripts.correct(word.id, text, examiner())
    with pytest.raises(NotFound):
        await world.transcripts.correct(new_id(), "blue", examiner())


async def test_a_word_leads_to_its_encounter(world: World) -> None:
    encounter = await ready(world)
    word = await word_of(world, encounter, "blue")
    assert await world.transcripts.encounter_of(word.id) == encounter
    with pytest.raises(NotFound):
        await world.transcripts.encounter_of(new_id())


async def test_that_it_is_ready_is_said_once(world: World) -> None:
    events = Events()
    told: asyncio.Queue[str] = asyncio.Queue()

    async def hear(event: TranscriptReady) -> None:
        await told.put(event.encounter_id)

    events.subscribe(TranscriptReady, hear)
    for _server in range(2):  # the second must not say again what the first has said
        encounter = await ready(world)
        watch = asyncio.create_task(world.transcripts.watch(events))
        assert await asyncio.wait_for(told.get(), 10) == encounter
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
    assert told.empty()


async def test_a_database_that_breaks_for_a_while_ends_no_watch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleosce.transcripts.transcripts._LOOK_S", 0.02)
    events = Events()
    told: asyncio.Queue[str] = asyncio.Queue()

    async def hear(event: TranscriptReady) -> None:
        await told.put(event.encounter_id)

    async def rename(before: str, after: str) -> None:
        async with world.database.write() as connection:
            await connection.execute(sql(f"ALTER TABLE {before} RENAME TO {after}"))

    events.subscribe(TranscriptReady, hear)
    encounter = await ready(world)
    await rename("transcripts", "away")
    watch = asyncio.create_task(world.transcripts.watch(events))
    with capture_logs() as said:
        async with asyncio.timeout(30):
            while not said:  # noqa: ASYNC110 the watch looks by itself
                await asyncio.sleep(0.01)
    await rename("away", "transcripts")
    assert await asyncio.wait_for(told.get(), 30) == encounter
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


async def test_when_people_spoke_is_kept_and_goes_with_their_words(world: World) -> None:
    encounter = await ready(world)
    assert await world.transcripts.voices(encounter) == {}
    spoke = {CANDIDATE: [(0, 900), (2_000, 2_400)], PATIENT: [(5_000, 7_000)]}
    for kept in ({CANDIDATE: [(1, 2)]}, spoke):
        async with world.database.write() as connection:
            await store_voices.keep_voices(connection, encounter, kept)
    assert await world.transcripts.voices(encounter) == spoke
    await world.transcripts.delete(encounter, "asked for", participant_id=PATIENT)
    assert list(await world.transcripts.voices(encounter)) == [CANDIDATE]
    await world.transcripts.delete(encounter, "asked for")
    assert await world.transcripts.voices(encounter) == {}
