"""The ledger of the day: incidents from their opening to their decision, messages, and who was identified."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from teleosce.core.clock import Clock
from teleosce.core.db import Connection
from teleosce.core.errors import Conflict, Invalid
from teleosce.core.events import Events, IncidentChanged, MessageSaid
from teleosce.core.ids import new_id
from teleosce.exams import store, store_encounters, store_ledger
from teleosce.exams.day import Day
from teleosce.exams.decisions import decide
from teleosce.exams.exams import Exams
from teleosce.exams.incidents import (
    Decision,
    Incident,
    IncidentKind,
    Lost,
    Wrong,
    goes_on,
    measure,
    proposed,
    total_ms,
    until_now,
)
from teleosce.exams.models import Encounter, Identified, Message, Policy

MAX_TEXT = 1000
HOW = ("photo", "number", "withdrawn")
NOTEWORTHY_MS = 15_000
"""So much lost sound is an incident, though nobody noticed while it was lost."""


class Ledger:
    """What disturbed an exam, what was said in it, and who was identified. Publishes what changes."""

    def __init__(self, exams: Exams, day: Day, clock: Clock, events: Events) -> None:
        self._exams, self._day = exams, day
        self._database = exams.database
        self._clock, self._events = clock, events

    # Incidents

    async def incidents(self, exam_id: str) -> list[Incident]:
        """All incidents of an exam by now, in the order in which they were opened. Raises NotFound."""
        exam = await self._exams.exam(exam_id)
        async with self._database.read() as connection:
            found = await store_ledger.incidents_of(connection, exam_id)
        return [until_now(one, exam.policy, self._clock.now_ms()) for one in found]

    async def disturbed(self, encounter_id: str, wrong: Collection[Wrong]) -> None:
        """Opens, goes on with and closes the incidents of an encounter, by all that is wrong in it now."""
        if not wrong:
            async with self._database.read() as connection:
                known = await store_ledger.incidents_in(connection, [encounter_id])
            if all(one.closed_ms is not None for one in known):
                return
        async with self._database.write() as connection:
            encounter = await store_encounters.encounter(connection, encounter_id)
            if encounter is None:
                return
            policy = await _policy(connection, encounter)
            now_ms = self._clock.now_ms()
            changed = []
            known = await store_ledger.incidents_in(connection, [encounter_id])
            for old in known:
                by_seat = old.seat_id is not None and old.kind is not IncidentKind.server
                # A decision ends it, and it does not open again: what follows is another one.
                if not by_seat or old.decision is not None:
                    continue
                new = goes_on(old, wrong, policy, now_ms, known=True)
                if new != old:
                    await store_ledger.rewrite(connection, new, undecided=False)
                    changed.append(new)
            open_ = {(one.seat_id, one.kind) for one in known if one.decision is None}
            for seat_id, kind in sorted({(one.seat_id, one.kind) for one in wrong} - open_, key=str):
                mine = [one for one in wrong if (one.seat_id, one.kind) == (seat_id, kind)]
                since_ms = min(one.since_ms for one in mine)
                new = Incident(new_id(), encounter.exam_id, encounter_id, seat_id, kind, since_ms)
                new = goes_on(new, mine, policy, now_ms)
                await store_ledger.add(connection, new)
                changed.append(new)
        await self._tell(changed)

    async def outage(self, encounter_id: str, since_ms: int) -> None:
        """The server was away in the middle of a consultation, from the time of its last sign of life until now."""
        async with self._database.write() as connection:
            encounter = await store_encounters.encounter(connection, encounter_id)
            if encounter is None:
                return
            now_ms = self._clock.now_ms()
            since_ms = min(now_ms, max(since_ms, encounter.phase_started_ms))
            new = Incident(
                new_id(), encounter.exam_id, encounter_id, None, IncidentKind.server, since_ms, since_ms=since_ms
            )
            closed = goes_on(new, (), await _policy(connection, encounter), now_ms)
            await store_ledger.add(connection, closed)
        await self._tell([closed])

    async def measured(self, encounter_id: str, lost: Mapping[str, Lost], ended_ms: int) -> None:
        """Takes over, by seat, what the sealed recording of a consultation that ended shows as lost.

        Much lost sound that nobody noticed while it was lost is an incident too.
        """
        async with self._database.write() as connection:
            encounter = await store_encounters.encounter(connection, encounter_id)
            if encounter is None:
                return
            policy = await _policy(connection, encounter)
            changed = []
            known = await store_ledger.incidents_in(connection, [encounter_id])
            for old in (one for one in known if one.kind.is_measured):
                mine = [one for seat, one in lost.items() if old.seat_id in (None, seat)]
                new = measure(old, mine, ended_ms, policy, _apart(old, known))
                if mine and new != old:
                    await store_ledger.rewrite(connection, new, undecided=False)
                    changed.append(new)
            # Of who was not there nothing was lost, besides what says so already.
            explained = {one.seat_id for one in known if one.kind not in (IncidentKind.other, IncidentKind.picture)}
            for seat_id, one in lost.items():
                if total_ms(one.audio) >= NOTEWORTHY_MS and not explained & {seat_id, None}:
                    new = _unnoticed(encounter, seat_id, one, policy)
                    await store_ledger.add(connection, new)
                    changed.append(new)
        await self._tell(changed)

    async def decide(self, incident_id: str, decision: Decision, note: str, by: str | None) -> Incident:
        """A person's decision; what it says is done at once where it still can be, which `carried_out` tells.

        by: a seat or an account. Raises NotFound, Invalid for a void without a note, Conflict if it was decided before.
        """
        return await self._day.transact(lambda moves: decide(moves, incident_id, decision, note, by))

    async def consultation(self, encounter_id: str) -> tuple[int, int] | None:
        """When an encounter's consultation began and ended, on the server's clock; None unless it is over."""
        async with self._database.read() as connection:
            return await store_ledger.consultation(connection, encounter_id)

    # Messages

    async def say(self, exam_id: str, text: str, to: str | None = None, from_seat: str | None = None) -> Message:
        """A message, kept and then published. to: a seat, None for everybody; from_seat: None for the control room.

        From a seat and to nobody it is for the control room. Raises Invalid without a text of at most 1000 characters.
        """
        text = text.strip()
        if not 0 < len(text) <= MAX_TEXT:
            raise Invalid(f"A message has at most {MAX_TEXT} characters, and at least one.", code="message-text")
        await self._exams.exam(exam_id)
        async with self._database.write() as connection:
            said = await store_ledger.say(connection, Message(0, exam_id, to, from_seat, text, self._clock.now_ms()))
        await self._events.publish(MessageSaid(exam_id, said.number, to))
        return said

    async def messages(self, exam_id: str, seat_id: str | None = None) -> list[Message]:
        """What was said, in its order: to everybody, to and by a seat; without a seat, everything."""
        async with self._database.read() as connection:
            return await store_ledger.messages_of(connection, exam_id, seat_id)

    # Identities

    async def identify(self, exam_id: str, seat_id: str, how: str, by: str | None) -> Identified:
        """Notes by what somebody was identified: `photo` or `number`; `withdrawn` takes that back.

        Raises Invalid, and Conflict when somebody else has noted it already.
        """
        if how not in HOW:
            raise Invalid(f"Somebody is identified by {HOW[0]} or {HOW[1]}.", code="identified-how")
        await self._exams.exam(exam_id)
        made = Identified(exam_id, seat_id, how, by, self._clock.now_ms())
        async with self._database.write() as connection:
            before = _known(await store_ledger.identified(connection, exam_id)).get(seat_id)
            if before is not None and how != HOW[-1]:
                raise Conflict(f"This was noted already, by {before.how}. Nothing was changed.", code="identified")
            await store_ledger.identify(connection, made)
        return made

    async def identified(self, exam_id: str) -> dict[str, Identified]:
        """Who was identified, by seat."""
        async with self._database.read() as connection:
            return _known(await store_ledger.identified(connection, exam_id))

    async def _tell(self, changed: Collection[Incident]) -> None:
        for one in changed:
            await self._events.publish(IncidentChanged(one.exam_id, one.id))


def _known(every: Collection[Identified]) -> dict[str, Identified]:
    latest = {one.seat_id: one for one in every}
    return {seat: one for seat, one in latest.items() if one.how != HOW[-1]}


async def _policy(connection: Connection, encounter: Encounter) -> Policy:
    exam = await store.exam(connection, encounter.exam_id)
    return exam.policy if exam else Policy()


def _apart(incident: Incident, known: Collection[Incident]) -> tuple[int, int]:
    """Between what ends and what begins with the same of the same person: nothing lost counts for two."""
    others = [one for one in known if one.id != incident.id]
    same = [one for one in others if (one.seat_id, one.kind) == (incident.seat_id, incident.kind)]
    before = (one.closed_ms or 0 for one in same if one.opened_ms < incident.opened_ms)
    after = (one.opened_ms for one in same if one.opened_ms > incident.opened_ms)
    return max(before, default=0), min(after, default=2**53)


def _unnoticed(encounter: Encounter, seat_id: str, lost: Lost, policy: Policy) -> Incident:
    new = Incident(
        new_id(),
        encounter.exam_id,
        encounter.id,
        seat_id,
        IncidentKind.line,
        opened_ms=lost.audio[0][0],
        closed_ms=lost.audio[-1][1],
        lost_audio_ms=total_ms(lost.audio),
        lost_video_ms=total_ms(lost.video),
        measured=True,
    )
    return replace(new, proposal=proposed(new, policy))
