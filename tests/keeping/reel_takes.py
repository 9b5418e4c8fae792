"""Sealed takes of footage with flashes and beeps, key frames five seconds apart, and a judge of what a reel shows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from teleosce.keeping.film import Plan, Stretch
from teleosce.keeping.film.picture import BAR, PANE, SIZE
from teleosce.recording.webm import Block, RawWebm
from teleosce.rehearsal import picture
from teleosce.rehearsal.footage import BEEP_HZ, make_footage
from teleosce.rehearsal.tracks import PER_SECOND
from tests.recording.media import AUDIO, VIDEO

FORM = picture.LOW
KEY_S = picture.LOOP_S
RATE = 48_000
_HEAD_ROOM = 480


@cache
def _pictures(role: str) -> tuple[tuple[bytes, bool], ...]:
    """One loop of VP8; only its first frame is a key frame. A flash stands at each whole second."""
    encoder = av.CodecContext.create("libvpx", "w")
    drawn = picture.frames(role, "Nobody", flash=True, form=FORM)
    encoder.height, encoder.width = drawn[0].shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, FORM.fps)
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = FORM.bit_rate, 10_000, 1
    encoder.options = {"deadline": "realtime", "cpu-used": "16", "lag-in-frames": "0", "auto-alt-ref": "0"}
    made = []
    for index, image in enumerate([*drawn, None]):
        frame = None if image is None else av.VideoFrame.from_ndarray(image, format="bgr24")
        if frame is not None:
            frame.pts = index
        made += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame)]
    assert [key for _, key in made] == [True] + [False] * (len(drawn) - 1)
    return tuple(made)


@cache
def _sound(role: str) -> tuple[bytes, ...]:
    return make_footage(role, "Nobody", form=FORM).quiet


def take(folder: Path, role: str, starts_ms: int, seconds: int, *, dark: range = range(0)) -> Stretch:
    """Key frames, flashes and beeps count from the take's start. dark: seconds in which no picture came."""
    blocks: list[Block] = []
    for second in range(seconds):
        blocks += [Block("audio", second * 1000 + index * 20, _sound(role)[index], True) for index in range(PER_SECOND)]
        for index in range(FORM.fps):
            data, key = _pictures(role)[(second * FORM.fps + index) % len(_pictures(role))]
            if second not in dark:
                blocks.append(Block("video", second * 1000 + index * 1000 // FORM.fps, data, key))
    raw, path = folder / f"{role}-{starts_ms}.raw.webm", folder / f"{role}-{starts_ms}.webm"
    writer = RawWebm((AUDIO, VIDEO))
    raw.write_bytes(writer.header() + writer.encode(sorted(blocks, key=lambda block: block.at_ms))[0])
    _seal(raw, path)
    return Stretch(path, "0" * 64, starts_ms, starts_ms + seconds * 1000)


def _seal(raw: Path, path: Path) -> None:
    """With cues, as sealed takes have them."""
    options = {"cues_to_front": "1"}
    with av.open(str(raw)) as source, av.open(str(path), "w", format="webm", options=options) as output:
        streams = {
            stream.index: output.add_mux_stream("vp8", width=320, height=240)
            if stream.type == "video"
            else output.add_stream_from_template(stream, opaque=True)
            for stream in source.streams
        }
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)


def film(folder: Path, *, dark: range = range(0)) -> Plan:
    """Twenty seconds; the patient's take begins 400 ms after the candidate's, so do its flashes and beeps."""
    return Plan(
        title="Station 2: Chest pain by video",
        names=("Candidate", "Standardized patient"),
        left=(take(folder, "candidate", 0, 20, dark=dark),),
        right=(take(folder, "sp", 400, 19),),
        duration_ms=20_000,
    )


@dataclass
class Watched:
    """What a reel shows and plays, in seconds of the reel."""

    frames: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    beeps: list[float] = field(default_factory=list)
    sound_s: float = 0.0
    duration_s: float = 0.0
    sound_gaps: int = 0


def watch(path: Path) -> Watched:
    """Decodes all of it."""
    found, samples, lit = Watched(), [], {"left": True, "right": True}
    with av.open(str(path)) as container:
        found.duration_s = (container.duration or 0) / av.time_base
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                found.frames.append(frame.time)
                for side, bright in _lights(frame.to_ndarray(format="gray")):
                    if bright and not lit[side]:
                        getattr(found, side).append(frame.time)
                    lit[side] = bright
            else:
                found.sound_gaps += abs(frame.time - found.sound_s) > 0.015
                found.sound_s += frame.samples / RATE
                samples.append(frame.to_ndarray()[0])
    found.beeps = list(_beeps(np.concatenate(samples)))
    return found


def _lights(gray: Any) -> Iterator[tuple[str, bool]]:
    """Whether the patch of each pane is white; a copied clip has one pane, which counts as the left."""
    rows, columns = picture.FLASH
    if gray.shape == (240, 320):
        yield "left", gray[rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2].mean() > 140
    else:
        assert gray.shape == (SIZE[1], SIZE[0])
        for number, side in enumerate(("left", "right")):
            left = number * PANE[0]
            yield (
                side,
                gray[BAR + rows.start : BAR + rows.stop, left + columns.start : left + columns.stop].mean() > 140,
            )


def _beeps(sound: Any) -> Iterator[float]:
    """Where the beep's tone begins."""
    wave = np.exp(-2j * np.pi * BEEP_HZ * np.arange(len(sound)) / RATE)
    total = np.concatenate([[0], np.cumsum(sound * wave)])
    loud = np.abs(total[_HEAD_ROOM:] - total[:-_HEAD_ROOM]) * 2 / _HEAD_ROOM > 0.02
    for begin in np.flatnonzero(loud[1:] & ~loud[:-1]):
        yield (begin + _HEAD_ROOM / 2) / RATE
