"""Our RTCP against aiortc's, which reads and writes it independently."""

import pytest
from aiortc import rtp
from hypothesis import given
from hypothesis import strategies as st

from teleosce.rtc import rtcp

words = st.integers(0, 0xFFFFFFFF)


@given(words, words, st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=60, unique=True))
def test_nack_both_ways(ssrc: int, media: int, lost: list[int]) -> None:
    lost.sort()
    (theirs,) = rtp.RtcpPacket.parse(rtcp.nack(ssrc, media, lost))
    assert (theirs.ssrc, theirs.media_ssrc, theirs.lost) == (ssrc, media, lost)
    (ours,) = rtcp.parse(bytes(rtp.RtcpRtpfbPacket(fmt=1, ssrc=ssrc, media_ssrc=media, lost=lost)))
    assert ours == rtcp.Nack(media, lost)


def test_nack_across_the_wrap() -> None:
    (theirs,) = rtp.RtcpPacket.parse(rtcp.nack(1, 2, [0x1FFFE, 0x1FFFF, 0x20000, 0x20001]))
    assert [one & 0xFFFF for one in theirs.lost] == [0xFFFE, 0xFFFF, 0, 1]
    assert list(rtcp.parse(rtcp.nack(1, 2, [0x1FFFE, 0x20001]))) == [rtcp.Nack(2, [0xFFFE, 1])]


@given(words, st.integers(0, 2**40))
def test_remb_both_ways(ssrc: int, bps: int) -> None:
    (theirs,) = rtp.RtcpPacket.parse(rtcp.bitrate_limit(1, ssrc, bps))
    rate, ssrcs = rtp.unpack_remb_fci(theirs.fci)
    assert ssrcs == [ssrc]
    assert bps * 0.9999 - 1 <= rate <= bps
    (ours,) = rtcp.parse(rtcp.bitrate_limit(1, ssrc, bps))
    assert ours == rtcp.BitrateLimit(rate)


@given(words, st.integers(0, 2**64 - 1), words, words, words)
def test_sender_report_with_description(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> None:
    compound = rtcp.sender_report(ssrc, ntp, timestamp, packets, octets) + rtcp.source_description(ssrc, b"slot0")
    report, description = rtp.RtcpPacket.parse(compound)
    info = report.sender_info
    assert (info.ntp_timestamp, info.rtp_timestamp, info.packet_count, info.octet_count) == (
        ntp,
        timestamp,
        packets,
        octets,
    )
    assert description.chunks[0].items == [(1, b"slot0")]
    assert list(rtcp.parse(compound)) == [rtcp.SenderReport(ssrc, ntp, timestamp)]


def test_blocks_of_both_kinds_of_report() -> None:
    block = rtcp.report_block(7, 0.25, 12, 70_000, 90, 0xABCD, 65536)
    compound = rtcp.receiver_report(1, [block, block])
    (theirs,) = rtp.RtcpPacket.parse(compound)
    assert theirs.reports[1] == rtp.RtcpReceiverInfo(7, 64, 12, 70_000, 90, 0xABCD, 65536)
    assert list(rtcp.parse(compound)) == [rtcp.ReportBlock(7, 12, 70_000, 0xABCD, 65536)] * 2
    repaired = rtp.RtcpReceiverInfo(7, 0, -3, 70_000, 0, 0, 0)
    (negative,) = rtcp.parse(bytes(rtp.RtcpRrPacket(ssrc=1, reports=[repaired])))
    assert negative.lost == -3
    info = rtp.RtcpSenderInfo(1, 2, 3, 4)
    both = list(rtcp.parse(bytes(rtp.RtcpSrPacket(ssrc=9, sender_info=info, reports=theirs.reports))))
    assert [type(one) for one in both] == [rtcp.SenderReport, rtcp.ReportBlock, rtcp.ReportBlock]


def test_requests_for_key_frames() -> None:
    assert list(rtcp.parse(rtcp.picture_loss(1, 5))) == [rtcp.KeyFrameRequest(5)]
    fir = bytes(rtp.RtcpPsfbPacket(fmt=4, ssrc=1, media_ssrc=0, fci=b"\0\0\0\x05\x01\0\0\0"))
    assert list(rtcp.parse(fir)) == [rtcp.KeyFrameRequest(5)]


@given(st.binary(max_size=200))
def test_noise_is_a_value_error_or_nothing(data: bytes) -> None:
    try:
        list(rtcp.parse(data))
    except ValueError:
        return


@pytest.mark.parametrize("data", [b"\x80", b"\x80\xc8\x00\x06" + bytes(8), b"\x00\xc8\x00\x01" + bytes(4)])
def test_cut_short(data: bytes) -> None:
    with pytest.raises(ValueError, match="RTCP"):
        list(rtcp.parse(data))
