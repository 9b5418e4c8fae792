"""The sealed file as others read it, what is noticed when the disk alters it, and the levels that senders tell."""

import os
import random
from pathlib import Path

import av
import numpy as np
import pytest

from teleosce.recording import TakeState, journal, speech
from teleosce.recording.arrange import arrange
from teleosce.recording.models import journal_name, raw_name
from teleosce.recording.playable import Altered, Playable
from teleosce.recording.player import packets
from teleosce.recording.raw import look
from teleosce.recording.sealing import seal_take
from teleosce.recording.timeline import timeline

from .conftest import Record, Recorded
from .media import Sender, level_of


def contents(path: Path) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {"audio": [], "video": []}
    for kind, _, packet in packets(path):
        found[kind].append(bytes(packet))
    return found


async def test_another_reader_finds_what_was_recorded_and_its_way_to_every_key_frame(record: Record) -> None:
    recorded = await record(Sender(), 12)
    assert contents(recorded.path) == contents(recorded.folder / raw_name(recorded.take.id))
    times = [round(at_ms) for kind, at_ms, packet in packets(recorded.path) if kind == "video" and packet.is_keyframe]
    assert len(times) == 6
    with av.open(str(recorded.path)) as container:
        assert container.duration == (recorded.take.duration_ms or 0) * 1000
        (picture,) = container.streams.video
        assert (picture.width, picture.height) == (160, 120)
        for at_ms in reversed(times):
            container.seek(at_ms + 40, stream=picture)
            found = next(packet for packet in container.demux(picture))
            assert (found.pts, found.is_keyframe) == (at_ms, True)


def parts(recorded: Recorded) -> tuple[Playable, Path]:
    read = journal.read(recorded.folder / journal_name(recorded.take.id))
    raw = recorded.folder / raw_name(recorded.take.id)
    found = look(raw, read.header.tracks, read.reaches_ms)
    done = arrange(found, timeline(read), read.tracks["video"].sizes)
    size = read.tracks["video"].sizes[0][1:]
    return Playable(done.entries, list(found.tracks), done.duration_ms, size), raw


async def test_every_byte_that_the_disk_alters_is_noticed(record: Record, tmp_path: Path) -> None:
    recorded = await record(Sender(), 4)
    playable, raw = parts(recorded)
    assert playable.read_back(recorded.path, raw) == recorded.take.sha256
    whole = recorded.path.read_bytes()
    dice = random.Random(3)
    altered = tmp_path / "altered.webm"
    for place in (*range(0, 600, 7), *(dice.randrange(len(whole)) for _ in range(60))):
        altered.write_bytes(whole[:place] + bytes((whole[place] ^ 1 << dice.randrange(8),)) + whole[place + 1 :])
        with pytest.raises(Altered):
            playable.read_back(altered, raw)
    for content in (whole[:-1], whole + b"\0", whole[: len(whole) // 2], b""):
        altered.write_bytes(content)
        with pytest.raises(Altered):
            playable.read_back(altered, raw)


async def test_what_is_compared_is_read_from_the_disk(record: Record, tmp_path: Path) -> None:
    """The system may keep what it is asked to let go of, and now and then does. Unasked it keeps all of it."""
    recorded = await record(Sender(), 4)
    playable, raw = parts(recorded)
    target = tmp_path / "written.webm"
    if not hasattr(os, "posix_fadvise") or not hasattr(os, "RWF_NOWAIT"):
        pytest.skip("this system does not let go of a file, or does not tell")

    def is_in_memory() -> bool:
        playable.write(target, raw)
        with target.open("rb", buffering=0) as file:
            try:
                return os.preadv(file.fileno(), [bytearray(4096)], 0, os.RWF_NOWAIT) > 0
            except BlockingIOError:
                return False
            except OSError as error:
                pytest.skip(f"the disk does not tell: {error}")

    assert not all(is_in_memory() for _ in range(10))


@pytest.mark.parametrize("times", [1, 2])
async def test_what_the_disk_altered_is_written_once_more(
    record: Record, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    recorded = await record(Sender(), 4)
    sync, altered = os.fsync, []

    def fsync(descriptor: int) -> None:
        """A disk that alters what is written to it."""
        for path in recorded.folder.glob(f"{recorded.path.stem}.*.part"):
            if len(altered) == times:
                break
            altered.append(path)
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 4
            path.write_bytes(content)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    take = seal_take(recorded.folder, recorded.take.id)
    assert len(altered) == times
    if times == 1:
        assert take == recorded.take
        assert recorded.path.is_file()
    else:
        assert (take.state, take.file) == (TakeState.quarantined, None)
        assert "kept" in (take.reason or "")


async def test_speech_is_the_same_by_what_is_told_as_by_what_is_heard(record: Record) -> None:
    heard, told, lied = [
        (await record(Sender(), 12, level=level)).take.audio for level in (lambda *_: None, level_of, lambda *_: 30)
    ]
    assert heard
    assert told
    assert lied
    assert len(heard.speech) == 6
    assert [edge for span in told.speech for edge in span] == pytest.approx(
        [edge for span in heard.speech for edge in span], abs=41
    )
    assert lied.speech == heard.speech


def test_levels_find_their_packets_in_any_order_and_a_few_may_be_missing() -> None:
    runs = [(1000.4, bytes(range(50))), (0.2, bytes(range(50, 100)))]
    level = speech.told(runs, [*range(0, 2000, 20)])
    assert level is not None
    assert level.tolist() == [*range(-50, -100, -1), *(-at for at in range(50))]
    assert speech.told(runs, [*range(0, 3900, 20)]) is not None
    assert speech.told(runs, [*range(0, 6000, 20)]) is None
    assert speech.told([], [0.0]) is None


async def test_who_is_silent_at_the_moments_looked_at_has_spoken_all_the_same(record: Record) -> None:
    """Silence was compared with silence, and who told of silence alone had never spoken."""
    alone = {"start": 0.5, "video": False}
    heard, lied = [
        (await record(Sender(video=False), 8, level=level, **alone)).take.audio
        for level in (lambda *_: None, lambda *_: 127)
    ]
    assert heard
    assert lied
    assert len(heard.speech) == 4
    assert lied.speech == heard.speech


def test_what_is_told_is_believed_where_it_agrees_with_what_is_heard() -> None:
    level = np.full(100, -30.0)
    quiet = [(1000.0 + 20 * number, -90.0) for number in range(40)]
    level[50:] = -127.0
    aloud = [(20.0 * number, -28.0 - number) for number in range(5)]
    assert speech.agree(level, [*aloud, (400.0, -90.0)])
    assert speech.agree(level, [*aloud, *quiet])
    assert not speech.agree(level, [(at_ms, db - 20) for at_ms, db in aloud])
    assert not speech.agree(np.full(100, -127.0), [*aloud, *quiet])
    assert not speech.agree(level, [*aloud[1:], *quiet])  # hardly anything sounds: nothing is shown
    assert not speech.agree(np.full(100, -127.0), quiet)
    assert not speech.agree(level, [])
