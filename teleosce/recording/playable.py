"""The file that people play: a WebM with sizes, a duration, and cues before all else (RFC 9559).

Written in one go from the blocks of the raw file, as their order, times and lengths are known by then. `read_back`
reads it again, wholly, and compares every block with the raw file's.
"""

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from teleosce.recording import opus
from teleosce.recording.webm import BLOCK, BLOCK_HEAD, LENGTH, SEGMENT, SIZE, ebml_head, element, info, track_entries

SILENCE = -1
"""In place of an offset: 20 ms of silence, which are in no raw file."""

CLUSTER_MS = 5000
"""The longest cluster. Where there is a picture, every key frame begins one."""

MOST_AT_ONCE = 1 << 24
"""Bytes of the raw file that are read together."""

_CLUSTER, _CUES, _INFO, _TRACKS = "1F43B675", "1C53BB6B", "1549A966", "1654AE6B"
_CLUSTER_HEAD = struct.Struct(">4sQBQQ")
"""Identifier and size of a cluster; of its time, identifier, size and number."""

_OUTSIDE = 12
"""So much of that is not counted by the cluster's size."""

_TIME = 0xE7
_eight = struct.Struct(">Q").pack


Entry = tuple[int, int, int, int, int]
"""A block of the sealed file: its time in ms, its track's number, its flags, and where the raw file has its content, as
offset and size. The first track's number is 0x81, as blocks have it; key frames have the flag 0x80, and so has sound.
"""


class Altered(Exception):
    """What was read is not what was written."""


class _Cluster(NamedTuple):
    at_ms: int
    entries: Sequence[Entry]
    size: int
    """In bytes, all of it."""


class Playable:
    """A sealed file: what stands where in it. entries: in order of time. kinds: of the tracks, in order of number."""

    def __init__(
        self, entries: Sequence[Entry], kinds: Sequence[str], duration_ms: float, size: tuple[int, int] = SIZE
    ) -> None:
        picture = 0x81 + kinds.index("video") if "video" in kinds else None
        self._clusters = list(_cut(entries, picture))
        self._head = _head(self._clusters, kinds, picture, duration_ms, size)

    def write(self, target: Path, raw: Path) -> None:
        """Writes it, and returns when it would survive a power cut. Raises OSError. Blocks.

        Memory lets go of it where the system does that, so that who reads it reads the disk.
        """
        with target.open("wb") as file, raw.open("rb", buffering=0) as source:
            file.write(self._head)
            for cluster in self._clusters:
                parts = [_cluster_head(cluster)]
                for entry, content in zip(cluster.entries, _contents(source, cluster.entries), strict=True):
                    at_ms, number, flags, _, size = entry
                    parts += (BLOCK_HEAD.pack(BLOCK, LENGTH + size + 4, number, at_ms - cluster.at_ms, flags), content)
                file.write(b"".join(parts))
            file.flush()
            os.fsync(file.fileno())
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def read_back(self, target: Path, raw: Path) -> str:
        """Reads all of it, block by block as its own lengths have it. Returns its SHA-256, in hex. Blocks.

        Raises Altered where it is not what the raw file and the order of its blocks make it, OSError.
        """
        digest = hashlib.sha256()
        with target.open("rb") as file, raw.open("rb", buffering=0) as source:
            head = file.read(len(self._head))
            digest.update(head)
            if head != self._head:
                raise Altered
            for cluster in self._clusters:
                head = file.read(_CLUSTER_HEAD.size)
                if head != _cluster_head(cluster):
                    raise Altered
                content = file.read(cluster.size - len(head))
                digest.update(head)
                digest.update(content)
                _compare(content, cluster, _contents(source, cluster.entries))
            if file.read(1):
                raise Altered
        return digest.hexdigest()


def _compare(content: bytes, cluster: _Cluster, expected: list[bytes]) -> None:
    begin = 0
    try:
        for entry, wanted in zip(cluster.entries, expected, strict=True):
            at_ms, number, flags, _, _ = entry
            identifier, size, *told = BLOCK_HEAD.unpack_from(content, begin)
            begin += BLOCK_HEAD.size
            end = begin + size - LENGTH - 4
            if identifier != BLOCK or told != [number, at_ms - cluster.at_ms, flags] or content[begin:end] != wanted:
                raise Altered
            begin = end
    except struct.error as error:
        raise Altered from error
    if begin != len(content):
        raise Altered


def _contents(raw: FileIO, entries: Sequence[Entry]) -> list[bytes]:
    """What the raw file has for these blocks: they lie together there, unless its times were very odd."""
    places = [entry[3] for entry in entries if entry[3] >= 0]
    if not places:
        return [opus.SILENCE] * len(entries)
    begin, end = min(places), max(entry[3] + entry[4] for entry in entries)
    descriptor = raw.fileno()
    if end - begin <= MOST_AT_ONCE:
        content = os.pread(descriptor, end - begin, begin)
        found = [
            opus.SILENCE if place < 0 else content[place - begin : place - begin + size]
            for _, _, _, place, size in entries
        ]
    else:
        found = [opus.SILENCE if place < 0 else os.pread(descriptor, size, place) for _, _, _, place, size in entries]
    if list(map(len, found)) != [entry[4] for entry in entries]:
        raise Altered
    return found


def _cut(entries: Sequence[Entry], picture: int | None) -> Iterator[_Cluster]:
    begin = 0
    for index, (at_ms, number, flags, _, _) in enumerate(entries):
        if (number == picture and flags and index) or at_ms - entries[begin][0] >= CLUSTER_MS:
            yield _cluster(entries[begin:index])
            begin = index
    yield _cluster(entries[begin:])


def _cluster(entries: Sequence[Entry]) -> _Cluster:
    content = sum(entry[4] for entry in entries)
    return _Cluster(entries[0][0], entries, _CLUSTER_HEAD.size + BLOCK_HEAD.size * len(entries) + content)


def _cluster_head(cluster: _Cluster) -> bytes:
    size = LENGTH + cluster.size - _OUTSIDE
    return _CLUSTER_HEAD.pack(bytes.fromhex(_CLUSTER), size, _TIME, LENGTH + 8, cluster.at_ms)


def _head(
    clusters: Sequence[_Cluster], kinds: Sequence[str], picture: int | None, duration_ms: float, size: tuple[int, int]
) -> bytes:
    """All before the first cluster. Places in the file have eight bytes each: it has a length before they are known."""
    about, tracks = info(duration_ms), track_entries(kinds, size)
    led = [picture is None or (one.entries[0][1] == picture and one.entries[0][2]) for one in clusters]
    track = (picture or 0x81) & 0x7F
    before = len(_places(0, 0, 0)) + len(about) + len(tracks)
    at = before + len(_cues([(0, 0)] * sum(map(bool, led)), track))
    cued = []
    for cluster, leads in zip(clusters, led, strict=True):
        if leads:
            cued.append((cluster.at_ms, at))
        at += cluster.size
    places = _places(before - len(tracks) - len(about), before - len(tracks), before)
    return ebml_head() + SEGMENT + _eight(LENGTH + at) + places + about + tracks + _cues(cued, track)


def _places(*places: int) -> bytes:
    """The seek head."""
    seeks = [
        element("4DBB", element("53AB", bytes.fromhex(name)) + element("53AC", _eight(place)))
        for name, place in zip((_INFO, _TRACKS, _CUES), places, strict=True)
    ]
    return element("114D9B74", b"".join(seeks))


def _cues(places: Sequence[tuple[int, int]], track: int) -> bytes:
    """The times with which a player may begin, and the clusters that begin with them."""
    points = [
        element("B3", _eight(at_ms)) + element("B7", element("F7", bytes((track,))) + element("F1", _eight(place)))
        for at_ms, place in places
    ]
    return element(_CUES, b"".join(element("BB", point) for point in points))
