"""Order and time of packets, without files."""

from hypothesis import given, settings
from hypothesis import strategies as st

from teleosce.recording import opus, vp8
from teleosce.recording.tracks import HOLE_WAIT_S, Reorder, make_track
from teleosce.rtc.model import Packet, TrackInfo

from .media import encoded_audio, encoded_video, packetise


def packet(sequence: int, arrival: float) -> Packet:
    return sequence, sequence * 960, False, encoded_audio(loud=False)[0], arrival, None


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
                track.take([(sequence, number * 3600, marker, payload, number / 25, None)])
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
        track.take([(1, 0, True, payload, 0.0, None)])
        track.drain(everything=True)


def test_every_level_is_noted_wherever_its_packet_begins() -> None:
    track = make_track(TrackInfo("audio", "opus", 48000), 0.1)
    payload = encoded_audio(loud=False)[0]
    track.take([(n, 960 * n, False, payload, 0.4337 + n / 50, n % 128) for n in range(130)])
    track.drain(everything=True)
    noted = [bytes.fromhex(note["db"]) for note in track.notes if note["line"] == "levels"]
    assert [len(one) for one in noted] == [50, 50, 30]
    assert b"".join(noted) == bytes(n % 128 for n in range(130))


def test_what_is_read_of_real_packets() -> None:
    assert opus.duration_ms(encoded_audio(loud=True)[0]) == 20
    assert opus.duration_ms(opus.SILENCE) == opus.SILENCE_MS
    key, *others = encoded_video()
    assert vp8.is_key(key)
    assert vp8.size(key) == (160, 120)
    assert not any(vp8.is_key(frame) for frame in others)


def told(
    level: int | None, sequence: int, at_ms: float, payload: bytes | None = None, ticks: int | None = None
) -> Packet:
    """A packet that arrives as it is sent. ticks: its timestamp, where that is not its time."""
    payload = encoded_audio(loud=False)[0] if payload is None else payload
    return sequence, round(at_ms * 48) if ticks is None else ticks, False, payload, at_ms / 1000, level


def levels(*packets: Packet) -> list[tuple[float, list[int]]]:
    """The runs that are noted: from when, and which levels."""
    track = make_track(TrackInfo("audio", "opus", 48000), 0.0)
    for one in packets:
        track.take([one])
        track.drain()
    track.drain(everything=True)
    return [(note["at"], list(bytes.fromhex(note["db"]))) for note in track.notes if note["line"] == "levels"]


def test_levels_of_packets_that_follow_each_other_are_one_run_of_a_second() -> None:
    packets = [told(number, number, 20 * number) for number in range(120)]
    assert levels(*packets) == [
        (0, [*range(50)]),
        (1000, [*range(50, 100)]),
        (2000, [*range(100, 120)]),
    ]
    assert levels(*(told(None, number, 20 * number) for number in range(120))) == []


def test_a_packet_without_a_level_ends_a_run() -> None:
    packets = [told(None if number in (3, 4) else number, number, 20 * number) for number in range(7)]
    assert levels(*packets) == [(0, [0, 1, 2]), (100, [5, 6])]


def test_a_lost_packet_ends_a_run_and_a_late_one_takes_its_place() -> None:
    packets = [told(number, number, 20 * number) for number in range(60)]
    lost = [one for one in packets if one[0] not in (3, 4)]
    assert levels(*lost) == [(0, [0, 1, 2]), (100, [*range(5, 55)]), (1100, [*range(55, 60)])]
    late = [*packets[:3], *packets[5:9], packets[4], packets[3], *packets[9:]]
    assert levels(*late) == levels(*packets)
    too_late = [*lost, packets[3]]
    assert levels(*too_late) == levels(*lost)


def test_levels_after_a_jump_of_the_clock_stand_where_the_sound_does() -> None:
    before = [told(number, number, 20 * number) for number in range(5)]
    after = [told(number, number, 20 * number, ticks=3_000_000_000 + 960 * number) for number in range(5, 8)]
    assert levels(*before, *after) == [(0, [*range(8)])]
    pause = [told(number, number, 20 * number + 3000, ticks=3_000_000_000 + 960 * number) for number in range(5, 8)]
    assert levels(*before, *pause) == [(0, [0, 1, 2, 3, 4]), (3100, [5, 6, 7])]


def test_the_level_of_a_packet_that_is_not_of_20_ms_is_left_out() -> None:
    """A run's levels are 20 ms apart; others have to be heard."""
    of_60_ms = bytes((11 << 3 | 0, *encoded_audio(loud=False)[0][1:]))
    assert opus.duration_ms(of_60_ms) == 60
    packets = [told(0, 0, 0), told(1, 1, 20), told(2, 2, 40, of_60_ms), told(3, 3, 100), told(4, 4, 120)]
    assert levels(*packets) == [(0, [0, 1]), (100, [3, 4])]
    assert levels(told(0, 0, 0, of_60_ms), told(1, 1, 60)) == [(60, [1])]


def test_padding_is_no_packet_of_sound() -> None:
    assert levels(told(0, 0, 0), told(90, 1, 0, b""), told(2, 2, 20)) == [(0, [0, 2])]
