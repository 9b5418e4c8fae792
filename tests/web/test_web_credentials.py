"""A credential over the wire: the holder fetches it, anybody sees whether it holds, and nobody sees more."""

import asyncio
import base64
import html
import json
from dataclasses import replace
from typing import Any

import pytest

from teleosce.core.clock import AheadClock
from teleosce.core.ids import new_id
from teleosce.people import Principal, Role
from teleosce.reports import ResultRules, Run
from teleosce.scoring import Kind
from teleosce.web.api.credentials import KEPT_MS, StatusList, credentials_of
from tests.reports.appeal_world import fill_in
from tests.web.house import House

BASE = "http://exams.school.example"


async def passed(house: House) -> tuple[Run, Principal]:
    """The first candidate passed; not released."""
    rooms, exam = house.rooms, house.exam.exam_id
    encounter = await rooms.exams.encounter(await house.encounter_of("candidate"))
    assert encounter.examiner is not None
    version = await rooms.stations.get(encounter.station_hash)
    fields: dict[str, object] = {f"item.{one.id}": "done" for one in version.mark_sheet.items}
    await fill_in(rooms, Kind.mark, encounter.id, encounter.examiner, {**fields, "global": "good"})
    by = Principal(new_id(), Role.organiser, exam, None, new_id(), "Olive")
    return await rooms.results.run(exam, ResultRules(method="fixed", fixed_cut=50), by), by


@pytest.fixture
def issuing(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Known by an address at which tests cannot reach it."""
    monkeypatch.setitem(vars(house.rooms.settings), "public_url", BASE + "/")
    return house


async def test_no_credential_without_an_address_that_was_set(house: House) -> None:
    organiser, candidate = await house.client("organiser"), await house.client("candidate")
    run, by = await passed(house)
    await house.rooms.results.release(run.id, by)
    exam, seat = house.exam.exam_id, house.seat("candidate")
    evil = {"Host": "evil.example"}
    assert "public_url" in await candidate.refused(404, "GET", "/api/credential", **evil)
    base = f"/api/exams/{exam}/results/credentials"
    assert "public_url" in await organiser.refused(404, "GET", f"{base}/{seat}.jwt", **evil)
    for path in ("/credentials/status", "/credentials/issuer"):
        assert "evil" not in await (await candidate.ask("GET", path, **evil)).text()
    assert (await organiser.json("GET", base))["credentials"] == []
    text = await (await candidate.ask("GET", "/feedback?role=candidate")).text()
    assert "As PDF" in text
    assert "/api/credential" not in text


async def test_its_address_is_the_one_that_was_set_whatever_the_request_says(issuing: House) -> None:
    candidate = await issuing.client("candidate")
    run, by = await passed(issuing)
    await issuing.rooms.results.release(run.id, by)
    evil = {"Host": "evil.example"}
    for path in ("/api/credential", "/credentials/status"):
        said = read(await (await candidate.ask("GET", path, **evil)).text())
        assert "evil" not in json.dumps(said)
        assert said["iss"] == f"{BASE}/credentials/issuer"
    assert (await (await candidate.ask("GET", "/credentials/issuer", **evil)).json())["url"] == BASE
    assert "/api/credential" in await (await candidate.ask("GET", "/feedback?role=candidate")).text()


async def test_who_issued_it_is_the_school_where_it_is_named(issuing: House, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = await issuing.client("candidate")
    run, by = await passed(issuing)
    await issuing.rooms.results.release(run.id, by)
    for school, called in ((None, "exams.school.example"), ("St Elsewhere’s", "St Elsewhere’s")):
        monkeypatch.setitem(vars(issuing.rooms.settings), "school", school)
        said = read(await (await candidate.ask("GET", "/api/credential")).text())
        assert said["issuer"]["name"] == called
        assert (await (await candidate.ask("GET", "/credentials/issuer")).json())["name"] == called
        page = await candidate.ask("GET", "/credentials/" + said["id"].rpartition("/")[2])
        assert called in html.unescape(await page.text())


async def test_one_that_is_fetched_again_after_a_move_has_the_new_address(
    issuing: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, organiser = await issuing.client("candidate"), await issuing.client("organiser")
    run, by = await passed(issuing)
    await issuing.rooms.results.release(run.id, by)
    before = read(await (await candidate.ask("GET", "/api/credential")).text())
    monkeypatch.setitem(vars(issuing.rooms.settings), "public_url", "https://new.example")
    after = read(await (await candidate.ask("GET", "/api/credential")).text())
    assert after["id"] == before["id"].replace(BASE, "https://new.example")
    assert after["credentialStatus"]["statusListCredential"] == "https://new.example/credentials/status"
    path = f"/api/exams/{issuing.exam.exam_id}/results/credentials"
    assert [one["url"] for one in (await organiser.json("GET", path))["credentials"]] == [after["id"]]
    page = await candidate.ask("GET", "/credentials/" + before["id"].rpartition("/")[2])
    assert "new.example" in await page.text()
    # The list stays when there is no address any more.
    monkeypatch.setitem(vars(issuing.rooms.settings), "public_url", None)
    assert [one["url"] for one in (await organiser.json("GET", path))["credentials"]] == [None]


def read(token: str) -> dict[str, Any]:
    """What it says; `tests/reports` verifies it."""
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return said


async def test_from_the_candidate_to_whoever_asks(issuing: House) -> None:
    house = issuing
    organiser, candidate, anybody = (
        await house.client("organiser"),
        await house.client("candidate"),
        await house.client(),
    )
    await candidate.refused(404, "GET", "/api/credential")
    rooms, exam, seat = house.rooms, house.exam.exam_id, house.seat("candidate")
    run, by = await passed(house)
    await candidate.refused(404, "GET", "/api/credential")
    release = await rooms.results.release(run.id, by)

    answer = await candidate.ask("GET", "/api/credential")
    token = await answer.text()
    assert (answer.status, answer.content_type) == (200, "application/vc+jwt")
    said = read(token)
    path = "/credentials/" + said["id"].rpartition("/")[2]
    assert await (await organiser.ask("GET", f"/api/exams/{exam}/results/credentials/{seat}.jwt")).text() == token
    other = await house.client("candidate", 1)
    await other.refused(404, "GET", "/api/credential")
    await other.refused(403, "GET", f"/api/exams/{exam}/results/credentials")

    page = await anybody.ask("GET", path)
    text = await page.text()
    assert page.status == 200
    assert "This credential is valid" in text
    assert "Ada One" in text
    (listed,) = (await organiser.json("GET", f"/api/exams/{exam}/results/credentials"))["credentials"]
    assert (listed["seat"], listed["state"], listed["url"]) == (seat, "valid", said["id"])
    issuer = await anybody.json("GET", "/credentials/issuer")
    (key,) = (await anybody.json("GET", "/.well-known/jwks.json"))["keys"]
    assert issuer["id"] == said["iss"]
    assert issuer["verificationMethod"][0]["publicKeyJwk"]["x"] == key["x"]

    await rooms.results.withdraw(release.id, exam, by)
    text = await (await anybody.ask("GET", path)).text()
    assert "This credential was revoked" in text
    assert "Ada One" not in text
    assert house.exam.exam_id not in text
    for unknown in (new_id(), "x"):
        page = await anybody.ask("GET", f"/credentials/{unknown}")
        assert page.status == 404
        assert "There is no such credential" in await page.text()
    status = await anybody.ask("GET", "/credentials/status")
    assert status.headers["Cache-Control"] == "public, max-age=300"


async def test_the_status_list_is_made_once_in_a_while_for_all_who_ask(issuing: House) -> None:
    rooms, clock = issuing.rooms, AheadClock()
    run, by = await passed(issuing)
    release = await rooms.results.release(run.id, by)
    credentials = credentials_of(rooms)
    await credentials.token(await rooms.people.seat(issuing.seat("candidate")), BASE, by)
    listed, house = StatusList(), replace(rooms, clock=clock)
    before = await listed.token(house, BASE)
    anybody = await issuing.client()
    shown = await (await anybody.ask("GET", "/credentials/status")).text()
    await rooms.results.withdraw(release.id, issuing.exam.exam_id, by)
    clock.skip(KEPT_MS / 1000 - 5)
    assert set(await asyncio.gather(*(listed.token(house, BASE) for _ in range(5)))) == {before}
    clock.skip(5)
    after = set(await asyncio.gather(*(listed.token(house, BASE) for _ in range(5))))
    assert len(after) == 1
    (token,) = after
    bits = [read(one)["credentialSubject"]["encodedList"] for one in (before, token)]
    assert bits[0] != bits[1]
    # The server's own was made before the withdrawal as well.
    assert await (await anybody.ask("GET", "/credentials/status")).text() == shown
