"""One encounter, played from the first bell to the last by three synthetic people."""

import asyncio
import time
from functools import partial

from teleosce.rehearsal.dialogue import Speech
from teleosce.rehearsal.footage import Performance, make_footage
from teleosce.rehearsal.participant import Participant

NAMES = {"candidate": "Candidate", "sp": "Patient"}


async def play(encounter_id: str, organiser_link: str, candidate_link: str, sp_link: str, speech: Speech) -> None:
    """Begins the encounter, lets both speak, and moves it on to its end. Takes as long as the speech, and a little."""
    performances = [
        Performance(await asyncio.to_thread(make_footage, role, name, speech.tracks[role], marks=False))
        for role, name in NAMES.items()
    ]
    organiser, candidate = Participant(organiser_link), Participant(candidate_link, performances[0])
    both = (candidate, Participant(sp_link, performances[1]))
    try:
        await asyncio.gather(*(one.join() for one in (organiser, *both)))
        await organiser.post(f"/api/encounters/{encounter_id}/begin")
        await asyncio.gather(*(one.until(partial(_connected, one)) for one in both))
        await _move_on(organiser, encounter_id, "reading")
        await asyncio.gather(*(one.until(partial(_in_phase, one, "encounter")) for one in both))
        begins = int(time.monotonic()) + 1
        for performance in performances:
            performance.begin(begins)
        await asyncio.sleep(begins - time.monotonic() + speech.seconds)
        await _move_on(organiser, encounter_id, "encounter")
        await candidate.until(lambda: candidate.phase != "encounter")
        for phase in ("note", "changeover"):
            if candidate.phase == phase:
                await _move_on(organiser, encounter_id, phase)
                await candidate.until(lambda phase=phase: candidate.phase != phase)  # type: ignore[misc]
    finally:
        await asyncio.gather(*(one.leave() for one in (organiser, *both)))


def _connected(one: Participant) -> bool:
    return one.connected


def _in_phase(one: Participant, phase: str) -> bool:
    return one.phase == phase


async def _move_on(organiser: Participant, encounter_id: str, phase: str) -> None:
    await organiser.post(f"/api/encounters/{encounter_id}/end-phase", {"expected": phase})
