"""A page whose session is over is let go, whoever ended it: a command beside the server, or time."""

from pathlib import Path

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from sqlalchemy import text

from teleosce.app import at_rest
from teleosce.web import hub
from tests.hostile.live_call import ticket
from tests.hostile.offers import CHROMIUM
from tests.web.house import Client, House
from tests.web.house import house as running_house


async def opened(house: House, role: str, index: int = 0) -> ClientWebSocketResponse:
    return await page(await house.client(role, index), role)


async def page(client: Client, role: str) -> ClientWebSocketResponse:
    socket = await client.http.ws_connect(f"/ws?role={role}")
    assert (await socket.receive_json(timeout=10))["type"] == "welcome"
    return socket


async def goodbye(socket: ClientWebSocketResponse) -> str:
    """Why the page is let go. It is sent no ticket before."""
    while (said := await socket.receive_json(timeout=10))["type"] != "ended":
        assert said["type"] != "ticket"
    closed = await socket.receive(timeout=10)
    assert (closed.type, closed.data) == (WSMsgType.CLOSE, 4003)
    return str(said["reason"])


async def withdraw(house: House, role: str) -> None:
    """As a command does it beside the server, which is told nothing."""
    async with at_rest(house.rooms.settings) as rooms:
        await rooms.people.revoke_links(house.seat(role))


async def run_out(house: House, role: str) -> None:
    async with house.rooms.database.write() as connection:
        over = text("UPDATE sessions SET expires_ms = :now WHERE seat_id = :seat")
        await connection.execute(over, {"now": house.rooms.clock.now_ms(), "seat": house.seat(role)})


async def test_the_pages_of_sessions_that_are_over_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SESSIONS_S", 0.05)
    async with running_house(tmp_path / "data") as house:
        candidate, sp, other = await opened(house, "candidate"), await opened(house, "sp"), await opened(house, "sp", 1)
        await withdraw(house, "candidate")
        assert await goodbye(candidate) == "revoked"
        await run_out(house, "sp")
        assert await goodbye(sp) == "expired"
        await other.send_json({"type": "ping", "at": 1})
        while (await other.receive_json(timeout=10))["type"] != "pong":
            pass


async def test_whose_session_is_ended_elsewhere_is_out_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "SESSIONS_S", 0.05)
    async with running_house(tmp_path / "data") as house:
        media = house.rooms.media
        for role, index in (("sp", 0), ("sp", 1), ("examiner", 0)):
            seat = house.seat(role, index)
            client = await house.client(role, index)
            socket = await page(client, role)
            offer = {"ticket": ticket(house, seat, f"check-{seat}"), "sdp": CHROMIUM}
            await client.json("POST", "/api/media/offer", offer)
            assert len(media.peers(f"check-{seat}")) == 1
            if index:
                continue
            if role == "sp":
                await withdraw(house, role)
            else:
                await house.rooms.people.revoke_links(seat)
            assert await goodbye(socket) == "revoked"
            assert media.peers(f"check-{seat}") == []
        assert len(media.peers(f"check-{house.seat('sp', 1)}")) == 1


async def test_a_session_that_is_over_gets_no_ticket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SESSIONS_S", 3600)
    async with running_house(tmp_path / "data") as house:
        await house.begin(await house.encounter_of("candidate"))
        candidate, sp = await opened(house, "candidate"), await opened(house, "sp")
        await withdraw(house, "candidate")
        await run_out(house, "sp")
        for socket, reason in ((candidate, "revoked"), (sp, "expired")):
            await socket.send_json({"type": "ticket", "purpose": "encounter"})
            assert await goodbye(socket) == reason
