"""What a film is made of. All times are milliseconds from the beginning of the encounter's recording."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

VERSION = 1
"""Of what the plan looks like as a film: raise it when parts rendered before no longer fit."""


@dataclass(frozen=True)
class Stretch:
    """A take of one side: its sealed file, with its hash, from when to when it lasts."""

    file: Path
    sha256: str
    starts_ms: int
    ends_ms: int


@dataclass(frozen=True)
class Cue:
    """A line of captions."""

    starts_ms: int
    ends_ms: int
    text: str


@dataclass(frozen=True)
class Plan:
    """A film. `title` stands above both pictures, each side's name above its own. left, right: takes by their start."""

    title: str
    names: tuple[str, str]
    left: tuple[Stretch, ...]
    right: tuple[Stretch, ...]
    duration_ms: int
    cues: tuple[Cue, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same pictures: by it a part is known that was rendered before."""
        pictures = asdict(self) | {"cues": None, "version": VERSION}
        return hashlib.sha256(json.dumps(pictures, sort_keys=True, default=str).encode()).hexdigest()


def one_at_a_time(cues: Iterable[Cue]) -> list[Cue]:
    """Captions of which never two are shown at once, as MP4's text track wants: who talks together stands together."""
    cues = [cue for cue in cues if cue.ends_ms > cue.starts_ms]
    edges = sorted({edge for cue in cues for edge in (cue.starts_ms, cue.ends_ms)})
    found = []
    for begin, end in pairwise(edges):
        lines = [cue.text for cue in cues if cue.starts_ms < end and cue.ends_ms > begin]
        if lines:
            found.append(Cue(begin, end, "\n".join(lines)))
    return found
