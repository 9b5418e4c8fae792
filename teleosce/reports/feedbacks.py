"""What candidates see of their results, gathered: whether anything is released to them, and then their feedback."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import NotFound
from teleosce.exams import Encounter
from teleosce.people import Principal, Seat
from teleosce.recording import Manifest
from teleosce.reports.basis import counting, mark_of, rating_of, station_of
from teleosce.reports.export import Sources
from teleosce.reports.feedback import Feedback, Seen, feedback_of, moments_of
from teleosce.reports.findings import domain_titles
from teleosce.reports.results import Results
from teleosce.reports.runs import Release, Run, inputs_of
from teleosce.reports.shown import coming, newest
from teleosce.scoring import (
    COUNTS,
    SHUT,
    FeedbackRules,
    Form,
    KeptFeedbackRules,
    Kind,
    Record,
    feedback_rules,
)
from teleosce.stations import StationVersion


class FeedbackState(StrEnum):
    """How far a candidate's result is, as they may know it."""

    none = "none"
    """Nothing is released, and no time is set."""
    embargo = "embargo"
    """A time is set, and it is still to come."""
    withdrawn = "withdrawn"
    """It was shown, and was taken back."""
    absent = "absent"
    """Results are released, and this candidate is not among them."""
    released = "released"


@dataclass(frozen=True)
class Standing:
    """from_ms: since or from when, where there is a time. run: the one that is shown, when released."""

    state: FeedbackState
    from_ms: int | None = None
    run: Run | None = None


def standing_of(releases: Sequence[Release], group: str | None, now_ms: int) -> tuple[FeedbackState, Release | None]:
    """What releases come to for somebody of a group: the newest that shows, or else what is nearest. Pure."""
    last = newest(releases, group, now_ms)
    if last is not None and last.withdrawn_ms is None:
        return FeedbackState.released, last
    if later := coming(releases, group, now_ms):
        return FeedbackState.embargo, later[0]
    return (FeedbackState.none, None) if last is None else (FeedbackState.withdrawn, last)


class Feedbacks:
    """Feedback of all exams."""

    def __init__(self, database: Database, clock: Clock, sources: Sources, results: Results) -> None:
        self._database, self._clock, self._rooms, self._results = database, clock, sources, results

    async def rules(self, exam_id: str) -> KeptFeedbackRules:
        """What an exam lets its candidates see; the defaults where nothing was set."""
        async with self._database.read() as connection:
            return await feedback_rules.of(connection, exam_id)

    async def set_rules(
        self, exam_id: str, rules: FeedbackRules, version: int, by: Principal | None = None
    ) -> KeptFeedbackRules:
        """The next version; it holds at once for what is released. Audit row.

        Raises Conflict, with what is kept, when it is not `version` any more.
        """
        new = KeptFeedbackRules(exam_id, rules, version + 1, self._clock.now_ms())
        async with self._database.write() as connection:
            await feedback_rules.change(connection, new)
            detail = {"version": new.version, **rules.model_dump(mode="json", exclude_defaults=True)}
            await self._rooms.people.record(by, "feedback.rules", exam_id, detail, connection=connection)
        return new

    async def standing(self, seat: Seat) -> Standing:
        """How far a candidate's result is."""
        state, release = standing_of(await self._results.releases(seat.exam_id), seat.group, self._clock.now_ms())
        if state is not FeedbackState.released or release is None:
            return Standing(state, release.from_ms if release and state is FeedbackState.embargo else None)
        run = await self._results.one(release.run_id)
        if seat.id not in run.found["candidates"]:
            return Standing(FeedbackState.absent)
        return Standing(FeedbackState.released, release.from_ms, run)

    async def of(self, seat: Seat, run: Run, at_ms: int) -> Feedback:
        """A candidate's feedback of a run, whoever asks for it. at_ms: since when it is released.

        Raises NotFound where the run knows nothing of them.
        """
        if seat.id not in run.found["candidates"] or seat.exam_id != run.exam_id:
            raise NotFound("This decision run says nothing of this person.", code="no-run")
        exam = await self._rooms.exams.exam(run.exam_id)
        rules = (await self.rules(run.exam_id)).rules
        seen = await self._seen(seat, run, rules)
        who = {"exam": exam.title, "zone": exam.zone, "at_ms": at_ms, "name": seat.name, "number": seat.number}
        sheets = [(await self._rooms.stations.get(one["key"])).mark_sheet for one in run.found["stations"]]
        return feedback_of(who, run, seat.id, seen, rules, titles=domain_titles(one.domains for one in sheets))

    async def _seen(self, seat: Seat, run: Run, rules: FeedbackRules) -> dict[str, Seen]:
        """By station version: the encounters that the run rests on, and others where it rests on none."""
        encounters = await self._rooms.exams.of_seat(seat.id)
        forms = await self._rooms.forms.of_encounters([one.id for one in encounters])
        found: dict[str, Seen] = {}
        for one in sorted(encounters, key=lambda one: (one.id in run.inputs, one.attempt)):
            if one.candidate == seat.id:
                record = await self._rooms.marking.record(one.id) if one.id in run.inputs else None
                known = await self._one(one, record, forms[one.id], run, rules)
                if not known.version.rest:
                    found[known.version.hash] = known
        return found

    async def _one(
        self, encounter: Encounter, record: Record | None, forms: Sequence[Form], run: Run, rules: FeedbackRules
    ) -> Seen:
        version = await self._rooms.stations.get(encounter.station_hash)
        words = [form for form in forms if record is not None and form.id in (*record.parents, record.settlement)]
        rating = rating_of(forms)
        counts = record is not None and _rests_on(run, encounter, version, record, forms)
        counts = counts and all(_as_decided(run, form) for form in words)
        return Seen(
            encounter,
            version,
            record if counts else None,
            [form for form in words if form.kind is Kind.mark],
            rating if rating is not None and _as_decided(run, rating) else None,
            counts and rules.recording and bool(await self._plays(encounter)),
        )

    async def _plays(self, encounter: Encounter) -> Manifest | None:
        """The recording, if there is one to play and all who are seen or heard in it consented to being recorded.

        What they consented to says that candidates may be shown parts of their own consultations: one that was another
        candidate's as well is shown to neither.
        """
        if await self._rooms.exams.beside(encounter):
            return None
        manifest = await self._rooms.recordings.manifest(encounter.id)
        recorded = {take.participant_id for take in manifest.takes if take.file} if manifest else set()
        for person in recorded:
            if not any("about" not in one for one in await self._rooms.people.consents_of(person)):
                return None
        return manifest if recorded else None

    async def recording(self, seat: Seat, encounter_id: str, from_ms: int, to_ms: int) -> tuple[Encounter, Manifest]:
        """The recording of a candidate's own encounter, of which this moment is shown to them now. Raises NotFound."""
        encounter = await self._rooms.exams.encounter(encounter_id)
        run = (await self.standing(seat)).run if encounter.candidate == seat.id else None
        if run is not None and encounter_id in run.inputs:
            rules = (await self.rules(run.exam_id)).rules
            record = await self._rooms.marking.record(encounter_id)
            forms = await self._rooms.forms.of_encounter(encounter_id)
            seen = await self._one(encounter, record, forms, run, rules)
            manifest = await self._plays(encounter)
            shown = {(one.from_ms, one.to_ms) for one in moments_of(seen, rules)} if seen.playable else set()
            if (from_ms, to_ms) in shown and manifest is not None:
                return encounter, manifest
        raise NotFound("There is nothing of this recording to be played.", code="no-recording")


def _as_decided(run: Run, form: Form) -> bool:
    """Whether a form, and so every word in it, is still as it was when the run was made."""
    return form.state in SHUT and form.state_ms <= run.at_ms


def _rests_on(run: Run, encounter: Encounter, version: StationVersion, record: Record, forms: Sequence[Form]) -> bool:
    """Whether what counts of an encounter is still what it was when the run was made of it."""
    if record.status not in COUNTS or encounter.candidate is None:
        return False
    rated = rating_of(forms) if run.rules.weights_of(version.slug).sp_rating else None
    station = station_of(version)
    now = [mark_of(encounter, encounter.candidate, station, of, rated) for of in counting(record, forms, run.rules)]
    return bool(inputs_of(now)[encounter.id] == run.inputs.get(encounter.id))
