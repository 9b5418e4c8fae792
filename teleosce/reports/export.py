"""One encounter as a folder: videos, transcript, captions, forms with every key press, and a list of hashes."""

import asyncio
import json
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from teleosce.core.blobs import sha256, write_durably
from teleosce.core.errors import Invalid
from teleosce.exams import Encounter, Exams
from teleosce.people import People
from teleosce.recording import Recordings
from teleosce.reports.glance import glance_of
from teleosce.scoring import Forms, Kind, Marking
from teleosce.stations import StationStore
from teleosce.transcripts import Transcripts


@dataclass(frozen=True)
class Sources:
    """The rooms that an export reads."""

    exams: Exams
    people: People
    stations: StationStore
    recordings: Recordings
    transcripts: Transcripts
    forms: Forms
    marking: Marking


async def write_export(sources: Sources, encounter_id: str, folder: Path) -> list[str]:
    """Returns the names written. Raises NotFound, or Invalid when `folder` has something in it already."""
    texts = await export_texts(sources, encounter_id)
    await asyncio.to_thread(_make_empty, folder)
    for name, text in texts.items():
        await asyncio.to_thread(write_durably, folder / name, text.encode())
    for name, path in (await take_files(sources, encounter_id)).items():
        await asyncio.to_thread(shutil.copyfile, path, folder / name)
    return await asyncio.to_thread(_list_hashes, folder)


async def export_texts(
    sources: Sources, encounter_id: str, kinds: Collection[Kind] = frozenset(Kind)
) -> dict[str, str]:
    """All there is of an encounter but its films, as files of text by their names. kinds: of forms. Raises NotFound."""
    encounter = await sources.exams.encounter(encounter_id)
    version = await sources.stations.get(encounter.station_hash)
    texts = {
        "encounter.json": _json(encounter),
        "station.json": version.model_dump_json(indent=2),
        "forms.json": _json(await _forms(sources, encounter_id, kinds)),
        "marking.json": _json(await _marking(sources, encounter)),
        "incidents.json": _json(await sources.exams.incidents_in([encounter.room])),
    }
    transcript = await sources.transcripts.get(encounter.room)
    if transcript is not None:
        texts["transcript.json"] = _json(transcript)
        texts["captions.vtt"] = await sources.transcripts.webvtt(encounter.room)
        told = glance_of(sources.exams, sources.people, sources.recordings, sources.transcripts, encounter.room)
        texts["glance.json"] = _json(await told)
    manifest = await sources.recordings.manifest(encounter.room)
    if manifest is not None:
        texts["recording.json"] = _json(manifest)
    return texts


async def take_files(sources: Sources, encounter_id: str) -> dict[str, Path]:
    """The sealed films of an encounter by the names under which they leave the house: role and number of the take."""
    manifest = await sources.recordings.manifest((await sources.exams.encounter(encounter_id)).room)
    found: dict[str, Path] = {}
    for take in manifest.takes if manifest else []:
        if take.state == "sealed":
            seat = await sources.people.seat(take.participant_id)
            name = f"{seat.role.value}-{take.number}.webm"
            # Two candidates may be at one station.
            found[f"{seat.role.value}-{seat.id[:6]}-{take.number}.webm" if name in found else name] = (
                sources.recordings.path(take)
            )
    return found


def _make_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise Invalid(f"{folder} is not empty. Nothing was written: choose a new folder.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _list_hashes(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.iterdir())
    listed = "".join(f"{sha256(folder / name)}  {name}\n" for name in names)
    write_durably(folder / "SHA256SUMS", listed.encode())
    return [*names, "SHA256SUMS"]


async def _forms(sources: Sources, encounter_id: str, kinds: Collection[Kind]) -> list[dict[str, Any]]:
    found = []
    for one in await sources.forms.of_encounter(encounter_id):
        if one.kind in kinds:
            form = asdict(await sources.forms.form(one.id))
            del form["values"]  # they stand in its fields, with their versions
            found.append({"form": form, "history": asdict(await sources.forms.history(one.id))})
    return found


async def _marking(sources: Sources, encounter: Encounter) -> dict[str, Any]:
    """Who was to mark it, by which rules, and what counts of the marks."""
    given = await sources.marking.assignments(encounter.exam_id, ended=True)
    rules = await sources.marking.rules(encounter.exam_id)
    return {
        "rules": rules.model_dump(mode="json"),
        "assignments": [asdict(one) for one in given if one.encounter_id == encounter.id],
        "record": asdict(await sources.marking.record(encounter.id)),
    }


def _json(content: Any) -> str:
    plain = content.model_dump(mode="json") if hasattr(content, "model_dump") else content
    return json.dumps(plain, ensure_ascii=False, indent=2, default=_plain)


def _plain(content: Any) -> Any:
    return content.model_dump(mode="json") if hasattr(content, "model_dump") else asdict(content)
