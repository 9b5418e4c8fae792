"""A consultation at a glance, turns that are right, and what corrections tell of a station, by HTTP."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from teleosce.core.ids import new_id
from teleosce.recording.models import MANIFEST, Gap, Manifest, SoundFacts, Take, TakeState
from teleosce.transcripts import store, store_voices
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.turns import utterances
from tests.web.house import House

STARTS_MS = 1_790_000_000_000


def words(text: str, at_ms: int) -> list[HeardWord]:
    return [HeardWord(word, at_ms + n * 300, at_ms + n * 300 + 250, 0.9) for n, word in enumerate(text.split())]


def write_silence(path: Path, seconds: int) -> None:
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libopus", 48_000, layout="mono")
        for at in range(seconds * 50):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), at * 960
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


async def recorded(house: House, encounter: str, *, voices: bool = True, sound: bool = False) -> list[Take]:
    """A sealed recording of 30 s in which the patient's sound is missing for five, and its transcript: the takes.

    sound: with files that a browser plays.
    """
    rooms, found = house.rooms, await house.rooms.exams.encounter(encounter)
    assert found.candidate
    assert found.sp
    people = {found.candidate: "candidate", found.sp: "sp"}
    takes = [
        Take(
            id=new_id(),
            encounter_id=encounter,
            participant_id=seat,
            name=role,
            state=TakeState.sealed,
            starts_ms=STARTS_MS,
            duration_ms=30_000,
            gaps=[Gap(kind="line", from_ms=16_000, to_ms=21_000)] if role == "sp" else [],
            audio=SoundFacts(packets=1500, filled_ms=0, slips=0),
        )
        for seat, role in people.items()
    ]
    folder = rooms.settings.data / "encounters" / encounter
    folder.mkdir(parents=True, exist_ok=True)
    if sound:
        takes = [take.model_copy(update={"file": f"{take.id}.webm"}) for take in takes]
        for take in takes:
            write_silence(folder / f"{take.id}.webm", 30)
    manifest = Manifest(
        encounter_id=encounter, starts_ms=STARTS_MS, duration_ms=30_000, takes=takes, tools={}, sealed_ms=STARTS_MS
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    await rooms.transcripts.request(encounter, people, [], found.exam_id)
    said = {
        found.candidate: words("What brings you here? Is it angina?", 0) + words("Any fever?", 22_000),
        found.sp: words("I take ramble each morning, ramble.", 9_000),
    }
    heard = {found.candidate: [(0, 7_000), (22_000, 30_000)], found.sp: [(7_500, 15_000)]}
    async with rooms.database.write() as connection:
        [job] = [job for job in await store.unfinished(connection) if job.encounter_id == encounter]
        if voices:
            await store_voices.keep_voices(connection, encounter, heard)
        await store.change(connection, job, model="tiny.en")
        await store.publish(connection, job, utterances(said), 1)
    return takes


async def test_a_consultation_at_a_glance(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    await house.begin(encounter, "changeover")
    examiner = await house.client("examiner")
    path = f"/api/encounters/{encounter}/glance"
    assert "with the transcript" in (await examiner.json("GET", path))["message"]
    await recorded(house, encounter)
    found = await examiner.json("GET", path)
    assert (found["state"], found["length_ms"], found["spoken"]) == ("ready", 30_000, [0, 30_000])
    assert found["talk_share"] == 15_000 / 22_500
    # Of seven quiet seconds the line was away for five: no silence, and no time that the candidate took to answer.
    assert (found["silences"], found["missing"]) == ([], [[16_000, 21_000]])
    assert found["response_ms"] == {"candidate": None, "sp": 500}
    assert found["listening"] == [7_500, 15_000]
    assert [(one["kind"], one["at_ms"]) for one in found["questions"]] == [
        ("open", 0),
        ("closed", 1_200),
        ("closed", 22_000),
    ]
    assert [(one["term"], one["at_ms"]) for one in found["jargon"]] == [("angina", [1_800])]
    assert found["words_per_minute"] == 36
    for role in ("candidate", "sp"):
        other = await house.client(role)
        await other.refused(403, "GET", path)
    await house.rooms.transcripts.delete(encounter, "asked for", participant_id=house.seat("sp"))
    assert "only one of the two" in (await examiner.json("GET", path))["message"]


async def test_a_recording_that_was_transcribed_before_says_so(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    await house.begin(encounter, "changeover")
    await recorded(house, encounter, voices=False)
    examiner = await house.client("examiner")
    found = await examiner.json("GET", f"/api/encounters/{encounter}/glance")
    assert found["state"] == "none"
    assert "before it was kept" in found["message"]


async def test_corrections_tell_of_their_station(house: House) -> None:
    organiser, examiner = await house.client("organiser"), await house.client("examiner")
    station = (await house.rooms.exams.encounter(await house.encounter_of("candidate"))).station_hash
    path = f"/api/stations/{station}/words"
    assert (await organiser.json("GET", path))["share"] is None
    mine = [one for one in await house.rooms.exams.encounters(house.exam.exam_id) if one.station_hash == station]
    for encounter in mine[:2]:
        await recorded(house, encounter.id)
        transcript = await house.rooms.transcripts.get(encounter.id)
        assert transcript
        turns = {turn.text: turn for turn in transcript.turns}
        spoken = turns["I take ramble each morning, ramble."].words
        await examiner.json("POST", f"/api/transcripts/words/{spoken[2].id}", {"text": "ramipril"})
        right = turns["Any fever?"].id
        assert (await examiner.json("POST", f"/api/transcripts/turns/{right}/right"))["right"]
        read = await examiner.json("GET", f"/api/encounters/{encounter.id}/transcript")
        assert [turn["right"] for turn in read["turns"]].count(True) == 1
    found = await organiser.json("GET", path)
    assert (found["wrong"], found["words"], found["turns"], found["right"]) == (2, 16, 4, 2)
    assert found["proposals"] == []
    await examiner.json("POST", f"/api/transcripts/words/{spoken[5].id}", {"text": "Ramipril."})
    found = await organiser.json("GET", path)
    assert found["wrong"] == 3
    assert found["proposals"] == [
        {"term": "ramipril", "heard": ["ramble"], "times": 3, "encounters": 2, "line": "  - ramipril"}
    ]
    sheet = (await house.rooms.stations.get(station)).mark_sheet
    expected = max(sheet.items[0].text.split(), key=len)
    for encounter in mine[:2]:
        transcript = await house.rooms.transcripts.get(encounter.id)
        assert transcript
        for wrong in [word for turn in transcript.turns for word in turn.words if word.text.startswith("ramble")]:
            await examiner.json("POST", f"/api/transcripts/words/{wrong.id}", {"text": expected})
    assert (await organiser.json("GET", path))["proposals"] == []
    page = await (await organiser.ask("GET", f"/stations/{station}?as=examiner")).text()
    assert "4 of 16 words" in page
    await examiner.refused(404, "POST", f"/api/transcripts/turns/{new_id()}/right")
    patient = await house.client("sp")
    await patient.refused(403, "GET", path)
