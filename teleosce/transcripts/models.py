"""What a transcript is made of. Times are milliseconds from the start of the encounter's recording."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

Stretch = tuple[int, int]
"""From and to, in milliseconds of the encounter's timeline."""


class State(StrEnum):
    """`waiting → running → ready`, or `failed`, from where it can be asked for again; `deleted` is the end."""

    waiting = "waiting"
    running = "running"
    ready = "ready"
    failed = "failed"
    deleted = "deleted"


@dataclass(frozen=True)
class Progress:
    """How far a transcript is: `done` from 0 to 1, and a sentence for a person."""

    state: State
    done: float
    message: str


@dataclass(frozen=True)
class HeardWord:
    """A word as Whisper heard it. confidence: Whisper's probability, 0 to 1."""

    text: str
    starts_ms: int
    ends_ms: int
    confidence: float


@dataclass(frozen=True)
class Utterance:
    """Words that one participant said without a pause, up to the end of a sentence."""

    participant_id: str
    words: tuple[HeardWord, ...]

    @property
    def starts_ms(self) -> int:
        """When its first word begins."""
        return self.words[0].starts_ms

    @property
    def ends_ms(self) -> int:
        """When its last word ends."""
        return max(word.ends_ms for word in self.words)


@dataclass(frozen=True)
class Word:
    """A word of a transcript: what the machine heard, and beside it what a person says was said.

    corrected: None when nobody corrected it; empty when it was not said at all.
    """

    id: str
    text: str
    starts_ms: int
    ends_ms: int
    confidence: float
    corrected: str | None = None

    @property
    def reading(self) -> str:
        """The word as it is to be read."""
        return self.text if self.corrected is None else self.corrected


@dataclass(frozen=True)
class Turn:
    """What one participant said in one go. right: a person read it and said that it is, as it now stands."""

    id: str
    participant_id: str
    role: str
    starts_ms: int
    ends_ms: int
    words: tuple[Word, ...]
    right: bool = False

    @property
    def text(self) -> str:
        """The turn as it is to be read, corrections included."""
        return join(word.reading for word in self.words)


@dataclass(frozen=True)
class Transcript:
    """All turns of an encounter by their beginning, with the model and the hints they were heard with."""

    encounter_id: str
    model: str
    hints: tuple[str, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Correction:
    """What a person wrote for a word, and when. author: the account or seat."""

    text: str
    author: str
    name: str
    at_ms: int


@dataclass(frozen=True)
class Hit:
    """A turn that a search found."""

    encounter_id: str
    turn_id: str
    participant_id: str
    role: str
    starts_ms: int
    ends_ms: int
    text: str


@dataclass(frozen=True)
class Job:
    """What is asked of the worker. run: counts the requests for one encounter; each is a job of its own."""

    encounter_id: str
    run: int
    state: State
    hints: tuple[str, ...]
    roles: Mapping[str, str]

    @property
    def id(self) -> str:
        """The job's name among the durable jobs."""
        return f"{self.encounter_id}.{self.run}"


def join(words: Iterable[str]) -> str:
    """Words as running text."""
    return " ".join(word for word in words if word)
