"""What goes, and what says that it went. All calls block.

A take's outcome is written first, with what is to go and why; then the files go; then the manifest is bound anew. So a
deletion that was interrupted is finished by the next call, and never looks like a loss.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import av

from teleosce.core.blobs import sha256, sync_folder
from teleosce.recording import folders
from teleosce.recording.manifest import bind, read_manifest, write_manifest
from teleosce.recording.models import (
    POSTER,
    Gone,
    Manifest,
    Take,
    TakeState,
    journal_name,
    outcome_name,
    poster_name,
    raw_name,
    sealed_name,
    take_of,
)
from teleosce.recording.player import packets
from teleosce.recording.sealing import write_outcome


def is_growing(path: Path) -> bool:
    """Whether a file of an encounter's folder belongs to a take that is being recorded, or waits to be sealed."""
    of_take = path.name.endswith((".raw.webm", ".jsonl"))
    return of_take and not (path.parent / outcome_name(take_of(path.name))).is_file()


def deleted_files(folder: Path) -> set[str]:
    """The names of files that once lay in an encounter's folder and were deleted on purpose."""
    takes = folders.outcomes(folder).values()
    return {POSTER, *(gone.file for take in takes if take for gone in take.gone)}


def has_raw(folder: Path) -> bool:
    """Whether a raw file lies beside a sealed one that could be played without it."""
    return any(_is_spare(folder, take) for take in folders.outcomes(folder).values())


def delete_raw(folder: Path, why: str, now_ms: int) -> tuple[list[Gone], list[str]]:
    """Deletes the raw files of sealed takes. Returns what went, and takes whose sealed file is not as it was sealed.

    Those keep their raw file; so does a quarantined take, of which it is the only record.
    """
    refused: list[str] = []

    def raw(take: Take) -> tuple[Sequence[str], Take] | None:
        if not _is_spare(folder, take):
            return None
        if not _plays(folder, take):
            refused.append(take.id)
            return None
        return (raw_name(take.id),), take.model_copy(update={"raw": None})

    return _delete(folder, raw, why, now_ms), refused


def delete_takes(
    folder: Path, why: str, now_ms: int, *, participant_id: str | None = None, forget: bool = False
) -> list[Gone]:
    """Deletes all that was recorded of a participant, or of all; returns what went.

    forget: also the participant's name. How long the take lasted stays.
    """

    def whole(take: Take) -> tuple[Sequence[str], Take] | None:
        if participant_id not in (None, take.participant_id):
            return None
        names = tuple(name(take.id) for name in (raw_name, journal_name, sealed_name, poster_name))
        nothing: dict[str, object] = dict.fromkeys(("file", "sha256", "size", "raw", "audio", "video"))
        changes = nothing | {"state": TakeState.deleted, "reason": why, "poster_score": None, "gaps": []}
        return names, take.model_copy(update=changes | ({"name": ""} if forget else {}))

    return _delete(folder, whole, why, now_ms)


def _is_spare(folder: Path, take: Take | None) -> bool:
    return take is not None and take.state is TakeState.sealed and (folder / raw_name(take.id)).is_file()


def _plays(folder: Path, take: Take) -> bool:
    """Reads the sealed file from its first byte to its last, as what it was, and every packet of it."""
    path = folder / sealed_name(take.id)
    try:
        if sha256(path) != take.sha256:
            return False
        kinds = Counter(kind for kind, _, _ in packets(path))
    except (OSError, av.FFmpegError):
        return False
    sound = take.audio.packets + take.audio.filled_ms // 20 if take.audio else 0
    pictures = take.video.frames if take.video else 0
    return (kinds["audio"], kinds["video"]) == (sound, pictures)


def _delete(
    folder: Path, chosen: Callable[[Take], tuple[Sequence[str], Take] | None], why: str, now_ms: int
) -> list[Gone]:
    went: list[Gone] = []
    for take in _takes(folder):
        found = chosen(take)
        if found is None:
            continue
        names, after = found
        gone = [_gone(folder / name, why, now_ms) for name in names if (folder / name).is_file()]
        if gone or after != take:
            write_outcome(folder, after.model_copy(update={"gone": [*take.gone, *gone]}))
        went += gone
    for name in deleted_files(folder) - {POSTER}:
        (folder / name).unlink(missing_ok=True)
    rebind(folder)
    sync_folder(folder)
    return went


def _gone(path: Path, why: str, now_ms: int) -> Gone:
    return Gone(file=path.name, size=path.stat().st_size, sha256=sha256(path), at_ms=now_ms, why=why)


def _takes(folder: Path) -> list[Take]:
    """The outcomes; whose a take is that cannot tell itself, the manifest knows from the database."""
    manifest = read_manifest(folder)
    known = {take.id: take for take in manifest.takes} if manifest else {}
    takes = []
    for take in folders.outcomes(folder).values():
        if take and not take.participant_id and take.id in known:
            shared = known[take.id].model_dump(include={"participant_id", "name", "starts_ms"})
            takes.append(take.model_copy(update=shared))
        elif take:
            takes.append(take)
    return takes


def rebind(folder: Path) -> Manifest | None:
    """Writes the manifest anew from the outcomes; None, and nothing, where there was none."""
    old = read_manifest(folder)
    if old is None:
        return None
    found = [take for take in _takes(folder) if take.participant_id]
    folders.choose_poster(folder, found)
    manifest = bind(folder.name, found, old.orphans, old.sealed_ms)
    write_manifest(folder, manifest)
    return manifest
