"""A person's own data as one archive: what they showed, said and wrote, agreed to, and what was noted of them.

Nobody else is in it: no other name, picture or voice but what their own microphone picked up. Marks about them belong
to the results and are told when these are released.
"""

import asyncio
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import IO, Any

from teleosce.core.clock import Clock
from teleosce.exams import Encounter
from teleosce.keeping.erasure import encounters_of
from teleosce.keeping.reels import shown_in
from teleosce.people import Account, Principal, Seat
from teleosce.reports import Sources
from teleosce.scoring import AssignmentKind, Kind
from teleosce.transcripts import Turn

ACTION = "person.data"
_ROLES = {"sp": "standardized patient"}


@dataclass
class _Archive:
    """What will be in it: texts by their name, and files to copy."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)


async def write_person_data(
    sources: Sources, clock: Clock, people: Sequence[Seat | Account], target: IO[bytes], by: Principal | None
) -> list[str]:
    """Writes the archive of one person, who may have several seats and an account, as ZIP; returns the names in it.

    Writes an audit row for each.
    """
    archive = _Archive()
    known = [await _of_person(sources, person, archive) for person in people]
    made_ms = clock.now_ms()
    archive.texts["data.json"] = _json({"made_ms": made_ms, "person": known})
    archive.texts["index.html"] = _page(known, made_ms)
    await asyncio.to_thread(_write, archive, target)
    for person in people:
        await sources.people.record(by, ACTION, person.id, {"files": len(archive.files)})
    return sorted((*archive.texts, *archive.files))


def _write(archive: _Archive, target: IO[bytes]) -> None:
    # Recordings are compressed already.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        for name, text in archive.texts.items():
            made.writestr(name, text.encode(), zipfile.ZIP_DEFLATED)
        for name, path in archive.files.items():
            made.write(path, name)


async def _of_person(sources: Sources, person: Seat | Account, archive: _Archive) -> dict[str, Any]:
    known: dict[str, Any] = {"id": person.id, "name": person.name, "role": person.role.value}
    if isinstance(person, Seat):
        exam = await sources.exams.exam(person.exam_id)
        known |= {"number": person.number, "exam": exam.title, "time_zone": exam.zone, "email": person.email}
        known |= {"group": person.group, "extra_percent": person.extra_percent, "own_time_zone": person.zone}
        known["consents"] = await sources.people.consents_of(person.id)
        known["equipment_check"] = await sources.people.equipment_check(person.id)
        known |= await _noted_in_the_day(sources, person)
    else:
        known["email"] = person.email
    encounters = await encounters_of(sources, person.id)
    # Of two candidates in a room, each is told of the encounter that was their own.
    others = {one.joins for one in encounters if one.candidate == person.id}
    known["encounters"] = [
        await _of_encounter(sources, one, person.id, archive) for one in encounters if one.id not in others
    ]
    known["other_forms"] = await _forms(sources, person.id, without={one.id for one in encounters})
    known["marking"] = [
        # Whether they were the first or the second to mark is not told: examiners do not know.
        {"encounter": one.encounter_id, "made_ms": one.made_ms, "ended_ms": one.ended_ms}
        | {"task": "settle" if one.kind is AssignmentKind.moderation else "mark"}
        for one in await sources.marking.of_seat(person.id)
    ]
    known["audit"] = [_noted(row, person.id) for row in await sources.people.audit_about(person.id)]
    return known


async def _noted_in_the_day(sources: Sources, seat: Seat) -> dict[str, Any]:
    """What was written to and by a person, how they were identified, and what disturbed them."""
    messages, identified, incidents = await sources.exams.noted_of(seat.exam_id, seat.id)
    return {
        "messages": [
            {"at_ms": one.at_ms, "by": "you" if one.from_seat == seat.id else "the control room", "text": one.text}
            for one in messages
        ],
        "identified": [{"at_ms": one.at_ms, "how": one.how} for one in identified],
        "incidents": [
            {"encounter": one.encounter_id, "kind": one.kind.value, "opened_ms": one.opened_ms}
            | {"closed_ms": one.closed_ms, "lost_audio_ms": one.lost_audio_ms, "lost_video_ms": one.lost_video_ms}
            | {"decision": one.decision, "decided_ms": one.decided_ms}
            for one in incidents
        ],
    }


async def _of_encounter(sources: Sources, encounter: Encounter, person_id: str, archive: _Archive) -> dict[str, Any]:
    version = await sources.stations.get(encounter.station_hash)
    folder = f"rotation-{encounter.rotation}-{version.slug}-{encounter.id[:6]}"
    # What a second candidate showed and said is kept with the first one's encounter.
    room = encounter.room if person_id == encounter.candidate else encounter.id
    # Who came along and was not assessed once more is told nothing of the one who was.
    own = person_id == encounter.candidate or person_id not in encounter.assessed
    found: dict[str, Any] = {
        "encounter": encounter.id,
        "folder": folder,
        "station": version.title,
        "attempt": encounter.attempt if own else None,
        "began_ms": await sources.exams.began_ms(encounter.id),
        "phase": encounter.phase.value,
        "outcome": encounter.outcome if own else None,
        "in_the_room": [
            {"first_ms": one.first_ms, "last_ms": one.last_ms}
            for one in await sources.exams.attendance([room])
            if one.seat_id == person_id
        ],
        "recordings": await _recordings(sources, room, person_id, folder, archive),
        "trained_examiners": any(form.kind is Kind.reference for form in await sources.forms.of_encounter(room)),
        "teaching_reels": await shown_in(sources.exams.database, room),
        "words": [],
        "forms": await _forms(sources, person_id, of=encounter.id),
    }
    found["voice_ms"] = (await sources.transcripts.voices(room)).get(person_id, [])
    transcript = await sources.transcripts.get(room)
    mine = [turn for turn in transcript.turns if turn.participant_id == person_id] if transcript else []
    if mine:
        found["words"] = [{"starts_ms": one.starts_ms, "ends_ms": one.ends_ms, "text": one.text} for one in mine]
        archive.texts[f"{folder}/my-words.txt"] = "".join(f"{_at(turn)}  {turn.text}\n" for turn in mine)
    return found


async def _recordings(
    sources: Sources, encounter_id: str, person_id: str, folder: str, archive: _Archive
) -> list[dict[str, Any]]:
    manifest = await sources.recordings.manifest(encounter_id)
    found = []
    for take in manifest.takes if manifest else []:
        if take.participant_id != person_id:
            continue
        name = f"{folder}/my-recording-{take.number}.webm" if take.file else None
        if name:
            archive.files[name] = sources.recordings.path(take)
        one = {"file": name, "starts_ms": take.starts_ms, "duration_ms": take.duration_ms, "sha256": take.sha256}
        found.append(one | {"state": take.state.value, "reason": take.reason})
    return found


async def _forms(
    sources: Sources, person_id: str, *, of: str | None = None, without: set[str] | None = None
) -> list[dict[str, Any]]:
    """The forms that the person filled in, as they stand and with their history."""
    return [
        {"kind": form.kind.value, "encounter": form.encounter_id, "state": form.state.value, "state_ms": form.state_ms}
        | {"fields": form.values}
        | {"history": asdict(await sources.forms.history(form.id))}
        for form in await sources.forms.of_author(person_id)
        if of in (None, form.encounter_id) and form.encounter_id not in (without or ())
    ]


def _noted(row: Mapping[str, Any], person_id: str) -> dict[str, Any]:
    """An audit row as it may be told: what the person did whole, what others did without who it was."""
    own = row["actor_id"] == person_id
    told = {"at_ms": row["at_ms"], "action": row["action"], "by": "you" if own else row["role"] or "the server"}
    return told | ({"detail": json.loads(row["detail"])} if own else {})


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)


def _at(turn: Turn) -> str:
    minutes, seconds = divmod(turn.starts_ms // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _when(at_ms: int | None) -> str:
    return "–" if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000, UTC):%d %B %Y, %H:%M} UTC"


def _page(people: Sequence[Mapping[str, Any]], made_ms: int) -> str:
    parts = "".join(_person_part(one) for one in people)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Your data</title><style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
dt {{ font-weight: 600 }} dd {{ margin: 0 0 .5rem }} video {{ max-width: 100%; background: #000 }}
</style></head><body><h1>Your data</h1>
<p>Made on {_when(made_ms)}. Everything here is also in <a href="data.json">data.json</a>, for programs. It holds what
you showed, said and wrote, what you agreed to, and what was noted of you. It holds nobody else’s name, picture or
track. Marks about you are told when the exam’s results are released.</p>
{parts}</body></html>
"""


def _person_part(known: Mapping[str, Any]) -> str:
    role = _ROLES.get(known["role"], known["role"])
    lines = [("Name", known["name"]), ("Role", role), ("Number", known.get("number")), ("Exam", known.get("exam"))]
    lines += [("E-mail", known.get("email"))]
    lines += [(_consent(one), f"version {one['version']}, {_when(one['at_ms'])}") for one in known.get("consents", [])]
    lines += [("Noted in the audit log", f"{len(known['audit'])} times: see data.json")]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in lines if value)
    encounters = "".join(_encounter_part(one) for one in known["encounters"])
    forms = "".join(_form_part(one) for one in known["other_forms"])
    return f"<dl>{facts}</dl>{encounters}{forms}"


def _consent(one: Mapping[str, Any]) -> str:
    if "about" not in one:
        return "Consent to being recorded"
    return f"Consent to {one['about']}: {'yes' if one['agreed'] else 'no'}"


def _encounter_part(one: Mapping[str, Any]) -> str:
    parts = [f"<h2>{escape(one['station'])}</h2><p>{_when(one['began_ms'])}</p>"]
    for recording in one["recordings"]:
        if recording["file"]:
            parts.append(f'<p><video controls preload="none" src="{escape(recording["file"])}"></video></p>')
        elif recording["reason"]:
            parts.append(f"<p>{escape(recording['reason'])}</p>")
    if one["words"]:
        said = "".join(f"<li>{escape(turn['text'])}</li>" for turn in one["words"])
        parts.append(f"<h3>What you said, as the machine heard it</h3><ol>{said}</ol>")
    parts += [_form_part(form) for form in one["forms"]]
    return "".join(parts)


def _form_part(form: Mapping[str, Any]) -> str:
    names = {"note": "Your note", "sp_rating": "Your rating", "mark": "Your mark", "settlement": "What you settled"}
    names |= {"reference": "The agreed marks that you gave", "calibration": "Your mark for practice"}
    fields = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in form["fields"].items())
    return f"<h3>{names.get(form['kind'], form['kind'])} ({escape(form['state'])})</h3><dl>{fields}</dl>"
