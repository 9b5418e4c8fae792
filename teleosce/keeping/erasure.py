"""Erasing a person: what they showed, said and wrote, and what was written about them, goes; that it went is kept.

Marks stay, of somebody without a name: they are the exam's result and the school's. The other person of an encounter
keeps their own track and words, even where these speak of the one who is erased. The audit log stays, as a row taken
from it would break its chain: it names people by id. Backups that were made before cannot be reached;
`<data>/erasures.jsonl` erases the same people again in one that is restored.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.ids import new_id
from teleosce.exams import RUNNING, Encounter, Exam
from teleosce.keeping import store
from teleosce.keeping.models import Erased
from teleosce.keeping.reels import drop_reels
from teleosce.people import Account, Principal, Seat, plain
from teleosce.planning import forget_in_plan
from teleosce.reports import Sources
from teleosce.scoring import forget_reference

log = structlog.get_logger(__name__)

LIST = "erasures.jsonl"
REAPPLIED = "a restored backup"
LONGEST = 500


@dataclass(frozen=True)
class Outcome:
    """What an erasure did. `still`: columns in which the name still stands, and in how many rows.

    overwritten: whether nothing of it is left in the database's files.
    """

    erased: Erased
    still: Mapping[str, int] = field(default_factory=dict)
    overwritten: bool = True


class Erasures:
    """Erases people, and knows who was."""

    def __init__(self, sources: Sources, database: Database, clock: Clock, data: Path) -> None:
        self._rooms, self._database, self._clock, self._data = sources, database, clock, data

    async def find(self, said: str) -> list[Seat | Account]:
        """Whom a person may mean by an id, an e-mail address, a candidate number or a name."""
        seats, accounts = await self._rooms.people.everybody()
        wanted = said.strip().casefold()
        everybody: list[Seat | Account] = [*seats, *accounts]
        by_id = [one for one in everybody if one.id == said.strip()]
        return by_id or [
            *(seat for seat in seats if wanted in (seat.name.casefold(), (seat.number or "").casefold())),
            *(account for account in accounts if wanted in (account.name.casefold(), account.email)),
        ]

    async def done(self) -> list[Erased]:
        """All erasures, the oldest first."""
        async with self._database.read() as connection:
            return await store.all_erasures(connection)

    async def erase(
        self, people: Sequence[Seat | Account], *, asked_by: str, by: Principal | None, by_force: bool = False
    ) -> Outcome:
        """Erases one person, who may have several seats and an account. May be repeated after it was interrupted.

        asked_by: on whose request, without names; it is kept. Vetoes: Invalid without it, or when it names them;
        Conflict under a legal hold (not `by_force`, for what was erased before), and while they are in an encounter or
        one of theirs is not sealed. Writes an audit row.
        """
        asked_by = " ".join(plain(asked_by).split())
        names = {person.name for person in people}
        if not 3 <= len(asked_by) <= LONGEST or any(name.casefold() in asked_by.casefold() for name in names):
            raise Invalid("Say who asked for it, in a few words and without the person's name. Nothing was erased.")
        for person in people:
            await self._veto(person, by_force=by_force)
        now_ms = self._clock.now_ms()
        counts: Counter[str] = Counter()
        for person in people:
            counts.update(await self._erase(person, _why(now_ms)))
        erased = Erased(new_id(), now_ms, tuple(person.id for person in people), asked_by, +counts)
        await self._keep(erased, by)
        overwritten = True
        if self._database.url.startswith("sqlite"):
            overwritten = await asyncio.to_thread(store.overwrite_freed, store.file_of(self._database.url))
        log.info("a person was erased", erasure=erased.id, **{kind.replace(" ", "_"): n for kind, n in counts.items()})
        return Outcome(erased, await self._still(names), overwritten)

    async def erase_again(self, lines: str) -> list[Outcome]:
        """Erases those whom the lines of an `erasures.jsonl` name, and this database knows and has not erased."""
        seats, accounts = await self._rooms.people.everybody()
        everybody: list[Seat | Account] = [*seats, *accounts]
        known = {one.id: one for one in everybody}
        before = {person for erased in await self.done() for person in erased.people}
        outcomes = []
        for line in filter(None, lines.splitlines()):
            try:
                ids = [str(one) for one in json.loads(line)["people"]]
            except (ValueError, KeyError, TypeError) as error:
                raise Invalid(
                    f"This is no list of erasures (a line reads {line[:40]!r}). Nothing was erased."
                ) from error
            people = [known[one] for one in ids if one in known and one not in before]
            if people:
                outcomes.append(await self.erase(people, asked_by=REAPPLIED, by=None, by_force=True))
        return outcomes

    async def _veto(self, person: Seat | Account, *, by_force: bool) -> None:
        for exam in await self._exams(person):
            async with self._database.read() as connection:
                hold = await store.hold_of(connection, exam.id)
            if hold and not by_force:
                raise Conflict(
                    f"“{exam.title}” is under a legal hold ({hold.reason}), so nothing was erased. Lift the hold "
                    "first, or tell the person that it must wait.",
                    code="hold",
                )
        for encounter in await encounters_of(self._rooms, person.id):
            if encounter.phase in RUNNING:
                raise Conflict("They are in an encounter now, so nothing was erased. Try again when it is over.")
            waits = await self._rooms.recordings.manifest(encounter.id) is None
            if waits and await self._rooms.recordings.takes(encounter.id):
                raise Conflict("A recording of theirs is not sealed yet, so nothing was erased. Try again in a minute.")

    async def _exams(self, person: Seat | Account) -> list[Exam]:
        """The exams that hold something of a person."""
        if isinstance(person, Seat):
            return [await self._rooms.exams.exam(person.exam_id)]
        encounters = [
            await self._rooms.exams.encounter(form.encounter_id)
            for form in await self._rooms.forms.of_author(person.id)
        ]
        return [await self._rooms.exams.exam(exam_id) for exam_id in {one.exam_id for one in encounters}]

    async def _erase(self, person: Seat | Account, why: str) -> Counter[str]:
        instead = f"Erased person {person.id[:4]}"
        counts: Counter[str] = Counter()
        encounters = await encounters_of(self._rooms, person.id)
        there = {one.id for one in await self._rooms.exams.attended_by(person.id)}
        for encounter in encounters:
            if person.id in (*encounter.people, encounter.candidate) or encounter.id in there:
                counts.update(await self._erase_from(encounter, person.id, why))
        own = [form.id for form in await self._rooms.forms.of_author(person.id)]
        counts["texts"] += await self._rooms.forms.forget_texts(own)
        # What is said of one encounter stands at those held in the same room as well.
        held = {one.id: [each.id for each in await self._rooms.exams.together(one)] for one in encounters}
        ids = {each for room in held.values() for each in room}
        counts["reasons"] += await self._rooms.exams.forget_in_log(list(ids), person.name, instead)
        exams = [exam.id for exam in await self._exams(person)]
        theirs = [one.id for one in encounters if person.id in (*one.people, one.candidate, one.examiner)]
        about = {each for one in theirs for each in held[one]}
        counts["reasons"] += await self._rooms.marking.forget_reasons(about, person.id)
        counts["messages"] += await self._rooms.exams.forget_in_notes(exams, person.id, person.name, instead)
        counts["corrections"] += await self._rooms.transcripts.forget_author(person.id, instead)
        if isinstance(person, Seat):
            counts["places in the plan"] += await forget_in_plan(self._database, person, instead)
        counts.update(await self._rooms.people.forget(person, instead))
        return counts

    async def _erase_from(self, encounter: Encounter, person_id: str, why: str) -> Counter[str]:
        """What one encounter holds of somebody who was in its room."""
        rooms, counts = self._rooms, Counter[str]()
        if await rooms.recordings.takes(encounter.id):
            went = await rooms.recordings.delete(encounter.id, why, participant_id=person_id, forget=True)
            counts["files"] += len(went)
        counts["turns"] += await rooms.transcripts.delete(encounter.id, why, participant_id=person_id)
        counts["reels"] += await drop_reels(rooms, self._database, self._data, encounter.id, why)
        counts["references"] += await forget_reference(self._database, encounter.id, self._clock.now_ms())
        # What is written of an encounter is about its candidate; of others in the room it quotes words.
        for one in await rooms.exams.together(encounter):
            forms = [form.id for form in await rooms.forms.of_encounter(one.id)]
            counts["texts"] += await rooms.forms.forget_texts(forms, quotes_only=person_id != one.candidate)
        return counts

    async def _keep(self, erased: Erased, by: Principal | None) -> None:
        async with self._database.write() as connection:
            await store.add_erasure(connection, erased)
            detail = {"erasure": erased.id, "counts": dict(erased.counts)}
            for person in erased.people:
                await self._rooms.people.record(by, "person.erase", person, detail, connection=connection)
        line = json.dumps({"id": erased.id, "at_ms": erased.at_ms, "people": erased.people})
        await asyncio.to_thread(_append, self._data / LIST, line)

    async def _still(self, names: set[str]) -> dict[str, int]:
        found: Counter[str] = Counter()
        async with self._database.read() as connection:
            for name in names:
                found.update(await store.where_named(connection, name))
        return dict(found)


async def encounters_of(sources: Sources, person_id: str) -> list[Encounter]:
    """The encounters of a person, those as well in which another took their place in the middle."""
    every = [*await sources.exams.of_seat(person_id), *await sources.exams.attended_by(person_id)]
    return list({one.id: one for one in every}.values())


def _why(now_ms: int) -> str:
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"The recording was deleted on {at.day} {at:%B %Y} at the person’s request."


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def only_one(said: str, found: Sequence[Seat | Account], exams: Mapping[str, str]) -> Seat | Account:
    """The one person found. Raises NotFound for none, Invalid for several, listed with their ids and exams' titles."""
    if not found:
        raise NotFound(f"There is nobody “{said}”. Give an id, a candidate number, an e-mail address or a full name.")
    if len(found) > 1:
        listed = "".join(
            f"\n  {one.id}  {one.name}, {one.role.value}"
            + (f", {one.number or 'no number'}, “{exams.get(one.exam_id, '?')}”" if isinstance(one, Seat) else "")
            for one in found
        )
        raise Invalid(f"“{said}” may be one of several. Give the id of the right one:{listed}")
    return found[0]
