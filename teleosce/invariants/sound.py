"""Every recorded second of a take has sound, or a gap with a name.

Works from packet times alone, of the raw file and of the sealed one, and reads both by libav and not by the code that
wrote them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av

from teleosce.recording import journal as journals
from teleosce.recording import opus
from teleosce.recording.models import Gap, Take, TakeState, journal_name, raw_name
from teleosce.recording.timeline import timeline

HOLE_MS = 100.0
"""A shorter hole needs no name."""

_PLACED_MS = 60.0
"""How precisely a hole is placed: reports place the packets, and sound is moved by up to 30 ms to stay in step."""

_UNKNOWN_MS = 20.0
"""The length of a packet of which libav does not know it."""

Span = tuple[float, float]
"""From and to, in ms."""


def sound_packets(path: Path, *, filled: bool = True) -> Iterator[Span]:
    """Time and end of each packet of sound, in ms of the file, up to where it can be read.

    filled: with the silence that was put where nothing was. Raises av.FFmpegError when it cannot be opened. Blocks.
    """
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return
        stream = container.streams.audio[0]
        unit_ms = float((stream.time_base or 1) * 1000)
        try:
            for packet in container.demux(stream):
                if packet.pts is not None and packet.size and (filled or bytes(packet) != opus.SILENCE):
                    length = packet.duration * unit_ms if packet.duration else _UNKNOWN_MS
                    yield packet.pts * unit_ms, packet.pts * unit_ms + length
        except av.FFmpegError:
            return


def holes(packets: Iterable[Span], from_ms: float, to_ms: float) -> list[Span]:
    """The stretches longer than HOLE_MS in which no packet sounds."""
    found: list[Span] = []
    reached = from_ms
    for begin, end in packets:
        if begin - reached > HOLE_MS:
            found.append((reached, begin))
        reached = max(reached, end)
    if to_ms - reached > HOLE_MS:
        found.append((reached, to_ms))
    return found


def unnamed(hole: Span, gaps: Iterable[Gap]) -> float:
    """How many ms of a hole no gap accounts for."""
    reached, missing = hole[0], 0.0
    for gap in sorted((gap for gap in gaps if gap.track != "video"), key=lambda gap: gap.from_ms):
        begin, end = gap.from_ms - _PLACED_MS, gap.to_ms + _PLACED_MS
        if end <= reached or begin >= hole[1]:
            continue
        missing += max(0.0, begin - reached)
        reached = max(reached, end)
    return missing + max(0.0, hole[1] - reached)


def unsound(folder: Path, take: Take, recording_starts_ms: int) -> Iterator[str]:
    """What is wrong with the sound of a take that can be played, a clause each. Blocks.

    take: as the manifest has it, with gaps that count from the start of the recording.
    """
    if take.file is None or take.duration_ms is None:
        return
    starts = take.starts_ms - recording_starts_ms
    if take.audio is None:
        if missing := unnamed((starts, starts + take.duration_ms), take.gaps):
            yield f"there is no sound for {missing / 1000:.1f} s, and no gap says why"
        return
    played = holes(sound_packets(folder / take.file), 0, take.duration_ms)
    if played:
        listed = ", ".join(f"{begin / 1000:.1f} to {end / 1000:.1f} s" for begin, end in played[:5])
        yield f"the sealed sound has holes that are not filled with silence: {listed}"
    for begin, end in _raw_holes(folder, take, recording_starts_ms):
        if unnamed((begin, end), take.gaps) > HOLE_MS:
            yield f"no sound came from {begin / 1000:.1f} to {end / 1000:.1f} s of the recording, and no gap says why"


def _raw_holes(folder: Path, take: Take, recording_starts_ms: int) -> list[Span]:
    """In ms of the encounter's recording."""
    try:
        journal = journals.read(folder / journal_name(take.id))
        packets = list(sound_packets(folder / raw_name(take.id)))
    except (OSError, ValueError, av.FFmpegError):
        return []  # a file that is gone or altered is told of as such
    if "audio" not in journal.header.tracks:
        return []
    place = timeline(journal).tracks["audio"]
    if take.state is TakeState.quarantined and place.starts:
        # Damage can turn a time into one that was never written, or the beginning of all of them.
        packets = [packet for packet in packets if abs(place(packet[0]) - take.starts_ms) <= (take.duration_ms or 0)]
        if not packets:
            return []
    starts = take.starts_ms - recording_starts_ms
    placed = [(place(begin) - recording_starts_ms, end - begin) for begin, end in packets]
    if take.state is TakeState.quarantined and take.file:
        # libav passes over more of a damaged file than is damaged: what is in the sealed one was there.
        placed += [(starts + begin, end - begin) for begin, end in _sealed_sound(folder / take.file, take, starts)]
    placed.sort()
    ends = starts + (take.duration_ms or 0)
    return holes(((begin, begin + length) for begin, length in placed), starts, ends)


def _sealed_sound(path: Path, take: Take, starts: int) -> list[Span]:
    """The packets that somebody sent. An encoder that hears nothing at all sends the very silence that is put in holes.

    Where there is more of that than was put in, it counts outside the gaps. starts: of the take, in its recording.
    """
    every, sent = (list(sound_packets(path, filled=filled)) for filled in (True, False))
    filled_ms = take.audio.filled_ms if take.audio else 0
    if (len(every) - len(sent)) * opus.SILENCE_MS <= filled_ms:
        return sent
    named = [(gap.from_ms - starts, gap.to_ms - starts) for gap in take.gaps if gap.track != "video"]
    return [(at, end) for at, end in every if not any(begin <= at < until for begin, until in named)]
