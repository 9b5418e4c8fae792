"""A transcript in passages: what the clinician said, and the answer to it. Pure.

Read together, a question and its answer tell more than either: "And at night?" means something beside "I wheeze".
So a passage is encoded in one reading, and each of its turns gets the vector that it has in that company.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from teleosce.transcripts.meaning import MODEL, Vectors
from teleosce.transcripts.models import Turn

CLINICIAN = "candidate"
WORDS = 120
"""A passage that grows beyond this is divided: some 170 of the 254 word pieces that are read at once."""

PAUSE_MS = 20_000
"""Who speaks after so long a silence begins a new passage."""


@dataclass(frozen=True)
class Passage:
    """Turns that follow each other. digest: of what was encoded and by which model; changes as soon as a word does."""

    number: int
    turns: tuple[Turn, ...]

    @property
    def starts_ms(self) -> int:
        """When its first turn begins."""
        return self.turns[0].starts_ms

    @property
    def ends_ms(self) -> int:
        """When the last of its turns ends."""
        return max(turn.ends_ms for turn in self.turns)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal."""
        return sha256("\n".join((MODEL, *(turn.text for turn in self.turns))).encode()).hexdigest()


@dataclass(frozen=True)
class Known:
    """A passage's vectors as they are kept: first that of the whole, then one for each turn in their order."""

    encounter_id: str
    number: int
    first_turn: str
    last_turn: str
    starts_ms: int
    ends_ms: int
    digest: str
    vectors: Vectors


def passages(turns: Sequence[Turn]) -> list[Passage]:
    """The turns of a transcript, each in exactly one passage, in their order."""
    return [Passage(number, tuple(group)) for number, group in enumerate(_groups(turns))]


def _groups(turns: Iterable[Turn]) -> Iterator[list[Turn]]:
    group: list[Turn] = []
    words = ends_ms = 0
    for turn in turns:
        asks_anew = group and turn.role == CLINICIAN and group[-1].role != CLINICIAN
        if group and (asks_anew or words + len(turn.words) > WORDS or turn.starts_ms - ends_ms > PAUSE_MS):
            yield group
            group, words = [], 0
        group.append(turn)
        words += len(turn.words)
        ends_ms = max(ends_ms, turn.ends_ms)
    if group:
        yield group
