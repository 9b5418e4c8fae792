"""The people of a whole exam day: candidates and patients in the call, the others at their pages."""

import asyncio
import random
from collections import Counter

from teleosce.core.errors import Fault
from teleosce.rehearsal.chronicle import Chronicle
from teleosce.rehearsal.course import Course
from teleosce.rehearsal.facts import Person
from teleosce.rehearsal.footage import Performance
from teleosce.rehearsal.participant import Participant
from teleosce.rehearsal.scribe import Scribe
from teleosce.rehearsal.stage import Actor, Cast, Pair, Plan, Stage
from teleosce.rehearsal.tag import tag_of
from teleosce.rehearsal.trouble import line_for
from teleosce.rehearsal.visitor import Visitor

WRITERS = 6
"""So many examiners save remarks all the while; the others only have their page open."""
CALLED = {"candidate": "Candidate", "sp": "Patient", "examiner": "Examiner"}


class DayStage(Stage):
    """Everybody of a course. `pairs` are its encounters, but for rests, in the order of the day."""

    def __init__(self, organiser: Visitor, plan: Plan, course: Course) -> None:
        super().__init__(organiser, plan)
        self.course = course
        self.onlookers: dict[str, Participant] = {}
        self._actors: dict[str, Actor] = {}
        called: Counter[str] = Counter()
        names = {}
        for one in course.people:
            called[one.role] += 1
            names[one.seat] = f"{CALLED.get(one.role, one.role)} {called[one.role]}"
        self.names = names
        self.chronicle = Chronicle(course, names)

    async def build(self, cast: Cast) -> None:
        """Gives everybody their part; the exam is made already."""
        writers = self._writers()
        base = self.organiser.base
        met = {stop.sp for stop in self.course.stops}
        for one in self.course.people:
            if one.seat in met or (one.role == "candidate" and one.seat in self.course.by_seat):
                # An examiner who speaks is played as a patient is.
                role = one.role if one.role == "candidate" else "sp"
                actor = self._player(base + one.path, one.seat, role, cast)
                self._hear(one.seat, actor.participant)
                self._actors[one.seat] = actor
            elif one.seat in writers:
                self.scribes.append(Scribe(base + one.path, writers[one.seat]))
            else:
                page = Participant(base + one.path)
                self.onlookers[one.seat] = page
                if one.seat in self.course.by_seat:
                    self._hear(one.seat, page)
        for stop in self.course.stops:
            if stop.sp is not None and not stop.rest:
                they = tuple(self._actors[seat] for seat in stop.room)
                self.pairs.append(Pair(len(self.pairs) + 1, self.course.exam, stop.encounter, they))

    def _writers(self) -> dict[str, str]:
        """Examiners, and the first encounter of each."""
        found: dict[str, str] = {}
        for stop in sorted(self.course.stops, key=lambda one: one.rotation):
            if stop.examiner is not None and not stop.rest and len(found) < WRITERS:
                found.setdefault(stop.examiner, stop.encounter)
        return found

    def _hear(self, seat: str, page: Participant) -> None:
        page.told = lambda place, first: self.chronicle.told(seat, place, first)

    def _player(self, link: str, seat: str, role: str, cast: Cast) -> Actor:
        number = len(self._actors)
        seed = random.Random(f"{self.plan.seed} {number} {role}").getrandbits(32)
        one = Participant(link, Performance(cast.footage[role]), line_for(role, self.plan.troubles, seed, number))
        one.tag = tag_of(seat)
        troubles = [str(trouble) for trouble in self.plan.troubles if trouble.befalls(role, number)]
        facts = Person(session=int(self.names[seat].rsplit(" ", 1)[1]), role=role, seat=seat, troubles=troubles)
        return Actor(one, facts, number=number)

    @property
    def actors(self) -> list[Actor]:
        """Those in the call."""
        return list(self._actors.values())

    async def open_onlookers(self) -> list[str]:
        """The pages of all others; returns what did not go well."""
        failed = []

        async def open_page(seat: str, page: Participant) -> None:
            try:
                await page.join()
            except (Fault, TimeoutError) as error:
                failed.append(f"{self.names[seat]} could not open their link: {error}")

        await asyncio.gather(*(open_page(seat, page) for seat, page in self.onlookers.items()))
        return failed

    async def leave(self) -> None:
        """Everybody closes their page."""
        await asyncio.gather(
            super().leave(), *(page.leave() for page in self.onlookers.values()), return_exceptions=True
        )
