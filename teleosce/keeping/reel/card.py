"""The card that stands before a clip."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from teleosce.keeping.reel.plan import CARD_MS

STEP_MS = 250
"""A still picture is repeated, so that a player that joins in the middle soon has it."""
_INK, _SOFT, _GROUND = (238, 238, 238), (172, 172, 172), 30


def card(lines: Sequence[str], size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """The same picture again and again, with times in milliseconds from the card's beginning."""
    width, height = size
    image = np.full((height, width, 3), _GROUND, np.uint8)
    big = max(14, height // 14)
    heights = [big, *(max(12, round(big * 0.62)) for _ in lines[1:])]
    base = round(height * 0.5 - sum(heights) * 0.8) + big
    for number, (text, wanted) in enumerate(zip(lines, heights, strict=True)):
        _write(image, text, base, wanted, _SOFT if number else _INK)
        base += round((heights[number + 1] if number + 1 < len(heights) else 0) * 2)
    frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="yuv420p")
    for at_ms in range(0, CARD_MS, STEP_MS):
        frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
        yield frame


def _write(image: "np.ndarray[Any, Any]", text: str, base: int, height: int, colour: tuple[int, int, int]) -> None:
    """A line in the middle of the picture, smaller when it would not fit."""
    face, width = cv2.FontFace("sans"), image.shape[1]
    while True:
        _, _, length, _ = cv2.getTextSize((width, base), text, (0, 0), face, height)
        if length <= width * 0.9 or height <= 9:
            break
        height -= 1
    cv2.putText(image, text, (max(0, (width - length) // 2), base), colour, face, height)
