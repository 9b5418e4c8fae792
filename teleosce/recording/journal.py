"""A take's journal: JSON lines, appended while it is recorded, by which sealing places and explains the raw file.

Times `at`, `from` and `to` are milliseconds of the raw file; `arrived` is milliseconds since `origin_ms`, when
the raw file's time 0 was on the server's clock.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

VERSION = 1


class Header(BaseModel):
    """The first line: whose take this is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = VERSION
    id: str
    encounter_id: str
    participant_id: str
    name: str
    origin_ms: int
    tracks: list[str]


@dataclass(frozen=True)
class Report:
    """A sender report: `at` on the raw timeline, `ntp_ms` on the sender's clock, `arrived` on ours."""

    at: float
    ntp_ms: float
    arrived: float


@dataclass
class TrackJournal:
    """What is known of one track, in order of arrival."""

    reports: list[Report] = field(default_factory=list)
    seen: list[tuple[float, float]] = field(default_factory=list)
    jumps: list[float] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)
    gaps: list[tuple[str, float, float]] = field(default_factory=list)
    sizes: list[tuple[float, int, int]] = field(default_factory=list)


@dataclass
class Closing:
    """How the take ended; `size` is the raw file's in bytes, `blocks` what was written per track."""

    size: int
    blocks: dict[str, int]
    reason: str | None


@dataclass
class Journal:
    """A journal, read. `closed` is missing after a crash."""

    header: Header
    tracks: dict[str, TrackJournal]
    closed: Closing | None = None


def line(what: dict[str, Any]) -> bytes:
    """One line of the journal."""
    return json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def header_line(header: Header) -> bytes:
    """The first line of the journal."""
    return line({"line": "take", **header.model_dump()})


def read(path: Path) -> Journal:
    """Reads a journal, passing over lines cut short. Raises ValueError without a readable first line. Blocks."""
    first, *rest = path.read_bytes().split(b"\n")
    journal = Journal(Header.model_validate_json(first), defaultdict(TrackJournal))
    for text in rest:
        try:
            if text:
                _take_in(journal, json.loads(text))
        except (ValueError, KeyError, TypeError):
            continue
    return journal


def _take_in(journal: Journal, entry: dict[str, Any]) -> None:
    kind = entry["line"]
    if kind == "closed":
        journal.closed = Closing(entry["size"], entry["blocks"], entry.get("reason"))
    elif kind in ("report", "seen", "jump", "stall", "gap", "size"):
        _take_in_track(journal.tracks[entry["track"]], kind, entry)


def _take_in_track(track: TrackJournal, kind: str, entry: dict[str, Any]) -> None:
    match kind:
        case "report":
            track.reports.append(Report(entry["at"], entry["ntp"] / (1 << 32) * 1000, entry["arrived"]))
        case "seen":
            track.seen.append((entry["at"], entry["arrived"]))
        case "jump":
            track.jumps.append(entry["at"])
        case "stall":
            track.stalls.append((entry["at"], entry["ms"]))
        case "gap":
            track.gaps.append((entry["kind"], entry["from"], entry["to"]))
        case "size":
            track.sizes.append((entry["at"], entry["width"], entry["height"]))
