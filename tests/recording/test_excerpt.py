"""An excerpt holds what was asked for, copied as it is, and nothing of what lies before or after."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from teleosce.recording import excerpt
from tests.recording.media import encoded_video

SECONDS = 24
EMPTY = bytes.fromhex("1a45dfa3 87 4282 84 7765626d 18538067 94 1549a966 87 2ad7b1 83 0f4240 1f43b675 83 e78100")
"""A WebM with the unit of its times and an empty cluster: there is no track in it."""


def take(path: Path, key_every_s: int) -> Path:
    """Both tracks; the picture has a key frame each so many seconds."""
    cycle = encoded_video()
    with av.open(str(path), "w", format="webm", options={"cues_to_front": "1"}) as output:
        video = output.add_mux_stream("vp8", width=160, height=120)
        audio = output.add_stream("libopus", rate=48_000, layout="mono")
        output.start_encoding()
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), format="s16", layout="mono")
        for n in range(SECONDS * 25):
            key = n % (25 * key_every_s) == 0
            packet: Any = av.Packet(cycle[0] if key else cycle[1 + n % 49])
            packet.stream, packet.time_base, packet.pts, packet.dts = video, Fraction(1, 1000), 40 * n, 40 * n
            packet.is_keyframe = key
            output.mux(packet)
            heard.sample_rate, heard.time_base, heard.pts = 48_000, Fraction(1, 48_000), n * 1920
            output.mux(audio.encode(heard))
        output.mux(audio.encode(None))
    return path


def times(content: bytes) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"video": [], "audio": []}
    with av.open(BytesIO(content)) as container:
        for packet in container.demux():
            if packet.pts is not None and packet.size and packet.time_base:
                found[packet.stream.type].append(round(packet.pts * packet.time_base * 1000))
    return found


def test_it_begins_with_the_key_frame_before_and_ends_in_time(tmp_path: Path) -> None:
    path = take(tmp_path / "take.webm", key_every_s=2)
    found = excerpt(path, 7_000, 11_000)
    assert found is not None
    assert found.starts_ms == 6_000
    assert 10_960 < found.ends_ms <= 11_000
    there = times(found.content)
    assert there["video"] == list(range(0, 5_000, 40))
    assert len(there["audio"]) == 250
    assert 0 <= there["audio"][0] < 20
    assert there["audio"][-1] < 5_000
    with av.open(BytesIO(found.content)) as container:
        assert len(list(container.decode(video=0))) == 125
    assert len(found.content) < path.stat().st_size / 3
    for seconds, starts_ms in ((0, 0), (22, 22_000)):
        edge = excerpt(path, seconds * 1000, seconds * 1000 + 60_000)
        assert edge is not None
        assert edge.starts_ms == starts_ms
        assert edge.ends_ms < SECONDS * 1000 + 60


@pytest.mark.parametrize(("from_ms", "video_ms"), [(15_000, 5_000), (11_000, None)])
def test_a_key_frame_from_far_back_is_not_given(tmp_path: Path, from_ms: int, video_ms: int | None) -> None:
    path = take(tmp_path / "take.webm", key_every_s=20)
    found = excerpt(path, from_ms, from_ms + 6_000)
    assert found is not None
    assert found.starts_ms == from_ms
    there = times(found.content)
    assert len(there["audio"]) == 300
    assert there["video"] == ([] if video_ms is None else list(range(video_ms, 6_000, 40)))


def test_where_there_is_nothing_there_is_no_file(tmp_path: Path) -> None:
    path = take(tmp_path / "take.webm", key_every_s=2)
    assert excerpt(path, 60_000, 70_000) is None


def test_of_a_take_that_cannot_be_read_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "take.webm"
    assert excerpt(path, 0, 1000) is None
    for content in (b"", bytes(4096), b"no film at all" * 100, EMPTY):
        path.write_bytes(content)
        assert excerpt(path, 0, 1000) is None
