"""What there is of a recording: takes, their gaps, and the manifest that binds them."""

from enum import StrEnum
from pathlib import PurePath

from pydantic import BaseModel, ConfigDict, Field


class TakeState(StrEnum):
    """Only forward: open → closed → sealed or quarantined → deleted."""

    open = "open"
    closed = "closed"
    sealed = "sealed"
    quarantined = "quarantined"
    deleted = "deleted"


BEFORE: dict[TakeState, tuple[TakeState, ...]] = {
    TakeState.open: (),
    TakeState.closed: (TakeState.open,),
    TakeState.sealed: (TakeState.open, TakeState.closed),
    TakeState.quarantined: (TakeState.open, TakeState.closed),
    TakeState.deleted: (TakeState.open, TakeState.closed, TakeState.sealed, TakeState.quarantined),
}
"""From which states each state may be reached."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Gap(_Frozen):
    """A stretch with nothing to see or hear, from the start of the encounter's recording.

    kind: `line` (nothing arrived for a second or more), `loss` (packets missing), `pause` (the sender sent
    nothing), `disk` (could not be written), `damage` (the raw file cannot be read there), `rejoin` (between
    two takes of one participant). track: `audio`, `video`, or None for both.
    """

    kind: str
    from_ms: int
    to_ms: int
    track: str | None = None


class FileFacts(_Frozen):
    """A file in the encounter's folder, by its name there; size in bytes, SHA-256 in hex."""

    file: str
    size: int
    sha256: str


class Gone(_Frozen):
    """A file that was deleted on purpose: what it was, when it went, and why, in a sentence for a person."""

    file: str
    size: int
    sha256: str
    at_ms: int
    why: str


class SoundFacts(_Frozen):
    """What the sealed file holds of sound. Durations in milliseconds.

    packets: as received. filled_ms: silence put where nothing was. slips: packets of 20 ms left out or put in, in quiet
    moments where there are any, to follow the sender's clock. speech: spans with voice.
    """

    packets: int
    filled_ms: int
    slips: int
    speech: list[tuple[int, int]] = []


class PictureFacts(_Frozen):
    """What the sealed file holds of picture.

    sizes: (from_ms, width, height) at each change. farthest_key_ms: the longest way from one key frame to the
    next, which is what a seek may have to decode.
    """

    frames: int
    key_frames: int
    farthest_key_ms: int
    sizes: list[tuple[int, int, int]] = []


class Take(_Frozen):
    """One unbroken publication by one participant.

    starts_ms: on the server's clock. duration_ms: None while open. file: the sealed file's name, None when
    there is none. number: counts a participant's takes of an encounter from 1. placed_by: `sender-reports`
    or `arrival`. reason: why it is quarantined or deleted, or what else went wrong.
    """

    id: str
    encounter_id: str
    participant_id: str
    name: str
    number: int = 1
    state: TakeState
    starts_ms: int
    duration_ms: int | None = None
    file: str | None = None
    sha256: str | None = None
    size: int | None = None
    gaps: list[Gap] = []
    reason: str | None = None
    raw: FileFacts | None = None
    placed_by: str | None = None
    audio: SoundFacts | None = None
    video: PictureFacts | None = None
    poster_score: float | None = Field(None, description="How well the take's best picture stands for it.")
    gone: list[Gone] = Field([], description="Files of this take that were deleted, by a rule or at a person's wish.")

    @property
    def ends_ms(self) -> int:
        """On the server's clock."""
        return self.starts_ms + (self.duration_ms or 0)


class Manifest(_Frozen):
    """All takes of an encounter on one timeline, which begins with the first take: starts_ms, on the server's clock.

    Gaps and speech count from there.
    """

    version: int = 1
    encounter_id: str
    starts_ms: int
    duration_ms: int
    takes: list[Take]
    orphans: list[str] = Field(
        [], description="Files of takes whose journal cannot be read: whose they are is unknown."
    )
    tools: dict[str, str]
    sealed_ms: int


def raw_name(take_id: str) -> str:
    """The file with the packets as they came."""
    return f"{take_id}.raw.webm"


def sealed_name(take_id: str) -> str:
    """The file that people play."""
    return f"{take_id}.webm"


def journal_name(take_id: str) -> str:
    """The file that tells how the raw one came about."""
    return f"{take_id}.jsonl"


def outcome_name(take_id: str) -> str:
    """The file that tells how sealing ended: a `Take`, with gaps and speech counted from the take's start."""
    return f"{take_id}.take.json"


def poster_name(take_id: str) -> str:
    """A take's best picture."""
    return f"{take_id}.jpg"


MANIFEST = "manifest.json"
POSTER = "poster.jpg"


def take_of(name: str) -> str:
    """The take that a file in an encounter's folder belongs to."""
    return PurePath(name).name.split(".", 1)[0]
