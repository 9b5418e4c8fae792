"""The consultation at a glance, as the desk and the export tell it: voices, words, and what was not recorded."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from teleosce.exams import Exams
from teleosce.people import People, Role
from teleosce.recording import Gap, Manifest, Recordings
from teleosce.transcripts import Transcripts, Turn
from teleosce.transcripts.asked import kind_of
from teleosce.transcripts.glance import common, glance, merged, total, without
from teleosce.transcripts.jargon import jargon
from teleosce.transcripts.models import Stretch
from teleosce.transcripts.turns import ends_sentence

REFERENCE = {"talk_share": (0.37, 0.59, 0.77), "overlap_share": (0.01, 0.04, 0.13), "words_per_minute": (151, 179, 222)}
"""Least, median and most of 57 mock consultations of general practitioners (PriMock57: Papadopoulos Korfiatis and
others 2022, doi 10.18653/v1/2022.acl-short.65), as measured on that corpus for this program."""

DESCRIBES = "This describes the consultation. It is never part of a mark."
_WAITS = "It comes with the transcript."
_BEFORE = "This recording was transcribed before it was kept who spoke when, so there is nothing to show here."
_SILENT = "Nobody was heard to speak in this recording."
_VIVA = "What is told at a glance is of a candidate and a patient. Here the examiner talked with the candidate."
_TWO = "What is told at a glance is of a candidate and a patient. Here two candidates met the patient together."
_ALONE = "Of only one of the two there is a voice, so there is nothing to compare."
_LEAST_MS = 10_000
"""Less voice says nothing about a pace."""


async def glance_of(
    exams: Exams, people: People, recordings: Recordings, transcripts: Transcripts, encounter_id: str
) -> dict[str, Any]:
    """What there is, ready for JSON, with times in ms from the start of the recording: web/PROTOCOL.md names the keys.

    `state` is "none" where there is nothing, and `message` then says why.
    """
    transcript = await transcripts.get(encounter_id)
    heard = await transcripts.voices(encounter_id)
    manifest = await recordings.manifest(encounter_id)
    if transcript is None or manifest is None:
        return {"state": "none", "message": _WAITS}
    if not heard:
        return {"state": "none", "message": _BEFORE}
    roles = {one: (await people.seat(one)).role for one in heard}
    if Role.examiner in roles.values() and Role.standardized_patient not in roles.values():
        return {"state": "none", "message": _VIVA}
    if list(roles.values()).count(Role.candidate) > 1:
        return {"state": "none", "message": _TWO}
    voices: dict[Role, list[Stretch]] = {}
    stopped = await exams.pauses(encounter_id)
    missing = [(from_ms - manifest.starts_ms, to_ms - manifest.starts_ms) for from_ms, to_ms in stopped]
    for participant_id, spans in heard.items():
        role = roles[participant_id]
        if role in (Role.candidate, Role.standardized_patient):
            voices[role] = merged([*voices.get(role, ()), *spans])
            missing += unrecorded(manifest, participant_id)
    # A person who was erased takes their voice along.
    if len(voices) < 2:
        return {"state": "none", "message": _ALONE}
    # Some hundredths of a second for a long consultation: too much for a loop on which others wait.
    told = await asyncio.to_thread(_told, voices, merged(missing), transcript.turns)
    return told | {"length_ms": manifest.duration_ms}


def _told(voices: dict[Role, list[Stretch]], missing: list[Stretch], turns: Sequence[Turn]) -> dict[str, Any]:
    found = glance(voices[Role.candidate], voices[Role.standardized_patient], missing)
    if found.spoken is None:
        return {"state": "none", "message": _SILENT}
    own = [turn for turn in turns if turn.role == Role.candidate]
    said_ms = total(voices[Role.candidate])
    words = sum(len(turn.text.split()) for turn in own)
    return {
        "state": "ready",
        "message": DESCRIBES,
        **asdict(found),
        "words_per_minute": round(words / said_ms * 60_000) if said_ms >= _LEAST_MS else None,
        "voices": {role.value: spans for role, spans in voices.items()},
        "missing": missing,
        "questions": [
            {"kind": kind.value, "at_ms": at_ms, "text": text}
            for turn in own
            for text, at_ms in sentences(turn)
            if (kind := kind_of(text)) is not None
        ],
        "jargon": [asdict(one) for one in jargon(turns)],
        "reference": REFERENCE,
    }


def unrecorded(manifest: Manifest, participant_id: str) -> list[Stretch]:
    """When a participant's sound was not recorded, but for what they switched off themselves: that was silence."""
    takes = [one for one in manifest.takes if one.participant_id == participant_id and one.audio is not None]
    there = [(one.starts_ms - manifest.starts_ms, one.ends_ms - manifest.starts_ms) for one in takes]
    gaps = [(gap.from_ms, gap.to_ms) for take in takes for gap in take.gaps if _is_lost(gap)]
    return without([(0, manifest.duration_ms)], without(there, common(there, gaps)))


def _is_lost(gap: Gap) -> bool:
    return gap.kind != "pause" and gap.track in ("audio", None)


def sentences(turn: Turn) -> list[tuple[str, int]]:
    """The sentences of a turn as they are to be read, each with the time of its first word."""
    found: list[tuple[str, int]] = []
    words: list[str] = []
    starts_ms = turn.starts_ms
    for word in turn.words:
        if not word.reading:
            continue
        if not words:
            starts_ms = word.starts_ms
        words.append(word.reading)
        if ends_sentence(word.reading):
            found.append((" ".join(words), starts_ms))
            words = []
    return [*found, (" ".join(words), starts_ms)] if words else found
