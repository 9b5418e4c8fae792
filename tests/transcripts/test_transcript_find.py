"""Search across recordings: a real database, the real encoder where its weights are installed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.errors import Unavailable
from teleosce.core.ids import new_id
from teleosce.transcripts import LEAST, Findings, Match, Transcripts, store
from teleosce.transcripts.meaning import find_meaning
from teleosce.transcripts.models import HeardWord, Utterance
from teleosce.transcripts.question import terms, topic
from teleosce.transcripts.reading import Reader

try:
    find_meaning()
    WEIGHTS = True
except Unavailable:
    WEIGHTS = False

ASKS = [
    ("candidate", "Good morning, I am the doctor on call. What brings you to us today?"),
    ("sp", "I have had this cough since Monday and it keeps me awake."),
    ("candidate", "And do you smoke at all, or did you ever?"),
    ("sp", "About ten a day since I was twenty."),
    ("candidate", "Are there any medicines you are allergic to?"),
    ("sp", "Penicillin. I came out in a rash."),
]
ASKS_NOT = [
    ("candidate", "Hello there. How long has the cough been going on?"),
    ("sp", "Since Monday. Nobody in my family has any allergies, before you ask."),
    ("candidate", "Take this syrup twice a day and ring us on Friday."),
    ("sp", "Thank you, doctor."),
]


class House:
    """Transcripts of two encounters, and a third that has none."""

    def __init__(self, database: Database) -> None:
        self.database, self.transcripts = database, Transcripts(database, Clock())
        self.asks, self.asks_not, self.silent = new_id(), new_id(), new_id()

    async def write(self, encounter_id: str, lines: list[tuple[str, str]]) -> None:
        roles = {role: role for role in ("candidate", "sp")}
        await self.transcripts.request(encounter_id, roles)
        async with self.database.write() as connection:
            (job,) = [one for one in await store.unfinished(connection) if one.encounter_id == encounter_id]
            await store.change(connection, job, model="tiny.en", model_sha256="0" * 64)
            said = [_said(role, text, 4000 * number) for number, (role, text) in enumerate(lines)]
            await store.publish(connection, job, said, 1)

    async def find(
        self, query: str, *, match: Match = Match.both, role: str | None = None, strength: str = "likely"
    ) -> Findings:
        every = [self.asks, self.asks_not, self.silent]
        return await self.transcripts.find(query, every, match=match, role=role, least=LEAST[strength])


def _said(role: str, text: str, at_ms: int) -> Utterance:
    words = text.split()
    return Utterance(
        role,
        tuple(HeardWord(word, at_ms + 200 * place, at_ms + 200 * place + 150, 0.9) for place, word in enumerate(words)),
    )


@pytest.fixture
async def house(tmp_path: Path) -> House:
    database = Database(sqlite_url(tmp_path))
    await database.migrate()
    made = House(database)
    await made.write(made.asks, ASKS)
    await made.write(made.asks_not, ASKS_NOT)
    return made


async def test_words_are_found_in_any_form_by_whoever_said_them(house: House) -> None:
    found = await house.find("asked about allergies", match=Match.words)
    assert {one: [hit.role for hit in hits] for one, hits in found.found.items()} == {house.asks_not: ["sp"]}
    assert (await house.find("allergies", match=Match.words, role="candidate")).found == {}
    ((hit,),) = (await house.find("who asked about smoking", match=Match.words)).found.values()
    assert (hit.encounter_id, hit.by, hit.likeness) == (house.asks, Match.words, None)
    # Every word must be there, in one turn.
    assert (await house.find("smoke Monday", match=Match.words)).found == {}


async def test_what_has_no_transcript_is_not_said_to_hold_nothing(house: House) -> None:
    found = await house.find("football", match=Match.words)
    assert found.found == {}
    assert found.searched == {house.asks, house.asks_not}


@pytest.mark.skipif(not WEIGHTS, reason="the weights of the encoder are not installed")
async def test_meaning_finds_what_was_put_in_other_words(house: House) -> None:
    unread = await house.find("cigarettes", role="candidate")
    assert unread.unread == {house.asks, house.asks_not}
    reader = Reader(house.database)
    while await reader.read_one():
        pass
    found = await house.find("cigarettes", role="candidate")
    assert found.unread == set()
    ((hit, *_),) = found.found.values()
    assert (hit.encounter_id, hit.role, hit.by) == (house.asks, "candidate", Match.meaning)
    assert "smoke" in hit.text
    # The moment takes in the answer.
    assert (hit.from_ms, hit.starts_ms) == (8000, 8000)
    assert hit.to_ms > 12_000
    # Words and meaning of one moment are one moment, and come before what is only like it.
    allergies = (await house.find("allergies", strength="faint")).found
    best = allergies[house.asks_not][0]
    assert best.by is Match.both
    assert "allergies" in best.text
    assert house.asks in allergies
    (mine,) = {one.by for one in (await house.find("allergies", role="candidate", strength="faint")).found[house.asks]}
    assert mine is Match.meaning


@pytest.mark.skipif(not WEIGHTS, reason="the weights of the encoder are not installed")
async def test_what_is_deleted_or_corrected_is_not_found_again(house: House) -> None:
    reader = Reader(house.database)
    while await reader.read_one():
        pass
    assert house.asks in (await house.find("cigarettes")).found
    await house.transcripts.delete(house.asks, "at the person’s request", participant_id="candidate")
    after = await house.find("cigarettes", strength="strong")
    assert after.unread == {house.asks}
    assert all(hit.role == "sp" for hits in after.found.values() for hit in hits)
    while await reader.read_one():
        pass
    again = await house.find("cigarettes", strength="faint")
    assert again.unread == set()
    assert all(hit.role == "sp" for hit in again.found.get(house.asks, []))


@pytest.mark.parametrize(
    ("query", "about", "words"),
    [
        ("Show me every candidate who asked about allergies", "allergies", ["allergies"]),
        ("who asked about the patient's smoking?", "the patient's smoking", ["patient", "s", "smoking"]),
        ("candidates who mentioned 999", "999", ["999"]),
        ("allergies", "allergies", ["allergies"]),
        ("what did they say", "what did they say", ["say"]),
        ("how are you", "how are you", ["how", "are", "you"]),
    ],
)
def test_a_question_is_asked_for_what_it_is_about(query: str, about: str, words: list[str]) -> None:
    assert (topic(query), terms(query)) == (about, words)


@given(st.text(max_size=200))
def test_any_question_can_be_asked(query: str) -> None:
    assert isinstance(terms(query), list)
    assert bool(topic(query)) == bool(query.strip(" ?.!\t\n\r\x0b\x0c")) or not query.split()
