"""The pictures of one clip as a part of its own: a card, and then what was recorded, copied or rendered. All block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from teleosce.keeping.film import picture
from teleosce.keeping.film.plan import Stretch
from teleosce.keeping.reel.card import card
from teleosce.keeping.reel.plan import CARD_MS, Clip

FARTHEST_KEY_MS = 5500
"""A copied clip begins at most so long before its moment: the recorder asked for a key frame every five seconds once,
and now every two."""

_MS = Fraction(1, 1000)
# One thread, as exams may go on beside; no hidden frames, so that parts join without a seam.
_VP8 = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0", "g": str(5 * picture.RATE)}
_BIT_RATE = 1_500_000


@dataclass(frozen=True)
class Cut:
    """Where a take is cut for copying: from a key frame, in ms of the encounter, and the size of its pictures."""

    take: Stretch
    from_ms: int
    size: tuple[int, int]


def where_to_cut(clip: Clip) -> Cut | None:
    """None when pictures cannot be copied: no take lasts through the moment, its picture fails, or keys are far."""
    take = next((one for one in clip.takes if one.starts_ms <= clip.from_ms and clip.to_ms <= one.ends_ms), None)
    if take is None:
        return None
    times: list[int] = []
    key: int | None = None
    with av.open(str(take.file)) as container:
        if not container.streams.video:
            return None
        for at_ms, packet in _packets(container, take, clip.from_ms):
            if at_ms >= clip.to_ms:
                break
            if packet.is_keyframe and (at_ms <= clip.from_ms or key is None):
                key, times = at_ms, []
            times.append(at_ms)
        size = container.streams.video[0].width, container.streams.video[0].height
    if key is None or not clip.from_ms - FARTHEST_KEY_MS <= key <= clip.from_ms:
        return None
    if any(after - before > picture.STALE_MS for before, after in pairwise([*times, clip.to_ms])):
        return None
    return Cut(take, key, size)


def copy(clip: Clip, cut: Cut, target: Path) -> None:
    """Writes the card and the recorded frames from the cut on, as they are."""
    with av.open(str(target), "w", format="webm") as output, av.open(str(cut.take.file)) as container:
        stream = output.add_mux_stream("vp8", width=cut.size[0], height=cut.size[1])
        packets = _packets(container, cut.take, cut.from_ms)
        for packet in _encoded(card(clip.card, cut.size), cut.size):
            _put(output, stream, packet, packet.pts or 0)
        for at_ms, packet in packets:
            if at_ms >= clip.to_ms:
                break
            if at_ms >= cut.from_ms:
                _put(output, stream, packet, CARD_MS + at_ms - cut.from_ms)


def render(clip: Clip, target: Path, told: Callable[[int], None]) -> None:
    """Writes the card and both pictures side by side from the very moment on. told: ms of the clip that are done."""
    with av.open(str(target), "w", format="webm") as output:
        stream = output.add_mux_stream("vp8", width=picture.SIZE[0], height=picture.SIZE[1])
        for packet in _encoded(_card_and_clip(clip, told), picture.SIZE):
            _put(output, stream, packet, packet.pts or 0)


def _card_and_clip(clip: Clip, told: Callable[[int], None]) -> Iterator[av.VideoFrame]:
    yield from card(clip.card, picture.SIZE)
    first = picture.frame_at(clip.from_ms)
    for number, frame in enumerate(picture.frames(clip.film, clip.from_ms, clip.to_ms)):
        at_ms = max(0, (first + number) * 1000 // picture.RATE - clip.from_ms)
        # The first frame of what was recorded is a key frame, as where it is copied.
        frame.pict_type = av.video.frame.PictureType.I if number == 0 else av.video.frame.PictureType.NONE
        frame.pts, frame.time_base = CARD_MS + at_ms, _MS
        if number % picture.RATE == 0:
            told(at_ms)
        yield frame


def _encoded(frames: Iterator[av.VideoFrame], size: tuple[int, int]) -> "Iterator[av.Packet[Any]]":
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate = _MS, Fraction(picture.RATE)
    encoder.bit_rate, encoder.thread_count, encoder.options = _BIT_RATE, 1, _VP8
    for frame in frames:
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _packets(container: Any, take: Stretch, from_ms: int) -> "Iterator[tuple[int, av.Packet[Any]]]":
    """The frames of a take with their time in the encounter, from a key frame before `from_ms` on."""
    stream = container.streams.video[0]
    unit_ms = stream.time_base * 1000
    container.seek(max(0, int((from_ms - take.starts_ms) / unit_ms)), stream=stream, backward=True)
    for packet in container.demux(stream):
        if packet.size and packet.pts is not None:
            yield take.starts_ms + round(packet.pts * unit_ms), packet


def _put(output: Any, stream: Any, packet: "av.Packet[Any]", at_ms: int) -> None:
    copied: av.Packet[Any] = av.Packet(bytes(packet))
    copied.stream, copied.time_base = stream, _MS
    copied.pts = copied.dts = at_ms
    copied.is_keyframe = packet.is_keyframe
    output.mux(copied)
