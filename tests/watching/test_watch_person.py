"""When what is heard and seen becomes an alarm, and when it is over: on a clock of the test's own."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from teleosce.rtc import PeerHealth, PeerState, TrackHealth
from teleosce.watching.models import AlarmKind
from teleosce.watching.person import Person
from teleosce.watching.senses import Blocks, Senses, Sound
from tests.watching.media import key_frame, sounds

VOICE, ROOM, SILENCE = Sound(-22, 0), Sound(-70, 0), Sound(-112, 0)
SHOUT = Sound(-4, 0.03)


class Story:
    """One person's seconds, one after the other."""

    def __init__(self) -> None:
        self.person = Person("ada", expected=True)
        self.person.appeared()
        self.now = 1000.0
        self.others_sound = True
        self.peer: PeerHealth | None = PeerHealth(
            participant="ada",
            name="Ada",
            state=PeerState.connected,
            connected_ms=self.ms,
            last_packet_ms=self.ms,
            audio=TrackHealth(last_packet_ms=self.ms),
            video=TrackHealth(last_packet_ms=self.ms),
            round_trip_ms=20.0,
            loss=0.0,
            sent_packets_per_second=0.0,
            sent_bits_per_second=0.0,
            resent=0,
            video_paused=False,
        )

    @property
    def ms(self) -> int:
        return round(self.now * 1000)

    def second(
        self, sound: Sound | None = VOICE, blocks: Blocks | None = None, *, audio: bool = True, video: bool = True
    ) -> set[str]:
        self.now += 1
        assert self.peer is not None
        fresh = TrackHealth(last_packet_ms=self.ms)
        self.peer = replace(
            self.peer, audio=fresh if audio else self.peer.audio, video=fresh if video else self.peer.video
        )
        self.person.take(sound, blocks, self.now)
        return self.judged()

    def hears(self, senses: Senses, packets: Sequence[bytes]) -> set[str]:
        """A second of real packets, and a look at its end."""
        self.person.sounds.extend(packets)
        return self.second(senses.hear(self.person.give(self.now + 1).sounds))

    def judged(self) -> set[str]:
        found = self.person.judge(self.peer, self.now, self.ms, others_sound=self.others_sound)
        return {kind.value for kind in found}

    def seconds(self, count: int, sound: Sound | None = VOICE, **more: bool) -> set[str]:
        found: set[str] = set()
        for _ in range(count):
            found |= self.second(sound, **more)
        return found


@pytest.fixture
def story() -> Story:
    return Story()


def test_silence_is_told_after_some_seconds_and_over_with_the_first_sound(story: Story) -> None:
    story.seconds(20)
    assert story.seconds(6, SILENCE) == set()
    assert story.second(SILENCE) == {"silent"}
    assert story.seconds(60, SILENCE) == {"silent"}
    assert story.second(ROOM) == set()


@pytest.mark.parametrize("phase", [0, 7, 25, 49, 60, 88, 110, 149])
def test_a_dead_microphone_is_named_within_ten_seconds_and_a_word_now_and_then_is_none(
    story: Story, phase: int
) -> None:
    """Real packets, a look each second. phase: after how many of them, of 20 ms each, the microphone dies."""
    senses = Senses()
    voice, silence = sounds("voice"), sounds("silence")
    stream = [voice[index % 100] for index in range(500 + phase)] + [silence[index % 100] for index in range(700)]
    for number in range(len(stream) // 50):
        if "silent" in story.hears(senses, stream[number * 50 : number * 50 + 50]):
            break
    late = (number + 1) - (500 + phase) / 50
    assert 5 < late <= 9

    # A program that takes noise away: digital silence, but for a short word every four seconds.
    story.person.told("none", "on")
    story.person.told("on", "on")
    for _ in range(10):
        for packets in ((*voice[:5], *silence[:45]), silence[:50], silence[:50], silence[:50]):
            assert story.hears(senses, packets) == set()


def test_a_microphone_that_comes_back_by_itself_is_given_more_time(story: Story) -> None:
    story.second()
    assert story.seconds(10, SILENCE) == {"silent"}
    assert story.seconds(3, VOICE) == set()
    assert story.seconds(25, SILENCE) == set()
    assert story.seconds(10, SILENCE) == {"silent"}
    # Another microphone is another story.
    story.person.told("none", "on")
    story.person.told("on", "on")
    assert story.second(VOICE) == set()


def test_whoever_listens_is_not_silent_and_whoever_is_muted_raises_nothing(story: Story) -> None:
    story.second(VOICE)
    assert story.seconds(300, ROOM) == set()
    story.person.told("off", "on")
    assert story.seconds(300, SILENCE) == set()
    assert story.seconds(10, None, audio=False) == set()
    story.person.told("on", "on")
    assert "silent" in story.seconds(9, SILENCE)


def test_nobody_has_heard_them_yet(story: Story) -> None:
    assert story.seconds(45, ROOM) == set()
    assert story.seconds(2, ROOM) == {"unheard"}
    assert story.second(VOICE) == set()
    assert story.seconds(600, ROOM) == set()


def test_shouting_is_an_alarm_when_it_goes_on(story: Story) -> None:
    story.second(VOICE)
    assert story.seconds(2, SHOUT) == set()
    assert story.second(SHOUT) == {"clipping"}
    assert story.seconds(7, VOICE) == {"clipping"}
    assert story.seconds(3, VOICE) != set()
    assert story.seconds(3, VOICE) == set()


def test_packets_that_stop(story: Story) -> None:
    story.second()
    assert story.seconds(3, None, audio=False) == set()
    assert story.second(None, audio=False) == {"no-sound"}
    assert story.seconds(3, None, audio=False, video=False) <= {"no-sound"}
    assert story.second(None, audio=False, video=False) == {"no-packets"}
    assert story.seconds(3) != set()
    assert story.second() == set()
    story.person.told("on", "off")
    assert story.seconds(10, video=False) == set()


def test_an_empty_seat(story: Story) -> None:
    story.second()
    story.peer, here = None, story.peer
    for _ in range(5):
        story.now += 1
        assert story.judged() == set()
    story.now += 1
    assert story.judged() == {"absent"}
    story.peer = here
    assert story.second() == set()


def test_loss_that_lasts(story: Story) -> None:
    assert story.peer is not None
    story.peer = replace(story.peer, loss=0.5)
    assert story.second() == set()
    story.peer = replace(story.peer, loss=0.0)
    assert story.seconds(20) == set()
    story.peer = replace(story.peer, loss=0.1)
    assert story.seconds(12) == {"loss"}
    story.peer = replace(story.peer, loss=0.04)
    assert story.seconds(20) == {"loss"}
    story.peer = replace(story.peer, loss=0.0)
    story.seconds(10)
    assert story.seconds(20) == set()


def test_a_line_that_loses_more_than_a_little_is_named_in_nine_seconds_and_a_short_outage_never(story: Story) -> None:
    assert story.peer is not None
    story.seconds(20)
    for _ in range(3):
        story.peer = replace(story.peer, loss=1.0)
        assert story.second() == set()
        story.peer = replace(story.peer, loss=0.0)
        assert story.seconds(6) == set()
    story.peer = replace(story.peer, loss=0.07)
    assert story.seconds(9) == {"loss"}


def test_who_shouts_is_looked_at_again_at_once(story: Story) -> None:
    """A look each second, once one was cut off; before, every other one."""
    senses = Senses()
    voice, shout = sounds("voice"), sounds("shouting")
    for _ in range(4):
        assert story.hears(senses, voice[:50]) == set()
    found = [story.hears(senses, shout[:50]) for _ in range(6)]
    assert found[-1] == {"clipping"}


def test_whoever_does_not_hear_the_others_while_there_is_something_to_hear(story: Story) -> None:
    story.person.told_of_others(True)
    assert story.seconds(10) == set()
    story.person.told_of_others(False)
    assert story.seconds(4) == set()
    assert story.second() == {"hears-nothing"}
    story.person.told_of_others(True)
    assert story.second() == set()
    story.person.told_of_others(False)
    story.others_sound = False
    assert story.seconds(20) == set()
    # A page that does not say, as before, and one that has just come.
    story.others_sound = True
    story.person.told_of_others(None)
    assert story.seconds(20) == set()
    story.person.told_of_others(False)
    story.person.appeared()
    assert story.seconds(20) == set()


def test_two_pictures_agree_before_anything_is_said(story: Story) -> None:
    senses = Senses()
    good, black = senses.see(key_frame("person")), senses.see(key_frame("black"))
    assert good is not None
    assert black is not None
    assert story.second(blocks=black) == set()
    assert story.second(blocks=good) == set()
    assert story.second(blocks=black) == set()
    assert story.second(blocks=black) == {"dark"}
    assert story.second(blocks=good) == {"dark"}
    assert story.second(blocks=good) == set()
    story.person.told("on", "off")
    assert story.second() == set()


def test_a_picture_is_frozen_when_its_page_says_so(story: Story) -> None:
    senses = Senses()
    good, black = senses.see(key_frame("person")), senses.see(key_frame("black"))
    for _ in range(30):
        assert story.second(blocks=good) == set()
    story.person.told("on", "frozen")
    assert story.second(blocks=good) == {"frozen"}
    assert story.second(blocks=black) == {"frozen"}
    assert story.second(blocks=black) == {"dark"}
    story.person.told("on", "on")
    assert story.second(blocks=black) == {"dark"}


def test_the_first_alarm_hides_what_follows_from_it() -> None:
    assert [kind.value for kind in AlarmKind][:4] == ["absent", "no-packets", "no-sound", "no-picture"]
