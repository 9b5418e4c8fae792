"""A picture that stands for a take: bright and sharp, out of a few of its key frames."""

from collections.abc import Sequence
from math import log1p, prod
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from teleosce.core.blobs import write_durably
from teleosce.recording import vp8

MOST_LOOKED_AT, LOOK_EVERY_MS = 12, 20_000
"""A key frame of every twenty seconds is looked at, at least three, and at most a dozen from all over the take."""

MOST_PIXELS = 4096 * 4096
"""A key frame that says it has more is not looked at: no camera sends it, and each pixel costs ten bytes."""
WIDEST = 960
_GOOD_BRIGHTNESS = 125.0
_BLACK, _RANGE = 16.0, 219.0
"""Of the luma plane as cameras send it (ITU-R BT.601)."""

Grey = NDArray[np.integer[Any]]


def chosen(keys_ms: Sequence[int], duration_ms: int) -> list[int]:
    """Which of a take's key frames to look at: spread evenly, with the first and the last."""
    number = min(MOST_LOOKED_AT, max(3, duration_ms // LOOK_EVERY_MS), len(keys_ms))
    return [keys_ms[round(index)] for index in np.linspace(0, len(keys_ms) - 1, number)]


class Poster:
    """Is shown key frames in turn, and keeps the best."""

    def __init__(self) -> None:
        self._first = True
        self._best: tuple[float, Any] | None = None

    def key_frame(self, packet: Any) -> None:
        """The next one. Raises av.FFmpegError when the first of them cannot be decoded."""
        first, self._first = self._first, False
        if not _is_of_a_camera(bytes(packet)):
            return
        try:
            for frame in packet.decode():
                score = _score(_grey(frame))
                if self._best is None or score > self._best[0]:
                    self._best = (score, frame)
        except av.FFmpegError:
            if first:
                raise

    def write(self, target: Path) -> float | None:
        """Writes the best as JPEG. Returns how good it is, 0 to about 10, or None without a picture. Blocks."""
        if self._best is None:
            return None
        score, frame = self._best
        image = frame.to_ndarray(format="bgr24")
        if image.shape[1] > WIDEST:
            image = cv2.resize(image, (WIDEST, WIDEST * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA)
        written, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        if not written:
            return None
        write_durably(target, content.tobytes())
        return score


def _is_of_a_camera(frame: bytes) -> bool:
    return not vp8.is_key(frame) or prod(vp8.size(frame)) <= MOST_PIXELS


def _grey(frame: Any) -> Grey:
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


def _score(grey: Grey) -> float:
    """Sharpness (the variance of the Laplacian), worth less the farther the picture is from good light."""
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    sharpness = (float(deviation[0, 0]) * 255 / _RANGE) ** 2
    brightness = (float(cv2.mean(grey)[0]) - _BLACK) * 255 / _RANGE
    light = max(0.05, 1.0 - abs(brightness - _GOOD_BRIGHTNESS) / _GOOD_BRIGHTNESS)
    return log1p(sharpness) * light
