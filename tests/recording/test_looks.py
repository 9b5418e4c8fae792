"""What is heard and seen at a glance: speech by level, and the poster."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from teleosce.recording.player import packets
from teleosce.recording.poster import Poster
from teleosce.recording.speech import STEP_MS, Levels, spans


def level(*stretches: tuple[float, float]) -> np.ndarray:
    """Stretches of (seconds, dB), with a little unrest."""
    dice = np.random.default_rng(2)
    return np.concatenate([db + dice.normal(0, 1.5, round(s * 1000 / STEP_MS)) for s, db in stretches])


def test_speech_stands_out_of_the_noise_of_a_room() -> None:
    found = spans(level((2, -52), (3, -25), (0.2, -52), (1, -28), (2, -52), (0.06, -20), (3, -52), (1, -30), (1, -52)))
    assert found == [pytest.approx((1900, 6300), abs=45), pytest.approx((11_160, 12_360), abs=45)]


def test_silence_is_no_speech_and_a_monologue_is() -> None:
    assert spans(level((10, -90))) == []
    assert spans(level((5, -20))) == [(0, 5000)]
    assert spans(np.empty(0)) == []


def test_a_track_without_sound_has_no_speech() -> None:
    assert Levels().spans() == []


def pictures(path: Path, brightness: list[int]) -> None:
    """A WebM of key frames: noise of a brightness, or a plain grey where it is below 50."""
    dice = np.random.default_rng(4)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=1)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.options = {"g": "1", "deadline": "realtime", "cpu-used": "8"}
        for light in brightness:
            image = np.full((720, 1280, 3), light, np.uint8)
            if light >= 50:
                image[::8, :] = dice.integers(light - 40, light + 40, (90, 1280, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode(None))


def test_the_poster_is_a_bright_and_sharp_picture(tmp_path: Path) -> None:
    pictures(tmp_path / "a.webm", [5, 10, 200, 130, 20, 5])
    poster = Poster()
    for _, _, packet in packets(tmp_path / "a.webm"):
        poster.key_frame(packet)
    assert poster.write(tmp_path / "a.jpg")
    image = cv2.imread(str(tmp_path / "a.jpg"))
    assert image.shape == (540, 960, 3)
    assert image.mean() == pytest.approx(130, abs=15)
