"""Two and three lean clients on one loop: forwarding, repair, replacement, hold and open."""

import asyncio
from itertools import pairwise

import av
import pytest

from teleosce.rtc import MediaServer

from .clients import Client, Clip, Ear, Heard, until
from .conftest import Diary


def decode(heard: Heard) -> list[av.VideoFrame]:
    """Every frame that is whole, through the real decoder."""
    decoder = av.CodecContext.create("vp8", "r")
    frames, data = [], b""
    for extended in sorted(heard.payloads):
        data += heard.payloads[extended][4:]
        if extended in heard.markers:
            frames += decoder.decode(av.Packet(data))
            data = b""
    return frames


async def pair(server: MediaServer, clip: Clip) -> tuple[Client, Client]:
    server.room("room").open()
    return await Client(server, clip, "anna").join(), await Client(server, clip, "ben").join()


async def test_both_see_and_hear_each_other(server: MediaServer, clip: Clip, diary: Diary) -> None:
    anna, ben = await pair(server, clip)
    for one in (anna, ben):
        await until(lambda one=one: len(one.by_mid["2"].payloads) > 20 and len(one.by_mid["3"].markers) > 15)
        pictures = decode(one.by_mid["3"])
        assert len(pictures) >= 15
        assert (pictures[0].width, pictures[0].height) == (160, 120)
        assert one.by_mid["2"].payloads[one.by_mid["2"].order[3]] in clip.sounds
    assert {(one.mid, one.participant, one.kind) for one in diary.bound["anna"].slots} == {
        ("2", "ben", "audio"),
        ("3", "ben", "video"),
    }
    assert ("anna", "connected") in diary.connections
    await until(lambda: anna.by_mid["2"].reports and anna.receiver_reports and anna.limits)
    await until(lambda: all(one.round_trip_ms is not None for one in server.room("room").peers()))
    for health in server.room("room").peers():
        assert health.state == "connected"
        assert health.round_trip_ms < 1000
    await anna.leave()
    await ben.leave()
    await until(lambda: ("anna", "left") in diary.connections and ("ben", "left") in diary.connections)


@pytest.mark.parametrize(
    ("extension", "level"),
    [
        (b"", None),
        (b"\xbe\xde\x00\x01\x10\xb0\x00\x00", 0x30),
        (b"\xbe\xde\x00\x01\x00\x10\xff\x00", 127),
        (b"\xbe\xde\x00\x02\x22\x01\x02\x03\x10\x05\x00\x00", 5),
        (b"\xbe\xde\x00\x01\x20\xb0\x00\x00", None),
        (b"\x10\x00\x00\x01\x01\x01\x30\x00", None),
        (b"\xbe\xde\x00\x00", None),
    ],
)
async def test_levels_of_sound_come_with_its_packets(
    server: MediaServer, clip: Clip, extension: bytes, level: int | None
) -> None:
    ear = Ear()
    server.room("room").subscribe(ear)
    server.room("room").open()
    anna = Client(server, clip, "anna")
    anna.extra_header = extension
    await anna.join()
    await until(lambda: sum(sound in clip.sounds for sound, _ in ear.levels) > 20)
    assert {told for sound, told in ear.levels if sound in clip.sounds} == {level}
    assert len(ear.of("anna", "audio")) == sum(sound in clip.sounds for sound, _ in ear.levels)
    await anna.leave()


async def test_a_lossy_line_is_repaired_both_ways(server: MediaServer, clip: Clip) -> None:
    ear = Ear()
    server.room("room").subscribe(ear)
    anna, ben = await pair(server, clip)
    await until(lambda: len(ben.by_mid["2"].payloads) > 5 and len(ben.by_mid["3"].payloads) > 5)
    anna.drop_out = lambda ssrc, sequence: sequence % 7 == 0
    lost: set[tuple[int, int]] = set()

    def once(ssrc: int, sequence: int) -> bool:
        first = sequence % 5 == 0 and (ssrc, sequence) not in lost
        lost.add((ssrc, sequence))
        return first

    ben.drop_in = once
    start = len(ben.by_mid["2"].payloads)
    await until(lambda: len(ben.by_mid["2"].payloads) > start + 80)
    anna.drop_out = ben.drop_in = lambda ssrc, sequence: False
    await until(lambda: not ben.by_mid["2"].holes and not ben.by_mid["3"].holes)
    assert {ssrc for ssrc, _ in anna.nacked} == {anna.audio_ssrc, anna.video_ssrc}
    until_now = max(one[0] for one in ear.of("anna", "audio"))
    wanted = set(range(min(one[0] for one in ear.of("anna", "audio")), until_now))
    await until(lambda: wanted <= {one[0] for one in ear.of("anna", "audio")})
    heard = [one[0] for one in ear.of("anna", "audio")]
    assert len(heard) == len(set(heard))
    health = {one.participant: one for one in server.room("room").peers()}
    assert health["anna"].audio.repaired > 5
    assert health["ben"].resent > 5
    await anna.leave()
    await ben.leave()


async def test_rtx_repairs_video(server: MediaServer, clip: Clip) -> None:
    anna, ben = await pair(server, clip)
    anna.use_rtx = True
    await until(lambda: len(ben.by_mid["3"].payloads) > 5)
    anna.drop_out = lambda ssrc, sequence: ssrc == anna.video_ssrc and sequence % 6 == 0
    start = len(ben.by_mid["3"].payloads)
    await until(lambda: len(ben.by_mid["3"].payloads) > start + 60)
    anna.drop_out = lambda ssrc, sequence: False
    await until(lambda: not ben.by_mid["3"].holes)
    assert anna.sequence[anna.rtx_ssrc] > 5
    assert all(payload[0] in {0x80, 0x90} for payload in ben.by_mid["3"].payloads.values())
    await anna.leave()
    await ben.leave()


async def test_three_people(server: MediaServer, clip: Clip, diary: Diary) -> None:
    anna, ben = await pair(server, clip)
    carla = await Client(server, clip, "carla").join()
    observer = await Client(server, clip, "olga").join(publish=False)
    people = (anna, ben, carla, observer)
    for one in people:
        await until(lambda one=one: all(len(heard.payloads) > 10 for heard in list(one.by_mid.values())[:4]))
    for one in ("anna", "ben", "carla"):
        others = {"anna", "ben", "carla"} - {one}
        assert {binding.participant for binding in diary.bound[one].slots} == others
    await carla.leave()
    await until(lambda: all("carla" not in {b.participant for b in diary.bound[one].slots} for one in ("anna", "ben")))
    assert len(diary.bound["olga"].slots) == 4
    for one in people[:2]:
        await one.leave()
    await observer.leave()


async def test_six_people_see_and_hear_each_other(server: MediaServer, clip: Clip, diary: Diary) -> None:
    names = ("anna", "ben", "carla", "dan", "eve", "fay")
    server.room("room").open()
    people = [await Client(server, clip, name, slots=5).join() for name in names]
    for one in people:
        await until(lambda one=one: sum(len(heard.payloads) > 10 for heard in one.by_mid.values()) == 10)
        others = {name for name in names if name != one.name}
        assert {binding.participant for binding in diary.bound[one.name].slots} == others
    for one in people:
        await one.leave()


async def test_nothing_passes_while_the_room_is_held(server: MediaServer, clip: Clip) -> None:
    room, ear = server.room("room"), Ear()
    room.subscribe(ear)
    anna = await Client(server, clip, "anna").join()
    ben = await Client(server, clip, "ben").join()
    await until(lambda: len(anna.receiver_reports) > 1 and len(ben.receiver_reports) > 1)
    await until(lambda: all(one.audio.packets_per_second > 10 for one in room.peers()))
    assert not ben.by_mid["2"].payloads
    assert not ear.started
    room.open()
    await until(lambda: len(ben.by_mid["3"].payloads) > 10 and ear.of("anna", "video"))
    assert anna.key_frames_asked >= 1
    assert {one.participant for one in ear.started} == {"anna", "ben"}
    room.hold()
    assert set(ear.ended) == set(ear.started)
    before = len(ear.of("anna", "audio"))
    counted = len(ben.by_mid["2"].order)
    await until(lambda: len(anna.receiver_reports) > 4)
    assert len(ear.of("anna", "audio")) == before
    assert len(ben.by_mid["2"].order) <= counted + 2
    room.open()
    await until(lambda: len(ear.of("anna", "audio")) > before + 10)
    assert len({one.id for one in ear.started}) == 4
    assert not ben.by_mid["2"].holes
    await anna.leave()
    await ben.leave()


async def test_a_newer_connection_takes_the_seat(server: MediaServer, clip: Clip, diary: Diary) -> None:
    ear = Ear()
    server.room("room").subscribe(ear)
    anna, ben = await pair(server, clip)
    await until(lambda: len(ben.by_mid["3"].payloads) > 20 and len(ben.by_mid["2"].payloads) > 20)
    announced = diary.bound_count
    slots = diary.bound["ben"].slots
    again = await Client(server, clip, "anna").join()
    again.sequence[again.audio_ssrc] = 30_000
    heard, seen = ben.by_mid["2"], ben.by_mid["3"]
    count, key_at = len(heard.order), seen.highest
    await until(lambda: len(heard.order) > count + 30 and seen.highest > key_at + 20)
    assert not heard.holes
    assert not seen.holes
    times = [heard.timestamps[one] for one in sorted(heard.timestamps)]
    steps = [(later - earlier) & 0xFFFFFFFF for earlier, later in pairwise(times)]
    assert all(0 < step < 48_000 * 10 for step in steps)
    assert sum(step != 960 for step in steps) <= 2
    assert diary.bound["ben"].slots == slots
    assert diary.bound_count == announced + 1  # the new connection's own slots
    assert [state for who, state in diary.connections if who == "anna"] == ["connected", "replaced", "connected"]
    assert [one.participant for one in ear.started].count("anna") == 2
    assert [one.participant for one in ear.ended] == ["anna"]
    await anna.leave(goodbye=False)
    await again.leave()
    await ben.leave()
    await asyncio.sleep(0)
