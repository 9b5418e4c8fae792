"""Datagrams that nobody of the call sent, at its media port: from a stranger's socket, and from the peer's own address.

The peer's own socket stands for one who can forge its address: what arrives is the same.
"""

import asyncio
import contextlib
import os
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from tests.hostile.journal import Journal
from tests.hostile.live_call import Call, Holdings, Speaker, live_call, settled, warm
from tests.rtc.clients import HEADER, Clip
from tests.web.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
BURST = 40
COOKIE = 0x2112A442


def stun(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    """A STUN message (RFC 8489, 5)."""
    body = b"".join(struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes)
    return struct.pack("!HHI", kind, len(body), COOKIE) + os.urandom(12) + body


def dtls(kind: int, body: bytes, epoch: int = 0) -> bytes:
    """A DTLS record (RFC 6347, 4.1)."""
    return struct.pack("!BHHHIH", kind, 0xFEFD, epoch, 0, random.getrandbits(32), len(body)) + body


def client_hello() -> bytes:
    hello = struct.pack("!H", 0xFEFD) + os.urandom(32) + b"\x00\x00\x00\x04\xc0\x2b\xc0\x2f\x01\x00"
    return dtls(22, struct.pack("!B3sHH", 1, len(hello).to_bytes(3, "big"), 0, 0)[:6] + b"\x00" * 6 + hello)


def kinds(speaker: Speaker, sent: list[bytes]) -> dict[str, Callable[[], bytes]]:
    """By name, what makes one datagram. sent: authentic packets of the speaker, as they were on the line."""
    username = f"{speaker.answered_ufrag}:{speaker.gatherer.getLocalParameters().usernameFragment}".encode()
    ssrc = speaker.audio_ssrc

    def rtp(sequence: int) -> bytes:
        return HEADER.pack(0x80, 111, sequence & 0xFFFF, 1, ssrc) + os.urandom(60)

    return {
        "random": lambda: os.urandom(random.randint(1, 1400)),
        "empty": lambda: b"",
        "one byte": lambda: bytes([random.randrange(256)]),
        "truncated": lambda: random.choice(sent)[: random.randint(1, 11)],
        "a request without integrity": lambda: stun(1, (6, username)),
        "a request of wrong integrity": lambda: stun(1, (6, username), (8, os.urandom(20)), (0x8028, bytes(4))),
        "a nomination of wrong integrity": lambda: stun(1, (6, username), (0x25, b""), (8, os.urandom(20))),
        "an answer to nothing": lambda: stun(0x101, (0x20, bytes(8)), (8, os.urandom(20))),
        "an error to nothing": lambda: stun(0x111, (9, b"\x00\x00\x04\x01no")),
        "broken STUN": lambda: stun(1)[:8] + os.urandom(random.randint(0, 40)),
        "a DTLS alert": lambda: dtls(21, b"\x02\x28"),
        "a DTLS goodbye": lambda: dtls(21, b"\x01\x00", epoch=1),
        "a ClientHello": client_hello,
        "DTLS data": lambda: dtls(23, os.urandom(80), epoch=1),
        "broken DTLS": lambda: bytes([random.randint(20, 63)]) + os.urandom(random.randint(0, 200)),
        "SRTP of wrong tag": lambda: rtp(random.getrandbits(16)),
        "SRTP from far ahead": lambda: rtp(speaker.sequence[ssrc] + 30_000),
        "SRTP once more": lambda: random.choice(sent),
        "SRTP altered": lambda: altered(random.choice(sent)),
        "an open BYE": lambda: struct.pack("!BBHI", 0x81, 203, 1, ssrc),
        "an open report": lambda: struct.pack("!BBHI", 0x80, 200, 6, ssrc) + os.urandom(24),
        "broken SRTCP": lambda: bytes([0x80, random.randint(192, 223)]) + os.urandom(random.randint(0, 100)),
        "64 KB": lambda: bytes([random.choice((0, 22, 128))]) + bytes(65_000),
    }


def altered(packet: bytes) -> bytes:
    place = random.randrange(12, len(packet))
    return packet[:place] + bytes([packet[place] ^ 1]) + packet[place + 1 :]


class Attacker:
    """Sends to the media port of one speaker, in bursts that leave the port's queue some room."""

    def __init__(self, speaker: Speaker) -> None:
        connection = speaker.ice._connection
        self.speaker = speaker
        self.address = connection._nominated[1].remote_addr
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        self.stranger = socket.socket(family, socket.SOCK_DGRAM)
        self.stranger.setblocking(False)

    def from_elsewhere(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.stranger.sendto(data, self.address)

    async def all(self, made: Iterator[bytes]) -> None:
        for number, data in enumerate(made):
            self.from_elsewhere(data)
            self.speaker.datagram(data)
            if number % BURST == BURST - 1:
                await asyncio.sleep(0.004)


def overhear(speaker: Speaker) -> list[bytes]:
    """The speaker's SRTP packets from now on."""
    sent: list[bytes] = []
    pass_on = speaker.datagram

    def datagram(data: bytes) -> None:
        if len(sent) < 500 and data and 127 < data[0] < 192:
            sent.append(data)
        pass_on(data)

    speaker.datagram = datagram  # type: ignore[method-assign]
    return sent


async def attack(call: Call, each: int, journal: Journal) -> None:
    speaker = call.people[0]
    overheard = overhear(speaker)
    await call.rest()
    sent = list(overheard)
    assert len(sent) > 50
    attacker = Attacker(speaker)
    began, used, number = time.monotonic(), time.process_time(), 0
    for name, make in kinds(speaker, sent).items():
        some = each if name != "64 KB" else each // 10
        await attacker.all(make() for _ in range(some))
        number += 2 * some
        states = [peer.state.value for peer in call.house.rooms.media.peers(call.encounter)]
        assert states == ["connected", "connected"], name
    cpu_us = (time.process_time() - used) / number * 1e6
    attacker.stranger.close()
    print(f"{number} datagrams, {cpu_us:.0f} µs each, senders and the call included")  # noqa: T201
    assert cpu_us < 1000
    call.was_not_disturbed(began, journal)
    await call.is_whole()
    journal.names_no_defect()
    journal.has_at_most(30)


@pytest.mark.faults
async def test_ten_thousand_of_each_end_nothing(own_house: House, clip: Clip, journal: Journal) -> None:
    async with live_call(own_house, clip) as call:
        await warm(own_house)
        before = Holdings()
        await attack(call, 10_000, journal)
        await settled(before)
        await call.is_recorded()


async def test_some_of_each_end_nothing(house: House, clip: Clip, journal: Journal) -> None:
    async with live_call(house, clip) as call:
        await attack(call, 50, journal)
