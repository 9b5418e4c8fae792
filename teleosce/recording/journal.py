"""A take's journal: JSON lines, appended while it is recorded, by which sealing places and explains the raw file.

Times `at`, `from` and `to` are milliseconds of the raw file; `arrived` is milliseconds since `origin_ms`, when
the raw file's time 0 was on the server's clock. Each line ends with a checksum of itself; older journals have none.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field

VERSION = 1

LONGEST_MS = 86_400_000.0
"""No take lasts for a day: a time beyond it was never written."""

GAP_KINDS = ("line", "loss", "pause", "disk")
LARGEST_SIDE = 0x3FFF
"""Of a picture, in pixels: VP8 has 14 bits for it (RFC 6386, 9.1)."""

_SUM = b',"crc":"'
_LEVELS = b'{"line":"levels",'

_LATEST_ORIGIN_MS = 1 << 43
"""In the year 2248."""


class Header(BaseModel):
    """The first line: whose take this is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = VERSION
    id: str
    encounter_id: str
    participant_id: str
    name: str
    origin_ms: int = Field(ge=0, lt=_LATEST_ORIGIN_MS)
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
    levels: list[tuple[float, bytes]] = field(default_factory=list)
    """From when on packets of 20 ms follow each other, and how loud the sender said each is: dB below full scale."""


@dataclass
class Closing:
    """How the take ended; `size` is the raw file's in bytes, `blocks` what was written per track."""

    size: int
    blocks: dict[str, int]
    reason: str | None


@dataclass
class Journal:
    """A journal, read. `closed` is missing after a crash. damaged: lines that are not as they were written.

    Those with levels, which are most of it, do not count: where they are missing the sound itself is heard.
    """

    header: Header
    tracks: dict[str, TrackJournal]
    closed: Closing | None = None
    damaged: int = 0

    @property
    def reaches_ms(self) -> float:
        """The last time of the raw file that is told of; what a sender says of its own time does not count."""
        times = [0.0]
        for track in self.tracks.values():
            times += (report.arrived for report in track.reports)
            times += (time for seen in track.seen for time in seen)
            times += (until for _, _, until in track.gaps)
            times += (at for at, _, _ in track.sizes)
            times += track.jumps
        return max(times)


def line(what: dict[str, Any]) -> bytes:
    """One line of the journal."""
    text = json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode()[:-1]
    return b'%b%b%08x"}\n' % (text, _SUM, crc32(text))


def header_line(header: Header) -> bytes:
    """The first line of the journal."""
    return line({"line": "take", **header.model_dump()})


def read(path: Path) -> Journal:
    """Reads a journal, passing over lines that were cut short or damaged. Blocks.

    A damaged first line is taken at its word, as the database knows better: raises ValueError where it has none.
    """
    first, *rest = path.read_bytes().split(b"\n")
    journal = Journal(Header.model_validate_json(first), defaultdict(TrackJournal), damaged=_is_altered(first))
    for text in rest:
        if _is_altered(text):
            journal.damaged += not text.startswith(_LEVELS)
            continue
        try:
            if text:
                _take_in(journal, json.loads(text))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
    return journal


def _is_altered(text: bytes) -> bool:
    """Whether a whole line is not what its checksum says. One without a checksum may be older than they are."""
    told, mark, checksum = text.rpartition(_SUM)
    return bool(mark) and checksum.endswith(b'"}') and checksum != b'%08x"}' % crc32(told)


def _take_in(journal: Journal, entry: dict[str, Any]) -> None:
    kind = entry["line"]
    if kind == "closed":
        blocks = {str(track): int(number) for track, number in dict(entry["blocks"]).items()}
        reason = entry.get("reason")
        journal.closed = Closing(int(entry["size"]), blocks, None if reason is None else str(reason))
    elif kind in ("report", "seen", "jump", "stall", "gap", "size", "levels") and entry["track"] in ("audio", "video"):
        _take_in_track(journal.tracks[entry["track"]], kind, entry)


def _take_in_track(track: TrackJournal, kind: str, entry: dict[str, Any]) -> None:
    match kind:
        case "report":
            ntp_ms = _within(entry["ntp"], 0, (1 << 64) - 1) / (1 << 32) * 1000
            track.reports.append(Report(_ms(entry["at"]), ntp_ms, _ms(entry["arrived"])))
        case "seen":
            track.seen.append((_ms(entry["at"]), _ms(entry["arrived"])))
        case "jump":
            track.jumps.append(_ms(entry["at"]))
        case "stall":
            track.stalls.append((_ms(entry["at"]), _ms(entry["ms"])))
        case "gap" if entry["kind"] in GAP_KINDS:
            track.gaps.append((entry["kind"], _ms(entry["from"]), _ms(entry["to"])))
        case "size":
            width, height = (int(_within(entry[side], 1, LARGEST_SIDE)) for side in ("width", "height"))
            track.sizes.append((_ms(entry["at"]), width, height))
        case "levels":
            track.levels.append((_ms(entry["at"]), bytes.fromhex(entry["db"])))


def _ms(number: Any) -> float:
    return float(_within(number, -LONGEST_MS, LONGEST_MS))


def _within(number: Any, least: float, most: float) -> Any:
    if not least <= number <= most:  # nor is NaN
        raise ValueError(f"{number} was never written")
    return number
