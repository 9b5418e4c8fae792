"""Takes whose files were damaged on the disk: sealing comes to an end, and nothing becomes longer than it was."""

import asyncio
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from teleosce.core.blobs import sha256
from teleosce.invariants.sound import unsound
from teleosce.recording import TakeState, journal, opus
from teleosce.recording.damage import believable
from teleosce.recording.folders import outcome
from teleosce.recording.models import journal_name, raw_name
from teleosce.recording.raw import look
from teleosce.recording.sealing import SPARE_MS, seal_take
from teleosce.recording.timeline import timeline
from teleosce.recording.webm import raw_head

from .conftest import Record
from .media import Sender, level_of

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


# Blocks of a raw file


async def test_a_block_whose_size_was_damaged_costs_no_more_than_what_is_left_of_its_cluster(
    record: Record, tmp_path: Path
) -> None:
    """A size that reached over several clusters was taken at its word, and they all became one packet."""
    good = await record(Sender(), 12)
    whole = (good.folder / raw_name(good.take.id)).read_bytes()
    path = tmp_path / "damaged.webm"
    path.write_bytes(whole)
    kinds = ["audio", "video"]
    before = look(path, kinds)
    a_second = sum(1000 <= at_ms < 2000 for blocks in before.tracks.values() for at_ms in blocks.at_ms)
    for kind, index in (("audio", 100), ("audio", 300), ("video", 100)):
        last_of_size = before.tracks[kind].offsets[index] - 5
        for bit in range(30):
            damaged = bytearray(whole)
            damaged[last_of_size - bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            found = look(path, kinds)
            assert before.count - found.count <= a_second + 2, (kind, index, bit)
            assert max(size for blocks in found.tracks.values() for size in blocks.sizes) < 100_000
    video = before.tracks["video"]
    for later in range(101, 200):
        damaged = bytearray(whole)
        claimed = video.offsets[later] + video.sizes[later] - video.offsets[100]
        end_of_size = video.offsets[100] - 4
        damaged[end_of_size - 4 : end_of_size] = (claimed + 4).to_bytes(4, "big")
        path.write_bytes(damaged)
        found = look(path, kinds)
        assert before.count - found.count <= a_second + 2, later


@pytest.mark.parametrize("index", [7, 50])
async def test_a_frame_is_a_key_frame_by_what_it_is_and_not_by_what_its_block_says(record: Record, index: int) -> None:
    """Another frame taken for a key frame had a place in the cues, where no picture can begin."""
    good = await record(Sender(), 6)
    path = good.folder / raw_name(good.take.id)
    before = look(path, ["audio", "video"]).tracks["video"]
    content = bytearray(path.read_bytes())
    content[before.offsets[index] - 1] ^= 0x80
    path.write_bytes(content)
    after = look(path, ["audio", "video"]).tracks["video"]
    assert (after.keys, after.mistaken) == (before.keys, 1)
    take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
    assert take.state is TakeState.quarantined
    assert "key frames" in (take.reason or "")
    assert take.video
    assert take.video.key_frames == 3


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
    # A few bits of a voice or a picture may pass unnoticed; nearly all else is not what was written, and known as such.
    assert sum(take.state is TakeState.quarantined for take in ends if take) > len(ends) / 2
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
    older = re.sub(rb',"crc":"[0-9a-f]{8}"', b"", path.read_bytes())  # as it was before lines had a checksum
    path.write_bytes(re.sub(rb'(?<="ntp":167)\d', lambda _: next(other), older))
    await asyncio.to_thread(check, good.folder, good.take.id, good.take.starts_ms)
    take = outcome(good.folder, good.take.id)
    assert take
    assert take.state is TakeState.sealed
    assert take.duration_ms == pytest.approx(LENGTH_MS, abs=120)


async def test_a_damaged_digit_of_a_journal_is_known_as_such(record: Record) -> None:
    good = await record(Sender(), LENGTH_MS / 1000)
    path = good.folder / journal_name(good.take.id)
    whole = path.read_bytes()
    assert journal.read(path).damaged == 0
    path.write_bytes(re.sub(rb'(?<="arrived":)\d', b"7", whole, count=1))
    assert journal.read(path).damaged == 1
    await asyncio.to_thread(check, good.folder, good.take.id, good.take.starts_ms)
    take = outcome(good.folder, good.take.id)
    assert take
    assert (take.state, take.duration_ms) == (TakeState.quarantined, pytest.approx(LENGTH_MS, abs=120))
    assert "journal" in (take.reason or "")

    path.write_bytes(whole[:-9])  # a line cut short by a crash is no damage, nor is an older journal's line
    assert (journal.read(path).damaged, journal.read(path).closed) == (0, None)
    path.write_bytes(re.sub(rb',"crc":"[0-9a-f]{8}"', b"", whole))
    assert journal.read(path).damaged == 0
    assert journal.read(path).closed


async def test_a_damaged_line_of_levels_leaves_the_take_whole(record: Record) -> None:
    """They are most of a journal, and nothing but a cheaper way to know who speaks."""
    good = await record(Sender(), LENGTH_MS / 1000, level=level_of)
    path = good.folder / journal_name(good.take.id)
    whole = path.read_bytes()
    for number in (1, 9):
        path.write_bytes(re.sub(rb'(?<="db":")[0-9a-f]', b"7", whole, count=number))
        assert path.read_bytes() != whole
        assert journal.read(path).damaged == 0
        take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
        assert (take.state, take.reason) == (TakeState.sealed, None)
        assert take.audio
        assert good.take.audio
        assert [edge for span in take.audio.speech for edge in span] == pytest.approx(
            [edge for span in good.take.audio.speech for edge in span], abs=41
        )


async def test_all_that_is_wrong_with_a_take_is_said(record: Record) -> None:
    good = await record(Sender(), LENGTH_MS / 1000)
    path = good.folder / journal_name(good.take.id)
    path.write_bytes(re.sub(rb'(?<="arrived":)\d', b"7", path.read_bytes(), count=1))
    raw = good.folder / raw_name(good.take.id)
    raw.write_bytes(raw.read_bytes()[:-20])
    take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
    assert take.state is TakeState.quarantined
    assert "1 of its lines" in (take.reason or "")
    assert "packets and frames can be read" in (take.reason or "")


def spoil(begin: int, end: int) -> Damage:
    def damage(content: bytearray, dice: random.Random) -> None:
        content[begin:end] = dice.randbytes(end - begin)

    return damage


HEAD = len(raw_head(["audio", "video"]))
HEADS: dict[str, Damage] = {
    "all of it": spoil(0, HEAD),
    "what a WebM begins with": spoil(0, 20),
    "the tracks": spoil(HEAD - 200, HEAD),
    "a track's number": spoil(HEAD - 120, HEAD - 119),
    "the first cluster": spoil(HEAD, HEAD + 4),
    "zeros": lambda content, _: content.__setitem__(slice(0, HEAD), bytes(HEAD)),
}


@pytest.mark.parametrize("crashed", [False, True])
@pytest.mark.parametrize("where", HEADS)
async def test_a_raw_file_whose_beginning_is_damaged_is_told_of_and_can_be_watched(
    record: Record, where: str, crashed: bool
) -> None:
    good = await record(Sender(), LENGTH_MS / 1000)
    raw, notes = (good.folder / name(good.take.id) for name in (raw_name, journal_name))
    content = bytearray(raw.read_bytes())
    HEADS[where](content, random.Random(2))
    raw.write_bytes(content)
    if crashed:
        notes.write_bytes(b"".join(line for line in notes.read_bytes().splitlines(True) if b'"closed"' not in line))
    take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
    assert take.state is TakeState.quarantined
    assert "The beginning of the raw file is damaged" in (take.reason or "")
    assert raw.read_bytes() == content
    lost_ms = 1100 if where == "the first cluster" else 120
    assert take.duration_ms == pytest.approx(LENGTH_MS, abs=lost_ms)
    assert list(unsound(good.folder, take, take.starts_ms)) == []


@pytest.mark.parametrize("length", [0, 1, 20, HEAD - 300, HEAD - 20, HEAD])
async def test_a_raw_file_that_ends_within_its_beginning_is_kept_and_told_of(record: Record, length: int) -> None:
    good = await record(Sender(), LENGTH_MS / 1000)
    raw = good.folder / raw_name(good.take.id)
    content = raw.read_bytes()[:length]
    raw.write_bytes(content)
    take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
    assert (take.state, take.file, take.duration_ms) == (TakeState.quarantined, None, 0)
    assert "Nothing can be seen or heard in the raw file" in (take.reason or "")
    assert raw.read_bytes() == content


class Muted(Sender):
    """A microphone that gives zeros: libopus makes the very packet of them that fills holes."""

    def _audio(self, start: float, end: float) -> list[tuple[float, str, tuple[object, ...]]]:
        return [
            (arrival, what, (*rest[:4], opus.SILENCE) if what == "packet" else rest)
            for arrival, what, rest in super()._audio(start, end)
        ]


class Gappy(Sender):
    def lost(self, kind: str, at: float, _index: int) -> bool:
        return kind == "audio" and 3.0 <= at < 3.5


@pytest.mark.parametrize("sender", [Sender, Muted])
async def test_a_muted_microphone_of_a_damaged_take_is_no_hole(record: Record, sender: type[Sender]) -> None:
    good = await record(sender(), 6)
    path, raw = (good.folder / name(good.take.id) for name in (journal_name, raw_name))
    path.write_bytes(re.sub(rb'(?<="arrived":)\d', b"7", path.read_bytes(), count=1))
    take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
    assert take.state is TakeState.quarantined
    raw.write_bytes(raw.read_bytes()[: raw.stat().st_size // 2])  # no longer all that was sealed
    assert list(unsound(good.folder, take, take.starts_ms)) == []


async def test_silence_that_was_put_in_and_has_no_name_is_told_of(record: Record) -> None:
    good = await record(Gappy(), 6)
    path = good.folder / journal_name(good.take.id)
    path.write_bytes(re.sub(rb'(?<="arrived":)\d', b"7", path.read_bytes(), count=1))
    take = await asyncio.to_thread(seal_take, good.folder, good.take.id)
    assert take.state is TakeState.quarantined
    assert list(unsound(good.folder, take, take.starts_ms)) == []
    (said,) = unsound(good.folder, take.model_copy(update={"gaps": []}), take.starts_ms)
    assert "from 3.0 to 3.5 s" in said
