"""Making exams and asking about them. What moves an encounter is in `transitions.py`."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, fields, replace
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from teleosce.core.clock import Clock
from teleosce.core.db import Connection, Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.exams import store, store_encounters, store_ledger, store_moves
from teleosce.exams.incidents import Incident
from teleosce.exams.models import (
    Attendance,
    Cause,
    Circuit,
    CircuitState,
    Encounter,
    Exam,
    Identified,
    Message,
    Phase,
    PhaseEntry,
    Policy,
    Slot,
    Timings,
)
from teleosce.stations import Timings as StationTimings

MAX_TITLE = 200
MAX_CIRCUIT = 20
MAX_PHASE_S = 24 * 3600


class Exams:
    """Exams, their slots and encounters."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    async def create(self, title: str, zone: str, policy: Policy | None = None) -> Exam:
        """A new, empty exam. Raises Invalid without a title or with an unknown IANA time zone."""
        title = title.strip()
        if not 0 < len(title) <= MAX_TITLE:
            raise Invalid(f"An exam needs a title of at most {MAX_TITLE} characters.", code="exam-title")
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, LookupError) as error:
            raise Invalid(
                f"“{zone[:64]}” is not a time zone. Use a name such as Europe/Berlin.", code="exam-zone"
            ) from error
        exam = Exam(new_id(), title, zone, self._clock.now_ms(), policy or Policy())
        async with self.database.write() as connection:
            await store.add_exam(connection, exam)
        return exam

    async def add_slot(
        self,
        exam_id: str,
        *,
        position: int,
        rotation: int,
        circuit: str = "A",
        station_hash: str,
        timings: Timings | StationTimings,
        candidate: str | None,
        sp: str | None,
        examiner: str | None = None,
        extra: Sequence[str] = (),
    ) -> Slot:
        """A new slot with its first encounter, waiting; and its circuit, if it is the first one there.

        extra: further seats in the room.

        Raises Invalid for numbers out of range, and Conflict when the candidate, the SP or the station
        already has a slot in this rotation: nobody is in two rooms at once.
        """
        copied = Timings(*(getattr(timings, each.name) for each in fields(Timings)))
        _check(position, rotation, circuit, copied)
        await self.exam(exam_id)
        slot = Slot(
            new_id(),
            exam_id,
            position,
            rotation,
            circuit,
            station_hash,
            candidate,
            sp,
            examiner,
            tuple(extra),
        )
        try:
            async with self.database.write() as connection:
                now_ms = self._clock.now_ms()
                await _open_circuit(connection, exam_id, circuit, now_ms)
                await store.add_slot(connection, slot)
                await store_encounters.add_encounter(connection, first_attempt(slot, copied, now_ms), Cause.created)
        except IntegrityError as error:
            raise Conflict(
                f"In rotation {rotation} the candidate, the standardized patient or station {position} of "
                f"circuit {circuit} already has a slot, so this one was not made.",
                code="slot-taken",
            ) from error
        return slot

    async def circuits(self, exam_id: str) -> list[Circuit]:
        """The circuits of an exam by name. `exam_state` says what state that gives the exam."""
        async with self.database.read() as connection:
            return await store.circuits_of(connection, exam_id)

    async def any_running(self) -> bool:
        """Whether the clock moves any encounter at present."""
        async with self.database.read() as connection:
            return bool(await store_encounters.running(connection))

    async def exam(self, exam_id: str) -> Exam:
        """One exam. Raises NotFound."""
        async with self.database.read() as connection:
            found = await store.exam(connection, exam_id)
        if found is None:
            raise NotFound("There is no such exam.", code="no-exam")
        return found

    async def exams(self) -> list[Exam]:
        """Every exam, the newest first."""
        async with self.database.read() as connection:
            return await store.all_exams(connection)

    async def slot(self, slot_id: str) -> Slot:
        """One slot. Raises NotFound."""
        async with self.database.read() as connection:
            found = await store.slot(connection, slot_id)
        if found is None:
            raise NotFound("There is no such slot.", code="no-slot")
        return found

    async def slots(self, exam_id: str) -> list[Slot]:
        """The slots of an exam by rotation, position and circuit."""
        async with self.database.read() as connection:
            return await store.slots_of(connection, exam_id)

    async def stations_of(self, exam_id: str) -> list[str]:
        """The hashes of an exam's station versions in the order of the ring."""
        async with self.database.read() as connection:
            return await store.stations_of(connection, exam_id)

    async def encounter(self, encounter_id: str) -> Encounter:
        """One encounter. Raises NotFound."""
        async with self.database.read() as connection:
            found = await store_encounters.encounter(connection, encounter_id)
        if found is None:
            raise NotFound("There is no such encounter.", code="no-encounter")
        return found

    async def encounters(self, exam_id: str) -> list[Encounter]:
        """All attempts of an exam by rotation, position, circuit and attempt."""
        async with self.database.read() as connection:
            return await store_encounters.encounters_of(connection, exam_id)

    async def some(self, encounter_ids: Collection[str]) -> list[Encounter]:
        """Those of the encounters that there are, in the order of the day."""
        async with self.database.read() as connection:
            return await store_encounters.some(connection, encounter_ids)

    async def together(self, encounter: Encounter) -> list[Encounter]:
        """All that are held in the room of this one: its own candidate's, and those of others who join it."""
        if encounter.joins is None and not encounter.extra:
            return [encounter]
        async with self.database.read() as connection:
            leads = await store_encounters.some(connection, [encounter.room])
            return leads + await store_encounters.joining(connection, [encounter.room])

    async def beside(self, encounter: Encounter) -> set[str]:
        """The seats of other candidates in its room: those who join it, and who came along and is assessed no more."""
        room = encounter if encounter.joins is None else await self.encounter(encounter.joins)
        return {*room.assessed} - {encounter.candidate or ""}

    async def running(self) -> list[Encounter]:
        """Every encounter, of any exam, that has begun and is not done; what joins another goes with that."""
        async with self.database.read() as connection:
            return await store_encounters.running(connection)

    async def past_consultation(self, since_ms: int, besides: Collection[str] = ()) -> list[Encounter]:
        """Encounters with a room, past their consultation and in their present phase since then or later.

        besides: ids of encounters that may be so for longer.
        """
        async with self.database.read() as connection:
            return await store_encounters.past_consultation(connection, since_ms, besides)

    async def where_now(self, seat_id: str) -> Encounter | None:
        """Where a candidate, SP or examiner should be: the running encounter, else the next waiting one."""
        async with self.database.read() as connection:
            return await store_encounters.now_or_next(connection, seat_id)

    async def of_seat(self, seat_id: str) -> list[Encounter]:
        """All attempts that a seat takes part in or examines, in the order of the day."""
        async with self.database.read() as connection:
            return await store_encounters.of_seat(connection, seat_id)

    async def attended(self, there: Iterable[tuple[str, str]]) -> None:
        """Notes who is in which encounter's media room now, as pairs of encounter and seat.

        Those who do not belong there (an observer, another room) are left out.
        """
        pairs = set(there)
        async with self.database.write() as connection:
            now_ms = self._clock.now_ms()
            known = await store_encounters.some(connection, {encounter_id for encounter_id, _ in pairs})
            people = {(one.id, seat) for one in known for seat in one.people}
            await store_moves.attend(connection, sorted(pairs & people), now_ms)

    async def attended_by(self, seat_id: str) -> list[Encounter]:
        """The encounters in whose media room a seat was, though another may have taken its place since."""
        async with self.database.read() as connection:
            return await store_encounters.attended_by(connection, seat_id)

    async def attendance(self, encounter_ids: Collection[str]) -> list[Attendance]:
        """Who was in the media rooms of some encounters, from when to when."""
        async with self.database.read() as connection:
            return await store_moves.attendance_of(connection, encounter_ids)

    async def phase_log(self, encounter_id: str) -> list[PhaseEntry]:
        """What happened to an encounter and when, oldest first."""
        async with self.database.read() as connection:
            return await store_encounters.log_of(connection, encounter_id)

    async def forget_in_log(self, encounter_ids: Sequence[str], name: str, instead: str) -> int:
        """Replaces a name in the reasons that people gave for what they did to encounters; returns how many."""
        async with self.database.write() as connection:
            return await store_moves.forget_in_log(connection, encounter_ids, name, instead)

    async def forget_in_notes(self, exam_ids: Collection[str], seat_id: str, name: str, instead: str) -> int:
        """Erases what a person wrote or was written, and their name in other messages and notes; returns how many."""
        async with self.database.write() as connection:
            return await store_ledger.forget(connection, exam_ids, seat_id, name, instead)

    async def noted_of(self, exam_id: str, seat_id: str) -> tuple[list[Message], list[Identified], list[Incident]]:
        """What the ledger holds of a person: messages to and by them, checks of identity, their incidents."""
        async with self.database.read() as connection:
            messages = await store_ledger.messages_of(connection, exam_id, seat_id)
            identified = await store_ledger.identified(connection, exam_id)
            incidents = await store_ledger.incidents_of(connection, exam_id)
        return (
            [one for one in messages if seat_id in (one.seat_id, one.from_seat)],
            [one for one in identified if one.seat_id == seat_id],
            [one for one in incidents if one.seat_id == seat_id],
        )

    async def incidents_in(self, encounter_ids: Collection[str]) -> list[Incident]:
        """The incidents of some encounters as they were noted last, in the order in which they were opened."""
        async with self.database.read() as connection:
            return await store_ledger.incidents_in(connection, encounter_ids)

    async def began_ms(self, encounter_id: str) -> int | None:
        """When it left `waiting`; None if it never began."""
        entries = await self.phase_log(encounter_id)
        return next((entry.at_ms for entry in entries if entry.cause is Cause.begun), None)

    async def consultation_began_ms(self, encounter_id: str) -> int | None:
        """When the consultation first began, whatever was paused or started over since; None before it does."""
        entries = await self.phase_log(encounter_id)
        return next((entry.at_ms for entry in entries if entry.phase is Phase.encounter), None)

    async def pauses(self, encounter_id: str) -> list[tuple[int, int]]:
        """When its clock stood, from and to, on the server's clock. One that stands still is not among them yet."""
        found: list[tuple[int, int]] = []
        stands: PhaseEntry | None = None
        for entry in await self.phase_log(encounter_id):
            if stands is None:
                stands = entry if entry.cause is Cause.paused else None
            elif entry.cause in (Cause.resumed, Cause.stopped) or entry.phase is not stands.phase:
                found.append((stands.at_ms, entry.at_ms))
                # Into another phase it goes standing, until somebody lets it go on.
                on = entry.cause in (Cause.resumed, Cause.stopped) or entry.phase is Phase.done
                stands = None if on else entry
        return found

    async def show_stimulus(self, encounter_id: str, stimulus: str, *, shown: bool) -> None:
        """Shows a stimulus to the candidate from now on, or hides it; each change is kept. Raises NotFound."""
        await self.encounter(encounter_id)
        async with self.database.write() as connection:
            if (stimulus in await store_encounters.shown(connection, encounter_id)) != shown:
                await store_moves.show(connection, encounter_id, stimulus, shown=shown, at_ms=self._clock.now_ms())

    async def shown_in(self, encounter_ids: Collection[str]) -> dict[str, list[str]]:
        """As `shown_stimuli`, for several encounters; one in which nothing was ever shown may be left out."""
        async with self.database.read() as connection:
            return await store_encounters.shown_in(connection, encounter_ids)

    async def shown_stimuli(self, encounter_id: str) -> list[str]:
        """The stimuli that somebody shows the candidate now, in the order in which they were shown."""
        async with self.database.read() as connection:
            return await store_encounters.shown(connection, encounter_id)


def first_attempt(slot: Slot, timings: Timings, now_ms: int) -> Encounter:
    """The waiting encounter that a slot starts with."""
    return Encounter(
        id=new_id(),
        slot_id=slot.id,
        exam_id=slot.exam_id,
        attempt=1,
        phase=Phase.waiting,
        phase_started_ms=now_ms,
        phase_ends_ms=None,
        outcome=None,
        position=slot.met_at or slot.position,
        rotation=slot.rotation,
        circuit=slot.circuit,
        station_hash=slot.station_hash,
        candidate=slot.candidate,
        sp=slot.sp,
        examiner=slot.examiner,
        timings=timings,
        extra=slot.extra,
    )


async def _open_circuit(connection: Connection, exam_id: str, name: str, now_ms: int) -> None:
    """Makes the circuit, or opens a finished one again: something waits in it."""
    known = await store.circuit(connection, exam_id, name)
    if known is None:
        await store.add_circuit(connection, Circuit(exam_id, name, CircuitState.planned, 0, None, now_ms))
    elif known.state is CircuitState.finished:
        await store.move_circuit(connection, known, replace(known, state=CircuitState.planned, changed_ms=now_ms))


def _check(position: int, rotation: int, circuit: str, timings: Timings) -> None:
    if min(position, rotation) < 1 or not 0 < len(circuit) <= MAX_CIRCUIT:
        raise Invalid("Stations and rotations are numbered from 1, and a circuit has a short name.", code="slot-place")
    if not all(0 <= seconds <= MAX_PHASE_S for seconds in astuple(timings)):
        raise Invalid("A phase lasts from 0 seconds to 24 hours.", code="slot-timings")
