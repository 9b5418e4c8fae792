"""Cutting a reel: each clip's pictures as a part, then one WebM of them with the voices, read back before it counts.

All calls block.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.core.errors import Invalid, Unavailable
from teleosce.keeping.film import picture, sound
from teleosce.keeping.film.parts import begin, promise
from teleosce.keeping.film.plan import Stretch
from teleosce.keeping.reel.pictures import Cut, copy, render, where_to_cut
from teleosce.keeping.reel.plan import CARD_MS, Clip, Made, Placed, ReelPlan

Told = Callable[[int, int], None]
"""Hears how much is done, and of how much."""

_MS = Fraction(1, 1000)
_FADE = sound.RATE // 100
"""Ten milliseconds, so that a voice that is cut does not click."""
_BIT_RATE = 64_000
_OFF_MS = 80
"""By so much the last picture and the last packet of sound may end apart from what was planned."""


@dataclass(frozen=True)
class _Part:
    clip: Clip
    cut: Cut | None
    at_ms: int
    """When its card begins in the reel."""

    @property
    def length_ms(self) -> int:
        return CARD_MS + self.clip.length_ms


def make_reel(plan: ReelPlan, target: Path, *, told: Told) -> Made:
    """Writes the reel, WebM, to `target`; parts lie beside it meanwhile, and those of an interrupted run are used.

    Raises Invalid when there is nothing to show, Unavailable when the disk does not let it or what was written does
    not read as it should: then there is no `target`.
    """
    if not plan.clips or any(clip.length_ms <= 0 for clip in plan.clips):
        raise Invalid("There is no moment in this reel, so there is nothing to cut.")
    folder = target.with_name(f"{target.name}.parts")
    try:
        begin(folder, plan.key)
        parts = list(_parts(plan))
        total = parts[-1].at_ms + parts[-1].length_ms
        files = [folder / f"{number:05}.webm" for number in range(len(parts))]
        for part, file in zip(parts, files, strict=True):
            if not file.exists():
                _make_part(part, file, lambda done, at=part.at_ms: told(at + done, 3 * total))  # type: ignore[misc]
            told(part.at_ms + part.length_ms, 3 * total)
        unfinished = folder / "whole.unfinished"
        written = _join(plan.title, parts, files, unfinished, lambda done: told(total + done, 3 * total))
        made = _read_back(unfinished, parts, written, lambda done: told(2 * total + done, 3 * total))
        promise(unfinished, target)
    except (OSError, av.FFmpegError) as error:
        raise Unavailable(
            f"The reel could not be finished ({error.strerror or error}). What is done of it is kept: see to the cause "
            "and cut it again."
        ) from error
    shutil.rmtree(folder)
    told(3 * total, 3 * total)
    return made


def _parts(plan: ReelPlan) -> Iterator[_Part]:
    at_ms = 0
    for clip in plan.clips:
        cut = None if plan.exact else where_to_cut(clip)
        part = _Part(replace(clip, from_ms=cut.from_ms) if cut else clip, cut, at_ms)
        yield part
        at_ms += part.length_ms


def _make_part(part: _Part, target: Path, told: Callable[[int], None]) -> None:
    unfinished = target.with_suffix(".unfinished")
    if part.cut:
        copy(part.clip, part.cut, unfinished)
    else:
        render(part.clip, unfinished, told)
    promise(unfinished, target)


def _join(title: str, parts: Sequence[_Part], files: Sequence[Path], target: Path, told: Callable[[int], None]) -> int:
    """Copies the pictures, and writes the sound beside them, a second at a time; returns how many pictures."""
    with av.open(str(target), "w", format="webm", options={"cues_to_front": "1"}) as output:
        sizes = [part.cut.size if part.cut else picture.SIZE for part in parts]
        width, height = max(sizes)
        video = output.add_mux_stream("vp8", width=width, height=height)
        audio = output.add_stream("libopus", rate=sound.RATE, layout="mono")
        audio.codec_context.bit_rate = _BIT_RATE
        output.metadata["title"] = title
        output.start_encoding()
        pictures, shown, written = _pictures(parts, files), 0, 0
        coming = next(pictures, None)
        for piece in _heard(parts):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece[None]), "flt", "mono")
            frame.sample_rate, frame.pts, frame.time_base = sound.RATE, written, Fraction(1, sound.RATE)
            output.mux(audio.encode(frame))
            written += len(piece)
            while coming is not None and coming[0] * sound.RATE <= written * 1000:
                _put(output, video, *coming)
                coming, shown = next(pictures, None), shown + 1
            told(written * 1000 // sound.RATE)
        while coming is not None:
            _put(output, video, *coming)
            coming, shown = next(pictures, None), shown + 1
        output.mux(audio.encode(None))
    return shown


def _pictures(parts: Sequence[_Part], files: Sequence[Path]) -> Iterator[tuple[int, bytes, bool]]:
    """All frames with their time in the reel."""
    for part, file in zip(parts, files, strict=True):
        with av.open(str(file)) as container:
            for packet in container.demux(video=0):
                if packet.size and packet.pts is not None and packet.time_base:
                    yield part.at_ms + round(packet.pts * packet.time_base * 1000), bytes(packet), packet.is_keyframe


def _put(output: Any, stream: Any, at_ms: int, data: bytes, key: bool) -> None:
    packet: av.Packet[Any] = av.Packet(data)
    packet.stream, packet.time_base = stream, _MS
    packet.pts = packet.dts = at_ms
    packet.is_keyframe = key
    output.mux(packet)


def _heard(parts: Sequence[_Part]) -> Iterator[NDArray[np.float32]]:
    """One sound without a seam: quiet while a card stands, then both voices, let in and out within some ms."""
    for part in parts:
        yield np.zeros(CARD_MS * sound.RATE // 1000, np.float32)
        clip = part.clip
        takes = [_moved(take, clip.from_ms) for take in (*clip.film.left, *clip.film.right)]
        samples = clip.length_ms * sound.RATE // 1000
        heard = 0
        for piece in sound.mixed(takes, clip.length_ms):
            at = np.arange(heard, heard + len(piece))
            yield (piece * np.clip(np.minimum(at, samples - 1 - at) / _FADE, 0, 1)).astype(np.float32)
            heard += len(piece)


def _moved(take: Stretch, by_ms: int) -> Stretch:
    return replace(take, starts_ms=take.starts_ms - by_ms, ends_ms=take.ends_ms - by_ms)


def _read_back(path: Path, parts: Sequence[_Part], written: int, told: Callable[[int], None]) -> Made:
    """Decodes the whole file. Raises Unavailable when it is not what was meant to be written."""
    ends_ms = parts[-1].at_ms + parts[-1].length_ms
    frames, keys, samples = 0, set[int](), 0
    with av.open(str(path)) as container:
        for stream in container.streams:
            stream.codec_context.thread_count = 1
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.AudioFrame):
                samples += frame.samples
            elif isinstance(frame, av.VideoFrame):
                at_ms = round((frame.time or 0) * 1000)
                frames += 1
                if frame.key_frame:
                    keys.add(at_ms)
                told(min(at_ms, ends_ms))
        duration_ms = round((container.duration or 0) / 1000)
    begin_at = {at_ms for part in parts for at_ms in (part.at_ms, part.at_ms + CARD_MS)}
    heard_ms = samples * 1000 / sound.RATE
    faults = [
        said
        for said, wrong in (
            (f"{frames} of {written} pictures can be decoded", frames != written),
            (f"it lasts {duration_ms} ms and not {ends_ms} ms", abs(duration_ms - ends_ms) > _OFF_MS),
            (f"its sound lasts {heard_ms:.0f} ms", abs(heard_ms - ends_ms) > _OFF_MS),
            ("a clip does not begin with a whole picture", not all(_near(at, keys) for at in begin_at)),
        )
        if wrong
    ]
    if faults:
        raise Unavailable(f"The reel was written but does not read as it should ({'; '.join(faults)}). Cut it again.")
    placed = (Placed(part.at_ms + CARD_MS, part.clip.from_ms, part.clip.to_ms, part.cut is not None) for part in parts)
    return Made(duration_ms, frames, tuple(placed))


def _near(at_ms: int, keys: set[int]) -> bool:
    """A rendered clip's first picture may be one of its frames later."""
    return any(at_ms <= key <= at_ms + 1000 / picture.RATE + 1 for key in keys)
