"""Real media, made once: a short VP8 clip and a tone in Opus."""

from collections.abc import AsyncIterator
from fractions import Fraction

import av
import numpy as np
import pytest

from teleosce.core.clock import Clock
from teleosce.core.events import ConnectionChanged, Events
from teleosce.rtc import MediaServer, SlotsBound

from .clients import SECRET, Clip


@pytest.fixture(scope="session")
def clip() -> Clip:
    """Two seconds: 160×120 at 25 frames a second with a key frame every ten, and 100 packets of 20 ms."""
    video = av.CodecContext.create("libvpx", "w")
    video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
    video.time_base = Fraction(1, 25)
    video.bit_rate = 400_000
    video.options = {"deadline": "realtime", "cpu-used": "8", "g": "10", "keyint_min": "10", "auto-alt-ref": "0"}
    generator = np.random.default_rng(7)
    frames = []
    for number in range(50):
        picture = np.zeros((120, 160, 3), np.uint8)
        picture[:, : 3 * number + 5] = 200
        picture[::4, ::4] = generator.integers(0, 255, (30, 40, 3))
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        frames += [bytes(packet) for packet in video.encode(frame)]
    frames += [bytes(packet) for packet in video.encode(None)]
    audio = av.CodecContext.create("libopus", "w")
    audio.sample_rate, audio.layout, audio.format = 48000, "mono", "s16"
    sounds = []
    for number in range(100):
        times = (np.arange(960) + 960 * number) / 48000
        samples = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 960 * number
        sounds += [bytes(packet) for packet in audio.encode(frame)]
    return Clip(frames, sounds)


class Diary:
    """What the server told the outside world."""

    def __init__(self) -> None:
        self.connections: list[tuple[str, str]] = []
        self.bound: dict[str, SlotsBound] = {}
        self.bound_count = 0

    async def connection(self, event: ConnectionChanged) -> None:
        self.connections.append((event.participant_id, event.state))

    async def slots(self, event: SlotsBound) -> None:
        self.bound[event.participant_id] = event
        self.bound_count += 1


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
async def server(diary: Diary) -> AsyncIterator[MediaServer]:
    events = Events()
    events.subscribe(ConnectionChanged, diary.connection)
    events.subscribe(SlotsBound, diary.slots)
    server = MediaServer(SECRET, Clock(), events)
    await server.start()
    yield server
    await server.close()
