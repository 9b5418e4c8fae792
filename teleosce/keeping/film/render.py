"""Rendering: parts of a minute, then one file of them with sound and captions. All calls block."""

import shutil
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np

from teleosce.core.errors import Invalid, Unavailable
from teleosce.keeping.film import picture, sound
from teleosce.keeping.film.parts import begin, promise
from teleosce.keeping.film.plan import Plan, one_at_a_time

PART_MS = 60_000
_MS = Fraction(1, 1000)
# How MP4's text track is drawn where a player does not know better (3GPP TS 26.245, 5.16): made by libavcodec of this.
_STYLE = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, "
    b"SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
    b"BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\nStyle: Default,sans,16,&Hffffff,"
    b"&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0\n\n[Events]\nFormat: Layer, Start, End, Style, Name, "
    b"MarginL, MarginR, MarginV, Effect, Text\n"
)

Told = Callable[[int, int], None]
"""Hears how many milliseconds of the film are done, and of how many."""


def parts_of(target: Path) -> Path:
    """Where the parts of a film lie until it is finished."""
    return target.with_name(f"{target.name}.parts")


def make_film(plan: Plan, target: Path, *, told: Told, part_ms: int = PART_MS) -> None:
    """Writes the film, MP4, to `target`; parts lie beside it meanwhile, and those of an interrupted run are used.

    Raises Invalid when there is nothing to show, Unavailable when the disk does not let it: the parts are kept.
    """
    if plan.duration_ms <= 0 or not (plan.left or plan.right):
        raise Invalid("Nothing was recorded in this encounter, or it is deleted, so there is no film to make.")
    parts = parts_of(target)
    try:
        begin(parts, f"{plan.key} {part_ms}")
        spans = [(at, min(at + part_ms, plan.duration_ms)) for at in range(0, plan.duration_ms, part_ms)]
        for number, (first, end) in enumerate(spans):
            part = parts / f"{number:05}.mp4"
            if not part.exists():
                _part(plan, first, end, part, lambda done, of=end: told(min(done, of), plan.duration_ms))  # type: ignore[misc]
            told(end, plan.duration_ms)
        _join(plan, [parts / f"{number:05}.mp4" for number in range(len(spans))], target)
    except OSError as error:
        raise Unavailable(
            f"The film could not be finished ({error.strerror or error}). The parts that are done are kept: see to the "
            "cause and run the same command again."
        ) from error
    shutil.rmtree(parts)


def _part(plan: Plan, begin: int, end: int, target: Path, told: Callable[[int], None]) -> None:
    unfinished = target.with_suffix(".unfinished")
    with av.open(str(unfinished), "w", format="mp4") as container:
        stream = container.add_stream("libvpx-vp9", rate=picture.RATE)
        stream.width, stream.height, stream.pix_fmt = *picture.SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, picture.RATE)
        stream.codec_context.bit_rate, stream.codec_context.thread_count = 1_000_000, 1
        # No hidden frames, so that parts join without a seam; one thread, as exams may go on beside.
        stream.codec_context.options = {
            "deadline": "realtime",
            "cpu-used": "8",
            "lag-in-frames": "0",
            "auto-alt-ref": "0",
            "g": str(5 * picture.RATE),
        }
        for number, frame in enumerate(picture.frames(plan, begin, end)):
            frame.pts = number
            container.mux(stream.encode(frame))
            if number % picture.RATE == 0:
                told(begin + number * 1000 // picture.RATE)
        container.mux(stream.encode(None))
    promise(unfinished, target)


def _join(plan: Plan, parts: list[Path], target: Path) -> None:
    """Copies the pictures, and writes sound and captions beside them, a second at a time."""
    unfinished = parts_of(target) / "whole.unfinished"
    options = {"movflags": "faststart"}
    with av.open(str(unfinished), "w", format="mp4", options=options) as container, av.open(str(parts[0])) as first:
        video = container.add_stream_from_template(first.streams.video[0])
        audio = container.add_stream("aac", rate=sound.RATE, layout="mono")
        audio.codec_context.bit_rate = 96_000
        text = container.add_stream("mov_text")
        text.codec_context.subtitle_header = _STYLE
        text.codec_context.time_base = text.time_base = _MS
        text.codec_context.open()
        container.metadata["title"] = plan.title
        container.start_encoding()
        pictures, written, shown = _packets(parts), 0, 0
        for packet in _captions(plan):
            packet.stream = text
            container.mux(packet)
        for piece in sound.mixed((*plan.left, *plan.right), plan.duration_ms):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece[None]), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = sound.RATE, written, Fraction(1, sound.RATE)
            container.mux(audio.encode(frame))
            written += len(piece)
            wanted = written * picture.RATE // sound.RATE - shown
            for packet in islice(pictures, wanted):
                packet.stream = video
                container.mux(packet)
            shown += wanted
        for packet in pictures:
            packet.stream = video
            container.mux(packet)
        container.mux(audio.encode(None))
    promise(unfinished, target)


def _packets(parts: list[Path]) -> "Iterator[av.Packet[Any]]":
    """The pictures of all parts, one after the other on one timeline."""
    number, base = 0, Fraction(1, picture.RATE)
    for part in parts:
        with av.open(str(part)) as container:
            for packet in container.demux(video=0):
                if packet.size:
                    packet.pts = packet.dts = number
                    packet.time_base, packet.duration = base, 1
                    number += 1
                    yield packet


def _captions(plan: Plan) -> "Iterator[av.Packet[Any]]":
    """Text samples (3GPP TS 26.245, 5.17): a length in two bytes and UTF-8. The muxer fills what lies between."""
    cues = [cue for cue in one_at_a_time(plan.cues) if cue.starts_ms < plan.duration_ms]
    for cue in cues:
        yield _sample(cue.text, cue.starts_ms, min(cue.ends_ms, plan.duration_ms))
    last = min(cues[-1].ends_ms, plan.duration_ms) if cues else 0
    if last < plan.duration_ms:
        yield _sample("", last, plan.duration_ms)


def _sample(text: str, begin: int, end: int) -> "av.Packet[Any]":
    content = text.encode()[:65_000]
    packet: av.Packet[Any] = av.Packet(struct.pack(">H", len(content)) + content)
    packet.pts = packet.dts = begin
    packet.duration, packet.time_base = end - begin, _MS
    return packet
