"""The WebSocket: whatever one page sends, it is answered or let go, and the others hear and are heard."""

import asyncio
import json
import os
import random
import socket
import struct
from typing import Any

import pytest
from aiohttp import WSMsgType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.journal import Journal
from tests.hostile.live_call import Holdings, settled, warm
from tests.hostile.raw import connect, request, rest, send
from tests.web.house import Client, House

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("ping", "ticket", "health", "stimulus", "help", "place", "welcome", "__class__", "")
FIELDS = ("at", "purpose", "id", "shown", "text", "loss", "round_trip_ms", "level_db", "sending", "receiving", "x")
MESSAGES = st.builds(
    lambda kind, fields: {"type": kind} | fields,
    st.sampled_from(NAMES) | JSON,
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
)


def frame(
    opcode: int, data: bytes, *, last: bool = True, masked: bool = True, reserved: int = 0, says: int = -1
) -> bytes:
    """A frame as a client sends it (RFC 6455, 5.2). says: a length that is not the data's."""
    length = len(data) if says < 0 else says
    first = (0x80 if last else 0) | reserved << 4 | opcode
    mask = 0x80 if masked else 0
    if length < 126:
        head = struct.pack("!BB", first, mask | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, mask | 126, length)
    else:
        head = struct.pack("!BBQ", first, mask | 127, length)
    return head + (bytes(4) if masked else b"") + data


async def asked(house: House, client: Client) -> Any:
    """A raw socket that has asked for a WebSocket."""
    raw = await connect(house.server.url)
    cookie = "; ".join(f"{one.key}={one.value}" for one in client.http.cookie_jar)
    own = {"Cookie": cookie, "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": 13}
    await send(raw, request("GET", f"/ws?role={client.role}", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", **own))
    return raw


async def upgraded(house: House, client: Client) -> Any:
    """A raw socket whose WebSocket is open."""
    raw = await asked(house, client)
    heard = b""
    async with asyncio.timeout(10):
        while b"welcome" not in heard:
            heard += await asyncio.get_running_loop().sock_recv(raw, 4096)
    return raw


async def answers(page: Any, number: int) -> None:
    await page.send_str(json.dumps({"type": "ping", "at": number}))
    async with asyncio.timeout(20):
        while (message := await page.receive()).type is WSMsgType.TEXT:
            said = json.loads(message.data)
            if said["type"] == "pong" and said["at"] == number:
                return
    raise AssertionError(f"closed with {page.close_code}")


async def test_messages_of_any_shape_are_answered(
    house: House, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.web.socket.PER_SECOND", 100_000)
    loop = asyncio.get_running_loop()
    quiet = await (await house.client("candidate", 1)).http.ws_connect("/ws?role=candidate")
    watching = await (await house.client("organiser")).http.ws_connect("/ws?role=organiser")
    speakers = [(await house.client(role)) for role in ("candidate", "sp", "examiner")]
    sockets = [await one.http.ws_connect(f"/ws?role={one.role}") for one in speakers]
    number = 0

    async def say(text: str) -> None:
        nonlocal number
        number += 1
        socket = sockets[number % len(sockets)]
        await socket.send_str(text)
        await answers(socket, number)

    @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(MESSAGES.map(json.dumps) | JSON.map(json.dumps) | st.text(max_size=80))
    def guess(text: str) -> None:
        asyncio.run_coroutine_threadsafe(say(text), loop).result(60)

    await asyncio.to_thread(guess)
    await answers(quiet, 1)
    await answers(watching, 2)
    journal.names_no_defect()
    for one in (*sockets, quiet, watching):
        await one.close()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(1, b"x" * 20_000), 1009),
        (frame(1, b"", says=1 << 62), 1009),
        (frame(1, b"x" * 9000, last=False) + frame(0, b"x" * 9000), 1009),
        (frame(2, b"binary"), 1003),
        (frame(1, b"\xff\xfe"), 1007),
        (frame(3, b""), 1002),
        (frame(11, b""), 1002),
        (frame(1, b"{}", reserved=7), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(0, b"a continuation of nothing"), 1002),
        (frame(8, b"\x00"), 1002),
        (b"".join(frame(9, b"p") for _ in range(200)), 1008),
        (b"".join(frame(10, b"p") for _ in range(200)), 1008),
        (b"".join(frame(1, b"{}") for _ in range(200)), 1008),
    ],
    ids=lambda given: str(given) if isinstance(given, int) else given[:4].hex(),
)
@pytest.mark.faults
async def test_frames_that_break_the_rules_end_their_own_connection(house: House, data: bytes, code: int) -> None:
    candidate = await house.client("candidate")
    quiet = await (await house.client("sp")).http.ws_connect("/ws?role=sp")
    raw = await upgraded(house, candidate)
    await send(raw, data)
    said = await rest(raw)
    assert struct.pack("!H", code) in said[-64:], said[-64:]
    raw.close()
    await answers(quiet, 3)
    await quiet.close()


async def test_a_ping_is_answered_and_a_page_that_answers_none_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.web.socket.HEARTBEAT_S", 0.4)
    raw = await upgraded(house, await house.client("candidate"))
    await send(raw, frame(9, b"are you there"))
    heard = b""
    async with asyncio.timeout(5):
        while b"\x8a\x0dare you there" not in heard:
            heard += await asyncio.get_running_loop().sock_recv(raw, 4096)
    await rest(raw, 10)
    raw.close()


async def test_a_page_that_goes_before_its_socket_is_open_is_no_defect(house: House, journal: Journal) -> None:
    candidate = await house.client("candidate")
    quiet = await (await house.client("sp")).http.ws_connect("/ws?role=sp")
    for _ in range(20):
        raw = await asked(house, candidate)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # gone with a reset
        raw.close()
    await answers(quiet, 4)
    await quiet.close()
    journal.names_no_defect()


@pytest.mark.faults
async def test_rubbish_and_half_open_sockets_leave_nothing(
    house: House, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.web.socket.HEARTBEAT_S", 1.0)
    await warm(house)
    candidate, chance = await house.client("candidate"), random.Random(3)
    patient = await house.client("sp", 1)
    before = Holdings()
    held = []
    for number in range(30):
        raw = await upgraded(house, candidate)
        if number % 3 == 0:
            await send(raw, os.urandom(chance.randint(1, 300)))
        elif number % 3 == 1:
            await send(raw, frame(1, b'{"type"', last=False))
        held.append(raw)
    for number, raw in enumerate(held):
        if number % 2:
            raw.close()
        else:
            await rest(raw, 15)
            raw.close()
    await settled(before)
    other = await patient.http.ws_connect("/ws?role=sp")
    await answers(other, 5)
    await other.close()
    journal.names_no_defect()
