"""An exam whose encounters are over, recorded and transcribed: what an examiner finds in the evening."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench.footage import KEY_S, pictures, sounds, write_take
from teleosce.app import Server, freeze_stations
from teleosce.exams import Encounter
from teleosce.people import Role
from teleosce.recording import Manifest
from teleosce.stations import read
from teleosce.transcripts import store
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.turns import utterances
from teleosce.web import MadeExam, Plan, make_exam

STATION = Path(__file__).parent.parent / "stations" / "chest-pain-video"
"""Twenty items."""
WORDS_A_MINUTE = 135


@dataclass(frozen=True)
class DeskWorld:
    """`manifests` stand beside their `encounters`; `link` is the examiner's, without the server."""

    made: MadeExam
    encounters: list[str]
    manifests: list[Manifest]
    link: str


async def make_world(server: Server, minutes: Sequence[float]) -> DeskWorld:
    """One encounter of each length, all at one station, all the same examiner's. The dialogue is said over and over."""
    rooms = server.rooms
    bank = await freeze_stations(rooms)
    plan = Plan("Bench", "Europe/London", [bank[STATION.name]], ["Ada One"], ["Pat A"], examiner="Examiner")
    made = await make_exam(rooms, plan)
    seats = {link.role: link.seat for link in made.links}
    version = await rooms.stations.get(bank[STATION.name])
    for rotation in range(2, len(minutes) + 1):
        candidate = await rooms.people.add_seat(
            made.exam_id, Role.candidate, f"Candidate {rotation}", number=str(rotation)
        )
        await rooms.exams.add_slot(
            made.exam_id, position=1, rotation=rotation, station_hash=version.hash, timings=version.timings,
            candidate=candidate.id, sp=seats["sp"], examiner=seats["examiner"],
        )  # fmt: skip
    encounters = sorted(await rooms.exams.encounters(made.exam_id), key=lambda one: one.rotation)
    film = await asyncio.to_thread(_film)
    manifests = [await _hold(server, one, length, film) for one, length in zip(encounters, minutes, strict=True)]
    link = next(link.path for link in made.links if link.role == "examiner")
    return DeskWorld(made, [one.id for one in encounters], manifests, link)


async def _hold(
    server: Server, encounter: Encounter, minutes: float, film: dict[str, tuple[list[bytes], list[bytes]]]
) -> Manifest:
    """From its beginning to its transcript."""
    rooms = server.rooms
    await rooms.day.begin(encounter.id)
    await rooms.day.end_phase(encounter.id, (await rooms.exams.encounter(encounter.id)).phase)
    seats = {"candidate": encounter.candidate or "", "sp": encounter.sp or ""}
    await asyncio.to_thread(_record, rooms.settings.data / "encounters" / encounter.id, seats, minutes, film)
    for phase in ("encounter", "note", "changeover"):
        if (now := (await rooms.exams.encounter(encounter.id)).phase) == phase:
            await rooms.day.end_phase(encounter.id, now)
    manifest = await rooms.recordings.seal(encounter.id)
    await _transcribe(server, encounter.id, seats, minutes)
    return manifest


def _film() -> dict[str, tuple[list[bytes], list[bytes]]]:
    """A few seconds of each person: frames and sound, encoded once."""
    rehearsal = read(STATION).rehearsal
    assert rehearsal is not None
    said = {who: [line.text for line in rehearsal.lines if line.speaker == who][:4] for who in ("candidate", "sp")}
    return {who: (pictures(number), sounds(texts, who)) for number, (who, texts) in enumerate(said.items())}


def _record(
    folder: Path, seats: dict[str, str], minutes: float, film: dict[str, tuple[list[bytes], list[bytes]]]
) -> None:
    now_ms = round(time.time() * 1000)
    for number, (who, (frames, sound)) in enumerate(film.items()):
        # Nobody joins at the very instant at which the other does; one after the other is asked for a key frame.
        write_take(
            folder,
            seats[who],
            origin_ms=now_ms + round(500 * KEY_S) * number,
            minutes=minutes,
            frames=frames,
            sound=sound,
        )


async def _transcribe(server: Server, encounter: str, seats: dict[str, str], minutes: float) -> None:
    """As the worker ends a job: the words of the dialogue over and over, spread over the whole recording."""
    rehearsal = read(STATION).rehearsal
    assert rehearsal is not None
    words: dict[str, list[HeardWord]] = {seat: [] for seat in seats.values()}
    step_ms = 60_000 / WORDS_A_MINUTE
    chance = random.Random(1)
    at_ms = 1000.0
    for line in cycle(rehearsal.lines):
        for word in line.text.split():
            heard = HeardWord(word, round(at_ms), round(at_ms + step_ms * 0.9), chance.uniform(0.3, 1.0))
            if at_ms < minutes * 60_000 - 1000:
                words[seats[line.speaker]].append(heard)
            at_ms += step_ms
        if at_ms > minutes * 60_000 - 1000:
            break
    rooms = server.rooms
    async with rooms.database.write() as connection:
        [job] = [job for job in await store.unfinished(connection) if job.encounter_id == encounter]
        await store.publish(connection, job, utterances(words), rooms.clock.now_ms())
