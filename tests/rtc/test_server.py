"""The door: who is let in, what is left behind, and what strangers at the port can do."""

import asyncio
import os
import socket
import struct
from itertools import pairwise
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings

from teleosce.core.clock import Clock
from teleosce.core.errors import Conflict, Forbidden, Invalid, Unavailable
from teleosce.core.events import Events
from teleosce.rtc import MediaServer, Ticket, self_test
from teleosce.rtc.ports import Ports
from teleosce.rtc.transport import MediaTransport

from .clients import HEADER, SECRET, Client, Clip, Ear, ticket, until
from .conftest import Diary
from .test_sdp import AUDIO, FULL, VIDEO, mutated, offer


def sockets() -> int:
    return sum(str(one.readlink()).startswith("socket:") for one in Path("/proc/self/fd").iterdir() if one.is_symlink())


def other_tasks() -> int:
    return len(asyncio.all_tasks())


async def test_who_has_no_ticket_stays_out(server: MediaServer) -> None:
    for text in ("", "nonsense", ticket("anna")[:-3] + "abc"):
        with pytest.raises(Forbidden):
            await server.answer(text, FULL)
    late = Ticket("room", "anna", "Anna", publish=True, subscribe=True, expires_ms=Clock().now_ms() - 1).sign(SECRET)
    with pytest.raises(Forbidden, match="expired"):
        await server.answer(late, FULL)
    assert server.room("room").peers() == []


async def test_bad_offers_leave_nothing_behind(server: MediaServer) -> None:
    before = sockets(), other_tasks()
    for text in ("", "v=0", FULL.replace("VP8", "AV1"), FULL.replace("a=ice-pwd", "a=x"), "x" * 40_000):
        with pytest.raises(Invalid):
            await server.answer(ticket("anna"), text)
    with pytest.raises(Invalid, match="in common"):
        await server.answer(ticket("anna", publish=False), offer((AUDIO, "sendonly")))
    assert (sockets(), other_tasks()) == before


async def test_a_ticket_says_what_may_be_done(server: MediaServer) -> None:
    text = await server.answer(ticket("anna", publish=False), FULL)
    assert text.count("a=sendonly") == 2
    assert "a=recvonly" not in text
    text = await server.answer(ticket("ben", subscribe=False), FULL)
    assert text.count("a=recvonly") == 2
    assert "a=sendonly" not in text


def test_mutated_offers_never_raise_anything_else_and_leak_nothing() -> None:
    async def run(text: str) -> None:
        server = MediaServer(SECRET, Clock(), Events())
        await server.start()
        before = sockets(), other_tasks()
        try:
            await server.answer(ticket("anna"), text)
        except Invalid:
            assert (sockets(), other_tasks()) == before
        await server.close()
        assert sockets() == before[0]
        assert other_tasks() == before[1] - 1

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutated())
    def check(text: str) -> None:
        asyncio.run(run(text))

    check()


async def test_one_who_never_connects_is_gone_after_a_while(
    server: MediaServer, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.rtc.peer.CONNECT_S", 0.05)
    before = sockets(), other_tasks()
    await server.answer(ticket("anna"), FULL)
    assert server.room("room").peers()[0].state == "connecting"
    await until(lambda: diary.connections == [("anna", "failed")])
    await until(lambda: (sockets(), other_tasks()) == before)


async def test_the_newest_of_two_offers_wins(server: MediaServer) -> None:
    before = sockets()
    first = asyncio.create_task(server.answer(ticket("anna"), FULL))
    second = asyncio.create_task(server.answer(ticket("anna"), FULL))
    done = await asyncio.gather(first, second, return_exceptions=True)
    assert isinstance(done[0], Conflict)
    assert isinstance(done[1], str)
    assert len(server.room("room").peers()) == 1
    await server.close_room("room", "enough")
    assert sockets() == before


async def test_an_answer_that_nobody_waits_for_leaves_nothing(server: MediaServer) -> None:
    before = sockets()
    asking = asyncio.create_task(server.answer(ticket("anna"), FULL))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    await server.close_room("room", "enough")
    assert sockets() == before


async def test_a_dead_line_is_lost(
    server: MediaServer, clip: Clip, diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.rtc.peer.LOST_S", 0.5)
    server.room("room").open()
    anna = await Client(server, clip, "anna").join()
    ben = await Client(server, clip, "ben").join()
    await until(lambda: len(ben.by_mid["2"].payloads) > 5)
    await anna.leave(goodbye=False)
    await until(lambda: ("anna", "lost") in diary.connections)
    assert ("ben", "lost") not in diary.connections
    await until(lambda: diary.bound["ben"].slots == ())
    await ben.leave()


async def test_closing_a_room_ends_everything_in_it(server: MediaServer, clip: Clip, diary: Diary) -> None:
    before = sockets()
    ear = Ear()
    server.room("room").subscribe(ear)
    server.room("room").open()
    anna = await Client(server, clip, "anna").join()
    await until(lambda: ear.of("anna", "audio"))
    await server.close_room("room", "the encounter is over")
    assert len(ear.ended) == 1
    await until(lambda: diary.connections[-1] == ("anna", "closed"))
    await anna.leave(goodbye=False)
    await until(lambda: sockets() == before)
    assert server.room("room").peers() == []


async def test_strangers_at_the_port_end_nothing(server: MediaServer, clip: Clip, diary: Diary) -> None:
    await disturb(server, clip)
    assert diary.connections[:2] == [("anna", "connected"), ("ben", "connected")]
    assert {state for _, state in diary.connections[2:]} <= {"left"}


def test_strangers_end_nothing_under_uvloop(clip: Clip) -> None:
    """There, an exception on the way in would close the socket."""

    async def run() -> None:
        server = MediaServer(SECRET, Clock(), Events())
        await server.start()
        await disturb(server, clip)
        await server.close()

    uvloop.run(run())


async def disturb(server: MediaServer, clip: Clip) -> None:
    server.room("room").open()
    anna = await Client(server, clip, "anna").join()
    ben = await Client(server, clip, "ben").join()
    await until(lambda: len(ben.by_mid["3"].payloads) > 5)
    pair = anna.ice._connection._nominated[1]
    address = pair.remote_addr
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stunned = struct.pack("!HHI12s", 1, 8, 0x2112A442, bytes(12)) + struct.pack("!HHI", 0x0020, 4, 1)
        for data in (
            b"",
            b"\x00",
            b"\x80",
            b"\x80\xc8",
            bytes([0x80, 111]) + os.urandom(60),
            bytes([0x80, 200]) + os.urandom(60),
            bytes([0x80, 111]) + os.urandom(1900),
            bytes([21, 254, 253]) + bytes(8) + b"\x00\x02\x01\x00",
            bytes([22, 254, 253]) + os.urandom(90),
            bytes([23, 254, 253]) + os.urandom(90),
            bytes([64]) + os.urandom(20),
            b"\x00\x01\x00\x00" + os.urandom(16),
            stunned,
        ):
            for _ in range(20):
                stranger.sendto(data, address)
    # The same from where the peer itself is, as one who can forge its address would
    alert = bytes([21, 254, 253]) + bytes(8) + b"\x00\x02\x01\x00"
    for data in (b"", alert, b"\x16" + os.urandom(80), b"\x80\x6f" + os.urandom(80), b"\x17" * 1800, b"\x00" * 30):
        anna.datagram(data)
    # And authentic rubbish
    empty = HEADER.pack(0x80, 96, 1, 1, anna.video_ssrc)
    all_padding = HEADER.pack(0xA0, 96, 2, 1, anna.video_ssrc) + b"\xff"
    contributors = HEADER.pack(0x81, 96, 3, 1, anna.video_ssrc) + bytes(4)
    unknown = HEADER.pack(0x80, 20, 3, 1, 12345) + bytes(4)
    for data in (empty, all_padding, contributors, unknown):
        anna.send_raw(data)
    anna.send_raw(b"\x8f\xcd\xff\xff" + bytes(8), rtcp=True)
    anna.send_raw(b"\x81\xcd\x00\x02" + bytes(8), rtcp=True)
    count = len(ben.by_mid["2"].order)
    await until(lambda: len(ben.by_mid["2"].order) > count + 30)
    back = len(anna.by_mid["2"].order)
    await until(lambda: len(anna.by_mid["2"].order) > back + 10)
    assert [one.state for one in server.room("room").peers()] == ["connected", "connected"]
    await anna.leave()
    await ben.leave()


async def test_heavy_loss_stops_pictures_but_not_sound(
    server: MediaServer, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.rtc.peer.TICK_S", 0.05)
    monkeypatch.setattr("teleosce.rtc.bandwidth.PAUSE_AFTER_S", 0.2)
    monkeypatch.setattr("teleosce.rtc.bandwidth.RESUME_AFTER_S", 0.5)
    room = server.room("room")
    room.open()
    anna = await Client(server, clip, "anna").join()
    ben = await Client(server, clip, "ben").join()
    await until(lambda: len(ben.by_mid["3"].payloads) > 10 and ben.by_mid["3"].reports)

    def health() -> dict[str, bool]:
        return {one.participant: one.video_paused for one in room.peers()}

    async def complain() -> None:
        while True:
            for ssrc, mid in ben.mids.items():
                if mid in {"2", "3"}:
                    ben.report(ssrc, 0.4)
            await asyncio.sleep(0.1)

    complaining = asyncio.create_task(complain())
    await until(lambda: health()["ben"])
    assert min(anna.limits) < 1_000_000
    seen, heard = len(ben.by_mid["3"].order), len(ben.by_mid["2"].order)
    await until(lambda: len(ben.by_mid["2"].order) > heard + 20)
    assert len(ben.by_mid["3"].order) <= seen + 5
    assert not health()["anna"]
    complaining.cancel()
    asked = anna.key_frames_asked
    await until(lambda: not health()["ben"] and len(ben.by_mid["3"].order) > seen + 20)
    assert anna.key_frames_asked > asked
    assert not ben.by_mid["3"].holes
    await anna.leave()
    await ben.leave()


async def test_while_it_is_recorded_one_after_the_other_is_asked_for_a_key_frame(
    server: MediaServer, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.rtc.room.KEY_FRAME_EVERY_S", 1.2)
    room = server.room("room")
    room.open()
    anna = await Client(server, clip, "anna").join()
    ben = await Client(server, clip, "ben").join()
    await until(lambda: len(ben.by_mid["3"].payloads) > 10 and len(anna.by_mid["3"].payloads) > 10)
    asked: list[tuple[str, int]] = []
    for client in (anna, ben):
        client.asked_for_key_frame = lambda name=client.name: asked.append((name, anna.picture))
    room.subscribe(Ear())
    await until(lambda: len(asked) >= 8)
    # Both as the recorder comes, in whatever order; then in turn, with many frames between (one may come late).
    names = [name for name, _ in asked]
    assert sorted(names[:2]) == ["anna", "ben"]
    assert names[2:8] in (["anna", "ben"] * 3, ["ben", "anna"] * 3)
    assert sum(later - earlier > 3 for (_, earlier), (_, later) in pairwise(asked[2:8])) >= 4
    await anna.leave()
    await ben.leave()


async def test_public_addresses_are_offered_on_the_same_ports() -> None:
    server = MediaServer(SECRET, Clock(), Events(), addresses=["203.0.113.7"])
    await server.start()
    text = await server.answer(ticket("anna"), FULL)
    found = [line.split()[4:6] for line in text.splitlines() if line.startswith("a=candidate")]
    public = {port for address, port in found if address == "203.0.113.7"}
    own = {port for address, port in found if "." in address and address != "203.0.113.7"}
    assert public == own
    await server.close()


async def test_a_machine_without_a_network_serves_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])
    server = MediaServer(SECRET, Clock(), Events())
    await server.start()
    text = await server.answer(ticket("anna"), FULL)
    assert {line.split()[4] for line in text.splitlines() if line.startswith("a=candidate")} == {"127.0.0.1"}
    await server.close()


async def test_a_stopped_server_says_so() -> None:
    with pytest.raises(Unavailable):
        await MediaServer(SECRET, Clock(), Events()).answer(ticket("anna"), FULL)


def test_the_seams_of_the_libraries_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    self_test()
    monkeypatch.delattr("aioice.ice.Connection.get_component_candidates")
    with pytest.raises(Unavailable, match="get_component_candidates"):
        self_test()


async def test_candidates_of_another_family_are_not_moved() -> None:
    from aiortc import RTCCertificate

    transport = MediaTransport(RTCCertificate.generateCertificate(), Ports(), lambda *_: None, lambda *_: None)
    await transport.gather()
    own = transport.candidates()
    both = transport.candidates(["2001:db8::1"])
    assert len(both) - len(own) == sum(":" in one.ip for one in own)
    await transport.close()


def ticket_for_video_only() -> str:
    return offer((VIDEO, "sendonly"))


async def test_a_camera_alone_may_be_sent(server: MediaServer) -> None:
    text = await server.answer(ticket("anna"), ticket_for_video_only())
    assert text.count("m=") == 1
    assert server.room("room").peers()[0].audio is None
