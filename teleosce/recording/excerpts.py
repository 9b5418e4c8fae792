"""A few seconds out of a sealed take, as a file of their own: for whom the whole is not meant."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import structlog

log = structlog.get_logger(__name__)

_MS = Fraction(1, 1000)
BACK_MS = 3000
"""A picture can only begin with a key frame; no more than so much before the stretch is given for it (takes have one
every 1.5 s or sooner). Where there is none, the picture begins at the next one within the stretch."""
_BEHIND_MS = 3000
"""Sound lies at most so far behind the picture in a file."""


@dataclass(frozen=True)
class Excerpt:
    """A WebM that holds from starts_ms to ends_ms of a take and nothing else; its own time begins at 0."""

    starts_ms: int
    ends_ms: int
    content: bytes


@dataclass(frozen=True)
class _Packet:
    kind: str
    at_ms: int
    data: bytes
    key: bool


def excerpt(path: Path, from_ms: int, to_ms: int) -> Excerpt | None:
    """What a sealed take has from from_ms to to_ms (of the take), copied as it is; None where it has nothing there, and
    where it is damaged or away (perhaps in a backup): the other person's may be there.

    Blocks: some ms for each second.
    """
    try:
        with av.open(str(path)) as container:
            return _cut(container, from_ms, to_ms)
    except (OSError, av.FFmpegError) as error:
        log.warning("a take cannot be read", take=path.stem, reason=str(error))
        return None


def _cut(container: Any, from_ms: int, to_ms: int) -> Excerpt | None:
    packets = list(_packets(container, from_ms, to_ms))
    keys = [one.at_ms for one in packets if one.kind == "video" and one.key]
    before = [at_ms for at_ms in keys if from_ms - BACK_MS <= at_ms <= from_ms]
    starts_ms = before[-1] if before else from_ms
    picture_ms = min((at_ms for at_ms in keys if at_ms >= starts_ms), default=to_ms)
    kept = [one for one in packets if one.at_ms >= (picture_ms if one.kind == "video" else starts_ms)]
    return Excerpt(starts_ms, kept[-1].at_ms + 1, _written(container, kept, starts_ms)) if kept else None


def _packets(container: Any, from_ms: int, to_ms: int) -> Iterator[_Packet]:
    """Those before to_ms, from the key frame before from_ms on."""
    streams = [*container.streams.video[:1], *container.streams.audio[:1]]
    if not streams:
        return
    container.seek(int(from_ms / 1000 / streams[0].time_base), stream=streams[0], backward=True)
    for packet in container.demux(*streams):
        if packet.pts is None or not packet.size:
            continue
        at_ms = round(packet.pts * packet.time_base * 1000)
        if at_ms >= to_ms + _BEHIND_MS:
            return
        if at_ms < to_ms:
            yield _Packet(packet.stream.type, at_ms, bytes(packet), packet.is_keyframe)


def _written(template: Any, packets: list[_Packet], zero_ms: int) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="webm", options={"fflags": "+bitexact"}) as output:
        there = {one.kind for one in packets}
        streams = {
            stream.type: output.add_stream_from_template(stream, opaque=True)
            for stream in (*template.streams.video[:1], *template.streams.audio[:1])
            if stream.type in there
        }
        for one in packets:
            packet: av.Packet[Any] = av.Packet(one.data)
            packet.stream, packet.time_base = streams[one.kind], _MS
            packet.pts = packet.dts = one.at_ms - zero_ms
            packet.is_keyframe = one.key
            output.mux(packet)
    return target.getvalue()
