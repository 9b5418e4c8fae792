"""Sealing one take, from what is on disk; the same again gives the same."""

import os
from pathlib import Path

import av

from teleosce.core.blobs import sha256, sync_folder, write_durably
from teleosce.recording import journal as journals
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
from teleosce.recording.poster import Poster
from teleosce.recording.remux import RawFacts, Remuxed, look, packets, remux
from teleosce.recording.speech import Levels
from teleosce.recording.timeline import Timeline, timeline

STOPPED = "The server stopped while this was recorded; up to a second is missing at the end."

UNREADABLE = (av.InvalidDataError, av.EOFError, av.PatchWelcomeError)
"""What libav says of damage; anything else is a fault of the machine, or ours."""

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
        facts = _look(raw, journal.reaches_ms)
        when = timeline(journal)
        _check_length(facts, when, journal)
        done = _remux(raw, target, facts, when, journal)
        spans, score = _verify(target, done, folder / poster_name(header.id))
    except Damaged as fault:
        target.unlink(missing_ok=True)
        return quarantined(folder, header.id, str(fault), header)
    whole = _facts(target)
    damage = _missing(raw, facts, journal)
    return Take(
        id=header.id,
        encounter_id=folder.name,
        participant_id=header.participant_id,
        name=header.name,
        state=TakeState.quarantined if damage else TakeState.sealed,
        starts_ms=done.starts_ms,
        duration_ms=done.duration_ms,
        file=whole.file,
        sha256=whole.sha256,
        size=whole.size,
        gaps=gaps(journal, when, done, unknown="damage" if damage else "pause"),
        reason=damage or (journal.closed.reason if journal.closed else STOPPED),
        raw=_facts(raw),
        placed_by=when.placed_by,
        audio=done.audio and done.audio.model_copy(update={"speech": spans}),
        video=done.video,
        poster_score=score,
    )


def _look(raw: Path, reaches_ms: float) -> RawFacts:
    try:
        facts = look(raw, reaches_ms)
    except FileNotFoundError as error:
        raise Damaged("The raw file of this take is missing.") from error
    except av.FFmpegError as error:
        if not isinstance(error, UNREADABLE):
            raise
        raise Damaged("The raw file cannot be read; it is kept as it is.") from error
    if not facts.first:
        raise Damaged("Nothing can be seen or heard in the raw file; it is kept as it is.")
    return facts


def _check_length(facts: RawFacts, when: Timeline, journal: journals.Journal) -> None:
    """Raises Damaged rather than fill with silence what never was."""
    begins, ends = min(facts.first.values()), max(facts.last.values())
    # The whole journal of a take knows how long it was; half a journal, or that of a crash, does not.
    recorded = min(ends - begins, journal.reaches_ms) if journal.closed else ends - begins
    starts_ms = min(when.tracks[kind](at_ms) for kind, at_ms in facts.first.items())
    ends_ms = max(when.tracks[kind](at_ms) for kind, at_ms in facts.last.items())
    if ends_ms - starts_ms > 2 * recorded + SPARE_MS:
        raise Damaged("The times of this take were damaged: it would be far longer than it was; the raw file is kept.")


def _remux(raw: Path, target: Path, facts: RawFacts, when: Timeline, journal: journals.Journal) -> Remuxed:
    for left_over in target.parent.glob(f"{target.stem}.*.part"):
        left_over.unlink(missing_ok=True)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        done = remux(raw, part, facts, when, journal.tracks["video"].sizes)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)
    return done


def _verify(target: Path, done: Remuxed, poster: Path) -> tuple[list[tuple[int, int]], float | None]:
    """Reads the sealed file as a player does: every packet, all sound, pictures from all over it."""
    expected_audio = done.audio.packets + done.audio.filled_ms // 20 if done.audio else 0
    expected_video = done.video.frames if done.video else 0
    audio = video = 0
    levels, picture = Levels(), Poster(done.video.key_frames if done.video else 0)
    try:
        for kind, _, packet in packets(target):
            if kind == "video":
                video += 1
                if packet.is_keyframe:
                    picture.key_frame(packet)
            else:
                audio += 1
                for frame in packet.decode():
                    levels.add(frame)
    except UNREADABLE as error:
        raise Damaged("The sealed file cannot be decoded; the raw file is kept.") from error
    if (audio, video) != (expected_audio, expected_video):
        raise Damaged("The sealed file does not hold what was written to it; the raw file is kept.")
    return levels.spans(), picture.write(poster)


def _missing(raw: Path, facts: RawFacts, journal: journals.Journal) -> str | None:
    """What was written once and cannot be read now. After a crash nobody knows how much there was."""
    if facts.left_out:
        return f"The raw file is damaged: {len(facts.left_out)} packets and frames have times that cannot be."
    if journal.closed is None:
        return None
    written = sum(journal.closed.blocks.values())
    readable = facts.audio + facts.video
    if readable < written or raw.stat().st_size != journal.closed.size:
        return f"The raw file was damaged after it was written: {readable} of {written} packets and frames can be read."
    return None


def gaps(journal: journals.Journal, when: Timeline, done: Remuxed, unknown: str = "pause") -> list[Gap]:
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
