"""One person in an encounter: what is kept of their packets, and what it means."""

from collections import deque
from dataclasses import dataclass

from teleosce.rtc.model import Packet, PeerHealth, PeerState, TrackHealth
from teleosce.rtc.vp8 import descriptor_length, starts_key_frame
from teleosce.watching.echo import OVER, PER_SECOND, SAME
from teleosce.watching.models import AlarmKind
from teleosce.watching.senses import Blocks, Sample, Sound, judge_picture
from teleosce.watching.steady import Agreed, Lasting

SOUNDS = 150
"""Packets of sound that are kept: all since the last look, by references."""
RECENT = 10 * PER_SECOND
"""Packets of sound in which an echo is looked for, by references too."""
CALM_SOUND_S, CALM_PICTURE_S = 1.5, 3.0
"""How often one looks while all is well: at the sound of those who were heard, and at a key frame. Looks come with the
seconds, so it is every other one, and every third."""
ABSENT_S = 5.0
"""A page that is loaded afresh is back sooner."""
NO_PACKETS_MS = 3_000
SILENT_S = 6.0
"""With up to two seconds before a look hears nothing else, a dead microphone is named within nine."""
PATIENT_S = 30.0
"""The same for a microphone that was found silent and then spoke by itself: some programs that take noise away give
digital silence between words, and somebody who listens is not to be reported again and again."""
VOICE_DB = -50.0
UNHEARD_S = 45.0
CLIPPED_SHARE = 0.005
CLIPPED_OF, CLIPPED_LOOKS = 10, 3
"""Clipping is an alarm when it was heard in three of the last ten looks, and over when in none of them."""
ECHO_OVER_LOOKS = 2
"""An echo is over when it was not there in so many looks while the other spoke."""
ECHO_LAPSES_S = 60.0
"""It is over as well when the other said too little to tell for so long: perhaps it was mended."""
LOSS_BEGINS, LOSS_ENDS = 0.05, 0.02
LOSS_WEIGHT, LOSS_MOST = 0.25, 0.2
"""How much the last second counts in the loss that is judged, and how much loss one second may have: a short outage, in
which nearly all is lost, is no bad line."""
LOST_S, REGAINED_S = 3.0, 5.0
"""Of a line that loses 7 % of all this is named within nine seconds."""
HEARS_NOTHING_S = 4.0
"""A page that has just connected says so in less."""
FLOWS_S = 2.0
"""Packets must come for so long before the missing ones are forgotten."""


class KeyFrame:
    """Puts the next whole key frame together from its packets; `whole` is None until then."""

    def __init__(self) -> None:
        self.whole: bytes | None = None
        self._timestamp = -1
        self._first = 0
        self._last: int | None = None
        self._parts: dict[int, bytes] = {}

    def take(self, sequence: int, timestamp: int, marker: bool, payload: bytes) -> None:
        """One packet of the picture, in any order after the frame's first."""
        if self.whole is not None:
            return
        if timestamp != self._timestamp:
            if not starts_key_frame(payload):
                return
            self._timestamp, self._first, self._last, self._parts = timestamp, sequence, None, {}
        try:
            self._parts[sequence] = payload[descriptor_length(payload) :]
        except IndexError:
            return
        if marker:
            self._last = sequence
        if self._last is not None and len(self._parts) == self._last - self._first + 1:
            self.whole = b"".join(self._parts[number] for number in range(self._first, self._last + 1))


def busiest(sounds: list[bytes]) -> tuple[bytes, ...]:
    """The packet with most in it, where a voice is if there is one, between its neighbours: 60 ms."""
    middle = max(range(len(sounds)), key=lambda index: len(sounds[index]))
    start = max(0, min(middle - 1, len(sounds) - 3))
    return tuple(sounds[start : start + 3])


@dataclass
class Echo:
    """heard: when last, in seconds of `time.monotonic()`. misses: looks since then in which it was not there."""

    heard: float
    misses: int = 0


class Person:
    """expected: whether the encounter is not whole without them."""

    def __init__(self, participant_id: str, *, expected: bool) -> None:
        self.id = participant_id
        self.expected = expected
        self.sounds: deque[bytes] = deque(maxlen=SOUNDS)
        self.recent: deque[Packet] = deque(maxlen=RECENT)
        self.echoes: dict[Person, Echo] = {}
        """Whose voices this microphone picks up."""
        self.sound_number = 0
        """Another one when what was heard before, and what is still being found in it, counts no more."""
        self.frame: KeyFrame | None = None
        """Being put together; None while none is wanted."""
        self.alarms: dict[AlarmKind, int] = {}
        """Since when, in milliseconds of the server's clock."""
        self._microphone = self._camera = "on"
        self._heard = False
        self._sound: Sound | None = None
        self._clipped: deque[bool] = deque(maxlen=CLIPPED_OF)
        self._clipping = False
        self._picture: Agreed[AlarmKind | None] = Agreed(None)
        self._before = self._listened = self._looked = float("-inf")
        self._loss = 0.0
        self._hears: bool | None = None
        self._absent = Lasting(ABSENT_S, 0)
        self._no_sound = Lasting(0, FLOWS_S)
        self._no_picture = Lasting(0, FLOWS_S)
        self._silent = Lasting(SILENT_S, 0)
        self._unheard = Lasting(UNHEARD_S, 0)
        self._lossy = Lasting(LOST_S, REGAINED_S)
        self._hears_nothing = Lasting(HEARS_NOTHING_S, 0)

    # What comes in

    def appeared(self) -> None:
        """A new publication: other devices, perhaps, and pictures that are not compared with the last ones."""
        self._hears = None
        self._forget_sound()
        self._forget_picture()

    def told(self, microphone: str, camera: str) -> None:
        """What the person's own page says of its devices: `on`, `off` (by the person), `none`; of a camera, `frozen`.

        Only the page has the picture before an encoder has it. Afterwards, one that stands still and an empty chair are
        hardly told apart, by key frames or by what the encoder spends.
        """
        if microphone != self._microphone:
            self._forget_sound()
        if camera != self._camera and {camera, self._camera} != {"on", "frozen"}:
            self._forget_picture()
        self._microphone, self._camera = microphone, camera

    def told_of_others(self, hears: bool | None) -> None:
        """Whether the person's own page plays the sound of somebody else; None where it does not say."""
        self._hears = hears

    def sounds_now(self, peer: PeerHealth, now_ms: int) -> bool:
        """Whether sound of this person arrives, be it a quiet room's."""
        return self._microphone == "on" and not _stopped(peer.audio, peer, now_ms)

    def hear(self, packets: list[Packet]) -> None:
        """Some packets of sound."""
        self.sounds.extend(packet[3] for packet in packets)
        self.recent.extend(packets)

    def give(self, now: float) -> Sample:
        """What is to be looked at now; asks for the next key frame where one will be due."""
        sounds: tuple[bytes, ...] = ()
        calm = self._heard and self._sound is not None and not self._sound.is_silence and not any(self._clipped)
        if self.sounds and now - self._listened >= (CALM_SOUND_S if calm else 0.0):
            sounds = busiest(list(self.sounds))
            self.sounds.clear()
            self._before, self._listened = self._listened, now
        frame = self.frame.whole if self.frame is not None else None
        if frame is not None:
            self.frame, self._looked = None, now
        calm = self._picture.last is None and self._picture.value is None
        if self.frame is None and now - self._looked >= (CALM_PICTURE_S if calm else 0.0):
            self.frame = KeyFrame()
        return Sample(sounds, frame)

    def take(self, sound: Sound | None, blocks: Blocks | None, now: float) -> None:
        """What was found in what `give` gave."""
        if sound is not None:
            self._take_sound(sound, now)
        if blocks is not None:
            self._picture.update(judge_picture(blocks))

    def compared(self, voice: "Person", likeness: float | None, now: float) -> None:
        """How surely another's voice comes back in this microphone; None where they said too little to tell."""
        echo = self.echoes.get(voice)
        if likeness is not None and likeness >= (SAME if echo is None else OVER):
            self.echoes[voice] = Echo(now)
        elif echo is not None:
            echo.misses += likeness is not None
            if echo.misses == ECHO_OVER_LOOKS or now - echo.heard >= ECHO_LAPSES_S:
                del self.echoes[voice]

    def _take_sound(self, sound: Sound, now: float) -> None:
        if sound.is_silence and now - self._before <= 2 * CALM_SOUND_S:
            # The busiest moment since the look before was silent, so all of it was.
            self._silent.update(True, self._before)
        was_silent = self._silent.on
        if not self._silent.update(sound.is_silence, now) and was_silent:
            self._silent.begins_s = PATIENT_S
        self._sound = sound
        self._heard = self._heard or sound.level_db > VOICE_DB
        self._clipped.append(sound.clipped > CLIPPED_SHARE)
        self._clipping = any(self._clipped) if self._clipping else sum(self._clipped) >= CLIPPED_LOOKS

    def _forget_sound(self) -> None:
        self.sounds.clear()
        self.recent.clear()
        self.echoes.clear()
        self.sound_number += 1
        self._sound = None
        self._before = self._listened = float("-inf")
        self._silent.reset()
        self._unheard.reset()
        self._clipped.clear()
        self._clipping = False

    def _forget_picture(self) -> None:
        self.frame = KeyFrame()
        self._picture = Agreed(None)

    # What it means

    def judge(self, peer: PeerHealth | None, now: float, now_ms: int, *, others_sound: bool) -> set[AlarmKind]:
        """What is wrong, by the packets looked at and by how the connection does.

        others_sound: whether sound of somebody else arrives, so that this person should hear it.
        """
        here = peer is not None and peer.state is PeerState.connected
        if self._absent.update(self.expected and not here, now):
            return {AlarmKind.absent}
        if peer is None or not here:
            return set()
        dead = [_stopped(track, peer, now_ms) for track in (peer.audio, peer.video)]
        no_sound = self._no_sound.update(dead[0] and self._microphone != "off", now)
        no_picture = self._no_picture.update(dead[1] and self._camera != "off", now)
        found = {AlarmKind.no_packets} if no_sound and no_picture else self._heard_and_seen(no_sound, no_picture, now)
        if self._hears_nothing.update(others_sound and self._hears is False, now):
            found.add(AlarmKind.hears_nothing)
        self._loss += LOSS_WEIGHT * (min(peer.loss, LOSS_MOST) - self._loss)
        if self._lossy.update(self._loss > (LOSS_ENDS if self._lossy.on else LOSS_BEGINS), now):
            found.add(AlarmKind.loss)
        return found

    def _heard_and_seen(self, no_sound: bool, no_picture: bool, now: float) -> set[AlarmKind]:
        """At most one alarm of the sound and one of the picture: the first hides the others."""
        found = set()
        speaks = self._microphone != "off" and not no_sound
        unheard = self._unheard.update(speaks and not self._heard, now)
        if no_sound:
            found.add(AlarmKind.no_sound)
        elif speaks and self._silent.on:
            found.add(AlarmKind.silent)
        elif unheard:
            found.add(AlarmKind.unheard)
        elif speaks and self.echoes:
            found.add(AlarmKind.echo)
        elif speaks and self._clipping:
            found.add(AlarmKind.clipping)
        if no_picture:
            found.add(AlarmKind.no_picture)
        elif self._camera != "off" and self._picture.value is not None:
            found.add(self._picture.value)
        elif self._camera == "frozen":
            found.add(AlarmKind.frozen)
        return found


def _stopped(track: TrackHealth | None, peer: PeerHealth, now_ms: int) -> bool:
    last_ms = track.last_packet_ms if track is not None else None
    return now_ms - (last_ms or peer.connected_ms or now_ms) > NO_PACKETS_MS
