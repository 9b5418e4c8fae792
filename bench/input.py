"""What every participant sends: a few seconds of 480p VP8 and Opus, encoded once and cut into RTP payloads."""

from dataclasses import dataclass

import cv2
import numpy as np

from teleosce.rehearsal.tracks import encode_opus, encode_vp8

WIDTH, HEIGHT, FPS, SECONDS, RATE = 640, 480, 30, 4, 48_000
PAYLOAD = 1100
"""Bytes of VP8 in one packet, about as browsers cut it."""


@dataclass(frozen=True)
class Clip:
    """Repeats without end. A frame is the pieces of one picture, without the VP8 payload descriptor."""

    frames: list[list[bytes]]
    sounds: list[bytes]
    levels: list[int]
    """Of each sound, in dB below full scale, as browsers tell it beside the packet (RFC 6464)."""

    def describe(self) -> str:
        pieces = [piece for frame in self.frames for piece in frame]
        video = sum(map(len, pieces)) * 8 / SECONDS / 1000
        audio = sum(map(len, self.sounds)) * 8 / SECONDS / 1000
        packets = (len(pieces) + len(self.sounds)) / SECONDS
        return (
            f"{WIDTH}x{HEIGHT} at {FPS} frames/s VP8 {video:.0f} kb/s, a key frame each second, "
            f"and Opus {audio:.0f} kb/s: {packets:.0f} packets/s from each of two participants"
        )


def make_clip() -> Clip:
    """Encodes it. Takes some seconds of CPU, before anything is measured."""
    frames = encode_vp8(_pictures(), FPS, 600_000)
    cut = [[frame[start : start + PAYLOAD] for start in range(0, len(frame), PAYLOAD)] for frame in frames]
    sound = _sound()
    power = np.square(sound.reshape(-1, RATE // 50) / 32768).mean(axis=1)
    levels = (-10 * np.log10(power + 1e-12)).clip(0, 127).round().astype(int)
    return Clip(cut, encode_opus(sound), levels.tolist())


def _pictures() -> list[np.ndarray]:
    """Something that moves, with the noise of a cheap camera, so that an encoder spends all the bits it is given."""
    chance = np.random.default_rng(1)
    scene = cv2.resize(chance.integers(40, 220, (12, 16, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    pictures = []
    for index in range(FPS * SECONDS):
        turn = 2 * np.pi * index / (FPS * SECONDS)
        picture = scene.copy()
        centre = (round(320 + 60 * np.sin(turn)), round(230 + 20 * np.sin(2 * turn)))
        cv2.ellipse(picture, centre, (90, 120), 0, 0, 360, (150, 180, 220), -1, cv2.LINE_AA)
        opening = 4 + round(14 * abs(np.sin(9 * turn)))
        cv2.ellipse(picture, (centre[0], centre[1] + 55), (28, opening), 0, 0, 360, (70, 70, 150), -1, cv2.LINE_AA)
        grain = chance.integers(-4, 5, picture.shape, np.int16)
        pictures.append(np.clip(picture + grain, 0, 255).astype(np.uint8))
    return pictures


def _sound() -> np.ndarray:
    """Syllables of a hum with some breath in it: about as many bits as a voice."""
    time = np.arange(RATE * SECONDS) / RATE
    hum = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 12))
    breath = np.random.default_rng(2).normal(0, 0.2, len(time))
    return ((hum + breath) * np.sin(np.pi * 4 * time) ** 2 * 5000).clip(-32768, 32767).astype(np.int16)
