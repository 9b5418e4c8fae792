"""Clients that hold what they have: others are served, the slow ones are let go, and nobody holds too many."""

import asyncio
import socket
import time

import pytest
from aiohttp import ClientSession, TCPConnector, web
from prometheus_client import REGISTRY

from teleosce.core.ids import new_id
from teleosce.recording import Take, TakeState
from teleosce.web import Door
from tests.hostile.raw import connect, request, rest, send
from tests.web.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

EACH = 50
SLOW_S = 2.0


async def by_bytes(raw: socket.socket, data: bytes) -> None:
    for byte in data * 1000:
        if not await send(raw, bytes([byte])):
            return
        await asyncio.sleep(0.1)


async def a_big_take(house: House) -> str:
    """The address of a sealed take of 64 MB, of the first candidate's encounter."""
    encounter = await house.encounter_of("candidate")
    take = Take(
        id=new_id(),
        encounter_id=encounter,
        participant_id=house.seat("candidate"),
        name="Ada One",
        state=TakeState.sealed,
        starts_ms=0,
        file="big.webm",
    )
    folder = house.rooms.settings.data / "encounters" / encounter
    folder.mkdir(parents=True)
    with (folder / "big.webm").open("wb") as file:
        file.truncate(64 << 20)
    await house.rooms.recordings._store.add(take)
    return f"/media/takes/{take.id}.webm"


def refused(why: str) -> float:
    return REGISTRY.get_sample_value("teleosce_connections_refused_total", {"why": why}) or 0.0


def open_now() -> float:
    return REGISTRY.get_sample_value("teleosce_connections_open") or 0.0


async def slowest(http: ClientSession, url: str, times: int) -> float:
    worst = 0.0
    for _ in range(times):
        began = time.monotonic()
        async with http.get(f"{url}/healthz") as response:
            assert response.status == 200
        worst = max(worst, time.monotonic() - began)
        await asyncio.sleep(0.02)
    return worst


@pytest.mark.faults
async def test_two_hundred_slow_clients_keep_nobody_else_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("patience.HEAD_S", "patience.WRITE_S", "routing.BODY_S", "socket.HEARTBEAT_S"):
        monkeypatch.setattr(f"teleosce.web.{name}", SLOW_S)
    url = house.server.url.replace("localhost", "127.0.0.1")
    examiner = await house.client("examiner")
    cookie = "; ".join(f"{one.key}={one.value}" for one in examiner.http.cookie_jar)
    media = await a_big_take(house)
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Key": key, "Sec_WebSocket_Version": 13}
    head = request("POST", "/api/link", Content_Type="application/json", Content_Length=200_000)
    async with ClientSession(connector=TCPConnector(local_addr=("127.0.0.2", 0))) as http:
        quiet = await slowest(http, url, 50)
        before, slow_heads = open_now(), refused("head")
        tasks = []
        held = []
        for number in range(4 * EACH):
            raw = await connect(url, receive=2048 if number % 4 == 2 else None)
            held.append(raw)
            if number % 4 == 0:
                tasks.append(asyncio.create_task(by_bytes(raw, b"GET /healthz HTTP/1.1\r\nX-A: b\r\n")))
            elif number % 4 == 1:
                await send(raw, head)
                tasks.append(asyncio.create_task(by_bytes(raw, b" ")))
            elif number % 4 == 2:
                await send(raw, request("GET", media, Cookie=cookie, Range="bytes=0-"))
            else:
                await send(raw, request("GET", "/ws?role=examiner", Cookie=cookie, **upgrade))
        busy = await slowest(http, url, 50)
        assert busy < max(1.0, 10 * quiet), f"{busy:.3f} s, {quiet:.3f} s before"
        async with asyncio.timeout(60):
            while open_now() > before:  # noqa: ASYNC110  a gauge tells nobody
                await asyncio.sleep(0.1)
        assert refused("head") - slow_heads >= EACH
        said = [await rest(raw) for raw in held]
        assert all(b" 408 " in one for one in said[1::4])
        assert all(len(one) < 16 << 20 for one in said[2::4])
        for task in tasks:
            task.cancel()
        for raw in held:
            raw.close()
    async with ClientSession(url) as fresh, fresh.get("/healthz") as response:
        assert response.status == 200


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
async def test_a_head_has_its_time(house: House, start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleosce.web.patience.HEAD_S", 0.3)
    raw = await connect(house.server.url)
    await send(raw, start)
    assert await rest(raw) == b""
    raw.close()


async def test_a_head_after_the_first_has_its_time_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleosce.web.patience.HEAD_S", 0.5)
    raw = await connect(house.server.url)
    await send(raw, request("GET", "/healthz"))
    while b"ok" not in await asyncio.get_running_loop().sock_recv(raw, 4096):
        pass
    await asyncio.sleep(1)  # a kept connection may rest for longer than a head may take
    await send(raw, request("GET", "/healthz")[:30])
    assert await rest(raw) == b""
    raw.close()


@pytest.mark.faults
async def test_a_body_has_its_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleosce.web.routing.BODY_S", 0.3)
    for path, kind in (("/api/link", "application/json"), ("/sign-in", "application/x-www-form-urlencoded")):
        raw = await connect(house.server.url)
        await send(raw, request("POST", path, b"{", Content_Type=kind, Content_Length=100, Connection="close"))
        assert (await rest(raw)).startswith(b"HTTP/1.1 408 ")
        raw.close()


async def test_one_address_holds_so_many_and_another_is_served(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleosce.web.patience.PER_ADDRESS", 20)
    held = [await connect(house.server.url, source="127.0.0.3") for _ in range(20)]
    one_more = await connect(house.server.url, source="127.0.0.3")
    await send(one_more, request("GET", "/healthz"))
    said = await rest(one_more)
    assert said.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 60" in said
    assert b"Too many connections" in said
    other = await connect(house.server.url, source="127.0.0.4")
    await send(other, request("GET", "/healthz", Connection="close"))
    assert (await rest(other)).startswith(b"HTTP/1.1 200 ")
    held.pop().close()
    async with asyncio.timeout(10):
        again = b""
        while not again.startswith(b"HTTP/1.1 200 "):
            raw = await connect(house.server.url, source="127.0.0.3")
            await send(raw, request("GET", "/healthz", Connection="close"))
            again = await rest(raw)
            raw.close()
    for raw in (*held, one_more, other):
        raw.close()


async def test_connections_leave_handles_for_media_and_files() -> None:
    async def hello(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="hello")

    inner = web.Server(hello)
    listening = await asyncio.get_running_loop().create_server(Door(inner, 8), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    held = [await connect(url) for _ in range(6)]
    seventh = await connect(url)
    await send(seventh, request("GET", "/"))
    assert (await rest(seventh)).startswith(b"HTTP/1.1 503 ")
    await send(held[0], request("GET", "/", Connection="close"))
    assert (await rest(held[0])).endswith(b"hello")
    for raw in (*held, seventh):
        raw.close()
    listening.close()
    await inner.shutdown()
