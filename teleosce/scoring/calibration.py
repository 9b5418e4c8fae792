"""Calibration: examiners mark reference recordings with agreed marks before they mark live.

A reference is a finished encounter whose people agreed that it trains examiners. Its agreed marks are a form of their
own kind, and so is what an examiner practises: neither is ever a mark of the encounter. A further attempt empties the
sheet; every attempt stays in its history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, NotFound
from teleosce.exams import Encounter, Exams, Outcome, Phase
from teleosce.people import People, Principal, Role
from teleosce.recording import Recordings
from teleosce.scoring import store_calibration as store
from teleosce.scoring.agreement import Agreement, Compared, agreement, compare
from teleosce.scoring.fields import layout_of
from teleosce.scoring.forms import AGAIN, Forms
from teleosce.scoring.marking import Marking
from teleosce.scoring.models import OPEN, Form, History, Kind, State
from teleosce.scoring.records import COUNTS
from teleosce.scoring.store_calibration import Reference
from teleosce.stations import StationStore


@dataclass(frozen=True)
class Practice:
    """One examiner at one reference. form: their sheet; None before they open it. attempts: those submitted."""

    reference: Reference
    form: Form | None
    attempts: tuple[Compared, ...]


def together(practice: Sequence[Practice], attempt: int = -1) -> Agreement:
    """The agreement over the latest attempt at each reference; `attempt` 0 means the first, which alone was blind."""
    return agreement([one.attempts[attempt] for one in practice if one.attempts])


class Calibration:
    """References and what examiners make of them."""

    def __init__(  # noqa: PLR0917 the rooms it reads
        self,
        database: Database,
        clock: Clock,
        forms: Forms,
        marking: Marking,
        exams: Exams,
        people: People,
        stations: StationStore,
        recordings: Recordings,
    ) -> None:
        self._database, self._clock, self._forms = database, clock, forms
        self._marking, self._exams, self._people = marking, exams, people
        self._stations, self._recordings = stations, recordings

    async def reference(self, encounter_id: str) -> Reference:
        """The reference that an encounter is. Raises NotFound."""
        async with self._database.read() as connection:
            found = await store.find(connection, encounter_id)
        if found is None:
            raise NotFound("There is no such reference recording.")
        return found

    async def every(self) -> list[Reference]:
        """All references of the house."""
        async with self._database.read() as connection:
            return await store.every(connection)

    async def of_exam(self, exam_id: str) -> list[Reference]:
        """Those that an exam names, whether they can be marked now or not."""
        async with self._database.read() as connection:
            return await store.of_exam(connection, exam_id)

    async def agreed(self, exam_id: str) -> list[Reference]:
        """Those of an exam whose agreed marks were ever submitted: one that is closed for a while stays among them."""
        return [one for one in await self.of_exam(exam_id) if (await self._marks(one)).state is not State.draft]

    async def _marks(self, reference: Reference) -> Form:
        return await self._forms.form(reference.form_id)

    async def make(self, encounter_id: str, by: Principal) -> Reference:
        """Makes a finished encounter a reference of its exam, with an empty sheet for its agreed marks; audit row.

        One that stands is returned as it is. Vetoes: Conflict for an encounter that is not over, was not recorded, or
        whose people have not all agreed to training, or that has no mark of record yet: the agreed marks, which
        examiners are shown, must not reach somebody who still marks it.
        """
        encounter = await self._exams.encounter(encounter_id)
        async with self._database.read() as connection:
            known = await store.find(connection, encounter_id)
        if known is not None:
            return known
        if (why := await self._why_not(encounter)) is not None:
            raise Conflict(f"{why} So it was not made a reference.", code="no-reference")
        author = by.seat_id or by.account_id or by.session_id
        form = await self._forms.open(Kind.reference, encounter_id, author)
        made = Reference(encounter_id, encounter.station_hash, form.id, author, self._clock.now_ms())
        async with self._database.write() as connection:
            if (first := await store.find(connection, encounter_id)) is not None:
                return first
            await store.put(connection, made)
            await store.name(connection, encounter.exam_id, encounter_id, made.made_ms)
            detail = {"exam": encounter.exam_id, "station": made.station_hash}
            await self._people.record(by, "reference.make", encounter_id, detail, connection=connection)
        return made

    async def withdraw(self, encounter_id: str, by: Principal | None) -> None:
        """Nobody practises on it any more; what was marked is kept. Audit row. Raises NotFound."""
        await self.reference(encounter_id)
        async with self._database.write() as connection:
            if await store.withdraw(connection, encounter_id, self._clock.now_ms()):
                await self._people.record(by, "reference.withdraw", encounter_id, {}, connection=connection)

    async def name(self, exam_id: str, encounter_id: str, by: Principal, *, used: bool) -> None:
        """An exam uses a reference, which may be of another exam, or uses it no longer. Audit row. Raises NotFound."""
        await self.reference(encounter_id)
        async with self._database.write() as connection:
            if used:
                changed = await store.name(connection, exam_id, encounter_id, self._clock.now_ms())
            else:
                changed = await store.forget_name(connection, exam_id, encounter_id)
            if changed:
                detail = {"exam": exam_id, "used": used}
                await self._people.record(by, "reference.name", encounter_id, detail, connection=connection)

    async def why_closed(self, reference: Reference) -> str | None:
        """Why nobody can practise on it now, as a sentence; None when they can."""
        if (await self._marks(reference)).state in OPEN:
            return "Its agreed marks are not submitted yet."
        return await self._why_not(await self._exams.encounter(reference.encounter_id))

    async def makeable(self, encounter: Encounter) -> bool:
        """Whether an encounter could be made a reference now."""
        return await self._why_not(encounter) is None

    async def again(self, reference: Reference, seat_id: str) -> Form:
        """Empties an examiner's submitted sheet for a further attempt; the attempts before stay in its history."""
        form = await self._forms.open(Kind.calibration, reference.encounter_id, seat_id)
        return await self._forms.again(form.id, seat_id)

    async def practice(self, references: Sequence[Reference], seat_ids: Sequence[str]) -> dict[str, list[Practice]]:
        """What each of some examiners made of some references, in their order."""
        found: dict[str, list[Practice]] = {seat: [] for seat in seat_ids}
        forms = await self._forms.of_encounters([one.encounter_id for one in references])
        for one in references:
            layout = layout_of(await self._stations.get(one.station_hash))
            agreed = (await self._marks(one)).values
            own = {form.author_id: form for form in forms[one.encounter_id] if form.kind is Kind.calibration}
            for seat in seat_ids:
                form = own.get(seat)
                done = attempts(await self._forms.history(form.id)) if form and form.state is not State.draft else []
                found[seat].append(Practice(one, form, tuple(compare(layout, agreed, values) for values in done)))
        return found

    async def _why_not(self, encounter: Encounter) -> str | None:
        """Why an encounter may not train anybody; None when it may."""
        if encounter.phase is not Phase.done or encounter.outcome is Outcome.missed:
            return "This encounter is not over, or it had no candidate."
        if encounter.joins is not None:
            return "It was held in the room of another candidate’s encounter: only that one can be a reference."
        manifest = await self._recordings.manifest(encounter.id)
        takes = [take for take in manifest.takes if take.file] if manifest else []
        if not takes:
            return "There is no recording of this encounter that plays."
        people = {*encounter.people, *(take.participant_id for take in takes)}
        missing = people - await self._people.allow_training(people)
        if not missing:
            return None if (await self._marking.record(encounter.id)).status in COUNTS else _UNMARKED
        roles = {(await self._people.seat(one)).role for one in missing}
        who = " and ".join(words for role, words in _WHO.items() if role in roles) or "somebody who speaks in it"
        verb = "have" if len(roles) > 1 else "has"
        return (
            f"{who[:1].upper()}{who[1:]} {verb} not agreed that the recording trains examiners. They are asked on the "
            "page of their own link, and can still agree there."
        )


async def forget_reference(database: Database, encounter_id: str, at_ms: int) -> int:
    """Nobody practises any more on an encounter that somebody is erased from. Returns how many references went."""
    async with database.write() as connection:
        return int(await store.withdraw(connection, encounter_id, at_ms))


_UNMARKED = (
    "Its own marking is not finished: a mark is missing, being amended or in dispute, and whoever gives it must not "
    "see the agreed marks."
)
_WHO = {
    Role.candidate: "the candidate",
    Role.standardized_patient: "the standardized patient",
    Role.examiner: "the examiner who speaks in it",
}


def attempts(history: History) -> list[dict[str, Any]]:
    """The submitted attempts of a calibration sheet, oldest first: the fields as they stood at each submission.

    An attempt ends where the entries begin by which the next one emptied the sheet.
    """
    submitted = sum(step.state in (State.submitted, State.amended) for step in history.steps)
    found: list[dict[str, Any]] = []
    values: dict[str, Any] = {}
    for entry in history.entries:
        begins = f"{AGAIN}{len(found) + 1}."
        if entry.change_id.startswith(begins):
            found.append(dict(values))
        values[entry.field] = entry.value
    return [*found, values][:submitted]
