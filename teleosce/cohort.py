"""An exam that is over, made of labelled consultations: recorded, sealed and transcribed, so that it can be marked.

The exam runs through the same rooms as a real one, but its clock is set on wherever nothing happens, and its people's
packets are handed to the recorder without a line: nine consultations take seconds and not an hour.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from teleosce.app import build, freeze_stations
from teleosce.core.clock import AheadClock
from teleosce.core.settings import Settings
from teleosce.exams import Encounter, Phase
from teleosce.people import Role
from teleosce.recording import Manifest
from teleosce.recording.recorder import Recorder
from teleosce.rehearsal.consultations import LEVELS, Consultation, Level
from teleosce.rehearsal.picture import Format
from teleosce.rehearsal.playback import SMALL, TRACKS, Reel, Said, murmured, spoken
from teleosce.rtc.model import Publication, Subscriber
from teleosce.transcripts import store, store_voices
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.turns import utterances
from teleosce.web import MadeExam, Plan, Rooms, make_exam

CANDIDATES: Mapping[Level, str] = {"strong": "Amira Hassan", "borderline": "Ben Okafor", "weak": "Chloe Martin"}
"""Who is good everywhere, and who is not; their names do not tell."""
PATIENTS = ("Mr Doyle", "Ms Reed", "Mrs Iqbal", "Mr Laing", "Ms Novak", "Mrs Hart")
EXAMINER = "Dr Examiner"

SCRIPTED = "These are the words of the written dialogue. Nothing was transcribed."
"""What a reader is told of a transcript that was not heard."""

_BEHIND = 1800
"""Packets that may wait for the recorder; with 2000 it would leave pictures out."""


class _Stage:
    """A media room without a line. Only the recorder listens."""

    def __init__(self, encounter: str) -> None:
        self.encounter = encounter
        self._recorder: Recorder | None = None

    def subscribe(self, subscriber: Subscriber) -> None:
        assert isinstance(subscriber, Recorder)
        self._recorder = subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._recorder = None

    async def play(self, seat: str, name: str, reel: Reel, zero: float, wall_s: float) -> None:
        """One person's whole presence, as fast as the recorder takes it."""
        recorder = self._recorder
        assert recorder is not None
        publication = Publication(f"{self.encounter}-{seat}", self.encounter, seat, name, TRACKS)
        recorder.publication_started(publication)
        reports = [*reel.reports(zero, wall_s)]
        for kind, packets in reel.packets(zero):
            recorder.packets(publication, kind, packets)
            while reports and reports[0][3] <= packets[-1][4]:
                recorder.sender_report(publication, *reports.pop(0))
            while any(feed.waiting > _BEHIND for feed in recorder.feeds):  # noqa: ASYNC110 a thread works them off
                await asyncio.sleep(0.02)
        recorder.publication_ended(publication)


@dataclass(frozen=True)
class Held:
    """A consultation that was held: its encounter, and the dialogue with its labels and the marks it deserves."""

    encounter: str
    consultation: Consultation
    manifest: Manifest


@dataclass(frozen=True)
class Cohort:
    """The exam with its links, which can be read only now, and all that was held."""

    made: MadeExam
    held: tuple[Held, ...]

    def of(self, station: str, level: Level) -> Held:
        """The one encounter of a station and a level."""
        return next(one for one in self.held if (one.consultation.station, one.consultation.level) == (station, level))


async def make_cohort(
    settings: Settings,
    consultations: Mapping[tuple[str, Level], Consultation],
    stations: Sequence[str],
    *,
    levels: Sequence[Level] = LEVELS,
    title: str = "An exam to be marked",
    voices: bool = False,
    transcribe: bool = False,
    form: Format = SMALL,
    say: Callable[[str], None] = lambda _: None,
) -> Cohort:
    """An exam of the stations, in ring order, with a candidate of each level, all done by now.

    The data folder must be served by nobody meanwhile. voices: all words are spoken (22 CPU-s a consultation), else one
    hears a murmur wherever somebody speaks. transcribe: the worker of the next server hears the recordings; else the
    transcripts are made of the dialogues' own words, with the times at which they were said, and say so. All but the
    weak candidate agree that their recordings teach. Raises Conflicts with fewer stations than candidates.
    """
    wanted = {(station, level): consultations[station, level] for station in stations for level in levels}
    said: dict[tuple[str, Level], Said] = {}
    for number, (key, consultation) in enumerate(wanted.items(), 1):
        say(f"Consultation {number} of {len(wanted)} is spoken.")
        said[key] = await asyncio.to_thread(spoken if voices else murmured, consultation.lines)
    # Each rotation takes as long as its longest encounter, and there are as many as stations.
    longest = max(one.seconds for one in said.values())
    clock = AheadClock.behind((longest + 1800) * len(stations))
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    rooms = build(settings, clock)
    await rooms.database.migrate()
    try:
        bank = await freeze_stations(rooms)
        people = Plan(
            title,
            "Europe/London",
            [bank[station] for station in stations],
            [CANDIDATES[level] for level in levels],
            sps=PATIENTS[: len(stations)],
            examiner=EXAMINER,
        )
        made = await make_exam(rooms, people)
        await _consent(rooms, made)
        run = _Run(rooms, clock, wanted, said, form, transcribe, {bank[slug]: slug for slug in stations})
        await rooms.day.go(made.exam_id)
        while await run.rotation(made.exam_id):
            say(f"{len(run.held)} of {len(wanted)} consultations are held.")
        return Cohort(made, tuple(run.held))
    finally:
        await rooms.day.close()
        await rooms.recordings.close()
        await rooms.database.close()


async def _consent(rooms: Rooms, made: MadeExam) -> None:
    """As each does on their page before the first frame."""
    for link in made.links:
        if link.role in (Role.candidate.value, Role.standardized_patient.value):
            _, person = await rooms.people.join(link.path.partition("#")[2], "synthetic")
            await rooms.people.give_consent(person, rooms.people.consent_text().version)
            agreed = link.name != CANDIDATES["weak"]
            await rooms.people.answer_training(person, rooms.people.training_text().version, agreed=agreed)


@dataclass
class _Run:
    """The exam while it runs, rotation by rotation."""

    rooms: Rooms
    clock: AheadClock
    consultations: Mapping[tuple[str, Level], Consultation]
    said: Mapping[tuple[str, Level], Said]
    form: Format
    transcribe: bool
    slugs: Mapping[str, str]
    held: list[Held] = field(default_factory=list)

    async def rotation(self, exam_id: str) -> bool:
        """On to the next rotation's consultations, which are held to their ends; False when there is none."""
        rooms = self.rooms
        while (wait_s := await rooms.day.catch_up()) is not None:
            self.clock.skip(wait_s)
            encounters = await rooms.exams.encounters(exam_id)
            if now := [one for one in encounters if one.phase is Phase.encounter]:
                await self._hold(now)
                return True
        return False

    async def _hold(self, encounters: Sequence[Encounter]) -> None:
        rooms, began_ms = self.rooms, self.clock.now_ms()
        keys = {one.id: await self._key(one) for one in encounters}
        for one in encounters:
            over_s = self.said[keys[one.id]].seconds + 1 - one.timings.encounter_s
            if over_s > 0:
                await rooms.day.add_time(one.id, -int(-over_s // 1))
        await asyncio.gather(*(self._play(one, keys[one.id]) for one in encounters))
        for one in sorted(encounters, key=lambda one: self.said[keys[one.id]].seconds):
            ends_ms = began_ms + self.said[keys[one.id]].seconds * 1000
            self.clock.skip(max(0.0, ends_ms - self.clock.now_ms()) / 1000)
            await rooms.day.end_phase(one.id, Phase.encounter)
        self.held += await asyncio.gather(*(self._finish(one, keys[one.id]) for one in encounters))

    async def _finish(self, encounter: Encounter, key: tuple[str, Level]) -> Held:
        manifest = await self.rooms.recordings.seal(encounter.id)
        await self._transcript(encounter, key, manifest)
        return Held(encounter.id, self.consultations[key], manifest)

    async def _key(self, encounter: Encounter) -> tuple[str, Level]:
        assert encounter.candidate is not None
        name = (await self.rooms.people.seat(encounter.candidate)).name
        return self.slugs[encounter.station_hash], next(level for level, known in CANDIDATES.items() if known == name)

    async def _play(self, encounter: Encounter, key: tuple[str, Level]) -> None:
        people = {"candidate": encounter.candidate, "sp": encounter.sp}
        stage, said = _Stage(encounter.id), self.said[key]
        self.rooms.recordings.attend(stage, encounter.id)
        await self.rooms.exams.attended((encounter.id, seat) for seat in people.values() if seat)
        parts = []
        for role, seat in people.items():
            assert seat is not None
            name = (await self.rooms.people.seat(seat)).name
            parts.append((seat, name, await asyncio.to_thread(Reel.of, said, role, name, self.form)))
        zero = time.monotonic()
        wall_s = self.clock.at_ms(zero) / 1000
        await asyncio.gather(*(stage.play(seat, name, reel, zero, wall_s) for seat, name, reel in parts))
        await self.rooms.recordings.leave(encounter.id)

    async def _transcript(self, encounter: Encounter, key: tuple[str, Level], manifest: Manifest) -> None:
        rooms = self.rooms
        assert encounter.candidate is not None
        assert encounter.sp is not None
        seats = {"candidate": encounter.candidate, "sp": encounter.sp}
        version = await rooms.stations.get(encounter.station_hash)
        roles = {seats["candidate"]: Role.candidate.value, seats["sp"]: Role.standardized_patient.value}
        await rooms.transcripts.request(encounter.id, roles, version.vocabulary, encounter.exam_id)
        if self.transcribe:
            return
        starts = {take.participant_id: take.starts_ms - manifest.starts_ms for take in manifest.takes}
        words: dict[str, list[HeardWord]] = {seat: [] for seat in seats.values()}
        voices: dict[str, list[tuple[int, int]]] = {seat: [] for seat in seats.values()}
        for cue in self.said[key].cues:
            seat = seats[cue.speaker]
            from_ms, to_ms = (round(starts[seat] + 1000 * at) for at in (cue.starts_s, cue.ends_s))
            words[seat] += _spread(cue.text, from_ms, to_ms)
            voices[seat].append((from_ms, to_ms))
        async with rooms.database.write() as connection:
            (job,) = [job for job in await store.unfinished(connection) if job.encounter_id == encounter.id]
            await store_voices.keep_voices(connection, encounter.id, voices)
            await store.publish(connection, job, utterances(words), self.clock.now_ms(), SCRIPTED)


def _spread(text: str, from_ms: int, to_ms: int) -> list[HeardWord]:
    """The words of a line, each as long as its letters are many."""
    words = text.split()
    letters = sum(len(word) + 1 for word in words)
    heard, before = [], 0
    for word in words:
        after = before + len(word) + 1
        at_ms, until_ms = (from_ms + (to_ms - from_ms) * part // letters for part in (before, after))
        heard.append(HeardWord(word, at_ms, until_ms, 1.0))
        before = after
    return heard
