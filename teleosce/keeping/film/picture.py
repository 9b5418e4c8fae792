"""The pictures of a film, frame by frame: a bar with the title, and a pane for each side."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from teleosce.keeping.film.plan import Plan, Stretch

RATE = 24
PANE = (640, 480)
BAR = 64
SIZE = (2 * PANE[0], PANE[1] + BAR)
STALE_MS = 1000
"""A picture older than this is no picture: nothing came."""

Image = NDArray[Any]
Pictures = Iterator[tuple[float, av.VideoFrame]]


def frames(plan: Plan, begin_ms: int, end_ms: int) -> Iterator[av.VideoFrame]:
    """The film's frames from `begin_ms` until before `end_ms`; one pair of them is in memory at a time."""
    canvas = _i420(_board(plan))
    sides = [Side(plan.left, begin_ms), Side(plan.right, begin_ms)]
    for number in range(frame_at(begin_ms), frame_at(end_ms)):
        for column, side in enumerate(sides):
            _put(canvas, side.at(number * 1000 / RATE), column * PANE[0], BAR)
        yield av.VideoFrame.from_ndarray(canvas, "yuv420p")


def frame_at(ms: int) -> int:
    """The number of the first frame at or after a time."""
    return -(-ms * RATE // 1000)


class Side:
    """What one side shows at a time; times are asked for in rising order."""

    def __init__(self, takes: Sequence[Stretch], begin_ms: int) -> None:
        self._takes, self._begin_ms = takes, begin_ms
        self._open: tuple[Stretch, Pictures] | None = None
        self._shown: tuple[float, av.VideoFrame] | None = None
        self._coming: tuple[float, av.VideoFrame | None] = (float("-inf"), None)
        self._drawn: tuple[av.VideoFrame, Image] | None = None

    def at(self, ms: float) -> Image:
        """The picture of that time as I420, or the card that says that there is none."""
        take = next((one for one in self._takes if one.starts_ms <= ms < one.ends_ms), None)
        if take is None:
            return no_picture()
        if self._open is None or self._open[0] is not take:
            from_ms = max(0, self._begin_ms - take.starts_ms)
            self._open, self._shown, self._coming = (take, _pictures(take, from_ms)), None, (float("-inf"), None)
        while self._coming[0] <= ms:
            at, frame = self._coming
            self._shown = (at, frame) if frame is not None else self._shown
            self._coming = next(self._open[1], (float("inf"), None))
        if self._shown is None or ms - self._shown[0] > STALE_MS:
            return no_picture()
        if self._drawn is None or self._drawn[0] is not self._shown[1]:
            self._drawn = (self._shown[1], _fitted(self._shown[1]))
        return self._drawn[1]


def _pictures(take: Stretch, from_ms: int) -> Pictures:
    """A take's decoded frames with their times, from the key frame before `from_ms` (of the take) on."""
    with av.open(str(take.file)) as container:
        if not container.streams.video:
            return
        stream = container.streams.video[0]
        if from_ms and stream.time_base:
            container.seek(int(from_ms / 1000 / stream.time_base), stream=stream, backward=True)
        for packet in container.demux(stream):
            try:
                decoded: list[Any] = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in decoded:
                yield take.starts_ms + frame.time * 1000, frame


def _fitted(frame: av.VideoFrame) -> Image:
    """The whole picture in a pane, black beside it where the shapes differ."""
    scale = min(PANE[0] / frame.width, PANE[1] / frame.height)
    width, height = (round(side * scale) // 2 * 2 for side in (frame.width, frame.height))
    small: Image = frame.reformat(width=width, height=height, format="yuv420p").to_ndarray()
    if (width, height) == PANE:
        return small
    pane = _i420(np.zeros((PANE[1], PANE[0], 3), np.uint8))
    _put(pane, small, (PANE[0] - width) // 4 * 2, (PANE[1] - height) // 4 * 2)
    return pane


def _put(canvas: Image, picture: Image, left: int, top: int) -> None:
    """Lays one I420 picture upon another; left and top are even."""
    for to, what, half in zip(_planes(canvas), _planes(picture), (1, 2, 2), strict=True):
        height, width = what.shape
        to[top // half : top // half + height, left // half : left // half + width] = what


def _planes(picture: Image) -> tuple[Image, Image, Image]:
    """Y, U and V of an I420 picture, as views into it."""
    rows, width = picture.shape
    height = rows * 2 // 3
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    return picture[:height], chroma[0], chroma[1]


def _i420(bgr: Image) -> Image:
    frame = av.VideoFrame.from_ndarray(bgr, "bgr24").reformat(format="yuv420p")
    made: Image = frame.to_ndarray()
    return made


@cache
def no_picture() -> Image:
    """The card."""
    card = np.full((PANE[1], PANE[0], 3), 48, np.uint8)
    _write(card, "No picture", 232, 250, 28)
    return _i420(card)


def _board(plan: Plan) -> Image:
    board = np.full((SIZE[1], SIZE[0], 3), 24, np.uint8)
    _write(board, plan.title, 16, 27, 22)
    for column, name in enumerate(plan.names):
        _write(board, name, 16 + column * PANE[0], 54, 18)
    return board


def _write(image: Image, text: str, left: int, base: int, height: int) -> None:
    cv2.putText(image, text, (left, base), (235, 235, 235), cv2.FontFace("sans"), height)
