"""The look at all ports, with more coming in than can be read."""

import asyncio
import time

from teleosce.rtc.ports import Ports
from teleosce.rtc.timings import LOOK_AT_MOST_S


async def test_a_flood_leaves_everything_else_its_turn():
    """Each packet takes 2 ms and brings another: without an end to a look, 64 are read at each turn of the loop.

    Some work needs many turns, a bell for one: each look is followed by several.
    """
    ports = Ports()
    port = ports.open("127.0.0.1")
    read = 0

    def reader(now):
        nonlocal read
        read += 1
        port.socket.recv(100)
        port.socket.sendto(b"again", port.address)
        while time.monotonic() < now + 0.002:
            pass

    ports.read(port, reader)
    port.socket.sendto(b"first", port.address)
    most = before = turns = 0
    while read < 200:
        await asyncio.sleep(0)
        most, before, turns = max(most, read - before), read, turns + (before > 0)
    port.close()
    assert turns >= 150
    assert most <= LOOK_AT_MOST_S / 0.002 + 2
