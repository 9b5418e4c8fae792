"""A viva: the examiner is in the room with a voice, led there by the server, and asked for consent before."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from teleosce.exams import Phase
from teleosce.planning import Conflicts
from teleosce.rtc import Ticket
from tests.web.house import House, built, planned_house

PLAN: dict[str, Any] = {
    "title": "Finals",
    "phases": {"reading_s": 60, "encounter_s": 480, "note_s": 0, "changeover_s": 60},
    "stations": [
        {"station": "chest-pain-video", "examiner_speaks": True, "people": {"A": {"examiner": "Dr Khan"}}},
        "low-mood",
    ],
    "candidates": ["Ada One", "Ben Two"],
}


@pytest.fixture
async def viva(tmp_path: Path) -> AsyncIterator[House]:
    async with planned_house(tmp_path / "data", PLAN) as made:
        yield made


async def test_a_viva_has_an_examiner_in_the_room_and_no_patient(viva: House) -> None:
    seats = {one.id: one.name for one in await viva.rooms.people.seats(viva.exam.exam_id)}
    encounters = await viva.rooms.exams.encounters(viva.exam.exam_id)
    people = {(one.position, one.rotation): [seats[seat] for seat in one.people] for one in encounters}
    assert people == {
        (1, 1): ["Ada One", "Dr Khan"],
        (1, 2): ["Ben Two", "Dr Khan"],
        (2, 1): ["Ben Two", "Patient 2"],
        (2, 2): ["Ada One", "Patient 2"],
    }
    assert all(one.examiner is not None for one in encounters)


async def test_an_examiner_who_speaks_is_in_one_place(viva: House) -> None:
    khan = {"A": {"examiner": "Dr Khan"}, "B": {"examiner": "Dr Khan"}}
    station = {"station": "chest-pain-video", "examiner_speaks": True, "people": khan}
    both = PLAN | {"stations": [station, "low-mood"], "circuits": ["A", "B"], "candidates": ["A", "B", "C"]}
    with pytest.raises(Conflicts, match="Dr Khan is at station 1 of circuit A and station 1 of circuit B") as refused:
        await built(viva.rooms, both)
    assert refused.value.details[0]["kind"] == "overlapping-circuits"  # type: ignore[index]
    # Who marks from the recording may have both.
    await built(viva.rooms, both | {"stations": [station | {"examiner_speaks": False}, "low-mood"]})


async def test_a_link_says_when_the_exam_starts_for_its_person(tmp_path: Path) -> None:
    starts = {"starts": "2027-03-02 09:00", "circuits": [{"name": "A"}, {"name": "B", "starts": "2027-03-02 13:30"}]}
    names = ["Ada", "Ben", "Cy"]
    stations = ["chest-pain-video", "low-mood"]
    async with planned_house(tmp_path / "data", PLAN | starts | {"stations": stations, "candidates": names}) as made:
        anybody = await made.client()
        told = {}
        for link in made.exam.links:
            said = await anybody.json("POST", "/api/link", {"token": link.path.partition("#")[2]})
            told[link.name] = said["starts_ms"]
    morning, noon = (1_803_978_000_000 + minutes * 60_000 for minutes in (0, 270))
    assert {told[name] for name in names} == {morning, noon}
    assert all(at in (morning, noon) for at in told.values())


async def test_the_examiner_is_asked_for_consent_and_led_to_the_desk(viva: House) -> None:
    names = {one.name: one for one in await viva.rooms.people.seats(viva.exam.exam_id)}
    anybody = await viva.client()
    token = viva.link("examiner").partition("#")[2]
    looked = await anybody.json("POST", "/api/link", {"token": token})
    assert looked["consent"] is not None
    await anybody.refused(409, "POST", "/api/join", {"token": token, "consent_version": None})
    other = next(one for one in viva.exam.links if one.role == "examiner" and one.name != "Dr Khan")
    marks = await anybody.json("POST", "/api/link", {"token": other.path.partition("#")[2]})
    assert marks["consent"] is None

    await viva.rooms.day.go(viva.exam.exam_id)
    version = looked["consent"]["version"]
    joined = await anybody.json("POST", "/api/join", {"token": token, "consent_version": version})
    now = await viva.rooms.exams.where_now(names["Dr Khan"].id)
    assert now is not None
    assert now.phase is Phase.reading
    assert joined == {"page": f"/mark/{now.id}?role=examiner", "under_way": True}


async def test_the_desk_of_who_speaks_gets_a_ticket_to_publish_and_others_one_to_listen(viva: House) -> None:
    khan, other = await viva.client("examiner"), await viva.client("examiner", 1)
    await viva.rooms.day.go(viva.exam.exam_id)
    seats = {one.id: one for one in await viva.rooms.people.seats(viva.exam.exam_id)}
    first = {one.position: one for one in await viva.rooms.exams.running()}
    assert seats[first[1].examiner or ""].name == "Dr Khan"
    ticket = await _ticket(viva, khan, first[1].id, "encounter")
    assert (ticket.room, ticket.participant, ticket.publish) == (first[1].id, first[1].examiner, True)
    heard = await _ticket(viva, other, first[2].id, "observe")
    assert (heard.room, heard.publish) == (first[2].id, False)
    refused = await _asked(viva, other, first[2].id, "encounter")
    assert refused["type"] == "notice"
    page = await (await khan.ask("GET", f"/mark/{first[1].id}?role=examiner")).text()
    assert 'id="control-microphone"' in page
    page = await (await other.ask("GET", f"/mark/{first[2].id}?role=examiner")).text()
    assert 'id="control-microphone"' not in page
    work = await (await khan.ask("GET", "/mark?role=examiner")).text()
    assert f'data-encounter="{first[1].id}"' in work.partition('id="work-called"')[2][:200]


async def _ticket(viva: House, client: Any, encounter: str, purpose: str) -> Ticket:
    said = await _asked(viva, client, encounter, purpose)
    assert said["type"] == "ticket", said
    return Ticket.verify(said["ticket"], viva.rooms.secret, viva.rooms.clock.now_ms())


async def _asked(viva: House, client: Any, encounter: str, purpose: str) -> dict[str, Any]:
    socket = await client.http.ws_connect(f"/ws?role=examiner&encounter={encounter}")
    await socket.send_str(json.dumps({"type": "ticket", "purpose": purpose}))
    while True:
        said: dict[str, Any] = json.loads((await socket.receive(60)).data)
        if said["type"] in ("ticket", "notice"):
            await socket.close()
            return said
