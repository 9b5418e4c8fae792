"""The film of an encounter, by candidate number: no name is in it."""

from teleosce.core.errors import Conflict
from teleosce.exams import Encounter
from teleosce.keeping.film.plan import Cue, Plan, Stretch
from teleosce.people import Seat
from teleosce.recording import Manifest
from teleosce.reports import Sources

_NAMES = {"candidate": "Candidate", "sp": "Standardized patient", "examiner": "Examiner"}


async def film_plan(sources: Sources, encounter_id: str) -> Plan:
    """What there is to show of an encounter. Raises NotFound; Conflict until its recording is sealed."""
    encounter = await sources.exams.encounter(encounter_id)
    manifest = await sources.recordings.manifest(encounter.room)
    if manifest is None:
        raise Conflict("The recording of this encounter is not sealed yet. Try again when the encounter is over.")
    version = await sources.stations.get(encounter.station_hash)
    # In a viva the examiner is met, in place of a patient.
    room = await sources.exams.encounter(encounter.room)
    met, role = (room.sp, "sp") if room.sp or not room.extra else (room.examiner, "examiner")
    return Plan(
        title=f"{await _candidate(sources, encounter)} · Station {encounter.position}: {version.title}",
        names=(_NAMES["candidate"], _NAMES[role]),
        left=_takes(sources, manifest, encounter.candidate),
        right=_takes(sources, manifest, met),
        duration_ms=manifest.duration_ms,
        cues=await _cues(sources, encounter.room),
    )


async def _candidate(sources: Sources, encounter: Encounter) -> str:
    seat: Seat | None = await sources.people.seat(encounter.candidate) if encounter.candidate else None
    return f"Candidate {seat.number}" if seat and seat.number else "Candidate"


def _takes(sources: Sources, manifest: Manifest, seat_id: str | None) -> tuple[Stretch, ...]:
    zero = manifest.starts_ms
    return tuple(
        Stretch(sources.recordings.path(take), take.sha256 or "", take.starts_ms - zero, take.ends_ms - zero)
        for take in manifest.takes
        if take.file and take.participant_id == seat_id
    )


async def _cues(sources: Sources, encounter_id: str) -> tuple[Cue, ...]:
    transcript = await sources.transcripts.get(encounter_id)
    return tuple(
        Cue(turn.starts_ms, max(turn.ends_ms, turn.starts_ms + 1), f"{_NAMES.get(turn.role, turn.role)}: {turn.text}")
        for turn in (transcript.turns if transcript else ())
        if turn.text
    )
