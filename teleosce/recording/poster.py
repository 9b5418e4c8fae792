"""A picture that stands for a take: bright and sharp, out of a few of its key frames."""

from math import log1p
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from teleosce.core.blobs import write_durably

LOOKED_AT = 12
WIDEST = 960
_GOOD_BRIGHTNESS = 125.0

Image = NDArray[np.integer[Any] | np.floating[Any]]


def make_poster(path: Path, target: Path, key_frames: int) -> float | None:
    """Writes the best picture of a WebM as JPEG. Returns how good it is, 0 to about 10, or None without a picture.

    key_frames: how many the file has; a dozen of them, spread evenly, are decoded. Raises av.FFmpegError when the first
    of them cannot be.
    """
    chosen = {round(index) for index in np.linspace(0, key_frames - 1, min(LOOKED_AT, key_frames))}
    best: tuple[float, Image] | None = None
    for image in _key_frames(path, chosen):
        score = _score(image)
        if best is None or score > best[0]:
            best = (score, image)
    if best is None:
        return None
    score, image = best
    if image.shape[1] > WIDEST:
        image = cv2.resize(image, (WIDEST, WIDEST * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA)
    written, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not written:
        return None
    write_durably(target, content.tobytes())
    return score


def _key_frames(path: Path, chosen: set[int]) -> list[Image]:
    images: list[Image] = []
    number = 0
    with av.open(str(path)) as container:
        if not container.streams.video:
            return images
        for packet in container.demux(video=0):
            if not packet.is_keyframe or not packet.size:
                continue
            if number in chosen:
                try:
                    images += [frame.to_ndarray(format="bgr24") for frame in packet.decode()]
                except av.FFmpegError:
                    if number == 0:
                        raise
            number += 1
    return images


def _score(image: Image) -> float:
    """Sharpness (the variance of the Laplacian), worth less the farther the picture is from good light."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    light = max(0.05, 1.0 - abs(float(grey.mean()) - _GOOD_BRIGHTNESS) / _GOOD_BRIGHTNESS)
    return log1p(sharpness) * light
