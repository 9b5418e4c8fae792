"""From the blocks of a raw file to those of the file that people play: on one clock, and without holes in the sound."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from teleosce.recording import opus
from teleosce.recording.models import PictureFacts, SoundFacts
from teleosce.recording.playable import SILENCE, Entry
from teleosce.recording.raw import Blocks, Raw
from teleosce.recording.timeline import Placement, Timeline

SLIP_QUIET_MS = 12.0
"""Sound that is so far from its place is moved at the next quiet packet …"""

SLIP_ANY_MS = 30.0
"""… and sound that is so far, at once. Half of what an eye notices in lip-sync (ITU-R BT.1359: 45 ms)."""

SOUND = 0x81
"""The number of the track of sound: it is the first of those that there are."""

_LAST_FRAME_MS = 40
_KEY = 0x80


class Sound:
    """Puts packets one after another, as a reader that looks at no timestamps hears them (Whisper's, some players').

    Holes are filled with silence, and the sender's drift is followed by leaving out or putting in 20 ms, where
    possible when nobody speaks: quiet packets are short. number: of the track.
    """

    def __init__(self, number: int) -> None:
        self.packets = self.slips = 0
        self.filled_ms = 0.0
        self.end_ms = 0.0
        self.silences: list[tuple[float, float]] = []
        self.entries: list[Entry] = []
        self._number = number

    def take(self, blocks: Blocks, at_ms: Sequence[float]) -> None:
        """All packets, and where each belongs in the take."""
        quiet = sorted(blocks.sizes)[len(blocks) // 4]
        number, put = self._number, self.entries.append
        end_ms = self.end_ms
        for place, size, offset, length_ms in zip(at_ms, blocks.sizes, blocks.offsets, blocks.lengths_ms, strict=True):
            away = place - end_ms
            if not self.packets or not -SLIP_QUIET_MS <= away <= SLIP_QUIET_MS:
                self.end_ms = end_ms
                if not self._is_in_place(away, is_quiet=size <= quiet):
                    continue
                end_ms = self.end_ms
            put((round(end_ms), number, _KEY, offset, size))
            self.packets += 1
            end_ms += length_ms
        self.end_ms = end_ms

    def _is_in_place(self, away: float, *, is_quiet: bool) -> bool:
        """Whether the packet is put here, after silence where it is too early for it."""
        if not self.packets or away >= 2 * SLIP_ANY_MS:
            self.fill(round(away / opus.SILENCE_MS))
        elif away > SLIP_ANY_MS or (away > SLIP_QUIET_MS and is_quiet):
            self.slips += 1
            self.fill(1)
        elif away < -SLIP_ANY_MS or (away < -SLIP_QUIET_MS and is_quiet):
            self.slips += 1
            return False
        return True

    def fill(self, packets: int) -> None:
        """Puts in silence."""
        if packets > 0:
            from_ms = self.end_ms
            if self.silences and self.silences[-1][1] == from_ms:
                from_ms, _ = self.silences.pop()
            self.silences.append((from_ms, self.end_ms + packets * opus.SILENCE_MS))
        for _ in range(packets):
            self.entries.append((round(self.end_ms), self._number, _KEY, SILENCE, len(opus.SILENCE)))
            self.end_ms += opus.SILENCE_MS
            self.filled_ms += opus.SILENCE_MS


class Picture:
    """Puts frames at their places, each a millisecond after the one before at least. number: of the track."""

    def __init__(self, number: int) -> None:
        self.entries: list[Entry] = []
        self.keys_ms: list[int] = []
        self._number = number

    def take(self, blocks: Blocks, at_ms: Iterable[float]) -> None:
        """All frames, and where each belongs in the take."""
        number, put, last_ms = self._number, self.entries.append, -1
        for place, size, offset, key in zip(at_ms, blocks.sizes, blocks.offsets, blocks.keys, strict=True):
            exact_ms = round(place)
            last_ms = exact_ms if exact_ms > last_ms else last_ms + 1
            if key:
                self.keys_ms.append(last_ms)
            put((last_ms, number, _KEY if key else 0, offset, size))

    @property
    def last_ms(self) -> int:
        """The time of the last frame."""
        return self.entries[-1][0]

    @property
    def farthest_key_ms(self) -> int:
        """The longest way from one key frame to the next, or to the end."""
        ends = [*self.keys_ms[1:], self.last_ms]
        return max((end - begin for begin, end in zip(self.keys_ms, ends, strict=False)), default=0)


@dataclass(frozen=True)
class Arranged:
    """What is to be written. starts_ms is on the server's clock; all else counts from there, keys_ms of key frames too.

    silences: from and to of each stretch of the take in which there was no sound, and silence is put.
    """

    starts_ms: int
    duration_ms: int
    entries: list[Entry]
    audio: SoundFacts | None
    video: PictureFacts | None
    silences: list[tuple[float, float]] = field(default_factory=list)
    keys_ms: list[int] = field(default_factory=list)

    def steps(self, values: dict[int, float], silent: float) -> list[float]:
        """One for each packet of sound of the file. values: by the offset that a packet has in the raw file."""
        return [values.get(offset, silent) for _, number, _, offset, _ in self.entries if number == SOUND]


def arrange(raw: Raw, when: Timeline, sizes: list[tuple[float, int, int]]) -> Arranged:
    """Places all that there is. sizes: raw time, width and height of each change of the picture."""
    starts_ms = int(min(when.tracks[kind](blocks.at_ms[0]) for kind, blocks in raw.tracks.items()))
    sound, picture = None, None
    for number, (kind, blocks) in enumerate(raw.tracks.items(), SOUND):
        at_ms = (when.tracks[kind].of_all(blocks.at_ms) - starts_ms).tolist()
        if kind == "audio":
            sound = Sound(number)
            sound.take(blocks, at_ms)
        else:
            picture = Picture(number)
            picture.take(blocks, at_ms)
    if sound and picture:
        sound.fill(round((picture.last_ms + _LAST_FRAME_MS - sound.end_ms) / opus.SILENCE_MS))
    return _told(sound, picture, starts_ms, _place_sizes(sizes, when.tracks.get("video"), starts_ms))


def _place_sizes(
    sizes: list[tuple[float, int, int]], place: Placement | None, starts_ms: int
) -> list[tuple[int, int, int]]:
    if place is None:
        return []
    return [(max(0, round(place(at_ms) - starts_ms)), width, height) for at_ms, width, height in sizes]


def _told(sound: Sound | None, picture: Picture | None, starts_ms: int, sizes: list[tuple[int, int, int]]) -> Arranged:
    end_ms, audio, video = 0.0, None, None
    if sound:
        end_ms = sound.end_ms
        audio = SoundFacts(packets=sound.packets, filled_ms=round(sound.filled_ms), slips=sound.slips)
    if picture:
        end_ms = max(end_ms, picture.last_ms + _LAST_FRAME_MS)
        video = PictureFacts(
            frames=len(picture.entries),
            key_frames=len(picture.keys_ms),
            farthest_key_ms=picture.farthest_key_ms,
            sizes=sizes,
        )
    return Arranged(
        starts_ms,
        round(end_ms),
        sorted([*(sound.entries if sound else ()), *(picture.entries if picture else ())], key=_at),
        audio,
        video,
        sound.silences if sound else [(0.0, end_ms)],
        picture.keys_ms if picture else [],
    )


def _at(entry: Entry) -> int:
    return entry[0]
