"""Two pages of one person: the newest counts, and the older one is told so."""

from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType

from teleosce.app import running
from tests.web.house import Client, House, settings
from tests.web.house import house as running_house


async def until(socket: ClientWebSocketResponse, kind: str) -> None:
    while (await socket.receive_json(timeout=10))["type"] != kind:
        pass


async def test_an_older_page_of_a_participant_is_told_and_let_go(house: House) -> None:
    for role in ("candidate", "sp"):
        client = await house.client(role)
        older = await client.http.ws_connect(f"/ws?role={role}")
        await until(older, "place")
        newer = await client.http.ws_connect(f"/ws?role={role}")
        await until(newer, "place")
        await until(older, "replaced")
        goodbye = await older.receive(timeout=10)
        assert (goodbye.type, goodbye.data) == (WSMsgType.CLOSE, 4001)
        await newer.send_json({"type": "ping", "at": 1})
        await until(newer, "pong")


async def test_an_organiser_may_have_the_day_open_twice(house: House) -> None:
    client = await house.client("organiser")
    older = await client.http.ws_connect("/ws?role=organiser")
    await client.http.ws_connect("/ws?role=organiser")
    await older.send_json({"type": "ping", "at": 1})
    await until(older, "pong")


async def test_a_page_knows_a_server_that_was_started_anew(tmp_path: Path) -> None:
    """Its media connections are of no use then: it does not wait to find them dead."""

    async def welcome(client: Client) -> Any:
        return (await (await client.http.ws_connect("/ws?role=candidate")).receive_json())["boot"]

    async with running_house(tmp_path / "data") as house:
        candidate = await house.client("candidate")
        first = await welcome(candidate)
        assert await welcome(candidate) == first
        cookies = {cookie.key: cookie.value for cookie in candidate.http.cookie_jar}
    async with running(settings(tmp_path / "data")) as server:
        again = Client(server.url)
        again.http.cookie_jar.update_cookies(cookies)
        assert await welcome(again) != first
        await again.http.close()
