"""Who may reach what: every route has its row in the table, and what is not yours is not there."""

import re

import pytest
from aiohttp import ClientSession

from teleosce.people import Permission
from teleosce.rtc import Ticket
from teleosce.web import application
from teleosce.web.routing import TABLE, Access
from tests.web.house import House, wrong_token

OPEN = {
    "/sign-in",
    "/j",
    "/api/link",
    "/api/join",
    "/api/media/offer",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/openapi.json",
    "/.well-known/jwks.json",
    "/credentials/status",
    "/credentials/issuer",
    "/credentials/{credential}",
    "/mark/worker.js",
}


async def test_every_route_names_what_it_needs(house: House) -> None:
    made = application(house.rooms)
    handlers = [route.handler for route in made.router.routes() if "/static" not in str(route.resource)]
    assert handlers
    table = made[TABLE]
    assert {table[handler].path for handler in handlers if table[handler].needs is Access.anyone} == OPEN
    assert all(isinstance(table[handler].needs, Permission | Access) for handler in handlers)


async def test_nobody_gets_in_without_a_session(house: House) -> None:
    async with ClientSession(house.server.url) as http:
        for route in application(house.rooms)[TABLE].values():
            if route.needs is Access.anyone or route.path == "/ws":
                continue
            path = re.sub(r"\{\w+\}", "a" * 26, route.path)
            async with http.request(route.method, path, json={}, allow_redirects=False) as response:
                assert response.status in (303, 401), (route.path, response.status)


async def test_a_candidate_sees_nothing_of_another(house: House) -> None:
    first, second = await house.client("candidate", 0), await house.client("candidate", 1)
    mine = await house.encounter_of("candidate", 0)
    await house.begin(mine)
    assert (await first.ask("GET", f"/api/encounters/{mine}/brief")).status == 200
    for path in (f"/api/encounters/{mine}/brief", f"/api/encounters/{mine}/forms/note"):
        await second.refused(404, "GET", path)
    for path in ("recording", "transcript"):
        await first.refused(403, "GET", f"/api/encounters/{mine}/{path}")
    await first.refused(404, "GET", f"/api/encounters/{mine}/forms/mark")
    await first.refused(403, "POST", f"/api/encounters/{mine}/begin", {})


async def test_the_door_note_waits_for_its_time(house: House) -> None:
    candidate = await house.client("candidate")
    mine = await house.encounter_of("candidate")
    await candidate.refused(404, "GET", f"/api/encounters/{mine}/brief")
    await house.begin(mine, "reading")
    brief = await candidate.json("GET", f"/api/encounters/{mine}/brief")
    assert brief["door_note_html"]
    assert "script" not in brief


async def test_a_stimulus_is_shown_when_the_patient_shows_it(house: House) -> None:
    candidate, patient = await house.client("candidate"), await house.client("sp")
    mine = await house.encounter_of("candidate")
    await house.begin(mine)
    version = await house.rooms.stations.get((await house.rooms.exams.encounter(mine)).station_hash)
    stimulus = next(one.id for one in version.stimuli if one.shown == "on-request")
    path = f"/api/encounters/{mine}/stimuli/{stimulus}"
    await candidate.refused(404, "GET", path)
    assert (await patient.ask("GET", path)).status == 200
    await house.rooms.exams.show_stimulus(mine, stimulus, shown=True)
    response = await candidate.ask("GET", path)
    assert response.status == 200
    assert "sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("kind", ["wrong", "revoked", "expired"])
async def test_a_refused_link_tells_nothing(house: House, kind: str) -> None:
    client = await house.client()
    seat = house.seat("candidate")
    now = house.rooms.clock.now_ms()
    if kind == "wrong":
        token = wrong_token()
    elif kind == "expired":
        token = await house.rooms.people.issue_link(seat, now - 2000, now - 1000)
    else:
        token = await house.rooms.people.issue_link(seat, now - 1000, now + 60_000)
        await house.rooms.people.revoke_links(seat)
    said = await client.refused(403, "POST", "/api/link", {"token": token})
    assert said == await client.refused(403, "POST", "/api/link", {"token": wrong_token()})
    assert said == await client.refused(403, "POST", "/api/join", {"token": token, "consent_version": None})
    assert (await house.rooms.people.verify_audit()).broken_at is None


async def test_who_guesses_is_slowed_down_and_keeps_nobody_out(house: House) -> None:
    client = await house.client()
    refused = [await client.ask("POST", "/api/link", {"token": wrong_token()}) for _ in range(32)]
    assert [one.status for one in refused] == [403] * 30 + [429] * 2
    await client.join(house.link("candidate"))
    await client.refused(429, "POST", "/api/join", {"token": wrong_token(), "consent_version": None})


async def test_nobody_is_recorded_without_consent(house: House) -> None:
    client = await house.client()
    token = house.link("candidate").partition("#")[2]
    await client.refused(409, "POST", "/api/join", {"token": token, "consent_version": None})
    await client.refused(409, "POST", "/api/join", {"token": token, "consent_version": "1999-01"})
    assert not await house.rooms.people.has_consented(house.seat("candidate"))


@pytest.mark.parametrize("purpose", ["check", "encounter"])
async def test_no_camera_is_let_in_before_consent(house: House, purpose: str) -> None:
    """Whoever holds a session without having agreed, as when the server is killed between the two, gets no ticket."""
    who = house.seat("candidate")
    token, principal = await house.rooms.people.join(house.link("candidate").partition("#")[2], "laptop")
    await house.begin(await house.encounter_of("candidate"))
    async with ClientSession(house.server.url, cookies={"teleosce-candidate": token}) as http:
        socket = await http.ws_connect("/ws?role=candidate")

        async def asked() -> dict[str, str]:
            await socket.send_json({"type": "ticket", "purpose": purpose})
            while (said := await socket.receive_json())["type"] not in ("ticket", "notice"):
                pass
            return dict(said)

        assert "read the consent text" in (await asked())["text"]
        await house.rooms.people.give_consent(principal, house.rooms.people.consent_text().version)
        assert (
            Ticket.verify((await asked())["ticket"], house.rooms.secret, house.rooms.clock.now_ms()).participant == who
        )


async def test_another_sites_page_changes_nothing(house: House) -> None:
    organiser = await house.client("organiser")
    mine = await house.encounter_of("candidate")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
        await organiser.refused(403, "POST", f"/api/encounters/{mine}/begin", {}, **headers)
    await organiser.json("POST", f"/api/encounters/{mine}/begin", {})


async def test_one_browser_holds_a_session_for_each_role(house: House) -> None:
    browser = await house.client("candidate")
    await browser.join(house.link("sp"))
    for role in ("candidate", "sp"):
        browser.role = role
        assert (await browser.json("GET", "/api/me"))["role"] == role
    # A second seat of the same role takes the place of the first, whose tab can do nothing any more.
    older = browser.http.cookie_jar.filter_cookies(browser.http._base_url)["teleosce-candidate"].value
    browser.role = ""
    await browser.join(house.link("candidate", 1))
    async with (
        ClientSession(house.server.url, cookies={"teleosce-candidate": older}) as first,
        first.get("/api/me") as response,
    ):
        assert response.status == 401
        assert (await response.json())["error"]["code"] == "replaced"


async def test_headers_keep_pages_safe(house: House) -> None:
    client = await house.client()
    response = await client.ask("GET", "/j")
    assert response.status == 200
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert (await client.ask("GET", "/nothing-here")).status == 404
