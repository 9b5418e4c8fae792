"""A dialogue as it would have come over the line: packets with their times, made without a line and without waiting."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, cycle, islice

import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal.dialogue import LEAD_S, TAIL_S, Cue, Line
from teleosce.rehearsal.footage import Frame, make_footage
from teleosce.rehearsal.picture import Format
from teleosce.rehearsal.tracks import PER_SECOND, encode_opus
from teleosce.rehearsal.voices import say
from teleosce.rtc.model import Kind, Packet, TrackInfo

TRACKS = (TrackInfo("audio", "opus", 48_000), TrackInfo("video", "VP8", 90_000))

SMALL = Format(4, 5, 30_000)
"""160×120 at five pictures a second: enough to see who speaks, for recordings that are there to be marked."""

WORDS_A_SECOND = 3.1
"""Of the synthetic voices: how long a line takes of which only a murmur is heard."""

_MURMUR = "Mm, well, you see, it is always a little of this and a little of that, and so on and so on, as they say."
_REPORT_S = 5.0
_NTP = 1 << 32


@dataclass(frozen=True)
class Said:
    """A dialogue: for each speaker Opus packets of 20 ms, silence included, all as long; and what is said when."""

    sound: dict[str, list[bytes]]
    cues: tuple[Cue, ...]
    seconds: float


def spoken(lines: Sequence[Line]) -> Said:
    """Every word by the synthetic voices. Blocks: about a twentieth of the time it takes to say it."""
    return _laid(lines, [encode_opus(_whole(say(line.text, line.speaker))) for line in lines])


def murmured(lines: Sequence[Line]) -> Said:
    """A voice wherever the dialogue has words, but not the words. Blocks for a second, once in a process."""
    lengths = [max(1, round(len(line.text.split()) / WORDS_A_SECOND * PER_SECOND)) for line in lines]
    return _laid(
        lines,
        [[*islice(cycle(_murmur(line.speaker)), long)] for line, long in zip(lines, lengths, strict=True)],
    )


@cache
def _murmur(speaker: str) -> tuple[bytes, ...]:
    return tuple(encode_opus(_whole(say(_MURMUR, speaker))))


@cache
def _quiet(speaker: str) -> tuple[bytes, ...]:
    return make_footage(speaker, "", marks=False, form=SMALL).quiet


def _whole(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Lengthened to whole packets."""
    step = 48_000 // PER_SECOND
    return np.pad(samples, (0, -len(samples) % step))


def _laid(lines: Sequence[Line], clips: Sequence[list[bytes]]) -> Said:
    """One line after the other, with the pauses between them."""
    lengths = [len(clip) + round(line.pause_s * PER_SECOND) for line, clip in zip(lines, clips, strict=True)]
    lead = round(LEAD_S * PER_SECOND)
    *starts, end = accumulate(lengths, initial=lead)
    count = -(-(end + round(TAIL_S * PER_SECOND)) // PER_SECOND) * PER_SECOND
    sound = {speaker: [*islice(cycle(_quiet(speaker)), count)] for speaker in ("candidate", "sp")}
    cues = []
    for line, clip, start in zip(lines, clips, starts, strict=True):
        sound[line.speaker][start : start + len(clip)] = clip
        cues.append(Cue(line.speaker, line.text, start / PER_SECOND, (start + len(clip)) / PER_SECOND))
    return Said(sound, tuple(cues), count / PER_SECOND)


@dataclass(frozen=True)
class Reel:
    """What one person sends in a dialogue. sound: Opus packets of 20 ms. pictures: shown again and again."""

    sound: Sequence[bytes]
    pictures: Sequence[Frame]
    fps: int

    @classmethod
    def of(cls, said: Said, role: str, name: str, form: Format = SMALL) -> "Reel":
        """A drawn person with that name who says their part. Blocks for a second."""
        return cls(said.sound[role], make_footage(role, name, marks=False, form=form).loops[0], form.fps)

    def packets(self, zero: float) -> Iterator[tuple[Kind, list[Packet]]]:
        """All packets, second by second, as they arrive without delay from `zero` of `time.monotonic()` on."""
        numbers = 0
        for second in range(len(self.sound) // PER_SECOND):
            heard = range(second * PER_SECOND, (second + 1) * PER_SECOND)
            yield "audio", [(n, n * 960, n == 0, self.sound[n], zero + n / PER_SECOND, None) for n in heard]
            shown: list[Packet] = []
            for index in range(second * self.fps, (second + 1) * self.fps):
                frame = self.pictures[index % len(self.pictures)]
                for place, piece in enumerate(frame):
                    last, begins = place == len(frame) - 1, b"\x00" if place else b"\x10"  # RFC 7741, 4.2
                    stamp = index * 90_000 // self.fps
                    shown.append((numbers, stamp, last, begins + piece, zero + index / self.fps, None))
                    numbers += 1
            yield "video", shown

    def reports(self, zero: float, wall_s: float) -> Iterator[tuple[Kind, int, int, float]]:
        """Sender reports: track, NTP time, timestamp, arrival. wall_s: the sender's clock at `zero`, in seconds."""
        for second in np.arange(1.0, len(self.sound) / PER_SECOND, _REPORT_S):
            for track in TRACKS:
                stamp = round(second * track.clock_rate)
                yield track.kind, round((wall_s + second) * _NTP), stamp, zero + float(second)
