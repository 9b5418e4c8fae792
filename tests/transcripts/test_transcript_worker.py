import jiwer
import pytest
from transcript_world import CANDIDATE, PATIENT, ROLES, Conversation, TakeOf, World, lay_down

from teleosce.transcripts import Transcript

pytestmark = pytest.mark.speech

NORMAL = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.SubstituteWords({"dr": "doctor", "dr.": "doctor"}),
        jiwer.RemovePunctuation(),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)


def wrong(said: str, heard: str) -> float:
    """Word error rate."""
    return float(jiwer.wer(said, heard, reference_transform=NORMAL, hypothesis_transform=NORMAL))


def text_of(transcript: Transcript, participant: str) -> str:
    return " ".join(turn.text for turn in transcript.turns if turn.participant_id == participant)


async def test_the_words_of_both_are_heard_where_they_were_said(world: World, dialogue: Conversation) -> None:
    encounter = lay_down(world.data, [TakeOf(who, 0, [(0, sound)]) for who, sound in dialogue.tracks.items()])
    await world.transcripts.request(encounter, ROLES, ["aspirin"])
    world.start_worker()
    await world.until_ready(encounter)

    transcript = await world.transcripts.get(encounter)
    assert transcript
    for who in (CANDIDATE, PATIENT):
        assert wrong(dialogue.said[who], text_of(transcript, who)) <= 0.25
