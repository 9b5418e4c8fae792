"""The course of a whole day: the organiser gathers, ticks off and starts; after that the ring turns by itself."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from teleosce.core.errors import Unavailable
from teleosce.rehearsal.conduct import BACK_S, LOOK_S, SETTLE_S, Conductor, Killable
from teleosce.rehearsal.course import Stop
from teleosce.rehearsal.day_stage import DayStage
from teleosce.rehearsal.facts import DayFacts, Facts, Packets, Session
from teleosce.rehearsal.participant import Participant
from teleosce.rehearsal.scribe import Scribe
from teleosce.rehearsal.stage import Actor
from teleosce.rehearsal.trouble import Trouble

HEARD_FROM_S = 10
"""In a consultation of so many seconds somebody is heard."""

OVERTIME_S = 90.0
"""So long after its planned end, and the time that faults may take, a day is given up."""
POLL_S = 1.0
AFTER_S = 0.3
"""What comes to a page so soon after it is back may be older."""
ENDING_S = 0.5
"""A connection that ends so shortly before its encounter ends with it."""

Out = tuple[float, float]


class DayConductor(Conductor):
    """Leads everybody of a course through their day."""

    def __init__(
        self, stage: DayStage, facts: Facts, day: DayFacts, server: Killable | None, say: Callable[[str], None]
    ) -> None:
        super().__init__(stage, facts, server, say)
        self._day_stage, self._day = stage, day
        self._course, self._chronicle = stage.course, stage.chronicle
        self._out: dict[str, list[Out]] = {}
        self._wall_ms = (time.time() - time.monotonic()) * 1000
        self._limited = False
        self._ticked: set[str] = set()
        self._held: set[str] = set()

    async def hold_day(self, *, limited: bool) -> None:
        """From the waiting room to the last changeover. limited: only the first rotations; the rest is not begun."""
        self._limited = limited
        began = time.monotonic()
        faults = [
            asyncio.create_task(self._in_rotation(one), name=str(one))
            for one in self.stage.plan.troubles
            if one.at_s is not None
        ]
        self._tasks = [*faults, asyncio.create_task(self._speak(), name="speech")]
        self._tasks += [asyncio.create_task(self._mark(one), name="marks") for one in self.stage.scribes]
        spare = sum(one.value + BACK_S for one in self.stage.plan.troubles if one.kind in ("kill", "drop"))
        limit = asyncio.timeout(self._course.length_s() + spare + OVERTIME_S)
        try:
            async with limit:
                for wave in self._course.waves:
                    await self._wave(list(wave))
        except TimeoutError:
            self.mishap("The day did not come to its end in time.")
        self._day.took_s = round(time.monotonic() - began, 1)
        await self._come_to_an_end(faults)

    async def _come_to_an_end(self, faults: Sequence[asyncio.Task[None]]) -> None:
        """What went wrong late in the day may still be mended; what failed is told, and costs no other fact."""
        if faults:
            await asyncio.wait(faults, timeout=BACK_S)
        for task in self._tasks:
            if not task.done():
                task.cancel()
                if task in faults:
                    self.mishap(f"“{task.get_name()}” did not come to its end.")
            elif not task.cancelled() and (error := task.exception()) is not None:
                self.mishap(f"“{task.get_name()}” failed: {error}")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wave(self, circuits: list[str]) -> None:
        await self._order("gather", {"circuits": circuits})
        await self._tick_off(circuits)
        await self._order("go", {"circuits": circuits})
        people = len(self.stage.actors)
        self._say(f"Go: {', '.join(circuits)}; {people} people in the call, {len(self._course.stops)} encounters.")
        await asyncio.gather(*(self._circuit(name) for name in circuits))
        await self._until_over(circuits)

    async def _tick_off(self, circuits: list[str]) -> None:
        """The invigilator has seen everybody's face."""
        candidates = {seat for one in self._course.stops if one.circuit in circuits for seat in one.candidates}
        for seat in sorted(candidates - self._ticked):
            await self._order("identities", {"seat": seat, "how": "photo"})
        self._ticked |= candidates

    async def _order(self, verb: str, content: dict[str, Any]) -> None:
        await self.stage.organiser.post(f"/api/exams/{self._course.exam}/{verb}", content)

    async def _circuit(self, name: str) -> None:
        """Tells how far it is; and ends it after the last rotation that is wanted, where there would be more."""
        for rotation in self._course.circuits[name]:
            await self._chronicle.until_began(rotation, ("reading", "encounter"), (name,))
            self._say(f"Circuit {name}: rotation {rotation}.")
        if self._limited:
            last = self._course.circuits[name][-1]
            await self._chronicle.until_began(last, ("note", "changeover"), (name,))
            await self._order("stop", {"circuits": [name], "hard": False})

    async def _until_over(self, circuits: list[str]) -> None:
        while True:
            try:
                day = await self.stage.organiser.get(f"/api/exams/{self._course.exam}/day")
            except Unavailable as fault:
                if fault.code != "away":
                    raise
            else:
                states = {one["name"]: one["state"] for one in day["circuits"]}
                if all(states[name] in ("finished", "planned") for name in circuits):
                    return
            await asyncio.sleep(POLL_S)

    async def _speak(self) -> None:
        """The dialogue begins anew in each consultation."""
        for rotation in sorted({one.rotation for one in self._course.stops}):
            began = await self._chronicle.until_began(rotation, ("encounter",))
            for actor in self.stage.actors:
                if actor.participant.performance is not None:
                    actor.participant.performance.begin(int(began) + 2)

    async def _mark(self, scribe: Scribe) -> None:
        """An examiner's form opens with the consultation."""
        await self._chronicle.until_heard(scribe.encounter, "encounter")
        await scribe.begin()

    # What goes wrong

    async def _in_rotation(self, trouble: Trouble) -> None:
        began = await self._chronicle.until_began(trouble.rotation or 1, ("encounter",))
        await self._happen(trouble, began)

    async def _befall(self, trouble: Trouble, actor: Actor) -> None:
        at = time.monotonic()
        self._note_out(actor.facts.seat, at, at + (trouble.value if trouble.kind == "drop" else 0.0))
        if trouble.kind == "vanish":
            self._note_out(actor.facts.seat, at, float("inf"))
        await super()._befall(trouble, actor)

    async def _kill(self, began: float) -> None:
        at = time.monotonic()
        pages = [asyncio.create_task(self._page_back(seat, one, at)) for seat, one in self._day_stage.onlookers.items()]
        await super()._kill(began)
        self.facts.kills[-1].back += await asyncio.gather(*pages)

    async def _page_back(self, seat: str, page: Participant, since: float) -> float | None:
        back = None
        while back is None and time.monotonic() < since + BACK_S:
            if page.opened_at > since and page.heard_at > since:
                back = time.monotonic() - since
            await asyncio.sleep(LOOK_S)
        self._note_out(seat, since, time.monotonic())
        return back

    async def _back(self, actor: Actor, since: float, *, afresh: bool) -> float | None:
        """Seconds until they are told their place again and, if that is in a call, media comes to them."""
        one, back = actor.participant, None
        while back is None and time.monotonic() < since + BACK_S:
            told = one.heard_at > since and (one.opened_at > since or not afresh)
            if told and (one.room is None or self._in_call(one, since, afresh=afresh)):
                back = time.monotonic() - since
            await asyncio.sleep(LOOK_S)
        self._note_out(actor.facts.seat, since, time.monotonic())
        return back

    @staticmethod
    def _in_call(one: Participant, since: float, *, afresh: bool) -> bool:
        call = one.call
        if call is None or not call.connected:
            return False
        connected = one.spells[-1].connected or 0.0
        if connected > since:
            return True
        return not afresh and call.last_packet > since + SETTLE_S

    def _note_out(self, seat: str, begins: float, ends: float) -> None:
        self._out.setdefault(seat, []).append((begins, ends + AFTER_S))

    def _was_out(self, seat: str, begins: float, ends: float) -> bool:
        return any(one[0] <= ends and begins <= one[1] for one in self._out.get(seat, ()))

    # What came of it

    async def finish(self) -> None:
        """Everybody's counts, and what their pages were told."""
        self.facts.writers = len(self.stage.scribes)
        for scribe in self.stage.scribes:
            await scribe.stop()
            self.facts.marks_acknowledged += len(scribe.acknowledged)
            self.facts.marks_missing += await scribe.missing()
        await self._encounters()
        for actor in self.stage.actors:
            one, seat = actor.participant, actor.facts.seat
            actor.facts.packets = Packets(**one.counts().__dict__)
            self._joins(actor)
            self._chronicle.met(seat, one.bound, one.voices, self._heard_by(seat))
        steady = [seat for seat in self._course.by_seat if seat not in self._out and self._follows(seat)]
        day, chronicle = self._day, self._chronicle
        day.wrong, day.checked = [*chronicle.wrong, *chronicle.missing(steady)], chronicle.checked
        day.boundaries = chronicle.boundaries(self._wall_ms, self._out, apart=bool(self.facts.kills))
        await self.stage.leave()

    def _heard_by(self, seat: str) -> set[str]:
        """The encounters in which the seat must have heard somebody: nothing was made to go wrong in them."""
        if any(one.kind in ("silent", "vanish") for one in self.stage.plan.troubles):
            return set()
        return {
            one.encounter
            for one in self._course.by_seat[seat]
            if not one.rest and one.timings.encounter_s >= HEARD_FROM_S and one.encounter in self._held
            if not any(each in self._out for each in one.room)
        }

    def _follows(self, seat: str) -> bool:
        """Whether the seat's page was open and shows one encounter at a time."""
        stops = self._course.by_seat[seat]
        watched = seat in self._day_stage.onlookers or any(one.facts.seat == seat for one in self.stage.actors)
        return watched and len({one.rotation for one in stops}) == len(stops)

    async def _encounters(self) -> None:
        day = await self.stage.organiser.get(f"/api/exams/{self._course.exam}/day")
        found = {one["id"]: one for one in day["encounters"]}
        done: dict[tuple[str, int], list[bool]] = {}
        for stop in self._course.stops:
            where = f"rotation {stop.rotation} of circuit {stop.circuit}, station {stop.position}"
            for one in (found[each] for each in stop.encounters):
                done.setdefault((stop.circuit, stop.rotation), []).append(one["phase"] == "done")
                if one["phase"] != "done":
                    self._day.stuck.append(f"{where}: {one['phase']}")
                elif one["outcome"] != "completed":
                    self._day.missed.append(f"{where}: {one['outcome']}")
        self._day.turned = sum(all(some) for some in done.values())
        for pair in self.stage.pairs:
            stop, one = self._course.by_encounter[pair.encounter], found[pair.encounter]
            pair.phase = one["phase"]
            pair.started_ms, pair.ended_ms = self._times(pair.encounter, stop)
            self._day.sessions.append(
                Session(
                    number=pair.session,
                    circuit=stop.circuit,
                    rotation=stop.rotation,
                    position=stop.position,
                    candidate=stop.candidate,
                    second=stop.second,
                    sp=pair.actors[-1].facts.seat,
                    seconds=round((pair.ended_ms - pair.started_ms) / 1000, 3),
                    outcome=one["outcome"],
                )
            )
            if one["outcome"] == "completed":
                self._held.add(pair.encounter)

    def _times(self, encounter: str, stop: Stop) -> tuple[int, int]:
        """When the consultation began and ended, by the server's clock; as planned where no page was told."""
        known = self._chronicle.began_ms
        later = [known[encounter, phase] for phase in ("note", "changeover") if (encounter, phase) in known]
        length_ms = stop.timings.encounter_s * 1000
        started = known.get((encounter, "encounter"), min(later, default=length_ms) - length_ms)
        return started, min(later, default=started + length_ms)

    def _joins(self, actor: Actor) -> None:
        """From each first bell to the call; and connections that were lost though nobody had cut them."""
        seat, spells = actor.facts.seat, actor.participant.spells
        known = self._chronicle.began_ms
        for stop in self._course.by_seat[seat]:
            first = stop.phases()[0][0]
            if stop.rest or (stop.encounter, first) not in known:
                continue
            bell = (known[stop.encounter, first] - self._wall_ms) / 1000
            over = (self._times(stop.encounter, stop)[1] - self._wall_ms) / 1000 - ENDING_S
            mine = [one for one in spells if one.room == stop.encounter]
            connected = min((one.connected for one in mine if one.connected is not None), default=None)
            if not self._was_out(seat, bell, over if connected is None else connected):
                if connected is None:
                    self.mishap(f"{self._called(seat)} did not get into the call of rotation {stop.rotation}.")
                else:
                    actor.facts.joins.append((stop.rotation, round(connected - bell, 3)))
            for one in mine:
                if one.connected and one.over and one.over < over and not self._was_out(seat, one.over, one.over):
                    self.mishap(
                        f"{self._called(seat)} lost their connection in rotation {stop.rotation} "
                        f"({one.why or 'unknown'})."
                    )

    def _called(self, seat: str) -> str:
        return self._day_stage.names[seat]
