"""What a reel is made of. Times are milliseconds."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from teleosce.keeping.film import Plan, Stretch

VERSION = 1
"""Of what clips look like: raise it when parts made before no longer fit."""

CARD_MS = 2500
"""For how long a card stands before its clip."""

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Clip:
    """A moment: from when to when of an encounter's film. card: the lines that stand before it, the first the largest.

    shown: whose picture is copied when pictures are copied; both voices are always heard.
    """

    card: tuple[str, ...]
    film: Plan
    from_ms: int
    to_ms: int
    shown: Side = "left"

    @property
    def takes(self) -> tuple[Stretch, ...]:
        """The takes of the side that is shown."""
        return self.film.left if self.shown == "left" else self.film.right

    @property
    def length_ms(self) -> int:
        """How long it is, without its card."""
        return self.to_ms - self.from_ms


@dataclass(frozen=True)
class ReelPlan:
    """Clips in their order. exact: pictures of both sides, rendered from the very moment on.

    Otherwise the pictures of one side are copied as they were recorded, from the key frame before the moment on.
    """

    title: str
    clips: tuple[Clip, ...]
    exact: bool

    @property
    def key(self) -> str:
        """The same for the same pictures: by it a part is known that was made before."""
        clips = [asdict(clip) | {"film": clip.film.key} for clip in self.clips]
        made_of = {"version": VERSION, "exact": self.exact, "clips": clips}
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Placed:
    """A clip in a finished reel. at_ms: when its picture begins there. from_ms, to_ms: what of the encounter it shows.

    copied: whether its pictures are those of the recording, bit for bit.
    """

    at_ms: int
    from_ms: int
    to_ms: int
    copied: bool


@dataclass(frozen=True)
class Made:
    """A finished reel, as it was read back: how long it lasts, and how many pictures were decoded."""

    duration_ms: int
    frames: int
    clips: tuple[Placed, ...]
