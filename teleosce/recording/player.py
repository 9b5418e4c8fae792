"""A sealed file as a player has it: through libav, which knows nothing of how it was made."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from teleosce.recording.poster import Poster
from teleosce.recording.speech import Levels, level_of

if TYPE_CHECKING:
    from teleosce.rtc.model import Kind

HEARD_AT_ONCE = 10
"""Packets of sound that are decoded at each place that is looked at: 0.2 s."""

SETTLES_AFTER = 3
"""Packets after which a decoder that began in the middle is as loud as it should be."""

LOOKED_AT_MS = 1000
"""Where there is less sound, no more is looked for beyond this."""

_MS = Fraction(1, 1000)


def packets(path: Path) -> Iterator[tuple["Kind", float, Any]]:
    """Kind, time in ms and packet of what a WebM holds, up to where it cannot be read further.

    Raises av.FFmpegError when it cannot be opened, OSError when the disk does not give it.
    """
    with av.open(str(path)) as container:
        yield from _demuxed(container, [*container.streams.audio, *container.streams.video])


def _demuxed(container: Any, streams: list[Any]) -> Iterator[tuple["Kind", float, Any]]:
    # Once per stream: fractions are slow. Damage can give a track a codec that there is not.
    tracks: dict[int, tuple[Kind, float]] = {
        stream.index: ("audio" if stream.type == "audio" else "video", float((stream.time_base or _MS) * 1000))
        for stream in streams
        if stream.codec_context is not None
    }
    if not tracks:
        return
    try:
        for packet in container.demux(*tracks):
            pts = packet.pts
            if pts is not None and packet.size and not packet.is_corrupt:
                kind, unit_ms = tracks[packet.stream_index]
                yield kind, pts * unit_ms, packet
    except av.FFmpegError as error:
        if isinstance(error, OSError):  # the disk, not the file
            raise


def watch(path: Path, places_ms: list[int], poster: Poster) -> list[tuple[float, float]]:
    """Goes to these places as a player does, by the cues: to key frames, or in a track of sound alone to packets.

    Shows the key frames to the poster, and decodes some of the sound at each place. Returns how loud that is, as times
    in ms with dB of full scale. Raises av.FFmpegError where it cannot be done, LookupError where something else is.
    """
    heard: list[tuple[float, float]] = []
    with av.open(str(path)) as container:
        picture = next(iter(container.streams.video), None)
        leads = picture or container.streams[0]
        leads.codec_context.thread_count = 1  # a dozen pictures are not worth threads
        unit_ms = float((leads.time_base or _MS) * 1000)
        for at_ms in places_ms:
            container.seek(int(at_ms / unit_ms), stream=leads)
            found_ms = _look(container, at_ms, poster, heard, has_picture=picture is not None)
            if found_ms is None or found_ms > at_ms or (picture and round(found_ms) != at_ms):
                raise LookupError(f"at {at_ms} ms is something else")
    return heard


def _look(
    container: Any, at_ms: int, poster: Poster, levels: list[tuple[float, float]], *, has_picture: bool
) -> float | None:
    """The time of the first packet here: of picture, or of sound where there is no picture."""
    first_ms: float | None = None
    heard = 0
    for kind, found_ms, packet in _demuxed(container, list(container.streams)):
        if first_ms is None and (kind == "video" or not has_picture):
            first_ms = found_ms
            if kind == "video":
                poster.key_frame(packet)
        if kind == "audio" and heard < HEARD_AT_ONCE:
            frames = packet.decode()
            heard += 1
            if heard > SETTLES_AFTER:
                levels += [(found_ms, level_of(frame)) for frame in frames]
        if first_ms is not None and (heard == HEARD_AT_ONCE or found_ms > at_ms + LOOKED_AT_MS):
            break
    return first_ms


def speech(path: Path) -> list[tuple[int, int]]:
    """Where somebody speaks, in ms of the take, by the level of all its sound. Raises av.FFmpegError."""
    levels = Levels()
    with av.open(str(path)) as container:
        for _, _, packet in _demuxed(container, [*container.streams.audio[:1]]):
            for frame in packet.decode():
                levels.add(frame)
    return levels.spans()
