"""A long encounter out of little: a few seconds of picture and sound, encoded once and repeated in raw takes."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import cv2
import numpy as np

from teleosce.core.ids import new_id
from teleosce.recording.feed import TakeFiles
from teleosce.recording.journal import Header
from teleosce.recording.webm import Block
from teleosce.rehearsal.voices import RATE, say
from teleosce.rtc.model import TrackInfo
from teleosce.rtc.timings import KEY_FRAME_EVERY_S

WIDTH, HEIGHT, FPS, BITS = 640, 480, 24, 700_000
KEY_S = KEY_FRAME_EVERY_S
"""Between two key frames, as the recorder asks for them."""
_KEY_FRAMES = round(KEY_S * FPS)
TRACKS = (TrackInfo("audio", "opus", 48_000), TrackInfo("video", "VP8", 90_000))
_SOUND_MS = 20


def pictures(seed: int) -> list[bytes]:
    """Two stretches from key frame to key frame of a scene with the noise of a cheap camera. Blocks for seconds."""
    chance = np.random.default_rng(seed)
    scene = cv2.resize(chance.integers(40, 220, (12, 16, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size = BITS, _KEY_FRAMES
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    encoder.open()
    frames: list[bytes] = []
    count = 2 * _KEY_FRAMES
    for index in range(count):
        picture = scene.copy()
        turn = 2 * np.pi * index / count
        centre = (round(320 + 60 * np.sin(turn)), round(230 + 20 * np.sin(2 * turn)))
        cv2.ellipse(picture, centre, (90, 120), 0, 0, 360, (150, 180, 220), -1, cv2.LINE_AA)
        noisy = np.clip(picture + chance.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(noisy, format="bgr24")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames + [bytes(packet) for packet in encoder.encode(None)]


def sounds(texts: Sequence[str], speaker: str) -> list[bytes]:
    """What is said, as Opus packets of 20 ms at 32 kb/s, with as much quiet behind it."""
    spoken = np.concatenate([say(text, speaker) for text in texts])
    samples = np.concatenate([spoken, np.zeros_like(spoken)])
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "s16", 32_000
    encoder.options = {"application": "voip", "frame_duration": "20"}
    encoder.open()
    step = RATE * _SOUND_MS // 1000
    packets: list[bytes] = []
    for at in range(0, len(samples) - step + 1, step):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, at : at + step]), "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def write_take(
    folder: Path, participant: str, *, origin_ms: int, minutes: float, frames: list[bytes], sound: list[bytes]
) -> None:
    """A raw take as the recorder writes it, with what the sender reported; sealing makes of it what is played."""
    header = Header(
        id=new_id(), encounter_id=folder.name, participant_id=participant, name=participant,
        origin_ms=origin_ms,
        tracks=[track.kind for track in TRACKS],
    )  # fmt: skip
    files = TakeFiles(folder, header, TRACKS)
    reports = [
        {
            "line": "report",
            "track": kind,
            "at": at_ms,
            "ntp": round(at_ms / 1000 * (1 << 32)),
            "rtp": 0,
            "arrived": at_ms,
        }
        for kind in ("audio", "video")
        for at_ms in range(1000, round(minutes * 60_000), 5000)
    ]
    files.note(reports)
    files.write(sorted(_blocks(frames, sound, minutes), key=lambda block: block.at_ms))
    files.close(None)


def _blocks(frames: list[bytes], sound: list[bytes], minutes: float) -> Iterator[Block]:
    for number, data in enumerate(islice(cycle(frames), round(minutes * 60 * FPS))):
        yield Block("video", number * 1000 / FPS, data, number % _KEY_FRAMES == 0)
    for number, data in enumerate(islice(cycle(sound), round(minutes * 60_000 / _SOUND_MS))):
        yield Block("audio", float(number * _SOUND_MS), data, key=True)
