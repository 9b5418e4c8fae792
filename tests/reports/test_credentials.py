"""Credentials: given to those who passed and are told so, read by others, and revoked by what follows."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import text

from teleosce.app import at_rest
from teleosce.core.errors import Conflict, NotFound
from teleosce.core.ids import new_id
from teleosce.core.signing import signing_key
from teleosce.people import Seat
from teleosce.reports import Credentials, ResultRules, Run
from teleosce.web import Rooms
from tests.reports.exam_world import ORGANISER, World

BASE = "https://exams.school.example"


class Office:
    """The exam's people and their credentials."""

    def __init__(self, rooms: Rooms, world: World, run: Run, seats: dict[str, Seat]) -> None:
        self.rooms, self.world, self.run, self.seats = rooms, world, run, seats
        self.credentials = Credentials(
            rooms.database,
            rooms.clock,
            world.settings.data,
            exams=rooms.exams,
            people=rooms.people,
            results=rooms.results,
        )

    def somebody(self, passed: bool | None) -> Seat:
        return next(self.seats[name] for name, own in self.run.found["candidates"].items() if own["passed"] is passed)

    async def token(self, seat: Seat) -> str:
        return await self.credentials.token(seat, BASE, ORGANISER)

    async def state(self, token: str) -> str:
        found = await self.credentials.standing(read(token)["id"].rpartition("/")[2])
        assert found is not None
        listed = await bit(self.credentials, int(read(token)["credentialStatus"]["statusListIndex"]))
        assert listed == (found.state == "revoked")
        return found.state


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    async with at_rest(world.settings) as rooms:
        seats = {seat.id: seat for seat in await rooms.people.seats(world.exam)}
        yield Office(rooms, world, await rooms.results.one(world.run), seats)


def read(token: str) -> dict[str, Any]:
    """Verifies as Open Badges 3.0 says (8.2.4), by an implementation that is not ours."""
    header = json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    assert set(header) == {"alg", "typ", "jwk"}
    assert "d" not in header["jwk"]
    payload = jws.deserialize_compact(token, OKPKey.import_key(header["jwk"]), algorithms=["EdDSA"]).payload
    content: dict[str, Any] = json.loads(payload)
    issuer = content["issuer"] if isinstance(content["issuer"], str) else content["issuer"]["id"]
    assert (content["iss"], content["jti"], content["sub"]) == (
        issuer,
        content["id"],
        content["credentialSubject"]["id"],
    )
    assert content["nbf"] == datetime.fromisoformat(content["validFrom"]).timestamp()
    return content


async def bit(credentials: Credentials, number: int) -> bool:
    """Of the status list, as a verifier reads it."""
    listed = read(await credentials.status_list(BASE))
    encoded = listed["credentialSubject"]["encodedList"]
    assert encoded[0] == "u"
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=="))
    assert len(bits) >= 16_384
    return bool(bits[number // 8] >> (7 - number % 8) & 1)


async def test_who_passed_and_was_told_gets_one_and_always_the_same(office: Office) -> None:
    seat = office.somebody(passed=True)
    tokens = await asyncio.gather(*(office.token(seat) for _ in range(4)))
    assert len(set(tokens)) == 1
    said = read(tokens[0])
    assert (
        json.loads(base64.urlsafe_b64decode(tokens[0].split(".")[0] + "=="))["jwk"]
        == signing_key(office.world.settings.data).public.jwk
    )
    assert said["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert said["credentialSubject"]["identifier"][0]["identityHash"] == seat.name
    assert said["id"].startswith(f"{BASE}/credentials/")
    assert said["credentialStatus"]["statusListCredential"] == f"{BASE}/credentials/status"
    # Neither the score nor anything else that the exam knows of the person.
    assert seat.id not in json.dumps(said)
    assert await office.state(tokens[0]) == "valid"
    rows = [one for one in await office.rooms.people.audit_about(seat.id) if one["action"] == "credential.issue"]
    assert len(rows) == 1
    for nobody in (office.somebody(passed=False), next(one for one in office.seats.values() if one.role == "examiner")):
        with pytest.raises(NotFound, match="passed and released"):
            await office.token(nobody)
    assert await office.credentials.standing(new_id()) is None


async def test_a_withdrawn_release_revokes_it_and_gives_none(office: Office) -> None:
    seat, other = [office.seats[name] for name, own in office.run.found["candidates"].items() if own["passed"]][:2]
    token, kept = await office.token(seat), await office.token(other)
    await office.rooms.results.withdraw(office.world.release, office.world.exam, ORGANISER, "an error")
    assert await office.state(token) == "revoked"
    with pytest.raises(NotFound):
        await office.token(seat)
    again = await office.rooms.results.release(office.run.id, ORGANISER)
    assert await office.state(token) == "valid"
    assert await office.token(seat) == token
    assert again.id != office.world.release
    # A later run that says otherwise revokes it as well, from the moment of its release.
    strict = await office.rooms.results.run(office.world.exam, ResultRules(method="fixed", fixed_cut=99), ORGANISER)
    assert await office.state(kept) == "valid"
    await office.rooms.results.release(strict.id, ORGANISER)
    assert await office.state(kept) == "revoked"
    states = {one.seat.id: one.state for one in await office.credentials.of_exam(office.world.exam)}
    assert states == {seat.id: "revoked", other.id: "revoked"}


async def test_none_is_signed_for_a_result_that_was_written_into_the_database(office: Office) -> None:
    await office.rooms.results.release(office.run.id, ORGANISER)
    failed = office.somebody(False)
    async with office.rooms.database.write() as connection:
        await connection.execute(
            text("""UPDATE decision_run SET found = replace(found, '"passed": false', '"passed": true')""")
        )
    with pytest.raises(Conflict, match="not what it was when it was made"):
        await office.token(failed)
    assert await office.credentials.of_exam(office.world.exam) == []
