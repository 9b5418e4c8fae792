"""Two candidates who meet one patient: one room and one recording, and for each a note, a rating and a mark."""

import io
import json
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from teleosce.core.ids import new_id
from teleosce.exams import Encounter
from teleosce.keeping.person import write_person_data
from teleosce.people import Role
from teleosce.planning import calendar_of
from teleosce.planning.sheets import grid
from teleosce.recording.models import MANIFEST, Manifest, Take, TakeState
from teleosce.rtc import Ticket
from teleosce.scoring import AssignmentKind
from teleosce.transcripts import store
from teleosce.transcripts.turns import utterances
from teleosce.web.keeping import erasures_of, sources_of
from teleosce.web.plans import schedule_in
from tests.web.house import Client, House, planned_house
from tests.web.test_web_glance import STARTS_MS, words

SHIPPED = Path(__file__).parents[2] / "stations"
PLAN: dict[str, Any] = {
    "title": "Together",
    "starts": ["2026-12-01 09:00"],
    "stations": ["ward-round", "rest", "low-mood"],
    "candidates": [{"name": "Ada One", "number": "1"}, {"name": "Ben Two", "number": "2"}],
}


def stations_with_a_pair(folder: Path) -> Path:
    """A station for two, a rest, and a station for one."""
    shutil.copytree(SHIPPED / "chest-pain-video", folder / "ward-round")
    for name in ("rest", "low-mood"):
        shutil.copytree(SHIPPED / name, folder / name)
    file = folder / "ward-round" / "station.yaml"
    file.write_text(file.read_text().replace("title: Chest pain on a video call", "title: Ward round\ncandidates: 2"))
    return folder


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[House]:
    stations = stations_with_a_pair(tmp_path / "stations")
    async with planned_house(tmp_path / "data", PLAN, stations=stations) as made:
        yield made


async def both(pair: House) -> tuple[Encounter, Encounter]:
    """Ada's encounter, and Ben's, which joins it."""
    found = [one for one in await pair.rooms.exams.encounters(pair.exam.exam_id) if one.position == 1]
    leads, joins = sorted(found, key=lambda one: one.joins is not None)
    return leads, joins


async def on_to(pair: House, phase: str) -> tuple[Encounter, Encounter]:
    leads, _joins = await both(pair)
    if leads.phase == "waiting":
        await pair.rooms.day.go(pair.exam.exam_id)
    while (leads := await pair.rooms.exams.encounter(leads.id)).phase != phase:
        await pair.rooms.exams.attended([(leads.id, pair.seat("candidate")), (leads.id, pair.seat("candidate", 1))])
        await pair.rooms.day.end_phase(leads.id, leads.phase)
    await pair.rooms.day.heard()
    return await both(pair)


async def told(client: Client, kind: str, **said: Any) -> dict[str, Any]:
    socket = await client.http.ws_connect(f"/ws?role={client.role}")
    if said:
        await socket.send_str(json.dumps(said))
    while True:
        message: dict[str, Any] = json.loads((await socket.receive(60)).data)
        if message["type"] == kind:
            await socket.close()
            return message


async def test_both_are_led_into_one_room(pair: House) -> None:
    schedule = await schedule_in(pair.rooms, pair.exam.exam_id)
    assert [row[3:] for row in grid(schedule, "A")[1:]] == [("1 + 2", "", ""), ("", "1", "2"), ("", "2", "1")]
    ben = await pair.rooms.people.seat(pair.seat("candidate", 1))
    diary = calendar_of(schedule, ben, 0).decode().replace("\r\n ", "")
    assert "Station 1\\, with candidate 1" in diary
    assert "Rest" in diary

    ada, ben_, patient = [await pair.client(*who) for who in (("candidate",), ("candidate", 1), ("sp",))]
    leads, joins = await on_to(pair, "reading")
    held = {}
    for client in (ada, ben_, patient):
        place = await told(client, "place")
        assert place["encounter"]["id"] == leads.id
        assert [one["name"] for one in place["people"] if one["role"] == "candidate"] == ["Ada One", "Ben Two"]
        held[client] = [one["encounter"] for one in place["held"]]
        ticket = Ticket.verify((await told(client, "ticket", type="ticket"))["ticket"], pair.rooms.secret, 0)
        assert (ticket.room, ticket.publish) == (leads.id, True)
        assert "door_note_html" in await ada.json("GET", f"/api/encounters/{leads.id}/brief")
    assert held == {ada: [leads.id], ben_: [joins.id], patient: [leads.id, joins.id]}


async def test_each_has_a_note_a_rating_and_a_mark_of_their_own(pair: House) -> None:
    ada, ben, patient, examiner = [
        await pair.client(*who) for who in (("candidate",), ("candidate", 1), ("sp",), ("examiner",))
    ]
    leads, joins = await on_to(pair, "note")
    for client, own, other in ((ada, leads, joins), (ben, joins, leads)):
        note = await client.json("GET", f"/api/encounters/{own.id}/forms/note")
        assert note["encounter"] == own.id
        await client.refused(404, "GET", f"/api/encounters/{other.id}/forms/note")
    for who in (patient, examiner):
        kind = "sp_rating" if who is patient else "mark"
        forms = [await who.json("GET", f"/api/encounters/{one.id}/forms/{kind}") for one in (leads, joins)]
        assert len({one["id"] for one in forms}) == 2
        for client in (ada, ben):
            await client.refused(404, "GET", f"/api/encounters/{joins.id}/forms/{kind}")
    work = await (await examiner.ask("GET", "/mark?role=examiner")).text()
    assert all(one.id in work for one in (leads, joins))
    desk = await (await examiner.ask("GET", f"/mark/{joins.id}?role=examiner")).text()
    links = desk.partition('class="segments together"')[2].partition("</nav>")[0]
    assert [one.id in links for one in (leads, joins)] == [True, True]
    assert f'/mark/{joins.id}?role=examiner" aria-current="page">Candidate 2' in links
    await on_to(pair, "done")
    records = await pair.rooms.marking.records(pair.exam.exam_id)
    assert {leads.id, joins.id} <= records.keys()


async def recorded(pair: House, leads: Encounter, other: str) -> None:
    rooms, people = pair.rooms, {leads.candidate or "": "candidate", leads.sp or "": "sp", other: "candidate"}
    takes = [
        Take(id=new_id(), encounter_id=leads.id, participant_id=seat, name=role, state=TakeState.sealed,
             starts_ms=STARTS_MS, duration_ms=30_000)
        for seat, role in people.items()
    ]  # fmt: skip
    folder = rooms.settings.data / "encounters" / leads.id
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        encounter_id=leads.id, starts_ms=STARTS_MS, duration_ms=30_000, takes=takes, tools={}, sealed_ms=STARTS_MS
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    await rooms.transcripts.request(leads.id, people, [], leads.exam_id)
    said = {
        leads.candidate or "": words("What brings you here?", 0),
        other: words("Where does it hurt?", 4_000),
        leads.sp or "": words("My chest hurts.", 9_000),
    }
    async with rooms.database.write() as connection:
        [job] = [job for job in await store.unfinished(connection) if job.encounter_id == leads.id]
        await store.change(connection, job, model="tiny.en")
        await store.publish(connection, job, utterances(said), 1)


async def test_one_recording_and_transcript_is_for_both_and_names_who_speaks(pair: House) -> None:
    examiner = await pair.client("examiner")
    leads, joins = await on_to(pair, "done")
    await recorded(pair, leads, joins.candidate or "")
    for one in (leads, joins):
        found = await examiner.json("GET", f"/api/encounters/{one.id}/recording")
        assert sorted((take["role"], take["who"]) for take in found["takes"]) == [
            ("candidate", "1"), ("candidate", "2"), ("sp", ""),
        ]  # fmt: skip
        said = await examiner.json("GET", f"/api/encounters/{one.id}/transcript")
        assert [(turn["role"], turn["who"]) for turn in said["turns"]] == [
            ("candidate", "1"), ("candidate", "2"), ("sp", ""),
        ]  # fmt: skip
        glance = await examiner.json("GET", f"/api/encounters/{one.id}/glance")
        assert glance["state"] == "none"
    # Whoever marks the second alone hears it too; whoever marks neither does not.
    now_ms = pair.rooms.clock.now_ms()
    for name, status in (("Dr Second", 200), ("Dr Neither", 404)):
        seat = await pair.rooms.people.add_seat(pair.exam.exam_id, Role.examiner, name)
        if status == 200:
            await pair.rooms.marking.assign(joins.id, seat.id, AssignmentKind.second)
        other = await pair.client()
        await other.join(f"#{await pair.rooms.people.issue_link(seat.id, now_ms - 1000, now_ms + 3_600_000)}")
        for what in ("recording", "transcript"):
            assert (await other.ask("GET", f"/api/encounters/{joins.id}/{what}")).status == status


async def test_who_is_erased_takes_their_own_words_and_leaves_the_others(pair: House) -> None:
    ada, ben = [await pair.client("candidate", index) for index in (0, 1)]
    leads, joins = await on_to(pair, "note")
    for client, one in ((ada, leads), (ben, joins)):
        note = await client.json("GET", f"/api/encounters/{one.id}/forms/note")
        version = await pair.rooms.stations.get(one.station_hash)
        assert version.note
        change = {
            "field": f"note.{version.note.fields[0].id}",
            "value": "chest",
            "base_version": 0,
            "change_id": new_id(),
        }
        await client.json("POST", f"/api/forms/{note['id']}/changes", {"changes": [change]})
    await on_to(pair, "done")
    await pair.rooms.day.stop(pair.exam.exam_id, hard=True)
    await recorded(pair, leads, joins.candidate or "")
    ben_two = await pair.rooms.people.seat(joins.candidate or "")
    await erasures_of(pair.rooms).erase([ben_two], asked_by="them", by=None)
    notes = {one.id: (await pair.rooms.forms.of_encounter(one.id))[0].values.values() for one in (leads, joins)}
    assert {key: list(values) for key, values in notes.items()} == {
        leads.id: ["chest"],
        joins.id: [""],
    }
    transcript = await pair.rooms.transcripts.get(leads.id)
    assert transcript
    assert {turn.participant_id for turn in transcript.turns} == {leads.candidate, leads.sp}


async def test_reasons_that_name_one_go_from_the_other_as_well(pair: House) -> None:
    rooms = pair.rooms
    leads, joins = await both(pair)
    marker = await rooms.people.add_seat(pair.exam.exam_id, Role.examiner, "Dr Other")
    await rooms.marking.assign(joins.id, marker.id, AssignmentKind.second, reason="Ada One spoke for them")
    for one in (joins, leads):
        await rooms.day.void(one.id, "Ada One was ill.")
    assert "Ada One" in str(await rooms.exams.phase_log(joins.id))
    ada = await rooms.people.seat(leads.candidate or "")
    outcome = await erasures_of(rooms).erase([ada], asked_by="them", by=None)
    assert outcome.still == {}
    assert "Ada One" not in str(await rooms.exams.phase_log(joins.id))
    given = [one for one in await rooms.marking.assignments(pair.exam.exam_id) if one.seat_id == marker.id]
    assert [one.reason for one in given] == [""]


async def test_each_ones_own_data_tells_of_their_own_encounter(pair: House) -> None:
    rooms = pair.rooms
    leads, joins = await on_to(pair, "done")
    await recorded(pair, leads, joins.candidate or "")
    await rooms.day.void(leads.id, "Ada was ill.")
    alone, again = [await rooms.day.rerun(one.id) for one in (joins, leads)]

    async def data_of(seat_id: str) -> list[tuple[str, int | None, str | None, list[str]]]:
        made = io.BytesIO()
        await write_person_data(sources_of(rooms), rooms.clock, [await rooms.people.seat(seat_id)], made, None)
        (known,) = json.loads(zipfile.ZipFile(made).read("data.json"))["person"]
        own = [one for one in known["encounters"] if one["station"] == "Ward round"]
        return [
            (one["encounter"], one["attempt"], one["outcome"], [turn["text"] for turn in one["words"]]) for one in own
        ]

    assert sorted(await data_of(joins.candidate or "")) == sorted([
        (joins.id, 1, "completed", ["Where does it hurt?"]),
        (alone.id, 2, None, []),
        (again.id, None, None, []),  # they come along for the other
    ])  # fmt: skip
    assert sorted(await data_of(leads.candidate or "")) == sorted([
        (leads.id, 1, "void", ["What brings you here?"]),
        (again.id, 2, None, []),
    ])  # fmt: skip


async def test_the_control_room_has_one_cell_with_both(pair: House) -> None:
    organiser = await pair.client("organiser")
    leads, joins = await on_to(pair, "encounter")
    day = await told(organiser, "day")
    found = {one["id"]: one for one in day["encounters"]}
    first, second = pair.seat("candidate"), pair.seat("candidate", 1)
    assert {first, second} <= set(found[leads.id]["seats"])
    assert (found[joins.id]["joins"], found[joins.id]["station"]) == (leads.id, found[leads.id]["station"])
    assert second in found[joins.id]["seats"]
    assert first not in found[joins.id]["seats"]
    ends = await organiser.json("POST", f"/api/encounters/{joins.id}/add-time", {"seconds": 30})
    assert ends["phase_ends_ms"] == (await both(pair))[0].phase_ends_ms
