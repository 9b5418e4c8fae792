"""Up and down tracks without a network: numbers, wraps, repair, key frames. Time is given where it matters."""

import asyncio
import random
import struct
import time

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from teleosce.rtc.downtrack import DownTrack
from teleosce.rtc.feed import Feed
from teleosce.rtc.model import Kind, Publication, TrackInfo
from teleosce.rtc.reception import Reception
from teleosce.rtc.repair import Repair
from teleosce.rtc.rtcp import ReportBlock, receiver_report
from teleosce.rtc.uptrack import UpTrack, level_of, payload_of

from .clients import HEADER, Ear, until

KEY = b"\x90\x80\x80\x01" + b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480) + b"key"
INTER = b"\x90\x80\x80\x02" + b"\x11\x02\x00" + b"inter frame"
PUBLICATION = Publication("id", "room", "anna", "Anna", ())


class Bench:
    """An up track, a feed with an ear, and one down track whose packets are kept."""

    def __init__(self, kind: Kind = "audio", *, start: int = 100, timed: bool = False) -> None:
        self.sent: list[bytes] = []
        self.asked: list[object] = []
        self.reports: list[bytes] = []
        self.ear = Ear()
        rate = 48000 if kind == "audio" else 90000
        info = TrackInfo(kind, "opus" if kind == "audio" else "VP8", rate)
        self.up = UpTrack(info, 96, 97, 1, lambda data: self.asked.extend(RtcpPacket.parse(data)))
        self.up.ssrc = 5
        self.down = self.listener(timed=timed)
        self.feed = Feed(PUBLICATION, (self.ear,))
        self.feed.start(self.ear)
        self.up.go_live(self.feed)
        self.down.attach(self.up)
        self.sequence = start
        self.now = time.monotonic()

    def listener(self, *, timed: bool = False) -> DownTrack:
        return DownTrack(
            kind=self.up.info.kind,
            mid="3",
            stream="slot0",
            payload_type=100,
            clock_rate=self.up.info.clock_rate,
            abs_send_time=2 if timed else None,
            send_rtp=lambda header, payload: self.sent.append(header + payload),
            send_rtcp=self.reports.append,
            allowed_bps=lambda: 1e6,
        )

    def packet(self, number: int, payload: bytes = b"sound", *, marker: bool = False) -> None:
        """Packet `number` of the stream, 20 ms apart."""
        sequence, timestamp = (self.sequence + number) & 0xFFFF, 960 * number & 0xFFFFFFFF
        second = marker << 7 | 96
        self.now += 0.02
        self.up.receive(payload, 12 + len(payload), second, sequence, timestamp, self.now, None)

    @property
    def numbers(self) -> list[int]:
        return [HEADER.unpack_from(packet)[2] for packet in self.sent]

    @property
    def timestamps(self) -> list[int]:
        return [HEADER.unpack_from(packet)[3] for packet in self.sent]

    @property
    def heard(self) -> list[int]:
        self.feed.flush()
        return [one[0] for one in self.ear.of("anna", self.up.info.kind)]


async def test_sequence_numbers_wrap_on_both_sides() -> None:
    bench = Bench(start=65_000)
    for number in range(70_000):
        bench.packet(number)
    assert len(bench.sent) == 70_000
    assert bench.heard == list(range(bench.heard[0], bench.heard[0] + 70_000))
    steps = {(b - a) & 0xFFFF for a, b in zip(bench.numbers, bench.numbers[1:], strict=False)}
    assert steps == {1}
    assert {(b - a) & 0xFFFFFFFF for a, b in zip(bench.timestamps, bench.timestamps[1:], strict=False)} == {960}


async def test_late_packets_come_late_and_duplicates_never() -> None:
    bench = Bench()
    for number in (0, 1, 3, 2, 2, 3, 5, 4, 1):
        bench.packet(number)
    first = bench.heard[0]
    assert [one - first for one in bench.heard] == [0, 1, 3, 2, 5, 4]
    assert [(one - bench.numbers[0]) & 0xFFFF for one in bench.numbers] == [0, 1, 3, 2, 5, 4]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 0xFFFF), st.integers(1, 200), st.randoms())
def test_any_order_within_the_ring_arrives_once(start: int, count: int, chance: random.Random) -> None:
    async def run() -> None:
        bench = Bench(start=start)
        order = list(range(count)) * 2
        chance.shuffle(order)
        for number in order:
            bench.packet(number)
        assert len(bench.heard) == len(set(bench.heard))
        first = order[0]
        expected = {one - first for one in range(count)}
        assert {one - bench.heard[0] for one in bench.heard} == expected
        bench.up.go_quiet()

    asyncio.run(run())


async def test_a_source_that_begins_anew_behind_us_is_believed_at_the_second_packet() -> None:
    bench = Bench(start=60_000)
    for number in range(10):
        bench.packet(number)
    bench.sequence = 20_000
    for number in range(10, 20):
        bench.packet(number)
    assert len(bench.heard) == 19
    assert bench.heard == sorted(set(bench.heard))
    assert {(b - a) & 0xFFFF for a, b in zip(bench.numbers, bench.numbers[1:], strict=False)} == {1}


async def test_a_long_outage_is_a_gap_and_not_a_new_source() -> None:
    bench = Bench()
    bench.packet(0)
    bench.packet(1500)
    assert bench.heard[1] - bench.heard[0] == 1500
    assert len(bench.up._repair.missing) <= bench.up.size
    bench.up.go_quiet()


async def test_missing_packets_are_asked_for_and_not_again_once_here() -> None:
    bench = Bench()
    for number in (0, 1, 4, 5):
        bench.packet(number)
    await until(lambda: bench.asked)
    (nack,) = bench.asked
    assert isinstance(nack, RtcpRtpfbPacket)
    assert nack.lost == [102, 103]
    bench.packet(2)
    bench.packet(3)
    assert not bench.up._repair
    assert bench.up.repaired == 2
    assert bench.up.received == 4


def test_repair_asks_again_slower_on_a_long_line_and_gives_up() -> None:
    repair = Repair()
    repair.skipped(10, 12, 0.0)
    assert repair.due(0.005, 0.0, 0) == ([], False)
    assert repair.due(0.02, 0.3, 0) == ([10, 11], False)
    assert repair.due(0.2, 0.3, 0) == ([], False)
    assert repair.arrived(10)
    assert not repair.arrived(10)
    assert repair.due(0.5, 0.3, 0) == ([11], False)
    assert repair.due(1.1, 0.3, 0) == ([], True)
    assert not repair
    repair.skipped(20, 22, 2.0)
    assert repair.due(2.02, 0.0, 21) == ([21], True)


async def test_rtx_is_unwrapped() -> None:
    bench = Bench("video")
    bench.packet(0, KEY, marker=True)
    bench.packet(2, INTER)
    wrapped = struct.pack("!H", 101) + INTER
    bench.up.receive_rtx(wrapped, 12 + len(wrapped), 0x80 | 97, 7, 960, bench.now, None)
    bench.up.receive_rtx(wrapped, 12 + len(wrapped), 0x80 | 97, 8, 960, bench.now, None)
    probe = payload_of(HEADER.pack(0xA0, 97, 9, 960, 6) + bytes(99) + b"\x64", 0xA0)
    bench.up.receive_rtx(probe, 112, 97, 9, 960, bench.now, None)
    first = bench.heard[0]
    assert [one - first for one in bench.heard] == [0, 2, 1]
    assert bench.ear.of("anna", "video")[2][1:] == (960, True, INTER)


async def test_video_begins_with_a_key_frame_and_what_overtook_it() -> None:
    bench = Bench("video")
    for number in range(3):
        bench.packet(number, INTER)
    assert not bench.sent
    assert len(bench.heard) == 3
    bench.packet(4, INTER)
    bench.packet(3, KEY)
    assert [payload_of(one, 0x80) for one in bench.sent] == [KEY, INTER]
    bench.packet(5, INTER)
    assert {(b - a) & 0xFFFF for a, b in zip(bench.numbers, bench.numbers[1:], strict=False)} == {1}


async def test_a_key_frame_is_asked_for_until_it_comes_and_not_more_than_twice_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("teleosce.rtc.uptrack.KEY_FRAME_AGAIN_S", 0.05)
    bench = Bench("video")
    assert len(bench.asked) == 1
    for _ in range(100):
        bench.up.request_key_frame()
    assert len(bench.asked) == 1
    await until(lambda: len(bench.asked) == 3)
    assert all(isinstance(one, RtcpPsfbPacket) and one.fmt == 1 and one.media_ssrc == 5 for one in bench.asked)
    bench.packet(0, KEY)
    await until(lambda: bench.up._key_timer is None)
    assert len(bench.asked) == 3


def test_the_level_that_a_packet_tells_is_read() -> None:
    def level(extension: bytes, wanted: int = 1) -> int | None:
        return level_of(HEADER.pack(0x91, 96, 101, 960, 5) + b"\0\0\0\x09" + extension, wanted)

    assert level(b"\xbe\xde\x00\x01\x10\xb0\x00\x00sound") == 0x30
    assert level(b"\xbe\xde\x00\x02\x00\x32\xff\xff\xff\x00\x10\x7fsound") == 127
    assert level(b"\xbe\xde\x00\x01\x10\xb0\x00\x00sound", 2) is None
    assert level(b"\x10\x00\x00\x01\x01\x01\x30\x00sound") is None
    for cut in range(9):
        level(b"\xbe\xde\xff\xff\x30\x10\x10\x10\x10"[:cut])
    assert level_of(HEADER.pack(0x80, 96, 101, 960, 5) + b"\xbe\xde\x00\x01\x10\xb0", 1) is None


async def test_padding_and_extensions_are_stripped() -> None:
    bench = Bench(timed=True)
    bench.packet(0)
    extension = b"\xbe\xde\x00\x01" + b"\x10\xff\x00\x00"
    with_all = HEADER.pack(0xB1, 96, 101, 960, 5) + b"\0\0\0\x09" + extension + b"sound" + b"\0\0\x03"
    bench.up.receive(payload_of(with_all, 0xB1), len(with_all), 96, 101, 960, bench.now, None)
    only_padding = HEADER.pack(0xA0, 96, 102, 960, 5) + bytes(9) + b"\x0a"
    bench.up.receive(payload_of(only_padding, 0xA0), len(only_padding), 96, 102, 960, bench.now, None)
    bench.feed.flush()
    assert [one[3] for one in bench.ear.of("anna", "audio")] == [b"sound", b"sound", b""]
    first, _, _, _, _, profile, words, timed = struct.unpack_from("!BBHIIHHI", bench.sent[1])
    assert (first, profile, words, timed >> 24) == (0x90, 0xBEDE, 1, 0x22)
    assert [one[20:] for one in bench.sent] == [b"sound", b"sound", b""]


async def test_a_nack_is_answered_from_the_ring() -> None:
    bench = Bench(start=65_530)
    for number in range(20):
        bench.packet(number)
    sent, numbers = list(bench.sent), bench.numbers
    bench.down.resend([numbers[3], numbers[19], (numbers[0] - 1) & 0xFFFF, (numbers[19] + 1) & 0xFFFF])
    assert bench.sent[20:] == [sent[3], sent[19]]
    assert bench.down.resent == 2
    for number in range(20, 20 + bench.up.size):
        bench.packet(number)
    count = len(bench.sent)
    bench.down.resend([numbers[3]])
    assert len(bench.sent) == count


async def test_a_pause_is_no_gap_in_the_numbers() -> None:
    bench = Bench("video")
    bench.packet(0, KEY)
    bench.packet(1, INTER)
    bench.down.pause(True)
    for number in range(2, 100):
        bench.packet(number, INTER)
    assert len(bench.sent) == 2
    bench.down.pause(False)
    bench.packet(100, INTER)
    bench.packet(101, KEY)
    bench.packet(102, INTER)
    assert len(bench.sent) == 4
    assert {(b - a) & 0xFFFF for a, b in zip(bench.numbers, bench.numbers[1:], strict=False)} == {1}
    gap = (bench.timestamps[2] - bench.timestamps[1]) & 0xFFFFFFFF
    assert gap == pytest.approx(100 * 0.02 * 90_000, abs=2)


async def test_another_up_track_continues_the_numbers() -> None:
    bench = Bench()
    bench.packet(0)
    bench.packet(1)
    bench.up.go_quiet()
    other = Bench(start=9)
    other.now = bench.now
    bench.down.attach(other.up)
    other.packet(0)
    other.packet(1)
    assert {(b - a) & 0xFFFF for a, b in zip(bench.numbers, bench.numbers[1:], strict=False)} == {1}
    assert all((b - a) & 0xFFFFFFFF < 10_000 for a, b in zip(bench.timestamps, bench.timestamps[1:], strict=False))


async def test_sender_reports_are_told_anew_and_answered_with_a_round_trip() -> None:
    bench = Bench()
    bench.up.sender_report(7 << 32, 70 << 32, 480, bench.now)
    bench.packet(0)
    (report, description) = RtcpPacket.parse(bench.reports[0])
    assert report.sender_info.ntp_timestamp == 70 << 32
    assert (report.sender_info.rtp_timestamp - bench.timestamps[0]) & 0xFFFFFFFF == 480
    assert description.chunks[0].items == [(1, b"slot0")]
    assert bench.ear.reports == [("audio", 7 << 32, 480)]
    bench.up.sender_report(8 << 32, 71 << 32, 960, 1001.0)
    block = ReportBlock(bench.down.ssrc, 0, 1, (71 << 32) >> 16 & 0xFFFFFFFF, 65536 // 2)
    assert bench.down.reported(block, 1001.75) == pytest.approx(0.25)
    assert bench.down.reported(block._replace(last_report=12345), 1001.75) is None


async def test_loss_is_what_stayed_lost_however_often_it_is_reported() -> None:
    down = Bench().down
    assert down.loss() is None
    for lost, highest in ((0, 100), (1, 102), (2, 105), (1, 110)):
        down.reported(ReportBlock(down.ssrc, lost, highest, 0, 0), 0.0)
        assert down.loss() is None
    down.reported(ReportBlock(down.ssrc, 5, 150, 0, 0), 0.0)
    assert down.loss() == pytest.approx(0.1)
    down.reported(ReportBlock(down.ssrc, 3, 250, 0, 0), 0.0)
    assert down.loss() == 0.0


async def test_a_failing_subscriber_hurts_nobody() -> None:
    bench = Bench()

    class Broken(Ear):
        def packets(self, *_: object) -> None:
            raise RuntimeError("disk full")

    bench.feed.subscribers = (Broken(), bench.ear)
    for number in range(5):
        bench.packet(number)
    assert len(bench.heard) == len(bench.sent) == 5


def feed(reception: Reception, sequences: list[int], at: float = 0.0, step: float = 0.02) -> None:
    for sequence in sequences:
        if sequence == (reception.highest + 1) & 0xFFFF and reception.highest >= 0:
            reception.highest += 1
        else:
            reception.place(sequence, 256)
        reception.received += 1
        reception.arrived(sequence * 960, at)
        at += step


def test_the_report_block_counts_loss_before_repair() -> None:
    reception = Reception(48000)
    reception.place(0, 256)
    reception.received += 1
    feed(reception, [one for one in range(1, 100) if one % 10])
    reception.sent_report(0x1234_5678_9ABC_DEF0, 5.0)
    (report,) = RtcpPacket.parse(receiver_report(1, [reception.block(7, 5.5)]))
    assert isinstance(report, RtcpRrPacket)
    (block,) = report.reports
    assert block.fraction_lost == pytest.approx(0.09 * 256, abs=1)
    assert block.packets_lost == 9
    assert block.highest_sequence == 0x10000 + 99
    assert (block.lsr, block.dlsr) == (0x5678_9ABC, 32768)
    assert reception.block(7, 6.0)
    assert reception.loss == 0.0


def test_jitter_follows_the_line() -> None:
    steady, shaky = Reception(48000), Reception(48000)
    for number in range(200):
        steady.arrived(number * 960, 10 + number * 0.02)
        shaky.arrived(number * 960, 10 + number * 0.02 + 0.005 * (number % 2))
    assert steady.jitter < 1
    assert shaky.jitter == pytest.approx(0.005 * 48000, rel=0.1)


def test_a_standing_queue_is_seen_and_drift_is_not() -> None:
    reception = Reception(48000)
    for second in range(60):
        for number in range(50):
            sent = second + number / 50
            reception.arrived(int(sent * 48000), 100 + sent * 1.0002 + (0.5 if 30 <= second < 40 else 0.0))
        reception.tick(100.0 + second, None)
        if second == 29:
            assert reception.queue_s < 0.01
        if second == 35:
            assert reception.queue_s == pytest.approx(0.5, abs=0.02)
    assert reception.queue_s < 0.05
