"""Real encoded media, sent over an imagined line: what a browser's packets look like when they reach a subscriber."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Literal

import av
import numpy as np

from teleosce.core.ids import new_id
from teleosce.recording.recorder import Recorder
from teleosce.rtc.model import Publication, TrackInfo

AUDIO = TrackInfo("audio", "opus", 48000)
VIDEO = TrackInfo("video", "VP8", 90000)
FRAMES_PER_SECOND = 25
CYCLE_S = 2.0
"""A flash and a beep begin at each multiple of it."""

FLASH_S = 0.2
PIECE = 400
"""Bytes of a frame in one packet: small, so that frames have several."""

Kind = Literal["audio", "video"]


@lru_cache
def encoded_video(width: int = 160, height: int = 120) -> tuple[bytes, ...]:
    """One cycle of VP8 frames; the first is the only key frame. White while the flash lasts, then a moving pattern."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.bit_rate, encoder.gop_size = FRAMES_PER_SECOND, 400_000, 1000
    encoder.time_base = Fraction(1, FRAMES_PER_SECOND)
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0", "cpu-used": "8"}
    packets = []
    for number in range(int(CYCLE_S * FRAMES_PER_SECOND)):
        picture = np.full((height, width, 3), 255, np.uint8)
        if number >= FLASH_S * FRAMES_PER_SECOND:
            picture[:] = 40
            picture[height // 2 :, (number * 3) % width : (number * 3) % width + 30] = (200, 120, 60)
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    packets += [bytes(packet) for packet in encoder.encode(None)]
    assert len(packets) == CYCLE_S * FRAMES_PER_SECOND
    return tuple(packets)


@lru_cache
def encoded_audio(*, loud: bool) -> tuple[bytes, ...]:
    """Opus packets of 20 ms, mono: a steady tone, or nearly nothing. Each from an encoder of its own.

    So they lean little on those before them, as they are put together anew here.
    """
    noise = np.random.default_rng(1)
    packets = []
    for _ in range(20):
        encoder = av.CodecContext.create("libopus", "w")
        encoder.sample_rate, encoder.layout, encoder.format = 48000, "mono", "s16"
        encoder.bit_rate = 32000
        encoder.options = {"application": "lowdelay"}
        wave = 12000 * np.sin(2 * np.pi * 1000 * np.arange(960) / 48000) if loud else noise.normal(0, 6, 960)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], "s16", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        packets.append(bytes(encoder.encode(frame)[0]))
    return tuple(packets)


def level_of(kind: str, payload: bytes) -> int | None:
    """What a browser tells of such a packet of sound: dB below full scale."""
    if kind != "audio":
        return None
    return 12 if payload in encoded_audio(loud=True) else 75


def packetise(frame: bytes) -> list[bytes]:
    """RTP payloads of a VP8 frame, with a 15-bit picture id (RFC 7741, 4.2)."""
    return [
        bytes((0x90 if at == 0 else 0x80, 0x80, 0x80, 0x11)) + frame[at : at + PIECE]
        for at in range(0, len(frame), PIECE)
    ]


@dataclass
class Sender:
    """A participant's devices and the line from them.

    Times in seconds of true time since the stream's start. ppm: how much too fast the track's clock runs.
    lag: between capture and arrival. lost(kind, true time, index of the packet) -> whether it never arrives.
    """

    audio: bool = True
    video: bool = True
    audio_ppm: float = 0.0
    video_ppm: float = 0.0
    audio_lag: float = 0.05
    video_lag: float = 0.05
    audio_from: float = 0.0
    video_from: float = 0.0
    jitter: float = 0.0
    reports_every: float = 2.5
    ntp_offset: float = 3_900_000_000.0
    first_timestamp: dict[str, int] = field(default_factory=lambda: {"audio": 1000, "video": 2000})
    width: int = 160
    height: int = 120
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def lost(self, _kind: Kind, _at: float, _index: int) -> bool:
        return False

    def events(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        """(arrival, what, the arguments after the publication), in order of arrival, from true time start to end."""
        found = []
        if self.audio:
            found += self._audio(max(start, self.audio_from), end)
        if self.video:
            found += self._video(max(start, self.video_from), end)
        return sorted(found, key=lambda event: event[0])

    def timestamp(self, kind: Kind, at: float) -> int:
        rate, ppm = (48000, self.audio_ppm) if kind == "audio" else (90000, self.video_ppm)
        return (self.first_timestamp[kind] + round(at * rate * (1 + ppm / 1e6))) & 0xFFFFFFFF

    def _arrival(self, kind: Kind, at: float) -> float:
        lag = self.audio_lag if kind == "audio" else self.video_lag
        return at + lag + self.dice.random() * self.jitter

    def _audio(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        events = []
        step = 0.02 / (1 + self.audio_ppm / 1e6)
        for number in range(round(start / step), round(end / step)):
            at = number * step
            # The packet counts as loud when the beep covers its middle.
            packets = encoded_audio(loud=(at + 0.01) % CYCLE_S < FLASH_S)
            timestamp = (self.first_timestamp["audio"] + number * 960) & 0xFFFFFFFF
            if not self.lost("audio", at, number):
                arguments = ("audio", number, timestamp, False, packets[number % len(packets)])
                events.append((self._arrival("audio", at + 0.02), "packet", arguments))
        return events + self._reports("audio", start, end)

    def _video(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        events = []
        frames = encoded_video(self.width, self.height)
        pieces = [packetise(frame) for frame in frames]
        per_cycle = sum(len(piece) for piece in pieces)
        before = np.cumsum([0] + [len(piece) for piece in pieces])
        for number in range(round(start * FRAMES_PER_SECOND), round(end * FRAMES_PER_SECOND)):
            at = number / FRAMES_PER_SECOND
            cycle, place = divmod(number, len(frames))
            arrival = self._arrival("video", at)
            for index, payload in enumerate(pieces[place]):
                sequence = int(cycle * per_cycle + before[place] + index)
                marker = index == len(pieces[place]) - 1
                if not self.lost("video", at, sequence):
                    arguments = ("video", sequence, self.timestamp("video", at), marker, payload)
                    events.append((arrival + index * 1e-5, "packet", arguments))
        return events + self._reports("video", start, end)

    def _reports(self, kind: Kind, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        events = []
        at = start + 1.0
        while self.reports_every and at < end:
            ntp = int((at + self.ntp_offset) * (1 << 32))
            # Reports do not wait in the encoder: they tell the true time of what came late.
            arrival = at + 0.03 + self.dice.random() * self.jitter
            events.append((arrival, "report", (kind, ntp, self.timestamp(kind, at))))
            at += self.reports_every
        return events


def publication(room: str, *, audio: bool = True, video: bool = True, participant: str | None = None) -> Publication:
    tracks = ((AUDIO,) if audio else ()) + ((VIDEO,) if video else ())
    return Publication(new_id(), room, participant or new_id(), "Ada", tracks)


async def deliver(
    recorder: Recorder,
    to: Publication,
    events: list[tuple[float, str, tuple[object, ...]]],
    zero: float,
    level: Callable[[str, bytes], int | None] = lambda *_: None,
) -> None:
    """Hands over everything as fast as the writer takes it; `zero` is the monotonic time of true time 0.

    level: what is told of a packet's level.
    """
    (feed,) = [feed for feed in recorder.feeds if feed.publication is to]
    for number, (arrival, what, arguments) in enumerate(events):
        if what == "packet":
            kind, *packet = arguments
            recorder.packets(to, kind, [(*packet, zero + arrival, level(kind, packet[-1]))])
        else:
            recorder.sender_report(to, *arguments, zero + arrival)
        while number % 1000 == 0 and feed.waiting > 500:  # noqa: ASYNC110 the writer's thread has no event to wait for
            await asyncio.sleep(0.01)


@dataclass
class Played:
    """What a person would see and hear of a file: times of flashes and beeps, in seconds."""

    flashes: list[float]
    beeps: list[float]
    video_times: list[float]
    audio_s: float
    duration: float
    sizes: set[tuple[int, int]]

    def offsets(self) -> list[float]:
        """Beep minus flash, in seconds, for each pair."""
        found = []
        for flash in self.flashes:
            nearest = min(self.beeps, key=lambda beep: abs(beep - flash), default=None)
            if nearest is not None and abs(nearest - flash) < CYCLE_S / 2:
                found.append(nearest - flash)
        return found


def play(path: Path) -> Played:
    """Decodes a whole file."""
    flashes, beeps, times, sizes = [], [], [], set()
    audio_s, lit, sounding = 0.0, False, False
    with av.open(str(path)) as container:
        duration = (container.duration or 0) / av.time_base
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                times.append(frame.time)
                sizes.add((frame.width, frame.height))
                bright = frame.to_ndarray(format="gray").mean() > 200
                if bright and not lit:
                    flashes.append(frame.time)
                lit = bright
            elif isinstance(frame, av.AudioFrame):
                samples = np.abs(frame.to_ndarray()[0].astype(np.float32))
                if frame.format.name.startswith("s16"):
                    samples /= 32768
                loud = samples > 0.01
                if loud.any() and not sounding:
                    beeps.append(frame.time + int(np.argmax(loud)) / frame.sample_rate)
                sounding = bool(loud.any())
                audio_s += frame.samples / frame.sample_rate
    return Played(flashes, beeps, times, audio_s, duration, sizes)
