"""One encounter, played from the first bell to the last by three synthetic people."""

import asyncio

from teleosce.rehearsal.dialogue import Speech
from teleosce.rehearsal.participant import Participant
from teleosce.rehearsal.tracks import PictureTrack, SpeechTrack, encode_opus, encode_person

SPEAKER = {"candidate": "candidate", "sp": "sp"}


async def play(encounter_id: str, organiser_link: str, candidate_link: str, sp_link: str, speech: Speech) -> None:
    """Begins the encounter, lets both speak, and moves it on to its end. Takes as long as the speech, and a little."""
    organiser, candidate, patient = (Participant(link) for link in (organiser_link, candidate_link, sp_link))
    try:
        await asyncio.gather(organiser.join(), candidate.join(), patient.join())
        voices = {}
        for person in (candidate, patient):
            name = "Candidate" if person is candidate else "Patient"
            sound = await asyncio.to_thread(encode_opus, speech.tracks[SPEAKER[person.role]])
            frames = await asyncio.to_thread(encode_person, SPEAKER[person.role], name)
            voices[person] = SpeechTrack(sound)
            person.tracks = [voices[person], PictureTrack(frames)]
        await organiser.post(f"/api/encounters/{encounter_id}/begin")
        await asyncio.gather(*(one.until(lambda one=one: one.connected) for one in (candidate, patient)))
        await _move_on(organiser, encounter_id, "reading")
        await asyncio.gather(*(one.until(lambda one=one: one.phase == "encounter") for one in (candidate, patient)))
        for voice in voices.values():
            voice.begin()
        await asyncio.sleep(speech.seconds)
        await _move_on(organiser, encounter_id, "encounter")
        await candidate.until(lambda: candidate.phase != "encounter")
        for phase in ("note", "changeover"):
            if candidate.phase == phase:
                await _move_on(organiser, encounter_id, phase)
                await candidate.until(lambda phase=phase: candidate.phase != phase)
    finally:
        await asyncio.gather(*(one.leave() for one in (organiser, candidate, patient)))


async def _move_on(organiser: Participant, encounter_id: str, phase: str) -> None:
    await organiser.post(f"/api/encounters/{encounter_id}/end-phase", {"expected": phase})
