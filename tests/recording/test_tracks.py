"""Order and time of packets, without files."""

from hypothesis import given, settings
from hypothesis import strategies as st

from teleosce.recording import opus, vp8
from teleosce.recording.tracks import HOLE_WAIT_S, Reorder, make_track
from teleosce.rtc.model import Packet, TrackInfo

from .media import encoded_audio, encoded_video, packetise


def packet(sequence: int, arrival: float) -> Packet:
    return sequence, sequence * 960, False, encoded_audio(loud=False)[0], arrival


@settings(deadline=None)
@given(st.permutations(range(20)), st.integers(0, 1 << 40))
def test_any_order_becomes_the_right_one(order: list[int], first: int) -> None:
    reorder = Reorder()
    for place, number in enumerate(order):
        reorder.push(packet(first + number, place / 1000))
    assert [(lost, found[0] - first) for lost, found in reorder.pop()] == [(0, number) for number in range(20)]


def test_a_hole_is_waited_for_and_then_told() -> None:
    reorder = Reorder()
    reorder.push(packet(1, 0.0))
    reorder.push(packet(4, 0.02))
    assert [found[0] for _, found in reorder.pop()] == [1]
    reorder.push(packet(2, 0.1))
    assert [found[0] for _, found in reorder.pop()] == [2]
    reorder.push(packet(5, 0.02 + HOLE_WAIT_S))
    assert [(lost, found[0]) for lost, found in reorder.pop()] == [(1, 4), (0, 5)]
    reorder.push(packet(3, 1.0))
    assert list(reorder.pop(everything=True)) == []


def test_what_waits_behind_a_hole_comes_out_at_the_end() -> None:
    reorder = Reorder()
    for sequence in (1, 3):
        reorder.push(packet(sequence, 0.0))
    assert len(list(reorder.pop())) == 1
    assert [(lost, found[0]) for lost, found in reorder.pop(everything=True)] == [(1, 3)]


def test_frames_are_put_together_and_broken_ones_dropped_until_a_key_frame() -> None:
    track = make_track(TrackInfo("video", "VP8", 90000), 0.0)
    sequence, frames = 0, [*encoded_video()[:5], *encoded_video()[:3]]
    for number, frame in enumerate(frames):
        pieces = packetise(frame)
        for index, payload in enumerate(pieces):
            # The third frame loses its last packet.
            if not (number == 2 and index == len(pieces) - 1):
                marker = index == len(pieces) - 1
                track.take([(sequence, number * 3600, marker, payload, number / 25)])
            sequence += 1
    blocks = track.drain(everything=True)
    assert [block.data for block in blocks] == [*frames[:2], *frames[5:]]
    assert [block.key for block in blocks] == [True, False, True, False, False]
    (gap,) = [note for note in track.notes if note["line"] == "gap"]
    assert (gap["kind"], gap["from"], gap["to"]) == ("loss", 40, 200)


@settings(deadline=None)
@given(st.binary(max_size=12))
def test_no_payload_is_too_strange(payload: bytes) -> None:
    opus.duration_ms(payload)
    for kind, codec, rate in (("video", "VP8", 90000), ("audio", "opus", 48000)):
        track = make_track(TrackInfo(kind, codec, rate), 0.0)
        track.take([(1, 0, True, payload, 0.0)])
        track.drain(everything=True)


def test_what_is_read_of_real_packets() -> None:
    assert opus.duration_ms(encoded_audio(loud=True)[0]) == 20
    assert opus.duration_ms(opus.SILENCE) == opus.SILENCE_MS
    key, *others = encoded_video()
    assert vp8.is_key(key)
    assert vp8.size(key) == (160, 120)
    assert not any(vp8.is_key(frame) for frame in others)
