"""Sounds and pictures of people and of what can be wrong with them, encoded as a browser encodes them."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal.voices import RATE, echoed, say
from tests.rtc.clients import Clip

WIDE, HIGH = 320, 240
FRAMES, SOUNDS = 50, 100
"""Two seconds of each, at 25 and 50 in a second."""

SPOKEN = {
    "candidate": ("Good morning, I am Doctor Miller. What brings you here today?", "How long have you had this pain?"),
    "sp": (
        "It is a dull pain in my chest, doctor, and it comes when I walk up the hill.",
        "Since last winter, I think.",
    ),
}

_chance = np.random.default_rng(11)


def opus(samples: NDArray[np.floating], *, vbr: bool = True) -> list[bytes]:
    """Packets of 20 ms. samples: 48 kHz, full scale is 1. vbr: as long as their sound needs, or all of one length."""
    audio = av.CodecContext.create("libopus", "w")
    audio.sample_rate, audio.layout, audio.format, audio.bit_rate = 48000, "mono", "s16", 32000
    audio.options = {"application": "voip", "vbr": "on" if vbr else "off"}
    packets = []
    for number in range(len(samples) // 960):
        part = np.clip(samples[number * 960 : (number + 1) * 960] * 32768, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 960 * number
        packets += [bytes(packet) for packet in audio.encode(frame)]
    return packets


def noise(level_db: float) -> NDArray[np.floating]:
    return _chance.normal(0, 10 ** (level_db / 20), SOUNDS * 960)


def voice(loudness: float = 0.15, syllables: float = 3.0) -> NDArray[np.floating]:
    """Something with the ups and downs of a voice: syllables of a buzz, over a quiet room."""
    times = np.arange(SOUNDS * 960) / 48000
    buzz = sum(np.sin(2 * np.pi * 130 * harmonic * times) / harmonic for harmonic in range(1, 12))
    return loudness * buzz * np.clip(np.sin(2 * np.pi * syllables * times), 0, 1) + noise(-70)


@lru_cache
def spoken(speaker: str) -> NDArray[np.int16]:
    """Ten seconds of a voice, and then two of none, in 16-bit units."""
    said = np.concatenate([say(text, speaker) for text in SPOKEN[speaker]])
    return np.concatenate((np.resize(said, 10 * RATE), np.zeros(2 * RATE, np.int16)))


@lru_cache
def microphone(own: str | None, other: str | None = None, level_db: float = -15, delay_ms: int = 200) -> list[bytes]:
    """Packets of what it hears in a quiet room: its person's voice, and another's out of a loudspeaker."""
    heard = np.zeros(12 * RATE)
    if own is not None:
        heard += spoken(own)
    if other is not None:
        heard += echoed(spoken(other), level_db, delay_ms)
    return opus(heard / 32768 + np.random.default_rng(len(own or "")).normal(0, 10 ** (-70 / 20), len(heard)))


@lru_cache
def sounds(kind: str) -> tuple[bytes, ...]:
    made = {
        "voice": voice,
        "quiet voice": lambda: voice(0.02, 2.3),
        "room": lambda: noise(-70),
        "very quiet room": lambda: noise(-84),
        "silence": lambda: np.zeros(SOUNDS * 960),
        "shouting": lambda: voice(4),
    }[kind]()
    return tuple(opus(made))


def vp8(pictures: Iterable[NDArray[np.uint8]]) -> list[bytes]:
    """Frames of brightness alone; the first is the only key frame."""
    video = av.CodecContext.create("libvpx", "w")
    video.width, video.height, video.pix_fmt = WIDE, HIGH, "yuv420p"
    video.time_base = Fraction(1, 25)
    video.bit_rate = 400_000
    video.options = {"deadline": "realtime", "cpu-used": "8", "g": "999", "auto-alt-ref": "0"}
    frames = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        frame.pts = number
        frames += [bytes(packet) for packet in video.encode(frame)]
    return frames + [bytes(packet) for packet in video.encode(None)]


def grain(picture: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    return np.clip(picture + _chance.normal(0, strength, picture.shape), 0, 255).astype(np.uint8)


def person(index: int, *, light: float = 1.0) -> NDArray[np.uint8]:
    """A head and shoulders before a wall, breathing and looking about a little."""
    turn = 2 * np.pi * index / FRAMES
    x, y = round(160 + 5 * np.sin(turn)), round(110 + 2 * np.sin(2 * turn))
    picture = np.full((HIGH, WIDE), 150, np.uint8)
    cv2.rectangle(picture, (20, 20), (80, 120), 200, -1)
    cv2.ellipse(picture, (x, 240), (90, 70), 0, 180, 360, 70, -1)
    cv2.ellipse(picture, (x, y), (38, 50), 0, 0, 360, 180, -1)
    cv2.ellipse(picture, (x, y - 40), (40, 22), 0, 180, 360, 40, -1)
    return (picture * light).astype(np.uint8)


def _drawn(kind: str) -> Callable[[int], NDArray[np.uint8]]:
    wall = np.tile(np.linspace(90, 110, WIDE), (HIGH, 1))
    drawn: dict[str, Callable[[int], NDArray[np.uint8]]] = {
        "person": lambda index: grain(person(index), 3),
        "person in a dim room": lambda index: grain(person(index, light=0.45), 5),
        "black": lambda index: np.zeros((HIGH, WIDE), np.uint8),
        "a dark room": lambda index: grain(np.full((HIGH, WIDE), 12, np.uint8), 4),
        "a finger": lambda index: grain(wall, 2),
        "a lamp in the lens": lambda index: np.full((HIGH, WIDE), 255, np.uint8),
    }
    return drawn[kind]


@lru_cache
def pictures(kind: str) -> tuple[bytes, ...]:
    drawn = _drawn(kind)
    return tuple(vp8(drawn(index) for index in range(FRAMES)))


@lru_cache
def key_frame(kind: str) -> bytes:
    return vp8([_drawn(kind)(0)])[0]


def clip(picture: str = "person", sound: str = "voice") -> Clip:
    return Clip(list(pictures(picture)), list(sounds(sound)))
