"""An exam made for a rehearsal through the public API, and the people who will play in it."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from teleosce.core.errors import Fault, Unavailable
from teleosce.rehearsal.dialogue import Line, Speech, act
from teleosce.rehearsal.facts import Person
from teleosce.rehearsal.footage import Footage, Performance, make_footage
from teleosce.rehearsal.participant import Participant
from teleosce.rehearsal.picture import FULL, Format
from teleosce.rehearsal.scribe import Scribe
from teleosce.rehearsal.trouble import Trouble, line_for
from teleosce.rehearsal.visitor import Visitor
from teleosce.rehearsal.voices import echoed

EXAM = 6
"""Pairs in one exam: each candidate has a slot at each station, so slots grow with the square."""
NAMES = {"candidate": "Candidate", "sp": "Patient"}
FOOTAGE_FAULTS = ("silent", "black", "echo")
ECHO_DB, ECHO_MS = -15.0, 250


@dataclass(frozen=True)
class Plan:
    """What is to be rehearsed. lines: the dialogue that is spoken over and over. seconds: of each encounter."""

    sessions: int
    seconds: float
    station: str
    station_hash: str
    encounter_s: int
    lines: Sequence[Line]
    troubles: Sequence[Trouble] = ()
    seed: int = 0
    form: Format = FULL


@dataclass
class Actor:
    """A participant, and what is found out about them."""

    participant: Participant
    facts: Person
    troubled: list[tuple[float, float]] = field(default_factory=list)
    """From when to when something was done to their line, on `time.monotonic()`."""
    gone: bool = False
    number: int = -1
    """By which faults choose people."""


@dataclass
class Pair:
    """A session: candidate (or two of them) and patient in one encounter.

    bell: when it was rung; started_ms: by the server's clock.
    """

    session: int
    exam: str
    encounter: str
    actors: tuple[Actor, ...]
    bell: float = 0.0
    phase: str = "waiting"
    started_ms: int = 0
    ended_ms: int = 0


@dataclass(frozen=True)
class Cast:
    """Footage for each role, and how much of the dialogue is spoken in it."""

    footage: dict[str, Footage]
    script: dict[str, str]
    times: int
    """How often the whole script is said."""


def make_cast(plan: Plan) -> Cast:
    """Lets the voices speak as many lines as there is time for, and draws the pictures. Blocks for some seconds."""
    speech = act(plan.lines)
    lines = list(plan.lines)
    spare = plan.seconds - 3
    if speech.seconds > spare:
        lines = [line for line, cue in zip(lines, speech.cues, strict=True) if cue.ends_s < spare]
        speech = act(lines) if lines else speech
    whole = -(-speech.seconds // 1)
    footage = {}
    for role, name in NAMES.items():
        faults = [one.kind for one in plan.troubles if one.kind in FOOTAGE_FAULTS and one.befalls(role)]
        footage[role] = make_footage(
            role,
            name,
            _said(speech, role, echo="echo" in faults) if lines else None,
            silent="silent" in faults,
            black="black" in faults,
            form=plan.form,
        )
    script = {role: " ".join(line.text for line in lines if line.speaker == role) for role in NAMES}
    return Cast(footage, script, max(1, int(spare // whole)))


def _said(speech: Speech, role: str, *, echo: bool) -> NDArray[np.int16]:
    """What a microphone hears of a dialogue: with an echo, the other's voice as well."""
    own = speech.tracks[role]
    if not echo:
        return own
    (other,) = (track for speaker, track in speech.tracks.items() if speaker != role)
    return (own.astype(np.int32) + echoed(other, ECHO_DB, ECHO_MS)).clip(-32768, 32767).astype(np.int16)


class Stage:
    """All pairs, and an examiner in each exam who saves marks all the while."""

    def __init__(self, organiser: Visitor, plan: Plan) -> None:
        self.organiser, self.plan = organiser, plan
        self.pairs: list[Pair] = []
        self.scribes: list[Scribe] = []
        self._spare: list[str] = []

    async def build(self, cast: Cast) -> None:
        """Raises Unavailable when the server has no such station or does not let the organiser make exams."""
        if not await self.organiser.has(f"/stations/{self.plan.station_hash}"):
            raise Unavailable(
                f"This server does not have the station “{self.plan.station}” as this program knows it. "
                "Rehearse with the same release of teleosce, or name another station with --station."
            )
        left = self.plan.sessions
        while left:
            await self._add_exam(min(left, EXAM), cast)
            left -= min(left, EXAM)

    async def _add_exam(self, pairs: int, cast: Cast) -> None:
        made = await self.organiser.post(
            "/api/exams",
            {
                "title": "Rehearsal",
                "stations": [self.plan.station_hash] * pairs,
                "candidates": [f"Candidate {number}" for number in range(1, pairs + 1)],
                "examiner": "Examiner (synthetic)",
            },
        )
        links = {role: [one for one in made["links"] if one["role"] == role] for role in (*NAMES, "examiner")}
        day = await self.organiser.get(f"/api/exams/{made['exam']}/day")
        encounters = {}
        for one in day["encounters"]:
            # The candidate is the first of an encounter's seats.
            if one["rotation"] == 1:
                encounters[one["seats"][0]] = one["id"]
        self._spare += [one["id"] for one in day["encounters"] if one["id"] not in encounters.values()]
        base = self.organiser.base
        for candidate, patient in zip(links["candidate"], links["sp"], strict=True):
            session = len(self.pairs) + 1
            actors = [
                self._actor(base + link["path"], link["seat"], role, session, 2 * (session - 1) + place, cast)
                for place, (role, link) in enumerate((("candidate", candidate), ("sp", patient)))
            ]
            self.pairs.append(Pair(session, made["exam"], encounters[candidate["seat"]], (actors[0], actors[1])))
        first = encounters[links["candidate"][0]["seat"]]
        self.scribes.append(Scribe(base + links["examiner"][0]["path"], first))

    def _actor(self, link: str, seat: str, role: str, session: int, number: int, cast: Cast) -> Actor:  # noqa: PLR0917
        seed = random.Random(f"{self.plan.seed} {session} {role}").getrandbits(32)
        line = line_for(role, self.plan.troubles, seed, number)
        performance = Performance(cast.footage[role], times=cast.times)
        troubles = [str(one) for one in self.plan.troubles if one.befalls(role, number)]
        facts = Person(session=session, role=role, seat=seat, troubles=troubles)
        return Actor(Participant(link, performance, line), facts, number=number)

    @property
    def actors(self) -> list[Actor]:
        """Everybody."""
        return [actor for pair in self.pairs for actor in pair.actors]

    async def open_pages(self, mishap: Callable[[str], None]) -> None:
        """All open their links at once."""

        async def open_page(actor: Actor) -> None:
            began = time.monotonic()
            try:
                await actor.participant.join()
                actor.facts.page_s = time.monotonic() - began
            except (Fault, TimeoutError) as error:
                actor.gone = True
                mishap(f"{actor.facts.role} {actor.facts.session} could not open their link: {error}")

        await asyncio.gather(*(open_page(actor) for actor in self.actors))

    async def move_on(self, pair: Pair) -> None:
        """Ends the pair's present phase; nothing when the clock was faster."""
        try:
            said = await self.organiser.post(f"/api/encounters/{pair.encounter}/end-phase", {"expected": pair.phase})
            pair.phase = said["phase"]
        except Unavailable as fault:
            if fault.code == "away":
                raise
            encounter = (await self.organiser.get(f"/api/encounters/{pair.encounter}"))["encounter"]
            pair.phase = encounter["phase"]
            said = encounter
        if pair.phase == "encounter":
            pair.started_ms = said["phase_started_ms"]
        elif not pair.ended_ms:
            pair.ended_ms = said["phase_started_ms"]

    async def void_others(self) -> None:
        """The exams' other rotations will never be held: nothing is left waiting."""
        for encounter in self._spare:
            await self.organiser.post(f"/api/encounters/{encounter}/void", {"reason": "Only the first was rehearsed."})

    async def leave(self) -> None:
        """Everybody closes their page."""
        await asyncio.gather(
            *(actor.participant.leave() for actor in self.actors if not actor.gone),
            *(scribe.leave() for scribe in self.scribes),
            return_exceptions=True,
        )
