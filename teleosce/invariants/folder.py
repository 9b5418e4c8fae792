"""An encounter's folder: its manifest, its hashes, its names, and nothing in it that nobody knows."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import av

from teleosce.core.blobs import sha256
from teleosce.invariants.breach import Breach
from teleosce.invariants.sound import HOLE_MS, unsound
from teleosce.recording import folders
from teleosce.recording.manifest import read_manifest
from teleosce.recording.models import (
    MANIFEST,
    POSTER,
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


def look_at(folder: Path, known: list[Take], *, is_over: bool) -> Iterator[Breach]:
    """Everything wrong in the folder of one encounter. Blocks.

    known: the takes that the database has. is_over: its consultation has ended long enough ago to be sealed.
    """
    manifest = read_manifest(folder)
    on_disk = folders.takes(folder)
    yield from _names(folder, on_disk, known)
    for take in known:
        if take.id not in on_disk:
            said = f"The take {take.id} of {take.name} is in the database, and its files are gone."
            yield Breach("take-missing", folder.name, said)
    if manifest is not None:
        yield from _bound(folder, manifest, on_disk, known, is_over=is_over)
        for take in manifest.takes:
            yield from _take(folder, manifest, take)
    elif is_over and (on_disk or known):
        yield Breach("not-sealed", folder.name, "The consultation is over, and its recording is not sealed.")


def _bound(
    folder: Path, manifest: Manifest, on_disk: list[str], known: list[Take], *, is_over: bool
) -> Iterator[Breach]:
    if manifest.encounter_id != folder.name:
        yield Breach("manifest", folder.name, f"The manifest is of another encounter, {manifest.encounter_id}.")
    bound = {take.id for take in manifest.takes} | set(manifest.orphans)
    for take_id in sorted(set(on_disk) - bound) if is_over else ():
        yield Breach("not-sealed", folder.name, f"The take {take_id} is on disk, and not in the manifest.")
    for orphan in manifest.orphans:
        yield Breach(
            "orphan", f"{folder.name}/{raw_name(orphan)}", "A take lost its journal: nobody knows whose it is."
        )
    for one in known if is_over else ():
        same = next((take for take in manifest.takes if take.id == one.id), None)
        if same is not None and (same.state, same.sha256) != (one.state, one.sha256):
            said = (
                f"The take {one.id} is {one.state} in the database, {same.state} in the manifest, or the hashes differ."
            )
            yield Breach("take-differs", folder.name, said)
    numbers = Counter((take.participant_id, take.number) for take in manifest.takes)
    for (_, number), count in numbers.items():
        if count > 1:
            yield Breach("take-names", folder.name, f"{count} takes of one participant have the number {number}.")


def _take(folder: Path, manifest: Manifest, take: Take) -> Iterator[Breach]:
    where = f"{folder.name}/{take.file or raw_name(take.id)}"
    if take.state is TakeState.quarantined and not take.reason:
        yield Breach("no-reason", where, "The take is quarantined, and nobody says why.")
    if take.state not in (TakeState.sealed, TakeState.quarantined, TakeState.deleted):
        yield Breach("not-sealed", where, f"The manifest has a take that is still {take.state}.")
    if take.state is TakeState.sealed and take.file is None:
        yield Breach("take-missing", where, "The take is sealed, and there is nothing to play.")
    if silent_ms := _unnamed_before(manifest, take):
        said = f"The {silent_ms / 1000:.1f} s before this take have no gap that names them."
        yield Breach("unnamed-gap", where, said)
    expected = [(take.file, take.sha256, take.size)] if take.file else []
    expected += [(take.raw.file, take.raw.sha256, take.raw.size)] if take.raw else []
    altered = [breach for name, digest, size in expected for breach in _hash(folder, str(name), digest, size)]
    yield from altered
    if not altered:
        try:
            for clause in unsound(folder, take, manifest.starts_ms):
                yield Breach("unnamed-gap", where, f"In the take of {take.name or 'somebody'} {clause}.")
        except (OSError, av.FFmpegError) as error:
            yield Breach("unreadable", where, f"The sealed file cannot be read ({error}).")


def _unnamed_before(manifest: Manifest, take: Take) -> int:
    """The milliseconds between a participant's take and the one before that no gap names."""
    ends = [one.ends_ms for one in manifest.takes if one.participant_id == take.participant_id and one.id != take.id]
    before = max((ends_ms for ends_ms in ends if ends_ms <= take.starts_ms), default=take.starts_ms)
    silent_ms = take.starts_ms - before
    named = [gap for gap in take.gaps if gap.kind == "rejoin" and gap.to_ms - gap.from_ms >= silent_ms - 1]
    return 0 if named or silent_ms <= HOLE_MS else silent_ms


def _hash(folder: Path, name: str, digest: str | None, size: int | None) -> Iterator[Breach]:
    path, where = folder / name, f"{folder.name}/{name}"
    if not path.is_file():
        yield Breach("file-missing", where, "The manifest names this file, and it is gone.")
    elif path.stat().st_size != size or sha256(path) != digest:
        yield Breach("hash", where, "This file is not what it was when its SHA-256 was written down.")


def _names(folder: Path, on_disk: list[str], known: list[Take]) -> Iterator[Breach]:
    """Each take has one name that was used once; each file belongs to a take."""
    takes = {*on_disk, *(take.id for take in known)}
    for path in sorted(folder.iterdir()):
        if path.name in (MANIFEST, POSTER) or (
            take_of(path.name) in takes and path.name in _files_of(take_of(path.name))
        ):
            continue
        half_done = path.name.endswith(".part") or path.name.startswith(".")
        if not half_done:
            yield Breach("orphan", f"{folder.name}/{path.name}", "Nobody knows this file.")
        elif _age_s(path) > folders.HALF_DONE_S:
            yield Breach("orphan", f"{folder.name}/{path.name}", "A half-written file was left behind.")
    for take_id in on_disk:
        yield from _journal(folder, take_id)


def _files_of(take_id: str) -> tuple[str, ...]:
    return tuple(name(take_id) for name in (raw_name, journal_name, sealed_name, outcome_name, poster_name))


def _journal(folder: Path, take_id: str) -> Iterator[Breach]:
    where = f"{folder.name}/{journal_name(take_id)}"
    header = folders.header(folder, take_id)
    if header is None:
        if folders.outcome(folder, take_id) is None:
            yield Breach("journal", where, "The journal of this take is gone or cannot be read.")
        return
    if (header.id, header.encounter_id) != (take_id, folder.name):
        yield Breach("take-names", where, f"The journal is of another take, {header.id} of {header.encounter_id}.")
    begun = (folder / journal_name(take_id)).read_bytes().count(b'{"line":"take",')
    if begun > 1:
        yield Breach("take-names", where, f"{begun} takes were written under one name.")
    if not header.participant_id:
        yield Breach("journal", where, "The journal does not say whose take this is.")


def _age_s(path: Path) -> float:
    try:
        # Files carry the machine's own time, not the exam's.
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # it has got its name meanwhile
        return 0.0
