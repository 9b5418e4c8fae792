"""Sealing one take, from what is on disk; the same again gives the same."""

import os
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.core.blobs import sha256, sync_folder, write_durably
from teleosce.recording import journal as journals
from teleosce.recording import player, speech
from teleosce.recording.arrange import Arranged, arrange
from teleosce.recording.models import (
    FileFacts,
    Gap,
    Take,
    TakeState,
    journal_name,
    outcome_name,
    poster_name,
    raw_name,
    sealed_name,
)
from teleosce.recording.playable import Altered, Playable
from teleosce.recording.poster import Poster, chosen
from teleosce.recording.raw import Raw, look
from teleosce.recording.timeline import Timeline, timeline
from teleosce.recording.webm import CLUSTER_HEAD, SIZE, raw_head

STOPPED = "The server stopped while this was recorded; up to a second is missing at the end."

UNREADABLE = (av.InvalidDataError, av.EOFError, av.PatchWelcomeError, LookupError)
"""What libav says of damage; anything else is a fault of the machine, or ours."""

LISTEN_EVERY_MS = 20_000
"""Of a take without a picture, some sound is decoded so often."""

SPARE_MS = 300_000.0
"""A take may be so much longer than it was recorded, beside twice that, before nobody believes it. Far more than
stalls, delay and drift account for, and little enough to fill with silence."""

HOLE_MS = 80.0
"""A shorter silence, put where nothing was, needs no name: four packets."""


class Damaged(Exception):
    """The take cannot be trusted; the text says why."""


def seal_take(folder: Path, take_id: str) -> Take:
    """Makes the sealed file and says so in the outcome file. Raises OSError when the disk does not let it; blocks.

    A damaged take becomes quarantined: its raw file stays as it is, and what can be read of it is sealed all the same.
    """
    try:
        journal = journals.read(folder / journal_name(take_id))
        if journal.header.id != take_id:
            raise ValueError("the journal is not this take's")
    except (ValueError, FileNotFoundError):
        take = quarantined(folder, take_id, "The journal of this take cannot be read; the raw file is kept.")
    else:
        take = _seal(folder, journal)
    write_outcome(folder, take)
    return take


def quarantined(folder: Path, take_id: str, reason: str, header: journals.Header | None = None) -> Take:
    """The outcome of a take of which nothing can be played. Blocks."""
    raw = folder / raw_name(take_id)
    return Take(
        id=take_id,
        encounter_id=folder.name,
        participant_id=header.participant_id if header else "",
        name=header.name if header else "",
        state=TakeState.quarantined,
        starts_ms=header.origin_ms if header else 0,
        duration_ms=0,
        reason=reason,
        raw=_facts(raw) if raw.is_file() else None,
    )


def write_outcome(folder: Path, take: Take) -> None:
    """The last step: from now on the take is sealed, or quarantined. Blocks."""
    write_durably(folder / outcome_name(take.id), take.model_dump_json(indent=1).encode())


def _seal(folder: Path, journal: journals.Journal) -> Take:
    header = journal.header
    raw, target = folder / raw_name(header.id), folder / sealed_name(header.id)
    try:
        found = _look(raw, journal)
        when = timeline(journal)
        _check_length(found, when, journal)
        done = arrange(found, when, journal.tracks["video"].sizes)
        digest = _write(raw, target, found, done)
        levels = _levels(found, done, journal)
        spans, score = _play(target, done, levels, folder / poster_name(header.id))
    except Damaged as fault:
        target.unlink(missing_ok=True)
        return quarantined(folder, header.id, str(fault), header)
    damage = _missing(raw, found, journal)
    return Take(
        id=header.id,
        encounter_id=folder.name,
        participant_id=header.participant_id,
        name=header.name,
        state=TakeState.quarantined if damage else TakeState.sealed,
        starts_ms=done.starts_ms,
        duration_ms=done.duration_ms,
        file=target.name,
        sha256=digest,
        size=target.stat().st_size,
        gaps=gaps(journal, when, done, unknown="damage" if damage else "pause"),
        reason=damage or (journal.closed.reason if journal.closed else STOPPED),
        raw=_facts(raw),
        placed_by=when.placed_by,
        audio=done.audio and done.audio.model_copy(update={"speech": spans}),
        video=done.video,
        poster_score=score,
    )


def _look(raw: Path, journal: journals.Journal) -> Raw:
    try:
        found = look(raw, journal.header.tracks, journal.reaches_ms)
    except FileNotFoundError as error:
        raise Damaged("The raw file of this take is missing.") from error
    if not found.tracks:
        raise Damaged("Nothing can be seen or heard in the raw file; it is kept as it is.")
    return found


def _check_length(found: Raw, when: Timeline, journal: journals.Journal) -> None:
    """Raises Damaged rather than fill with silence what never was."""
    tracks = found.tracks.items()
    begins, ends = (side(blocks.at_ms[at] for _, blocks in tracks) for side, at in ((min, 0), (max, -1)))
    # The whole journal of a take knows how long it was; half a journal, or that of a crash, does not.
    recorded = min(ends - begins, journal.reaches_ms) if journal.closed else ends - begins
    starts_ms, ends_ms = (
        side(when.tracks[kind](blocks.at_ms[at]) for kind, blocks in tracks) for side, at in ((min, 0), (max, -1))
    )
    if ends_ms - starts_ms > 2 * recorded + SPARE_MS:
        raise Damaged("The times of this take were damaged: it would be far longer than it was; the raw file is kept.")


def _write(raw: Path, target: Path, found: Raw, done: Arranged) -> str:
    """Writes the sealed file, reads all of it again, compares it with the raw file, and returns its SHA-256.

    Where the disk gave something else it is written once more: a take that is whole is not lost for that.
    """
    for left_over in target.parent.glob(f"{target.stem}.*.part"):
        left_over.unlink(missing_ok=True)
    size = done.video.sizes[0][1:] if done.video and done.video.sizes else SIZE
    playable = Playable(done.entries, list(found.tracks), done.duration_ms, size)
    try:
        return _written(playable, raw, target)
    except Altered:
        pass
    try:
        return _written(playable, raw, target)
    except Altered as error:
        raise Damaged("The sealed file does not hold what was written to it; the raw file is kept.") from error


def _written(playable: Playable, raw: Path, target: Path) -> str:
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        playable.write(part, raw)
        part.replace(target)
        sync_folder(target.parent)
        return playable.read_back(target, raw)
    finally:
        part.unlink(missing_ok=True)


def _levels(found: Raw, done: Arranged, journal: journals.Journal) -> NDArray[np.float64] | None:
    """How loud each packet of the sealed file is, as its sender told it; None where all sound has to be decoded."""
    blocks = found.tracks.get("audio")
    if blocks is None or blocks.odd:
        return None
    levels = speech.told(journal.tracks["audio"].levels, blocks.at_ms)
    if levels is None:
        return None
    return np.array(done.steps(dict(zip(blocks.offsets, levels.tolist(), strict=True)), speech.SILENT_DB))


def _play(
    target: Path, done: Arranged, levels: NDArray[np.float64] | None, poster: Path
) -> tuple[list[tuple[int, int]], float | None]:
    """Plays it here and there, pictures and sound. Returns where somebody speaks, and how good the poster is.

    levels: of its packets, if they were told; they are believed where what is heard here is as loud.
    """
    places = chosen(done.keys_ms, done.duration_ms) if done.video else [*range(0, done.duration_ms, LISTEN_EVERY_MS)]
    picture = Poster()
    try:
        heard = player.watch(target, places, picture)
        if levels is not None and speech.agree(levels, heard):
            spans = speech.spans(levels)
        else:
            spans = player.speech(target) if done.audio else []
    except UNREADABLE as error:
        raise Damaged("The sealed file cannot be decoded; the raw file is kept.") from error
    return spans, picture.write(poster)


def _missing(raw: Path, found: Raw, journal: journals.Journal) -> str | None:
    """What was written once and cannot be read now. After a crash nobody knows how much there was at the end."""
    reasons = []
    if journal.damaged:
        reasons.append(
            f"The journal of this take was damaged: {journal.damaged} of its lines are not what was written."
        )
    if not _begins_well(raw, journal.header.tracks):
        reasons.append("The beginning of the raw file is damaged; what could be read after it is in the recording.")
    if found.left_out:
        reasons.append(f"The raw file is damaged: {found.left_out} packets and frames have times that cannot be.")
    if mistaken := sum(blocks.mistaken for blocks in found.tracks.values()):
        reasons.append(
            f"The raw file is damaged: {mistaken} frames are not the key frames, or the others, that it calls them."
        )
    if journal.closed is None:
        if found.torn:
            reasons.append("The raw file is damaged: a part of it cannot be read.")
        return " ".join(reasons) or None
    written = sum(journal.closed.blocks.values())
    if found.count < written or raw.stat().st_size != journal.closed.size:
        reasons.append(
            f"The raw file was damaged after it was written: {found.count} of {written} packets and frames can be read."
        )
    return " ".join(reasons) or None


def _begins_well(raw: Path, kinds: list[str]) -> bool:
    """Whether a raw file begins as it was written. Blocks are read without that; a cluster lost with it shows here."""
    head = raw_head(kinds) + CLUSTER_HEAD
    with raw.open("rb") as file:
        return file.read(len(head)) == head


def gaps(journal: journals.Journal, when: Timeline, done: Arranged, unknown: str = "pause") -> list[Gap]:
    """The journal's gaps, counted from the take's start, neighbours of one kind joined.

    unknown: what silence is called that the journal has no word for.
    """
    found: list[Gap] = []
    for kind, track in journal.tracks.items():
        place = when.tracks.get(kind)
        if place is None:
            continue
        joined: list[Gap] = []
        for reason, begin, end in sorted(track.gaps, key=lambda gap: gap[1]):
            from_ms, to_ms = (min(max(0, round(place(at) - done.starts_ms)), done.duration_ms) for at in (begin, end))
            if joined and joined[-1].kind == reason and from_ms - joined[-1].to_ms <= 1:
                joined[-1] = joined[-1].model_copy(update={"to_ms": max(to_ms, joined[-1].to_ms)})
            elif to_ms > from_ms:
                joined.append(Gap(kind=reason, from_ms=from_ms, to_ms=to_ms, track=kind))
        found += joined
    named = [(gap.from_ms, gap.to_ms) for gap in found if gap.track == "audio"]
    found += [
        Gap(kind=unknown, from_ms=round(begin), to_ms=round(end), track="audio")
        for silence in done.silences
        if silence[1] - silence[0] > HOLE_MS
        for begin, end in _without(silence, named)
    ]
    return sorted(found, key=lambda gap: gap.from_ms)


def _without(silence: tuple[float, float], named: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """What is left of a silence beside the gaps with a name, where that is long enough to be missed."""
    left = []
    reached, end = silence
    for begin, until in sorted(named):
        if until > reached and begin < end:
            left.append((reached, float(begin)))
            reached = max(reached, float(until))
    left.append((reached, end))
    return [(begin, until) for begin, until in left if until - begin > HOLE_MS]


def _facts(path: Path) -> FileFacts:
    return FileFacts(file=path.name, size=path.stat().st_size, sha256=sha256(path))
