"""What was said in one encounter, before it is words: all tracks on one timeline, and what to hear of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teleosce.transcripts.audio import RATE, Samples
from teleosce.transcripts.gate import Gate
from teleosce.transcripts.hear import PAD_MS, PAUSE_MS, Ears, Span, Window, batches, voice, windows
from teleosce.transcripts.models import HeardWord, Stretch


@dataclass(frozen=True)
class Track:
    """The sound of one take. starts_ms: from the start of the encounter's recording."""

    id: str
    participant_id: str
    starts_ms: int
    samples: Samples

    def at_ms(self, sample: int) -> int:
        """Where a sample lies on the encounter's timeline."""
        return self.starts_ms + sample * 1000 // RATE

    def sample(self, at_ms: int) -> int:
        """Which sample lies there."""
        return (at_ms - self.starts_ms) * RATE // 1000


@dataclass(frozen=True)
class Part:
    """What Whisper hears in one go: windows of a track, numbered within it."""

    track: str
    number: int
    batch: list[Window]


class Sound:
    """The tracks of one encounter; `unread` says why some are missing. Blocks for seconds in every method."""

    def __init__(self, tracks: Iterable[Track], unread: Sequence[str] = ()) -> None:
        self.unread = tuple(unread)
        self.tracks = {track.id: track for track in tracks}
        self._gate = Gate((track.participant_id, track.starts_ms, track.samples) for track in self.tracks.values())
        self._found: dict[str, list[Span]] = {}

    def parts(self) -> list[Part]:
        """What is to be heard: the voice in each track that is not only somebody else's bleed."""
        return [
            Part(track.id, number, batch)
            for track in self.tracks.values()
            for number, batch in enumerate(batches(windows(self._own_voice(track))))
        ]

    def hear(self, part: Part, ears: Ears, hints: Sequence[str]) -> list[HeardWord]:
        """The words of a part that the participant said, with times from the start of the recording."""
        track = self.tracks[part.track]
        heard = (
            HeardWord(word.text, track.starts_ms + word.starts_ms, track.starts_ms + word.ends_ms, word.confidence)
            for word in ears.hear(track.samples, part.batch, hints)
        )
        return [word for word in heard if not self._gate.is_bleed(track.participant_id, word.starts_ms, word.ends_ms)]

    def voices(self) -> dict[str, list[Stretch]]:
        """When each participant speaks, in ms of the encounter's timeline: in order, apart, without others' bleed.

        Pauses shorter than PAUSE_MS belong to the voice. What is heard in the space around a voice is not counted: an
        answer that comes after 300 ms would else come at once.
        """
        found: dict[str, list[Stretch]] = {track.participant_id: [] for track in self.tracks.values()}
        for track in self.tracks.values():
            bare = ((track.at_ms(start) + PAD_MS, track.at_ms(end) - PAD_MS) for start, end in self._voice(track))
            for from_ms, to_ms in joined(bare, PAUSE_MS):
                found[track.participant_id] += self._gate.own_voice(track.participant_id, from_ms, to_ms)
        return {participant: joined(spans, 1) for participant, spans in found.items()}

    def _voice(self, track: Track) -> list[Span]:
        """Where there is voice in a track, near or far: looked for once."""
        if track.id not in self._found:
            self._found[track.id] = voice(track.samples)
        return self._found[track.id]

    def _own_voice(self, track: Track) -> list[Span]:
        return [
            (max(start, track.sample(from_ms)), min(end, track.sample(to_ms)))
            for start, end in self._voice(track)
            for from_ms, to_ms in self._gate.own_voice(track.participant_id, track.at_ms(start), track.at_ms(end))
        ]


def joined(stretches: Iterable[Stretch], pause_ms: int) -> list[Stretch]:
    """Stretches in order, those less than `pause_ms` apart as one; what has no length is left out."""
    found: list[Stretch] = []
    for from_ms, to_ms in sorted(stretches):
        if from_ms >= to_ms:
            continue
        if found and from_ms - found[-1][1] < pause_ms:
            found[-1] = found[-1][0], max(found[-1][1], to_ms)
        else:
            found.append((from_ms, to_ms))
    return found
