"""One person's rubbish stays with that person: it reaches nobody else's page, no log, no memory."""

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client import REGISTRY

from teleosce.people import Role
from teleosce.web.limits import address_of
from tests.web.house import Client, House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def opened(client: Client, **query: str) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in ({"role": client.role} | query).items())
    socket = await client.http.ws_connect(f"/ws?{asked}")
    assert (await socket.receive_json())["type"] == "welcome"
    return socket


async def heard(socket: Any, kind: str) -> Any:
    async with asyncio.timeout(15):
        while (message := strictly(await socket.receive_str()))["type"] != kind:
            pass
    return message


def strictly(text: str) -> Any:
    """As a browser reads it: NaN and Infinity are no JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} in a message")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("text", ['"\\ud800 help"', '"nul \\u0000"', "1e999", '["a", {}]', '"x" '])
async def test_the_organiser_hears_everybody_whatever_one_writes(
    house: House, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.web.socket.HELP_EVERY_S", 0)
    candidate, patient = await opened(await house.client("candidate")), await opened(await house.client("sp"))
    organiser = await opened(await house.client("organiser"))
    await candidate.send_str(f'{{"type": "help", "text": {text}}}')
    await heard(organiser, "message")
    await patient.send_str('{"type": "help", "text": "it is cold"}')
    assert (await heard(organiser, "message"))["text"] == "it is cold"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999", "9" * 400, "9" * 5000, "true", '"\\ud800"'])
async def test_the_day_stays_readable_whatever_a_page_says_of_its_health(house: House, number: str) -> None:
    candidate = await opened(await house.client("candidate"))
    organiser = await opened(await house.client("organiser"))
    await candidate.send_str(f'{{"type": "health", "receiving": true, "loss": {number}, "round_trip_ms": {number}}}')
    await candidate.send_str('{"type": "ping", "at": 1}')
    await heard(candidate, "pong")
    await heard(organiser, "day")


@pytest.mark.parametrize("at", ["NaN", "1e999", '"\\ud800"', "[" * 500 + "]" * 500, "null"])
async def test_a_ping_gives_back_a_number_or_nothing(house: House, at: str) -> None:
    candidate = await opened(await house.client("candidate"))
    await candidate.send_str(f'{{"type": "ping", "at": {at}}}')
    await candidate.send_str('{"type": "ping", "at": 7}')
    while (message := await heard(candidate, "pong"))["at"] is None:
        pass
    assert message["at"] == 7


async def test_nobody_drowns_the_organiser_with_calls_for_help(house: House) -> None:
    candidate = await opened(await house.client("candidate", 1))
    organiser = await opened(await house.client("organiser"))
    for _ in range(20):
        await candidate.send_str('{"type": "help", "text": "!"}')
    assert (await heard(candidate, "notice"))["level"] == "info"
    assert (await heard(candidate, "notice"))["code"] == "told"
    seat = await opened(await house.client("sp", 1))
    await seat.send_str('{"type": "help", "text": "me too"}')
    assert (await heard(organiser, "message"))["text"] == "!"
    assert (await heard(organiser, "message"))["text"] == "me too"


async def test_a_page_that_watches_nothing_is_told_before_it_is_connected(house: House) -> None:
    people = house.rooms.people
    await people.add_account("o@school.org", "O", "a long password", Role.organiser)
    staff = await house.client()
    await signed_in(staff, "o@school.org")
    response = await staff.http.get("/ws?exam=nothing", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert response.status == 404
    assert (await response.json())["error"]["message"]


async def signed_in(client: Client, email: str) -> None:
    form = {"email": email, "password": "a long password"}
    response = await client.http.post("/sign-in", data=form, allow_redirects=False)
    assert response.status == 303, await response.text()


async def test_a_method_of_a_strangers_own_makes_no_series(house: House) -> None:
    async with ClientSession(house.server.url) as http:
        for number in range(5):
            async with http.request(f"BREW{number}", "/") as response:
                assert response.status in (400, 405)
    methods = {
        sample.labels["method"]
        for metric in REGISTRY.collect()
        if metric.name == "teleosce_http_requests"
        for sample in metric.samples
    }
    assert not [method for method in methods if re.match("BREW", method)]


async def test_an_origin_that_is_no_address_is_another_site(house: House) -> None:
    organiser = await house.client("organiser")
    mine = await house.encounter_of("candidate")
    for origin in ("http://[", "null", "://", "http://", "\\", "http://127.0.0.1:1"):
        await organiser.refused(403, "POST", f"/api/encounters/{mine}/begin", {}, Origin=origin)


async def test_an_error_of_the_database_keeps_what_people_wrote_to_itself(house: House) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError) as raised:
        async with house.rooms.database.write() as connection:
            await connection.execute(text("INSERT INTO nowhere VALUES (:said)"), {"said": "what the patient said"})
    assert "what the patient said" not in str(raised.value)


async def test_only_what_a_form_of_ours_sends_is_a_form(house: House) -> None:
    async with ClientSession(house.server.url) as http:
        for kind, data in (
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=a", b"--a\r\n\r\nx"),
            ("application/x-www-form-urlencoded; charset=nothing", b"email=a"),
            ("application/x-www-form-urlencoded", b"email=%ff\xff&password=\x00"),
            ("application/x-www-form-urlencoded", b"&".join(b"a=%d" % one for one in range(100))),
            ("text/plain", b"email=a&password=b"),
        ):
            async with http.post("/sign-in", data=data, headers={"Content-Type": kind}) as response:
                assert 400 <= response.status < 500, (kind, response.status)
                assert "went wrong" not in await response.text() or response.status < 500
        async with http.post("/api/link", data='{"token": "x"}', headers={"Content-Type": "text/plain"}) as response:
            assert response.status == 415


class Asking:
    """As much of a request as an address is read from."""

    def __init__(self, house: House, remote: str, *said: str) -> None:
        from multidict import CIMultiDict

        from teleosce.web.context import ROOMS

        self.remote = remote
        self.headers = CIMultiDict([("X-Forwarded-For", one) for one in said])
        self.app = {ROOMS: house.rooms}


async def test_only_a_trusted_proxy_says_where_a_request_comes_from(house: House) -> None:
    assert address_of(Asking(house, "203.0.113.9", "198.51.100.1")) == "203.0.113.9"  # type: ignore[arg-type]
    house.rooms.settings.trusted_proxies.extend(["10.0.0.1", "10.0.0.2"])
    for remote, said, found in (
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.2.3.4, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.2.3.4", "198.51.100.1, 10.0.0.2"), "198.51.100.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("203.0.113.9", ("10.0.0.1",), "203.0.113.9"),
    ):
        assert address_of(Asking(house, remote, *said)) == found  # type: ignore[arg-type]
