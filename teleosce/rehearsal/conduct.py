"""The course of a rehearsal: the bells, the troubles at their moments, and how everybody came through."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from teleosce.core.errors import Fault
from teleosce.rehearsal.facts import Facts, Kill, Outage, Packets
from teleosce.rehearsal.stage import Actor, Pair, Stage
from teleosce.rehearsal.trouble import Trouble

JOIN_S, BACK_S, LOOK_S = 30.0, 30.0, 0.05
PHASES = 5
"""As many as an encounter has: who does not end after so many bells does not end."""
SETTLE_S = 0.5
"""What was under way when something happened proves nothing: media counts as back when it comes after so long."""


class Killable(Protocol):
    """A server of our own."""

    async def kill(self) -> float:
        """Kills it, starts it again, and returns how many seconds passed until it answered."""


@dataclass(frozen=True)
class Killed:
    """When the server was killed, and since when each seat had its connection then; by this machine's clock."""

    at_ms: float
    since_ms: dict[str, float]


class Conductor:
    """Leads a built stage through its encounters, all at one bell. say: tells how far it is."""

    def __init__(self, stage: Stage, facts: Facts, server: Killable | None, say: Callable[[str], None]) -> None:
        self.stage, self.facts, self._server, self._say = stage, facts, server, say
        self._tasks: list[asyncio.Task[None]] = []
        self._killing = asyncio.Lock()
        self.killed: list[Killed] = []

    async def ring(self) -> None:
        """The first bell: everybody connects. Notes how long each needed."""
        self._say(f"The bell: {len(self.stage.actors)} people connect.")
        await asyncio.gather(*(self._begin(pair) for pair in self.stage.pairs))
        await asyncio.gather(*(self._joined(pair, actor) for pair in self.stage.pairs for actor in pair.actors))

    async def _begin(self, pair: Pair) -> None:
        pair.bell = time.monotonic()
        try:
            await self.stage.organiser.post(f"/api/encounters/{pair.encounter}/begin")
        except Fault as fault:
            self.mishap(f"Session {pair.session} could not be begun: {fault.message}")
        pair.phase = "reading"

    async def _joined(self, pair: Pair, actor: Actor) -> None:
        one = actor.participant
        try:
            await one.until(lambda: one.connected, JOIN_S)
            actor.facts.join_s = (one.spells[-1].connected or time.monotonic()) - pair.bell
        except TimeoutError:
            self.mishap(f"{actor.facts.role} {actor.facts.session} did not get into the call.")

    async def hold(self) -> None:
        """The encounters, with all that goes wrong in them, to their end."""
        stage, plan = self.stage, self.stage.plan
        await asyncio.gather(*(stage.move_on(pair) for pair in stage.pairs))
        began = time.monotonic()
        self._say(f"The encounters run for {plan.seconds:g} s.")
        speech_from = int(began) + 2
        for actor in stage.actors:
            if actor.participant.performance is not None:
                actor.participant.performance.begin(speech_from)
        if plan.encounter_s < plan.seconds + 60:
            more = {"seconds": int(plan.seconds + 60 - plan.encounter_s)}
            add = (stage.organiser.post(f"/api/encounters/{pair.encounter}/add-time", more) for pair in stage.pairs)
            await asyncio.gather(*add)
        for scribe in stage.scribes:
            await scribe.begin()
        self._tasks = [asyncio.create_task(self._happen(one, began)) for one in plan.troubles if one.at_s is not None]
        await asyncio.sleep(began + plan.seconds - time.monotonic())
        if self._tasks:
            await asyncio.wait(self._tasks)
            for task in self._tasks:
                task.result()

    async def finish(self) -> None:
        """The last bells, and everybody's counts."""
        self._say("The encounters end; the recordings are sealed.")
        over = time.monotonic()
        await asyncio.gather(*(self.stage.move_on(pair) for pair in self.stage.pairs))
        for actor in self.stage.actors:
            actor.facts.packets = Packets(**actor.participant.counts().__dict__)
            self._unasked(actor, over)
        self.facts.writers = len(self.stage.scribes)
        for scribe in self.stage.scribes:
            await scribe.stop()
            self.facts.marks_acknowledged += len(scribe.acknowledged)
            self.facts.marks_missing += await scribe.missing()
        await asyncio.gather(*(self._to_the_end(pair) for pair in self.stage.pairs))
        await self.stage.void_others()
        await self.stage.leave()

    async def _to_the_end(self, pair: Pair) -> None:
        for _ in range(PHASES):
            if pair.phase != "done":
                await self.stage.move_on(pair)

    def _unasked(self, actor: Actor, over: float) -> None:
        """Connections that were lost though nobody had cut them, before the encounters were over."""
        for spell in actor.participant.spells:
            lost = spell.over or over
            if lost < over and not any(begins <= lost <= ends for begins, ends in actor.troubled):
                self.mishap(
                    f"{actor.facts.role} {actor.facts.session} lost their connection ({spell.why or 'unknown'})."
                )

    async def _happen(self, trouble: Trouble, began: float) -> None:
        assert trouble.at_s is not None
        await asyncio.sleep(began + trouble.at_s - time.monotonic())
        self._say(f"{trouble.at_s:g} s: {trouble}")
        if trouble.kind == "kill":
            # One after the other: each is over when everybody is back.
            async with self._killing:
                await self._kill(began)
            return
        befallen = [one for one in self.stage.actors if trouble.befalls(one.facts.role, one.number) and not one.gone]
        await asyncio.gather(*(self._befall(trouble, actor) for actor in befallen))

    async def _kill(self, began: float) -> None:
        assert self._server is not None
        at = time.monotonic()
        there = [one for one in self.stage.actors if not one.gone]
        now_ms = time.time() * 1000
        killed = Killed(now_ms, {one.facts.seat: now_ms - one.participant.connected_s * 1000 for one in there})
        for actor in there:
            actor.troubled.append((at, at + BACK_S))
        waiting = [asyncio.create_task(self._back(actor, at, afresh=True)) for actor in there]
        up_s = await self._server.kill()
        back = await asyncio.gather(*waiting)
        self.killed.append(killed)
        self.facts.kills.append(Kill(at_s=round(at - began, 2), up_s=up_s, back=back))

    async def _befall(self, trouble: Trouble, actor: Actor) -> None:
        one, at = actor.participant, time.monotonic()
        do: dict[str, Callable[[], Awaitable[None]]] = {
            "reload": one.reload,
            "vanish": one.vanish,
            "move": one.move,
            "drop": lambda: one.cut(trouble.value),
        }
        length = trouble.value if trouble.kind == "drop" else 0.0
        actor.troubled.append((at, at + length + BACK_S))
        if trouble.kind == "vanish":
            actor.gone = True
            await one.vanish()
            return
        await do[trouble.kind]()
        free = at + length
        afresh = trouble.kind == "reload"
        back = await self._back(actor, free, afresh=afresh)
        actor.facts.outages.append(Outage(why=trouble.kind, at_s=trouble.at_s or 0.0, back_s=back))

    async def _back(self, actor: Actor, since: float, *, afresh: bool) -> float | None:
        """Seconds from `since` until media comes to them; afresh: by a connection made after that."""
        one = actor.participant
        while time.monotonic() < since + BACK_S:
            call = one.call
            if call is not None and call.connected and (not afresh or (one.spells[-1].connected or 0.0) > since):
                came = call.last_packet
                if afresh and came > (one.spells[-1].connected or 0.0):
                    return came - since
                if not afresh and came > since + SETTLE_S:
                    return self._came_back(one.spells[-1].connected or 0.0, since)
            await asyncio.sleep(LOOK_S)
        return None

    @staticmethod
    def _came_back(connected: float, since: float) -> float:
        """On the old connection it was back within the settling time; else since the new one was made."""
        return max(connected - since, SETTLE_S) if connected > since else SETTLE_S

    def mishap(self, what: str) -> None:
        """Notes what nobody had asked for."""
        self.facts.mishaps.append(what)

    async def abandon(self) -> None:
        """After a failure: nobody stays behind."""
        for task in self._tasks:
            task.cancel()
        try:
            await self.stage.leave()
        except Fault:
            return
