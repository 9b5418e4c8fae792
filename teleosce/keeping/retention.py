"""An exam's rule for how long recordings are kept, the legal hold that stops it, and the daily sweep that follows it.

Nothing goes while a hold is on, before an encounter is over, its recording sealed and its transcript made, and before
its mark is submitted. Marks stay. What went is told by the take's tombstone in the manifest, and by an audit row.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Invalid
from teleosce.exams import Encounter, Exam, Outcome, Phase
from teleosce.keeping import store
from teleosce.keeping.models import Hold, Rule
from teleosce.keeping.reels import drop_reels
from teleosce.people import Principal, plain
from teleosce.recording import Take
from teleosce.reports import Sources
from teleosce.scoring import COUNTS, Form, Kind, Status
from teleosce.transcripts import State as Transcribed

log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
DAY_S = 86_400
LONGEST_DAYS = 36_500


@dataclass(frozen=True)
class Prospect:
    """What will become of one encounter's files.

    raw_ms, recording_ms: when they may go, None for never. has_raw, has_recording: whether there is anything of it.
    waits: a clause on what must happen first, None when nothing must. gone: why there is nothing any more.
    """

    encounter: Encounter
    raw_ms: int | None
    recording_ms: int | None
    has_raw: bool
    has_recording: bool
    waits: str | None
    gone: str | None


class Retention:
    """Rules, holds and the sweep."""

    def __init__(self, sources: Sources, database: Database, clock: Clock, data: Path) -> None:
        self._rooms, self._database, self._clock, self._data = sources, database, clock, data

    async def rule(self, exam_id: str) -> Rule:
        """The exam's rule."""
        async with self._database.read() as connection:
            return await store.rule_of(connection, exam_id)

    async def set_rule(self, exam_id: str, rule: Rule, by: Principal | None) -> None:
        """Replaces the exam's rule; audit row. Raises NotFound; Invalid when raw takes would outlive the rest."""
        await self._rooms.exams.exam(exam_id)
        for days in (rule.raw_days, rule.recording_days):
            if days is not None and not 1 <= days <= LONGEST_DAYS:
                raise Invalid("A rule keeps things for 1 day or more, or for good. Nothing was changed.", code="rule")
        if rule.recording_days is not None and (rule.raw_days or 0) > rule.recording_days:
            raise Invalid(
                "Raw takes cannot be kept longer than the recordings they belong to. Nothing was changed.", code="rule"
            )
        async with self._database.write() as connection:
            await store.set_rule(connection, exam_id, rule, self._clock.now_ms())
            await self._rooms.people.record(by, "retention.rule", exam_id, vars(rule), connection=connection)

    async def hold(self, exam_id: str) -> Hold | None:
        """The hold that is on the exam now."""
        async with self._database.read() as connection:
            return await store.hold_of(connection, exam_id)

    async def place_hold(self, exam_id: str, reason: str, by: Principal | None) -> None:
        """From now on nothing of the exam is deleted. Raises Invalid without a reason, Conflict when one is on."""
        exam = await self._rooms.exams.exam(exam_id)
        reason = " ".join(plain(reason).split())
        if not 3 <= len(reason) <= 500:
            raise Invalid("A hold needs a reason, of 3 to 500 characters. Nothing was changed.", code="hold-reason")
        async with self._database.write() as connection:
            if await store.hold_of(connection, exam.id):
                raise Conflict("The exam is under a hold already.", code="hold")
            await store.place_hold(connection, Hold(exam.id, reason, by.name if by else None, self._clock.now_ms()))
            await self._rooms.people.record(by, "hold.place", exam.id, {"reason": reason}, connection=connection)

    async def lift_hold(self, exam_id: str, by: Principal | None) -> None:
        """The rule counts again. Raises Conflict when no hold is on."""
        async with self._database.write() as connection:
            if not await store.lift_hold(connection, exam_id, by.name if by else None, self._clock.now_ms()):
                raise Conflict("The exam is under no hold.", code="hold")
            await self._rooms.people.record(by, "hold.lift", exam_id, {}, connection=connection)

    async def outlook(self, exam_id: str) -> list[Prospect]:
        """What will become of each encounter, in the order of the day."""
        rule = await self.rule(exam_id)
        encounters = await self._rooms.exams.encounters(exam_id)
        forms = await self._rooms.forms.of_encounters([one.id for one in encounters])
        records = await self._rooms.marking.records(exam_id, encounters, forms)
        marked = {one.id: (forms.get(one.id, []), records[one.id].status) for one in encounters}
        found = [await self._prospect(one, rule, *marked[one.id]) for one in encounters]
        # A recording of two candidates is for the marks of both.
        waits = {
            one.joins: why
            for one in encounters
            if one.joins and (why := _marks_wait(one, await self._rooms.recordings.takes(one.joins), *marked[one.id]))
        }
        return [replace(one, waits=one.waits or waits.get(one.encounter.id)) for one in found]

    async def sweep(self) -> int:
        """Deletes what is due in all exams; returns of how many encounters. One that fails does not keep the others."""
        swept, words = 0, 0
        for exam in await self._rooms.exams.exams():
            rule = await self.rule(exam.id)
            if rule == Rule(None, None):
                continue
            for prospect in await self.outlook(exam.id):
                try:
                    turns = await self._sweep_one(exam, rule, prospect)
                except Exception:
                    log.exception("what is due could not be deleted", encounter=prospect.encounter.id)
                else:
                    swept += turns is not None
                    words += turns or 0
        if words and self._database.url.startswith("sqlite"):
            await asyncio.to_thread(store.overwrite_freed, store.file_of(self._database.url))
        return swept

    async def watch(self) -> None:
        """Sweeps once a day, until it is cancelled."""
        while True:
            try:
                swept = await self.sweep()
                log.info("the daily look at what is due is done", encounters=swept)
            except Exception:
                log.exception("what is due could not be looked for")
            await asyncio.sleep(DAY_S)

    async def _prospect(self, encounter: Encounter, rule: Rule, forms: list[Form], marked: Status) -> Prospect:
        takes = await self._rooms.recordings.takes(encounter.id)
        transcript = await self._rooms.transcripts.status(encounter.id)
        ended_ms = encounter.phase_started_ms if encounter.phase is Phase.done else None
        deleted = [take.reason for take in takes if take.state == "deleted"]
        return Prospect(
            encounter=encounter,
            raw_ms=_due(ended_ms, rule.raw_days),
            recording_ms=_due(ended_ms, rule.recording_days),
            has_raw=await self._rooms.recordings.has_raw(encounter.id),
            has_recording=any(take.state != "deleted" for take in takes) or transcript.state is Transcribed.ready,
            waits=await self._waits(encounter, takes, transcript.state) or _marks_wait(encounter, takes, forms, marked),
            gone=deleted[0] if deleted and len(deleted) == len(takes) else None,
        )

    async def _waits(self, encounter: Encounter, takes: list[Take], transcript: Transcribed) -> str | None:
        if encounter.phase is not Phase.done:
            return "the encounter is not over"
        if takes and await self._rooms.recordings.manifest(encounter.id) is None:
            return "the recording is not sealed"
        if takes and transcript in (Transcribed.waiting, Transcribed.running):
            return "the transcript is not made"
        return None

    async def _sweep_one(self, exam: Exam, rule: Rule, prospect: Prospect) -> int | None:
        """How many turns of a transcript went; None when nothing was due."""
        now_ms = self._clock.now_ms()
        encounter_id = prospect.encounter.id
        if prospect.waits or await self.hold(exam.id):
            return None
        if prospect.has_recording and _is_due(prospect.recording_ms, now_ms):
            return await self._delete_recording(encounter_id, rule.recording_days or 0, now_ms)
        if prospect.has_raw and _is_due(prospect.raw_ms, now_ms):
            await self._delete_raw(encounter_id, rule.raw_days or 0, now_ms)
            return 0
        return None

    async def _delete_recording(self, encounter_id: str, days: int, now_ms: int) -> int:
        why = f"The recording was deleted on {_date(now_ms)} under the exam’s rule ({days} days)."
        went = await self._rooms.recordings.delete(encounter_id, why)
        words = f"The transcript was deleted on {_date(now_ms)} under the exam’s rule ({days} days)."
        turns = await self._rooms.transcripts.delete(encounter_id, words)
        reels = await drop_reels(self._rooms, self._database, self._data, encounter_id, why)
        files = [{"file": gone.file, "size": gone.size, "sha256": gone.sha256} for gone in went]
        detail = {"days": days, "files": files, "turns": turns, "reels": reels}
        await self._rooms.people.record(None, "retention.recording", encounter_id, detail)
        log.info("a recording was deleted by its exam's rule", encounter=encounter_id, files=len(files))
        return turns

    async def _delete_raw(self, encounter_id: str, days: int, now_ms: int) -> None:
        why = f"The raw take was deleted on {_date(now_ms)} under the exam’s rule ({days} days)."
        went, refused = await self._rooms.recordings.delete_raw(encounter_id, why)
        if refused:
            log.error("raw takes are kept, as their sealed files do not read as sealed", takes=refused)
        if went:
            files = [{"file": gone.file, "size": gone.size, "sha256": gone.sha256} for gone in went]
            await self._rooms.people.record(None, "retention.raw", encounter_id, {"days": days, "files": files})


def _marks_wait(encounter: Encounter, takes: list[Take], forms: list[Form], marked: Status) -> str | None:
    """A draft of somebody from whom the encounter was taken holds up nothing."""
    if marked in COUNTS:
        return None
    if marked is Status.disputed:
        return "the marks are in dispute"
    if marked is Status.second_missing:
        return "the second mark is not submitted"
    counts = encounter.outcome is Outcome.completed and encounter.examiner is not None and takes
    return "the mark is not submitted" if counts or any(form.kind is Kind.mark for form in forms) else None


def _due(ended_ms: int | None, days: int | None) -> int | None:
    return None if ended_ms is None or days is None else ended_ms + days * DAY_MS


def _is_due(at_ms: int | None, now_ms: int) -> bool:
    return at_ms is not None and at_ms <= now_ms


def _date(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at.day} {at:%B %Y}"
