"""A drawn person who moves a little, with a running clock: enough to see that a picture lives and is in step."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
LOOP_S = 5
FLASH = (slice(8, 104), slice(WIDTH - 104, WIDTH - 8))
"""Rows and columns of the patch that turns white for `FLASH_S` at the start of each second."""
FLASH_S = 0.1


@dataclass(frozen=True)
class Format:
    """Pictures are drawn at 640×480 and made smaller by `shrink`. bit_rate: of the encoder, in bits per second."""

    shrink: int
    fps: int
    bit_rate: int


FULL = Format(1, 30, 600_000)
LOW = Format(2, 15, 120_000)
"""320×240 at 15 a second: so that one machine can be both the server and many people."""
FORMATS = {"full": FULL, "low": LOW}

_LOOKS = {
    # background, clothes, skin, hair: blue, green, red
    "candidate": ((214, 205, 196), (140, 92, 40), (170, 196, 232), (40, 44, 60)),
    "sp": ((196, 214, 205), (96, 96, 150), (150, 178, 214), (170, 170, 170)),
}


def frames(role: str, name: str, *, flash: bool = False, form: Format = FULL) -> list[NDArray[np.uint8]]:
    """LOOP_S seconds of pictures, height×width×3 in blue, green, red, that can be repeated without a jump.

    There is a camera's grain in them, so that an encoder spends the bits that it spends on a real picture.
    """
    chance = np.random.default_rng(1)
    grain = [chance.integers(0, 10, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(7)]
    pictures = []
    for index in range(LOOP_S * form.fps):
        picture = np.asarray(cv2.add(_draw(role, name, index, form.fps), grain[index % 7]), np.uint8)
        if flash:
            picture[FLASH] = 255 if index % form.fps < FLASH_S * form.fps else 30
        pictures.append(picture if form.shrink == 1 else _shrunk(picture, form.shrink))
    return pictures


def _shrunk(picture: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    size = (WIDTH // by, HEIGHT // by)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def black(form: Format = FULL) -> list[NDArray[np.uint8]]:
    """As many pictures of a covered camera."""
    return [np.zeros((HEIGHT // form.shrink, WIDTH // form.shrink, 3), np.uint8)] * (LOOP_S * form.fps)


def _draw(role: str, name: str, index: int, fps: int) -> NDArray[np.uint8]:
    background, clothes, skin, hair = _LOOKS[role]
    picture: NDArray[np.uint8] = np.full((HEIGHT, WIDTH, 3), background, np.uint8)
    cv2.rectangle(picture, (0, 330), (WIDTH, HEIGHT), tuple(int(part * 0.93) for part in background), -1)
    turn = 2 * np.pi * index / (LOOP_S * fps)
    x, y = round(320 + 10 * np.sin(turn * 2)), round(215 + 4 * np.sin(turn * 4))
    line = cv2.LINE_AA
    cv2.ellipse(picture, (320, 500), (190, 165), 0, 180, 360, clothes, -1, line)
    cv2.rectangle(picture, (x - 28, y + 70), (x + 28, y + 140), skin, -1)
    cv2.ellipse(picture, (x, y - 18), (92, 108), 0, 180, 360, hair, -1, line)
    cv2.ellipse(picture, (x, y), (80, 100), 0, 0, 360, skin, -1, line)
    cv2.ellipse(picture, (x, y - 62), (80, 48), 0, 180, 360, hair, -1, line)
    blink = index % (fps * LOOP_S) < 3
    for side in (-1, 1):
        eye = (x + side * 30, y - 10)
        cv2.ellipse(picture, eye, (11, 2 if blink else 8), 0, 0, 360, (250, 250, 250), -1, line)
        cv2.circle(picture, eye, 2 if blink else 5, (60, 50, 40), -1, line)
        cv2.ellipse(picture, (eye[0], eye[1] - 20), (15, 6), 0, 190, 350, hair, 3, line)
    cv2.line(picture, (x, y), (x - 6, y + 24), tuple(int(part * 0.8) for part in skin), 3, line)
    opening = 3 + round(5 * abs(np.sin(turn * 9)))
    cv2.ellipse(picture, (x, y + 50), (24, opening), 0, 0, 360, (80, 80, 160), -1, line)
    if role == "candidate":
        cv2.ellipse(picture, (320, 420), (62, 60), 0, 20, 160, (60, 60, 60), 5, line)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, name, (18, 40), font, 0.8, (60, 50, 40), 2, line)
    seconds = index / fps
    cv2.putText(picture, f"{int(seconds):02}.{int(seconds * 10) % 10}", (540, 462), font, 0.8, (60, 50, 40), 2, line)
    return picture
