"""A raw file, read by the format in which `webm.RawWebm` writes it: every block of it, and what follows damage.

Knowing that format by heart is much cheaper than a demuxer, and stricter: a block counts when it begins and ends where
it should. Where one does not, reading goes on at the next cluster, which may lie within what its size claims.
"""

import os
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import BinaryIO

from teleosce.recording import opus, vp8
from teleosce.recording.damage import believable
from teleosce.recording.journal import LONGEST_MS
from teleosce.recording.webm import BLOCK, BLOCK_HEAD, CLUSTER_HEAD, LENGTH

_PIECE = 1 << 20

LARGEST = 1 << 24
"""No frame of a camera has so many bytes: such a size was never written."""

_BEGINNINGS = (b"", bytes((BLOCK,)), CLUSTER_HEAD[:1])
"""Behind a block the file ends, or another one begins, or a cluster."""


@dataclass
class Blocks:
    """The blocks of one track in the order of the file, column by column.

    at_ms: their times in the file. offsets, sizes: where their content lies, in bytes. keys: whether they are key
    frames. lengths_ms: of sound, how long each lasts. odd: how many packets of sound are not as browsers send them.
    mistaken: how many frames are not what their block says, a key frame or none; keys has what they are.
    """

    at_ms: "array[int]" = field(default_factory=lambda: array("q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    sizes: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("B"))
    lengths_ms: "array[float]" = field(default_factory=lambda: array("d"))
    odd: int = 0
    mistaken: int = 0

    def __len__(self) -> int:
        return len(self.at_ms)

    def only(self, indices: Sequence[int]) -> "Blocks":
        """Some of them."""
        whole = (self.at_ms, self.offsets, self.sizes, self.keys)
        at_ms, offsets, sizes, keys = (array(one.typecode, [one[at] for at in indices]) for one in whole)
        lengths_ms = array("d", [self.lengths_ms[at] for at in indices] if self.lengths_ms else ())
        return Blocks(at_ms, offsets, sizes, keys, lengths_ms, self.odd, self.mistaken)

    @property
    def ends(self) -> int:
        """Where the last of them ends in the file."""
        return self.offsets[-1] + self.sizes[-1]

    def take_back(self) -> None:
        """The last of them was none."""
        for column in (self.at_ms, self.offsets, self.sizes, self.keys, self.lengths_ms):
            del column[-1:]


@dataclass
class Raw:
    """What can be read of a raw file and believed. tracks: those that have anything, audio first.

    left_out: blocks with times that cannot be. torn: how often reading had to look for the next cluster.
    """

    tracks: dict[str, Blocks]
    left_out: int = 0
    torn: int = 0

    @property
    def count(self) -> int:
        """Of all blocks."""
        return sum(map(len, self.tracks.values()))


def look(path: Path, kinds: Sequence[str], reaches_ms: float = inf) -> Raw:
    """Finds all blocks. Raises OSError. Blocks.

    kinds: of the tracks, in the order in which the file numbers them. reaches_ms: the last time of the file of which
    its journal tells.
    """
    found = {kind: Blocks() for kind in ("audio", "video") if kind in kinds}
    numbers = {0x80 | number: (kind == "audio", found[kind]) for number, kind in enumerate(kinds, 1) if kind in found}
    torn = 0
    with path.open("rb", buffering=_PIECE) as file:
        end = os.fstat(file.fileno()).st_size
        at = _cluster_from(file, 0)
        while at is not None:
            at = _cluster_from(file, _mistaken(file, _read_on(file, at, end, numbers), found) + 1)
            torn += at is not None
    raw = Raw({kind: blocks for kind, blocks in found.items() if blocks}, torn=torn)
    for kind, blocks in list(raw.tracks.items()):
        kept = believable(blocks.at_ms, reaches_ms)
        if len(kept) < len(blocks):
            raw.left_out += len(blocks) - len(kept)
            raw.tracks[kind] = blocks.only(kept)
    raw.tracks = {kind: blocks for kind, blocks in raw.tracks.items() if blocks}
    return raw


def _cluster_from(file: BinaryIO, at: int) -> int | None:
    """Where the next cluster begins, None when there is none."""
    file.seek(at)
    kept = b""
    while piece := file.read(_PIECE):
        kept += piece
        place = kept.find(CLUSTER_HEAD)
        if place >= 0:
            return at + place
        at += max(0, len(kept) - len(CLUSTER_HEAD))
        kept = kept[-len(CLUSTER_HEAD) :]
    return None


def _mistaken(file: BinaryIO, at: int, found: dict[str, Blocks]) -> int:
    """Where reading went wrong that came to its end at `at`.

    The block before it is taken back where it cannot have ended there: then its size is not what was written.
    """
    last = next((blocks for blocks in found.values() if blocks and blocks.ends == at), None)
    if last is None:
        return at
    file.seek(at)
    if file.read(1) in _BEGINNINGS:
        return at
    begin = last.offsets[-1]
    last.take_back()
    return begin


def _read_on(file: BinaryIO, at: int, end: int, numbers: dict[int, tuple[bool, Blocks]]) -> int:
    """Reads clusters and blocks from `at` on, and returns where there is neither: at the end, or at damage."""
    file.seek(at)
    read, unpack, head_size = file.read, BLOCK_HEAD.unpack, BLOCK_HEAD.size
    puts = {
        number: (blocks, blocks.at_ms.append, blocks.offsets.append, blocks.sizes.append, blocks.keys.append, is_sound)
        for number, (is_sound, blocks) in numbers.items()
    }
    cluster_ms = 0
    while len(head := read(head_size)) == head_size:
        if head == CLUSTER_HEAD:
            length = int.from_bytes(read(8), "big") - LENGTH
            if not 0 < length <= 8:
                break
            cluster_ms = int.from_bytes(read(length), "big")
            if cluster_ms > LONGEST_MS:
                break
            at += head_size + 8 + length
            continue
        identifier, size, number, from_cluster_ms, flags = unpack(head)
        size -= LENGTH + 4
        at += head_size
        if identifier != BLOCK or number not in puts or flags & 0x7F or not 0 < size <= min(end - at, LARGEST):
            return at - head_size
        blocks, put_time, put_offset, put_size, put_key, is_sound = puts[number]
        content = read(size)
        if len(content) != size or CLUSTER_HEAD in content:  # a size may end where another block does, clusters later
            return at - head_size
        put_time(cluster_ms + from_cluster_ms)
        put_offset(at)
        put_size(size)
        key = flags >> 7
        if is_sound:
            if opus.is_plain(content):
                blocks.lengths_ms.append(opus.SILENCE_MS)
            else:
                blocks.lengths_ms.append(opus.duration_ms(content))
                blocks.odd += 1
        elif key == content[0] & 1 and key != vp8.is_key(content):  # the frame's own bit says the opposite
            key ^= 1
            blocks.mistaken += 1
        put_key(key)
        at += size
    return at
