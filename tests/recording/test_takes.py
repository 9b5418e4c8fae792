"""What a person sees and hears of a sealed take, for all that a line does to it."""

import asyncio
import time
from pathlib import Path

import pytest

from teleosce.core.blobs import sha256
from teleosce.core.clock import Clock
from teleosce.core.ids import new_id
from teleosce.recording.raw import look
from teleosce.recording.recorder import Recorder
from teleosce.recording.writer import Writer

from .conftest import Record
from .media import Kind, Sender, deliver, play, publication


async def test_a_take_plays_from_beginning_to_end(record: Record) -> None:
    recorded = await record(Sender(jitter=0.02), 10)
    path = recorded.path
    played = play(path)
    assert len(played.video_times) == 250
    assert len(played.flashes) == len(played.beeps) == 5
    assert played.duration == pytest.approx(10, abs=0.1)
    assert all(abs(offset) <= 0.04 for offset in played.offsets())
    take = recorded.take
    assert take.sha256 == sha256(path)
    assert take.size == path.stat().st_size
    assert take.duration_ms == pytest.approx(10_000, abs=60)
    assert take.gaps == []
    assert take.placed_by == "sender-reports"
    assert (recorded.folder / f"{take.id}.jpg").read_bytes()[:2] == b"\xff\xd8"


async def test_lips_and_voice_agree_by_the_sender_reports(record: Record) -> None:
    """The encoder holds the picture back for 400 ms: by arrival, sound would come first."""
    recorded = await record(Sender(audio_lag=0.04, video_lag=0.44, jitter=0.03), 12)
    played = play(recorded.path)
    assert len(played.offsets()) >= 5
    assert all(abs(offset) <= 0.04 for offset in played.offsets())


async def test_clocks_that_drift_stay_together_to_the_end(record: Record) -> None:
    """Sound 600 ppm fast, picture 400 ppm slow: 120 ms apart after two minutes, when nobody corrects it."""
    sender = Sender(audio_ppm=600, video_ppm=-400, audio_lag=0.03, video_lag=0.13, jitter=0.03, reports_every=4)
    recorded = await record(sender, 120)
    played = play(recorded.path)
    offsets = played.offsets()
    assert len(offsets) == 60
    assert all(abs(offset) <= 0.04 for offset in offsets)
    # Time on the server's clock: the flash of minute two is where it was sent, and so is its beep.
    assert played.flashes[-1] - played.flashes[0] == pytest.approx(118, abs=0.04)
    assert played.beeps[-1] - played.beeps[0] == pytest.approx(118, abs=0.04)
    take = recorded.take
    assert take.audio
    assert 2 <= take.audio.slips <= 8
    assert played.audio_s == pytest.approx(120, abs=0.1)


async def test_without_sender_reports_arrival_places_the_packets(record: Record) -> None:
    recorded = await record(Sender(reports_every=0, jitter=0.02), 6)
    assert recorded.take.placed_by == "arrival"
    assert all(abs(offset) <= 0.06 for offset in play(recorded.path).offsets())


async def test_packets_are_on_disk_before_any_report_comes(tmp_path: Path) -> None:
    """Whoever is killed before the first sender report keeps what was said until then."""
    folder, writer = tmp_path / new_id(), Writer(tmp_path)
    recorder = Recorder(folder, writer, Clock(), lambda *_: None, lambda *_: None)
    sent = publication(folder.name)
    recorder.publication_started(sent)
    packets = [event for event in Sender().events(0, 1) if event[1] == "packet"]
    await deliver(recorder, sent, packets, time.monotonic() - 1)

    def heard() -> int:
        return sum(
            len(look(path, ["audio", "video"]).tracks.get("audio", ()))
            for path in folder.glob("*.raw.webm")
            if path.stat().st_size > 1000
        )

    async with asyncio.timeout(30):
        while heard() < 45:  # noqa: ASYNC110 the writer's thread tells nobody
            await asyncio.sleep(0.05)
    recorder.end()
    await asyncio.to_thread(writer.close)


async def test_timestamps_and_reports_wrap_around(record: Record) -> None:
    sender = Sender(first_timestamp={"audio": 2**32 - 3 * 48000, "video": 2**32 - 5 * 90000})
    recorded = await record(sender, 10)
    played = play(recorded.path)
    assert len(played.flashes) == len(played.beeps) == 5
    assert all(abs(offset) <= 0.04 for offset in played.offsets())


class Jumping(Sender):
    """Starts its timestamps anew in the middle, without a word."""

    def timestamp(self, kind: Kind, at: float) -> int:
        return (super().timestamp(kind, at) + (3_000_000_000 if at >= 6 else 0)) & 0xFFFFFFFF


async def test_timestamps_set_anew_do_not_move_what_follows(record: Record) -> None:
    recorded = await record(Jumping(audio=False), 12, audio=False)
    played = play(recorded.path)
    assert played.flashes == pytest.approx([0, 2, 4, 6, 8, 10], abs=0.05)


class Repaired(Sender):
    """Every eleventh packet comes 300 ms late and out of order, as a repaired one does."""

    def events(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        late = [
            (arrival + (0.3 if what == "packet" and int(arguments[1]) % 11 == 5 else 0), what, arguments)
            for arrival, what, arguments in super().events(start, end)
        ]
        return sorted(late, key=lambda event: event[0])


async def test_repaired_packets_find_their_place(record: Record) -> None:
    recorded = await record(Repaired(), 8)
    played = play(recorded.path)
    assert len(played.video_times) == 200
    assert recorded.take.gaps == []
    assert all(abs(offset) <= 0.04 for offset in played.offsets())


class Cut(Sender):
    """The line is dead from second 4.0 to 7.0; a few packets are missing at 9.1 as well."""

    def lost(self, kind: Kind, at: float, _index: int) -> bool:
        return 4.0 <= at < 7.0 or (kind == "audio" and 9.1 <= at < 9.16) or (kind == "video" and 9.1 <= at < 9.13)


async def test_gaps_stay_gaps(record: Record) -> None:
    recorded = await record(Cut(), 14)
    played = play(recorded.path)
    # Nothing moves: what comes after the cut is where it belongs, in sound that has no holes.
    assert played.beeps == pytest.approx([0, 2, 8, 10, 12], abs=0.05)
    assert played.flashes == pytest.approx([0, 2, 8, 10, 12], abs=0.05)
    assert played.audio_s == pytest.approx(14, abs=0.1)
    gaps = recorded.take.gaps
    line = [gap for gap in gaps if gap.kind == "line"]
    assert [gap.track for gap in line] == ["video", "audio"] or [gap.track for gap in line] == ["audio", "video"]
    for gap in line:
        assert gap.from_ms == pytest.approx(4000, abs=60)
        # Picture waits for the next key frame, at second 8.
        assert gap.to_ms == pytest.approx(7000 if gap.track == "audio" else 8000, abs=60)
    loss = {gap.track: gap for gap in gaps if gap.kind == "loss"}
    assert loss["audio"].to_ms - loss["audio"].from_ms == pytest.approx(60, abs=3)
    assert loss["video"].from_ms == pytest.approx(9080, abs=60)
    assert loss["video"].to_ms == pytest.approx(10_000, abs=60)
    assert recorded.take.audio
    assert recorded.take.audio.filled_ms == pytest.approx(3060, abs=21)


async def test_sound_that_begins_late_is_preceded_by_silence(record: Record) -> None:
    """Whisper's reader looks at no timestamps: the first packet must not come to stand at zero."""
    recorded = await record(Sender(audio_from=3.0), 8)
    played = play(recorded.path)
    assert played.beeps == pytest.approx([4, 6], abs=0.05)
    assert played.audio_s == pytest.approx(8, abs=0.1)


class Muffled(Sender):
    """No sound for 0.4 s without a packet missing, as from a page that stalled; and none at all after second 6."""

    def _audio(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        return [
            (arrival, what, (kind, number - 20 if number >= 170 else number, *rest))
            for arrival, what, (kind, number, *rest) in super()._audio(start, min(end, 6.0))
            if what == "packet" and not 150 <= number < 170
        ]


async def test_silence_that_no_packet_explains_has_a_name(record: Record) -> None:
    take = (await record(Muffled(audio_from=1.0), 8)).take
    pauses = [(gap.kind, gap.track, gap.from_ms, gap.to_ms) for gap in take.gaps]
    assert [pause[:2] for pause in pauses] == [("pause", "audio")] * 3
    assert [time for pause in pauses for time in pause[2:]] == pytest.approx([0, 1000, 3000, 3400, 6000, 8000], abs=80)


async def test_a_take_without_any_sound_says_so(record: Record) -> None:
    take = (await record(Sender(audio=False), 4, audio=False)).take
    assert [(gap.kind, gap.track) for gap in take.gaps] == [("pause", "audio")]
    assert (take.gaps[0].from_ms, take.gaps[0].to_ms) == (0, take.duration_ms)


async def test_picture_that_begins_late_stands_where_it_belongs(record: Record) -> None:
    recorded = await record(Sender(video_from=2.5), 8)
    played = play(recorded.path)
    # The first key frame after second 2.5.
    assert played.video_times[0] == pytest.approx(4.0, abs=0.05)
    assert all(abs(offset) <= 0.04 for offset in played.offsets())


async def test_sound_alone(record: Record) -> None:
    recorded = await record(Sender(video=False), 6, video=False)
    played = play(recorded.path)
    assert played.beeps == pytest.approx([0, 2, 4], abs=0.05)
    assert played.video_times == []
    assert recorded.take.video is None
    assert not list(recorded.folder.glob("*.jpg"))


async def test_a_camera_that_never_sends_keeps_no_sound_back(record: Record) -> None:
    recorded = await record(Sender(video=False), 30)
    played = play(recorded.path)
    assert played.audio_s == pytest.approx(30, abs=0.1)
    assert recorded.take.video is None


class Turned(Sender):
    """A phone that is turned: from second 4 on the picture is upright."""

    def _video(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        before = super()._video(start, 4.0)
        packets = 1 + max(int(arguments[1]) for _, what, arguments in before if what == "packet")
        self.width, self.height = 120, 160
        after = super()._video(4.0, end)
        first = min(int(arguments[1]) for _, what, arguments in after if what == "packet")
        self.width, self.height = 160, 120
        return before + [
            (
                arrival,
                what,
                (arguments[0], int(arguments[1]) - first + packets, *arguments[2:]) if what == "packet" else arguments,
            )
            for arrival, what, arguments in after
        ]


async def test_the_size_of_the_picture_may_change(record: Record) -> None:
    recorded = await record(Turned(), 8)
    assert play(recorded.path).sizes == {(160, 120), (120, 160)}
    video = recorded.take.video
    assert video
    assert [size[1:] for size in video.sizes] == [(160, 120), (120, 160)]
    assert video.sizes[1][0] == pytest.approx(4000, abs=60)
