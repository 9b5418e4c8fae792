"""Takes whose files were damaged on the disk: sealing comes to an end, and nothing becomes longer than it was."""

import asyncio
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from teleosce.core.blobs import sha256
from teleosce.recording import TakeState, journal
from teleosce.recording.damage import believable
from teleosce.recording.folders import outcome
from teleosce.recording.models import journal_name, raw_name
from teleosce.recording.sealing import SPARE_MS, seal_take
from teleosce.recording.timeline import timeline

from .conftest import Record
from .media import Sender

LENGTH_MS = 3000
MOST_MS = 2 * LENGTH_MS + SPARE_MS
SILENCE_BYTES = 0.6
"""Of a sealed file, for each millisecond of silence."""

# Times of a raw file


def test_what_is_in_order_is_believed() -> None:
    assert list(believable([0, 20, 20, 40, 400_000], 400_000)) == [0, 1, 2, 3, 4]
    assert list(believable([], 0)) == []
    assert list(believable([7_000_000, 7_000_020], 0)) == [0, 1]


def test_a_cluster_whose_time_was_damaged_is_left_out_and_what_follows_is_not() -> None:
    times = [20.0 * number for number in range(3000)]
    for wrong in (-1e6, 0.0, 50_000.0, 9e12):
        damaged = times[:1000] + [wrong + at for at in range(50)] + times[1050:]
        assert set(believable(damaged, times[-1])) == {*range(1000), *range(1050, 3000)}


def test_an_end_that_the_journal_does_not_know_of_is_no_pause() -> None:
    times = [0.0, 20.0, 40.0, 3_600_000.0, 3_600_020.0]
    assert set(believable(times, 60.0)) == {0, 1, 2}
    assert set(believable(times, 3_599_000.0)) == {0, 1, 2, 3, 4}


# Whole takes


def digits(content: bytearray, dice: random.Random) -> None:
    """Of the journal, below its first line."""
    places = [found.start() for found in re.finditer(rb"\d", content) if found.start() > content.index(b"\n")]
    for place in dice.sample(places, min(len(places), dice.choice([1, 4, 40]))):
        content[place : place + 1] = b"%d" % dice.randrange(10)


def ntp(content: bytearray, dice: random.Random) -> None:
    """Of all reports."""
    for found in re.finditer(rb'"ntp":\d\d', content):
        content[found.end() - dice.choice([1, 2])] = ord("1") + dice.randrange(9)


def bits(content: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice([1, 10, 100])):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def times(content: bytearray, dice: random.Random) -> None:
    """Of the raw file's clusters: `E7`, a length of eight bytes, and as many bytes as that says."""
    for found in list(re.finditer(rb"\xe7\x01\x00{6}[\x01-\x03]", content))[1:]:
        if dice.random() < 0.5:
            content[found.end()] ^= 1 << dice.randrange(8)
        if dice.random() < 0.3:
            content[found.end() - 1] = 8


def scale(content: bytearray, dice: random.Random) -> None:
    """Of all times: they are in units of 1 ms, in nanoseconds."""
    place = content.index(b"\x2a\xd7\xb1") + 11
    content[place : place + 3] = dice.randbytes(3)


Damage = Callable[[bytearray, random.Random], None]
DAMAGE: list[tuple[Damage | None, Damage | None]] = [
    (digits, None), (ntp, None), (bits, None), (None, bits), (None, times), (None, scale), (ntp, times), (bits, bits),
]  # fmt: skip


async def test_whatever_is_damaged_sealing_ends_with_little_to_show(record: Record, tmp_path: Path) -> None:
    good = await record(Sender(), LENGTH_MS / 1000)
    whole = journal.read(good.folder / journal_name(good.take.id))
    files = [(good.folder / name(good.take.id)).read_bytes() for name in (journal_name, raw_name)]
    dice = random.Random(11)
    ends = []
    for number, (to_journal, to_raw) in enumerate(DAMAGE * 3):
        folder = tmp_path / str(number)
        folder.mkdir()
        for damage, content, name in zip((to_journal, to_raw), files, (journal_name, raw_name), strict=True):
            damaged = bytearray(content)
            if damage:
                damage(damaged, dice)
            (folder / name(good.take.id)).write_bytes(damaged)
        await asyncio.to_thread(check, folder, good.take.id, whole.header.origin_ms)
        ends.append(outcome(folder, good.take.id))
    assert {take.state for take in ends if take} == {TakeState.sealed, TakeState.quarantined}
    assert sum(take.file is not None for take in ends if take) > len(ends) / 2


def check(folder: Path, take_id: str, origin_ms: int) -> None:
    raw = (folder / raw_name(take_id)).read_bytes()
    try:
        read = journal.read(folder / journal_name(take_id))
    except ValueError:
        read = None
    if read is not None:
        for place in timeline(read).tracks.values():  # before it is filled: nobody waits for years of silence
            assert abs(place(LENGTH_MS) - place(0)) < MOST_MS
    take = seal_take(folder, take_id)
    assert outcome(folder, take_id) == take
    assert take.state is TakeState.sealed or (take.state is TakeState.quarantined and take.reason)
    assert take.duration_ms is not None
    assert 0 <= take.duration_ms < MOST_MS
    assert take.raw
    assert take.raw.sha256 == sha256(folder / raw_name(take_id))
    assert (folder / raw_name(take_id)).read_bytes() == raw
    for gap in take.gaps:
        assert 0 <= gap.from_ms < gap.to_ms <= take.duration_ms + 20
    if take.file:
        sealed = folder / take.file
        assert (take.sha256, take.size) == (sha256(sealed), sealed.stat().st_size)
        assert sealed.stat().st_size < 2 * len(raw) + MOST_MS * SILENCE_BYTES
        if read is not None and read.header.origin_ms == origin_ms:
            assert abs(take.starts_ms - origin_ms) < MOST_MS
    assert not list(folder.glob("*.part"))


async def test_reports_damaged_each_otherwise_leave_the_take_as_long_as_it_was(record: Record) -> None:
    """Sound was placed weeks before the picture, and silence put in for each 20 ms of them."""
    good = await record(Sender(), LENGTH_MS / 1000)
    path = good.folder / journal_name(good.take.id)
    other = iter((b"3", b"9", b"1", b"6"))
    path.write_bytes(re.sub(rb'(?<="ntp":167)\d', lambda _: next(other), path.read_bytes()))
    await asyncio.to_thread(check, good.folder, good.take.id, good.take.starts_ms)
    take = outcome(good.folder, good.take.id)
    assert take
    assert take.state is TakeState.sealed
    assert take.duration_ms == pytest.approx(LENGTH_MS, abs=120)
