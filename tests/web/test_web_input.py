"""Bad input gets a sentence and a 4xx, and nothing is lost by it."""

import asyncio
import json
import sqlite3
from typing import Any

import pytest
from aiohttp import WSMsgType

from tests.web.house import Client, House

PATIENCE_S = 60
"""A machine that is busy with other tests answers late, and late is not wrong."""


async def _welcomed(client: Client) -> Any:
    socket = await client.http.ws_connect(f"/ws?role={client.role}")
    assert (await socket.receive_json())["type"] == "welcome"
    return socket


async def _closed(socket: Any) -> int:
    while True:
        message = await asyncio.wait_for(socket.receive(), PATIENCE_S)
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return int(socket.close_code or 0)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/api/link", {}),
        ("/api/link", {"token": 5}),
        ("/api/link", {"token": "x" * 500}),
        ("/api/join", []),
        ("/api/media/offer", {"ticket": "no", "sdp": "v=0"}),
        ("/api/media/offer", {"ticket": "no", "sdp": "v" * 40_000}),
    ],
)
async def test_a_malformed_request_is_refused_in_words(house: House, path: str, content: Any) -> None:
    client = await house.client()
    response = await client.ask("POST", path, content)
    assert 400 <= response.status < 500
    assert (await response.json())["error"]["message"]


async def test_an_offer_needs_sense(house: House) -> None:
    candidate = await house.client("candidate")
    socket = await _welcomed(candidate)
    await socket.send_json({"type": "ticket", "purpose": "check"})
    while (ticket := await socket.receive_json())["type"] != "ticket":
        pass
    for sdp in (
        "",
        "v=0\r\n",
        "m=video",
        "\x00" * 100,
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\n",
    ):
        await candidate.refused(400, "POST", ticket["url"], {"ticket": ticket["ticket"], "sdp": sdp})
    await socket.close()


async def test_a_socket_that_says_too_much_is_let_go_and_others_stay(house: House) -> None:
    quiet = await _welcomed(await house.client("candidate", 1))
    flooding = await _welcomed(await house.client("candidate", 0))
    for _ in range(60):
        await flooding.send_json({"type": "ping", "at": 1})
    assert await _closed(flooding) == 1008
    loud = await _welcomed(await house.client("sp"))
    await loud.send_str(json.dumps({"type": "help", "text": "x" * 20_000}))
    assert await _closed(loud) == 1009
    await quiet.send_json({"type": "ping", "at": 7})
    async with asyncio.timeout(PATIENCE_S):
        while (message := await quiet.receive_json())["type"] != "pong":
            pass
    assert message["at"] == 7


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"type": 5}', '{"type": "nothing"}', "[" * 5000])
async def test_a_message_that_makes_no_sense_is_answered(house: House, text: str) -> None:
    socket = await _welcomed(await house.client("candidate"))
    await socket.send_str(text)
    async with asyncio.timeout(PATIENCE_S):
        while (message := await socket.receive_json())["type"] != "notice":
            pass
    assert message["level"] == "error"


async def test_a_second_device_takes_the_seat_and_the_first_is_told(house: House) -> None:
    first = await house.client("candidate")
    socket = await _welcomed(first)
    await house.client("candidate")
    async with asyncio.timeout(PATIENCE_S):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            said = message.json()["type"]
    assert said == "replaced"
    assert socket.close_code == 4001
    assert "another" in await first.refused(401, "GET", "/api/me")


async def test_a_place_follows_the_servers_clock(house: House) -> None:
    socket = await _welcomed(await house.client("candidate"))
    encounter = await house.encounter_of("candidate")
    seen: list[str] = []
    await house.begin(encounter, "done")
    async with asyncio.timeout(PATIENCE_S):
        while "changeover" not in seen and "done" not in seen:
            message = await socket.receive_json()
            if message["type"] == "place" and message["encounter"]:
                seen.append(message["encounter"]["phase"])
            if message["type"] == "place" and message["encounter"]["id"] != encounter:
                seen.append("done")
    assert seen[0] == "waiting"


async def test_forms_save_conflict_and_lock(house: House) -> None:
    patient = await house.client("sp")
    encounter = await house.encounter_of("sp")
    await patient.refused(409, "GET", f"/api/encounters/{encounter}/forms/sp_rating")
    await house.begin(encounter)
    form = await patient.json("GET", f"/api/encounters/{encounter}/forms/sp_rating")
    version = await house.rooms.stations.get((await house.rooms.exams.encounter(encounter)).station_hash)
    names = [f"sp.{one.id}" for one in version.mark_sheet.sp_rating]

    def change(index: int, value: Any, base: int, change_id: str) -> dict[str, Any]:
        return {"change_id": change_id, "field": names[index], "value": value, "base_version": base}

    path = f"/api/forms/{form['id']}"
    first = await patient.json("POST", f"{path}/changes", {"changes": [change(0, 3, 0, "change-1")]})
    assert first["saved"][0]["version"] == 1
    again = await patient.json("POST", f"{path}/changes", {"changes": [change(0, 3, 0, "change-1")]})
    assert again == first
    other = await patient.json("POST", f"{path}/changes", {"changes": [change(0, 5, 0, "change-2")]})
    assert other["conflicts"][0]["value"] == 3
    await patient.refused(400, "POST", f"{path}/changes", {"changes": [change(0, 99, 1, "change-3")]})
    await patient.refused(400, "POST", f"{path}/submit", {})
    rest = [change(index, 4, 0, f"change-r{index}") for index in range(1, len(names))]
    await patient.json("POST", f"{path}/changes", {"changes": rest})
    assert (await patient.json("POST", f"{path}/submit", {}))["state"] == "submitted"
    await patient.refused(409, "POST", f"{path}/changes", {"changes": [change(0, 1, 1, "change-4")]})
    candidate = await house.client("candidate")
    await candidate.refused(404, "POST", f"{path}/changes", {"changes": [change(0, 1, 1, "change-5")]})


async def test_two_press_begin_and_one_is_told(house: House) -> None:
    organisers = [await house.client("organiser")]
    encounter = await house.encounter_of("candidate")
    answers = await asyncio.gather(
        *(organisers[0].ask("POST", f"/api/encounters/{encounter}/begin", {}) for _ in range(2))
    )
    assert sorted(one.status for one in answers) == [200, 409]
    await organisers[0].refused(409, "POST", f"/api/encounters/{encounter}/end-phase", {"expected": "note"})


async def test_service_pages(house: House) -> None:
    client = await house.client()
    assert (await client.json("GET", "/healthz"))["status"] == "ok"
    assert (await client.ask("GET", "/readyz")).status in (200, 503)
    assert "teleosce_pages_open" in await (await client.ask("GET", "/metrics")).text()
    document = await client.json("GET", "/api/openapi.json")
    assert "/api/forms/{id}/changes" in document["paths"]


async def test_a_locked_database_saves_nothing_and_says_so(house: House) -> None:
    patient = await house.client("sp")
    encounter = await house.encounter_of("sp")
    await house.begin(encounter)
    form = await patient.json("GET", f"/api/encounters/{encounter}/forms/sp_rating")
    version = await house.rooms.stations.get((await house.rooms.exams.encounter(encounter)).station_hash)
    field = f"sp.{version.mark_sheet.sp_rating[0].id}"
    body = {"changes": [{"change_id": "change-1", "field": field, "value": 3, "base_version": 0}]}
    async with house.rooms.database.write() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout=50")
    other = sqlite3.connect(house.rooms.settings.data / "teleosce.db")
    other.execute("BEGIN IMMEDIATE")
    said = await patient.refused(503, "POST", f"/api/forms/{form['id']}/changes", body)
    assert "nothing was saved" in said
    other.rollback()
    other.close()
    assert (await house.rooms.forms.form(form["id"])).fields == {}
    saved = await patient.json("POST", f"/api/forms/{form['id']}/changes", body)
    assert saved["saved"][0]["version"] == 1
