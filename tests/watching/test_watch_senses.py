"""What is heard in real Opus and seen in real VP8."""

import pytest

from teleosce.watching.models import AlarmKind
from teleosce.watching.person import KeyFrame
from teleosce.watching.senses import Senses, judge_picture
from tests.rtc.clients import packetise
from tests.watching.media import grain, key_frame, person, sounds, vp8


@pytest.fixture(scope="module")
def senses() -> Senses:
    return Senses()


@pytest.mark.parametrize("kind", ["voice", "quiet voice", "room", "very quiet room", "shouting"])
def test_a_living_microphone_is_never_digital_silence(senses: Senses, kind: str) -> None:
    packets = sounds(kind)
    for start in range(0, 96, 3):
        senses.hear(sounds("silence")[:3])  # another's, with the same decoder
        heard = senses.hear(packets[start : start + 3])
        assert heard is not None
        assert not heard.is_silence, heard


def test_a_dead_microphone_is(senses: Senses) -> None:
    for start in range(3, 96, 3):
        senses.hear(sounds("shouting")[:3])
        heard = senses.hear(sounds("silence")[start : start + 3])
        assert heard is not None
        assert heard.is_silence, (start, heard)


def test_a_voice_is_louder_than_its_room_and_shouting_is_cut_off(senses: Senses) -> None:
    def looks(kind: str) -> list[tuple[float, float]]:
        found = [senses.hear(sounds(kind)[start : start + 3]) for start in range(3, 96, 3)]
        return [(one.level_db, one.clipped) for one in found if one is not None]

    assert max(level for level, _ in looks("voice")) > -30
    assert max(level for level, _ in looks("room")) < -55
    assert max(clipped for _, clipped in looks("voice")) == 0
    assert sum(clipped > 0.005 for _, clipped in looks("shouting")) >= 6


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("person", None),
        ("person in a dim room", None),
        ("black", AlarmKind.dark),
        ("a dark room", AlarmKind.dark),
        ("a finger", AlarmKind.covered),
        ("a lamp in the lens", AlarmKind.covered),
    ],
)
def test_what_one_picture_tells(senses: Senses, kind: str, wrong: AlarmKind | None) -> None:
    blocks = senses.see(key_frame(kind))
    assert blocks is not None
    assert judge_picture(blocks) is wrong


def test_what_cannot_be_decoded_is_nothing_and_harms_nobody(senses: Senses) -> None:
    assert senses.see(b"\x00" * 40) is None
    assert senses.hear((b"", b"")) is None
    assert senses.hear((b"\xff" * 3, b"\xff" * 3)) is None
    assert senses.see(key_frame("person")) is not None
    assert senses.hear(sounds("voice")[:3]) is not None


def test_a_key_frame_is_put_together_out_of_order_and_only_when_whole() -> None:
    frames = vp8([grain(person(index), 3) for index in range(5)])
    packets = packetise(frames[0], 1)
    assert len(packets) > 3
    last = len(packets) - 1
    numbered = [(100 + number, packet, number == last) for number, packet in enumerate(packets)]
    key = KeyFrame()
    for sequence, packet, marker in [
        (99, packetise(frames[3], 0)[0], True),
        numbered[0],
        numbered[-1],
        *numbered[1:-2],
    ]:
        key.take(sequence, 1000 if sequence > 99 else 0, marker, packet)
    assert key.whole is None
    key.take(200, 4000, True, packetise(frames[4], 2)[0])
    sequence, packet, marker = numbered[-2]
    key.take(sequence, 1000, marker, packet)
    assert key.whole == frames[0]
