"""What the page of an appeal says, in words: plain data for its template. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from teleosce.exams import Attendance, Encounter, Exam, Incident, PhaseEntry
from teleosce.people import Role, Seat
from teleosce.recording import Manifest
from teleosce.reports.findings import failed_words
from teleosce.reports.runs import Release, Run
from teleosce.scoring import (
    COUNTS,
    Assignment,
    Form,
    Forms,
    History,
    Kind,
    MarkingRules,
    Record,
    Status,
    layout_of,
)
from teleosce.stations import StationVersion
from teleosce.transcripts import Transcript

View = dict[str, Any]

MARKS: Mapping[str, str] = {"done": "Done", "partly": "Partly", "not_done": "Not done"}
KINDS: Mapping[Kind, str] = {
    Kind.mark: "Mark sheet",
    Kind.settlement: "Settlement",
    Kind.sp_rating: "SP rating",
    Kind.note: "Post-encounter note",
}
ROLES: Mapping[Role, str] = {
    Role.organiser: "Organiser", Role.examiner: "Examiner", Role.moderator: "Moderator",
    Role.invigilator: "Invigilator", Role.observer: "Observer", Role.candidate: "Candidate",
    Role.standardized_patient: "Standardized patient",
}  # fmt: skip
NO_RECORD: Mapping[Status, str] = {
    Status.unmarked: "No mark is submitted, or it is being amended: nothing counts.",
    Status.second_missing: "Two examiners were to mark it and one has not submitted: nothing counts yet.",
    Status.disputed: "The two marks differ by more than the rules allow and nobody has settled it: nothing counts yet.",
}


@dataclass(frozen=True)
class Facts:
    """All that is known of one encounter.

    files: the name in the bundle of each take's file. accounts: the names of staff without a seat. runs: the decision
    runs that rest on it. altered: what is not as it was made of any of the exam's runs. domains: the titles of those of
    all stations, as a decision may go by any.
    """

    exam: Exam
    encounter: Encounter
    version: StationVersion
    domains: Mapping[str, str]
    seats: Mapping[str, Seat]
    forms: Sequence[Form]
    histories: Mapping[str, History]
    record: Record
    rules: MarkingRules
    assignments: Sequence[Assignment]
    runs: Sequence[Run]
    altered: Sequence[str]
    releases: Sequence[Release]
    incidents: Sequence[Incident]
    phases: Sequence[PhaseEntry]
    attendance: Sequence[Attendance]
    audit: Sequence[Mapping[str, Any]]
    manifest: Manifest | None
    files: Mapping[str, str]
    transcript: Transcript | None
    accounts: Mapping[str, str]

    def name(self, person: str | None) -> str:
        """Somebody by name, and a candidate by number too; an account by its id."""
        seat = self.seats.get(person or "")
        if seat is None:
            return self.accounts.get(person or "", person or "")
        return f"{seat.name} ({seat.number})" if seat.number else seat.name

    def role(self, person: str) -> str:
        """What somebody is in the exam."""
        seat = self.seats.get(person)
        return ROLES[seat.role] if seat else "Participant"

    def when(self, at_ms: int | None) -> str:
        """A time in the exam's zone, to the second."""
        if at_ms is None:
            return ""
        try:
            zone: Any = ZoneInfo(self.exam.zone)
        except (ZoneInfoNotFoundError, ValueError):
            zone = UTC
        return f"{datetime.fromtimestamp(at_ms / 1000, zone):%d %b %Y, %H:%M:%S}"


def appeal_view(facts: Facts, made_ms: int) -> View:
    """The whole page."""
    one = facts.encounter
    return {
        "exam": facts.exam.title,
        "zone": facts.exam.zone,
        "station": facts.version.title,
        "version_hash": facts.version.hash,
        "candidate": facts.name(one.candidate),
        "attempt": one.attempt,
        "encounter": one.id,
        "circuit": one.circuit,
        "rotation": one.rotation,
        "outcome": one.outcome.value if one.outcome else one.phase.value,
        "began": facts.when(next((entry.at_ms for entry in facts.phases if entry.phase.value == "encounter"), None)),
        "made": facts.when(made_ms),
        "people": _people(facts),
        "recording": _recording(facts),
        "turns": _turns(facts),
        "transcript_by": (facts.transcript.model or "") if facts.transcript else "",
        "record": _record(facts),
        "sheets": [_sheet(facts, form) for form in facts.forms],
        "decisions": [_decision(facts, run) for run in facts.runs],
        "altered": facts.altered,
        "incidents": [_incident(facts, incident) for incident in facts.incidents],
        "course": [
            {"at": facts.when(entry.at_ms), "phase": entry.phase.value, "cause": entry.cause.value.replace("-", " "),
             "detail": entry.detail}
            for entry in facts.phases
        ],
        "attendance": [
            {"who": facts.name(seen.seat_id), "from": facts.when(seen.first_ms), "to": facts.when(seen.last_ms)}
            for seen in facts.attendance
        ],
        "audit": [_noted(facts, row) for row in facts.audit],
    }  # fmt: skip


def _people(facts: Facts) -> list[View]:
    one = facts.encounter
    found = [{"role": facts.role(seat), "name": facts.name(seat)} for seat in one.people]
    if one.examiner and one.examiner not in one.people:
        found.append({"role": "Examiner", "name": facts.name(one.examiner)})
    return found


def _recording(facts: Facts) -> View:
    """One picture for each person, with the takes that follow each other in it, in ms from the recording's start."""
    manifest = facts.manifest
    if manifest is None:
        return {"why": "Nothing was recorded of this encounter.", "people": [], "lost": [], "length_ms": 0}
    people: dict[str, list[View]] = {seat: [] for seat in facts.encounter.people}
    lost = list[View]()
    for take in manifest.takes:
        own = people.setdefault(take.participant_id, [])
        from_ms = take.starts_ms - manifest.starts_ms
        file = facts.files.get(take.file or "")
        if file:
            to_ms = from_ms + (take.duration_ms or 0)
            own.append({"file": f"recording/{file}", "from_ms": from_ms, "to_ms": to_ms, "sha256": take.sha256})
        elif take.reason:
            lost.append(
                {"who": facts.name(take.participant_id), "at_ms": from_ms, "at": clock(from_ms), "what": take.reason}
            )
        for gap in take.gaps:
            what = f"{gap.kind.replace('-', ' ')}, {max(0, gap.to_ms - gap.from_ms) / 1000:.1f} s"
            lost.append(
                {"who": facts.name(take.participant_id), "at_ms": gap.from_ms, "at": clock(gap.from_ms), "what": what}
            )
    return {
        "why": "" if any(people.values()) else "There is no recording any more that could be played.",
        "people": [
            {"name": facts.name(seat), "role": facts.role(seat), "takes": takes}
            for seat, takes in people.items()
            if takes
        ],
        "lost": sorted(lost, key=lambda gap: int(str(gap["at_ms"]))),
        "length_ms": manifest.duration_ms,
        "length": clock(manifest.duration_ms),
        "starts": facts.when(manifest.starts_ms),
        "sealed": facts.when(manifest.sealed_ms),
    }


def _turns(facts: Facts) -> list[View]:
    return [
        {"from_ms": turn.starts_ms, "to_ms": turn.ends_ms, "at": clock(turn.starts_ms), "text": turn.text,
         "who": "Candidate" if turn.role == Role.candidate else facts.role(turn.participant_id),
         "corrected": any(word.corrected is not None for word in turn.words)}
        for turn in (facts.transcript.turns if facts.transcript else ())
    ]  # fmt: skip


def _record(facts: Facts) -> View:
    record, layout = facts.record, layout_of(facts.version)
    by_form = {form.id: facts.name(form.author_id) for form in facts.forms}
    counts = record.status in COUNTS
    total = record.total(layout) if counts else None
    items = list[View]()
    for item in facts.version.mark_sheet.items if counts else ():
        known = record.fields.get(f"item.{item.id}")
        if known is None:
            continue
        share = layout.items[item.id].done(known.value) or 0.0
        items.append(
            {"text": item.text, "domain": facts.version.mark_sheet.domains.get(item.domain, item.domain),
             "critical": item.critical, "mark": MARKS.get(known.value or "", "–"), "weight": item.weight,
             "points": item.weight * share, "from": _source(known.forms, by_form), "reason": known.reason}
        )  # fmt: skip
    rating = record.fields.get("global")
    return {
        "counts": counts,
        "total": total,
        "points": sum(one["points"] for one in items),
        "weight": sum(one["weight"] for one in items if one["weight"] > 0),
        "grade": str(rating.value).capitalize() if rating else "",
        "grade_from": _source(rating.forms, by_form) if rating else "",
        "grade_reason": rating.reason if rating else "",
        "items": items,
        "how": _how(facts, by_form),
        "outdated": record.outdated,
    }


def _source(forms: Sequence[str], by_form: Mapping[str, str]) -> str:
    return " and ".join(by_form.get(form, form) for form in forms) or "The moderator’s own value"


def _how(facts: Facts, by_form: Mapping[str, str]) -> list[str]:
    """How the mark of record came to be."""
    record = facts.record
    if record.status not in COUNTS:
        return [NO_RECORD[record.status]]
    names = [by_form.get(form, form) for form in record.parents]
    if record.status is Status.single:
        return [f"One examiner marked this encounter: {names[0]}. Their mark is the mark of record."]
    said = [f"Two examiners marked this encounter, each without seeing the other’s mark: {names[0]} and {names[1]}."]
    if record.difference is not None:
        one = record.difference
        points = "no" if facts.rules.discrepancy_points is None else f"{facts.rules.discrepancy_points:g}"
        grades = "no" if facts.rules.discrepancy_grades is None else f"{facts.rules.discrepancy_grades}"
        said.append(
            f"Their scores differ by {one.points:.1f} points and their global ratings by {one.grades} steps; "
            f"{len(one.items)} items were marked differently, {len(one.critical)} of them critical. A dispute "
            f"begins at {points} points or {grades} steps."
        )
    if record.status is Status.confirmed:
        said.append(f"That is no dispute, so the first mark counts: that of {names[0]}.")
    else:
        settled = next((form for form in facts.forms if form.id == record.settlement), None)
        said.append(
            f"{facts.name(settled.author_id) if settled else 'A moderator'} settled it on "
            f"{facts.when(settled.state_ms) if settled else ''}. Where both marks agree, that counts; each other value "
            "says below from whom it comes."
        )
    return said


def _sheet(facts: Facts, form: Form) -> View:
    history, version = facts.histories[form.id], facts.version
    layout = layout_of(version)
    sheet: View = {
        "id": form.id,
        "kind": KINDS[form.kind],
        "author": facts.name(form.author_id),
        "state": form.state.value,
        "begun": facts.when(form.created_ms),
        "since": facts.when(form.state_ms),
        "total": Forms.total(form, layout) if form.kind in (Kind.mark, Kind.settlement) else None,
        "grade": str(form.value("global") or "").capitalize(),
        "comment": form.value("comment") or "",
        "rows": [],
        "bookmarks": [
            {"at_ms": one["at_ms"], "at": clock(one["at_ms"]), "text": one["text"]}
            for one in _moments(form, "bookmark.", "at_ms")
        ],
        "steps": [
            {"at": facts.when(step.at_ms), "state": step.state.value, "by": facts.name(step.author_id),
             "reason": step.reason}
            for step in history.steps
        ],
        "presses": [
            {"at": facts.when(entry.at_ms), "field": _field(facts, entry.field), "value": _value(entry.value),
             "version": entry.version, "by": facts.name(entry.author_id)}
            for entry in history.entries
        ],
        "shown": len(history.shown),
    }  # fmt: skip
    match form.kind:
        case Kind.mark | Kind.settlement:
            sheet["rows"] = [_item(form, item.id, item.text) for item in version.mark_sheet.items]
        case Kind.sp_rating:
            sheet["rows"] = [
                {
                    "text": one.text,
                    "value": f"{form.value(f'sp.{one.id}') or '–'} of {one.points}",
                    "comment": "",
                    "moments": [],
                }
                for one in version.mark_sheet.sp_rating
            ]
        case Kind.note:
            sheet["rows"] = [
                {"text": one.label, "value": form.value(f"note.{one.id}") or "–", "comment": "", "moments": []}
                for one in (version.note.fields if version.note else ())
            ]
    return sheet


def _item(form: Form, item: str, text: str) -> View:
    return {
        "text": text,
        "value": MARKS.get(form.value(f"item.{item}") or "", "–"),
        "comment": form.value(f"comment.{item}") or form.value(f"reason.item.{item}") or "",
        "moments": [
            {"at_ms": one["from_ms"], "at": clock(one["from_ms"]), "quote": one["quote"]}
            for one in _moments(form, f"evidence.{item}.", "from_ms")
        ],
    }


def _moments(form: Form, prefix: str, at: str) -> list[Mapping[str, Any]]:
    """What the form points at in the recording, in its order."""
    found = (value for name, value in form.values.items() if name.startswith(prefix) and value)
    return sorted(found, key=lambda one: int(one[at]))


def _field(facts: Facts, name: str) -> str:
    kind, _, own = name.partition(".")
    texts = {item.id: item.text for item in facts.version.mark_sheet.items}
    item = own.removeprefix("item.").partition(".")[0]
    words = {"item": "Item", "comment": "Comment", "evidence": "Evidence", "bookmark": "Bookmark", "reason": "Reason"}
    words |= {"global": "Global rating", "sp": "Question", "note": "Note"}
    return f"{words.get(kind, kind)}: {texts.get(item, own)}" if own else words.get(kind, kind)


def _value(value: Any) -> str:
    if value is None:
        return "taken away"
    if isinstance(value, str):
        return MARKS.get(value, value)
    if isinstance(value, Mapping) and ("at_ms" in value or "from_ms" in value):
        said = value.get("text") or value.get("quote") or ""
        return f"{clock(value.get('at_ms', value.get('from_ms', 0)))} {said}".strip()
    return json.dumps(value, ensure_ascii=False)


def _decision(facts: Facts, run: Run) -> View:
    own = run.found["candidates"].get(facts.encounter.candidate, {})
    keys = [one["key"] for one in run.found["stations"]]
    at = keys.index(facts.encounter.station_hash) if facts.encounter.station_hash in keys else None
    released = [one for one in facts.releases if one.run_id == run.id]
    return {
        "number": run.number,
        "at": facts.when(run.at_ms),
        "by": facts.name(run.by),
        "method": run.rules.method.replace("-", " "),
        "cut": None if at is None else run.found["stations"][at].get("cut"),
        "score": None if at is None else own.get("scores", [None] * (at + 1))[at],
        "total": own.get("total"),
        "needed": own.get("needed"),
        "passed": own.get("passed"),
        "failed_by": failed_words(own.get("failed_by") or (), facts.domains),
        "input": next(iter(run.inputs[facts.encounter.id].values()), "") if run.inputs.get(facts.encounter.id) else "",
        "released": "; ".join(
            f"{one.group or 'all'}, from {facts.when(one.from_ms)}"
            + (f", withdrawn {facts.when(one.withdrawn_ms)}" if one.withdrawn_ms else "")
            for one in released
        ),
    }


def _incident(facts: Facts, one: Incident) -> View:
    return {
        "kind": one.kind.value,
        "who": facts.name(one.seat_id) or "Everybody",
        "from": facts.when(one.opened_ms),
        "to": facts.when(one.closed_ms) or "goes on",
        "lost": f"sound {one.lost_audio_ms / 1000:.1f} s, picture {one.lost_video_ms / 1000:.1f} s",
        "measured": one.measured,
        "proposal": one.proposal.value.replace("-", " "),
        "decision": one.decision.value.replace("-", " ") if one.decision else "",
        "by": facts.name(one.decided_by),
        "at": facts.when(one.decided_ms),
        "note": one.note,
    }


def _noted(facts: Facts, row: Mapping[str, Any]) -> View:
    return {
        "number": row["number"],
        "at": facts.when(row["at_ms"]),
        "who": facts.name(row["actor_id"]) or "The server",
        "action": row["action"],
        "detail": row["detail"] if row["detail"] != "{}" else "",
        "hash": row["hash"],
    }


def clock(at_ms: int) -> str:
    """A moment of the recording, as m:ss."""
    minutes, seconds = divmod(max(0, at_ms) // 1000, 60)
    return f"{minutes}:{seconds:02}"
