"""Another's voice that comes back out of a person's own loudspeaker: told from everything else that sounds alike."""

from collections.abc import Sequence

import numpy as np
import pytest

from teleosce.rehearsal.voices import RATE, echoed
from teleosce.rtc.model import Packet
from teleosce.watching.echo import OVER, SAME, SURE, Ears, Heard
from teleosce.watching.person import Person
from tests.watching.media import microphone, opus, sounds, spoken

PAIR = ("ann", "ben")


def heard(payloads: Sequence[bytes], seconds: float = 10.0, late: float = 0.0) -> Heard:
    """The packets up to a moment; every third arrives later, and the timestamps begin anew on the way."""
    packets: list[Packet] = [
        (n, (n * 960 + 2**32 - 96_000) % 2**32, False, payload, late + n / 50 + 0.01 * (n % 3 == 0), None)
        for n, payload in enumerate(payloads[: round(seconds * 50)])
    ]
    return Heard(packets, seconds)


def likeness(own: Heard, voice: Heard) -> float | None:
    """As of a pair that was found before, so that it is looked at whatever its packets' lengths say."""
    return Ears[str]().compare(dict(zip(PAIR, (own, voice), strict=True)), [], [PAIR])[PAIR]


def suspected(own: Heard, voice: Heard) -> dict[tuple[str, str], float | None]:
    return Ears[str]().compare(dict(zip(PAIR, (own, voice), strict=True)), [PAIR, PAIR[::-1]], [])


@pytest.mark.parametrize(("level_db", "delay_ms"), [(-10, 80), (-15, 400), (-25, 200), (-20, 800)])
def test_an_echo_is_found(level_db: float, delay_ms: int) -> None:
    own, voice = heard(microphone(None, "sp", level_db, delay_ms)), heard(microphone("sp"), late=0.05)
    ((pair, found),) = suspected(own, voice).items()
    assert pair == PAIR
    assert found is not None
    assert found > SAME
    # The one who is heard twice hears no echo of the other.
    assert likeness(voice, own) == 0.0


def test_several_that_begin_at_once_are_found_in_three_looks() -> None:
    voices = {f"sp{n}": heard(microphone("sp"), late=0.05) for n in range(6)}
    own = {f"candidate{n}": heard(microphone(None, "sp", -15, 100 * n + 100)) for n in range(6)}
    pairs = [*zip(own, voices, strict=True)]
    ears: Ears[str] = Ears()
    standing: list[tuple[str, str]] = []
    for many in (1, 5, 6):
        found = ears.compare(own | voices, pairs, standing)
        assert min(one or 0.0 for one in found.values()) > SAME
        standing += [pair for pair in found if pair not in standing]
        assert len(standing) == many


def test_after_an_echo_was_found_those_whom_nothing_makes_suspect_are_compared_as_well() -> None:
    """Packets of one length tell nothing by it, and when an exam begins, many loudspeakers are heard at once."""
    quiet = np.random.default_rng(3).normal(0, 10 ** (-70 / 20), 12 * RATE)
    even = {
        "cy": heard(opus(echoed(spoken("sp"), -15, 200) / 32768 + quiet, vbr=False)),
        "dee": heard(opus(spoken("sp") / 32768 + quiet, vbr=False), late=0.05),
    }
    pairs = [PAIR, PAIR[::-1], ("cy", "dee"), ("dee", "cy")]
    sounds_of = even | {"ann": heard(microphone(None, "sp")), "ben": heard(microphone("sp"), late=0.05)}
    ears: Ears[str] = Ears()
    assert [*ears.compare(sounds_of, pairs, [])] == [PAIR]
    found = ears.compare(sounds_of, pairs, [PAIR])
    assert (found["cy", "dee"] or 0.0) > SURE
    assert ("dee", "cy") not in found


def test_two_who_talk_at_once_are_not_alike() -> None:
    both = heard(microphone("candidate")), heard(microphone("sp"))
    for own, voice in (both, both[::-1]):
        found = likeness(own, voice)
        assert found is not None
        assert found < SAME - 0.1


@pytest.mark.parametrize("own", ["room", "very quiet room", "silence"])
def test_whoever_only_listens_has_no_echo(own: str) -> None:
    voice = heard(microphone("sp"))
    found = likeness(heard(sounds(own) * 5), voice)
    assert found is not None
    assert found < OVER


def test_of_quiet_rooms_and_of_nobody_nothing_is_told() -> None:
    room, voice = heard(sounds("room") * 5), heard(microphone("sp"))
    assert likeness(room, heard(sounds("very quiet room") * 5)) is None
    # The lengths of their packets may be alike by chance: then they are decoded, and have no voice.
    assert {*suspected(room, heard(sounds("very quiet room") * 5)).values()} <= {None}
    assert suspected(voice, heard([])) == {}
    assert (likeness(heard([]), voice) or 0.0) < OVER


def test_the_same_sound_in_two_places_is_no_echo() -> None:
    """Two tabs of one computer, or two who sit in one room."""
    voice = heard(microphone("sp"))
    assert likeness(heard(microphone("sp"), late=0.02), voice) == 0.0
    assert likeness(heard(microphone("sp"), late=0.3), voice) == 0.0


def test_a_voice_within_earshot_behind_a_slower_line_is_taken_for_an_echo() -> None:
    """What arrives is the same. So whoever looks after them is told what the microphone picks up, not from where."""
    voice, near = microphone("sp"), microphone(None, "sp", -10, 10)
    assert (likeness(heard(near, late=0.15), heard(voice)) or 0.0) > SAME
    assert likeness(heard(near, late=0.02), heard(voice)) == 0.0


def test_a_voice_that_has_hardly_begun_and_packets_that_make_no_sense() -> None:
    voice = heard(microphone("sp"))
    late = Heard([(*packet[:4], packet[4] + 9.0, None) for packet in voice.packets], 10.0)
    assert likeness(heard(microphone(None, "sp")), late) is None
    assert (likeness(heard([b"\xff" * 3, b""] * 250), voice) or 0.0) < OVER


def test_an_echo_is_over_when_it_is_heard_no_more_while_the_other_speaks() -> None:
    ann, ben, cy = (Person(name, expected=True) for name in ("ann", "ben", "cy"))
    ann.compared(ben, SAME - 0.01, 0)
    assert not ann.echoes
    ann.compared(ben, SAME, 0)
    for likeness in (0.0, None, SAME - 0.01, 0.0, None):
        ann.compared(ben, likeness, 2)
        assert ben in ann.echoes
    ann.compared(cy, 0.9, 4)
    ann.compared(ben, 0.0, 4)
    assert [*ann.echoes] == [cy]
    ann.told("off", "on")
    assert not ann.echoes


def test_an_echo_lapses_when_the_other_says_too_little_to_tell_for_a_minute() -> None:
    ann, ben = (Person(name, expected=True) for name in ("ann", "ben"))
    ann.compared(ben, SAME, 0)
    ann.compared(ben, OVER, 50)
    for now in range(52, 110, 2):
        ann.compared(ben, None, now)
        assert ben in ann.echoes
    ann.compared(ben, None, 110)
    assert not ann.echoes
