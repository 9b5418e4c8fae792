"""The hands on the running day: what each refuses and says instead, whose they are, and what pages hear of it."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from teleosce.app import running
from teleosce.people import Role
from teleosce.recording import TakeState
from teleosce.recording.models import raw_name
from teleosce.rtc import Ticket
from teleosce.web import Plan, make_exam
from tests.begun import bank_of
from tests.faults.test_takes_damaged import copy_damaged, record_one
from tests.web.house import Client, House, settings
from tests.web.house import house as running_house

CIRCUITS = ("gather", "go", "pause", "resume", "stop")
ONE = ("pause", "resume", "restart-phase", "ring", "no-show", "carry-over", "rerun")


async def joined(house: House, role: Role, name: str) -> Client:
    """Somebody whom the plan of the house does not have."""
    seat = await house.rooms.people.add_seat(house.exam.exam_id, role, name)
    now = house.rooms.clock.now_ms()
    client = await house.client()
    await client.join("/j#" + await house.rooms.people.issue_link(seat.id, now - 1000, now + 3_600_000))
    return client


async def page(client: Client, query: str = "") -> Any:
    return await client.http.ws_connect(f"/ws?role={client.role}{query}")


async def heard(socket: Any, kind: str, **fields: Any) -> Any:
    async with asyncio.timeout(60):
        while True:
            said = await socket.receive_json()
            if said["type"] == kind and all(said.get(name) == value for name, value in fields.items()):
                return said


async def test_of_two_who_press_at_once_one_acts_and_the_other_is_told(house: House) -> None:
    exam, encounter = f"/api/exams/{house.exam.exam_id}", await house.encounter_of("candidate")
    organiser, invigilator = await house.client("organiser"), await joined(house, Role.invigilator, "Ines")
    tick = {"seat": house.seat("candidate"), "how": "photo"}
    swap = {"seat": house.seat("sp"), "with": (await spare(house)).id}
    both = [
        (organiser, organiser, f"{exam}/go", {"circuits": None}),
        (organiser, invigilator, f"/api/encounters/{encounter}/pause", {}),
        (organiser, invigilator, f"/api/encounters/{encounter}/resume", {}),
        (organiser, invigilator, f"{exam}/pause", {"circuits": ["A"]}),
        (organiser, invigilator, f"{exam}/resume", {"circuits": ["A"]}),
        (organiser, organiser, f"/api/encounters/{encounter}/end-phase", {"expected": "reading"}),
        (organiser, organiser, f"/api/encounters/{encounter}/end-phase", {"expected": "encounter"}),
        (organiser, invigilator, f"{exam}/identities", tick),
        (organiser, invigilator, "/api/links", {"seat": house.seat("candidate")}),
        (organiser, organiser, f"{exam}/swap", swap),
        (organiser, invigilator, f"/api/encounters/{encounter}/add-time", {"seconds": 60}),
        (organiser, invigilator, f"/api/encounters/{encounter}/restart-phase", {}),
        (organiser, invigilator, f"/api/encounters/{encounter}/no-show", {}),
    ]
    for first, second, path, content in both:
        if path.endswith(("add-time", "restart-phase")):
            content["seen_ends_ms"] = (await house.rooms.exams.encounter(encounter)).phase_ends_ms
        answers = await asyncio.gather(first.ask("POST", path, content), second.ask("POST", path, content))
        said = [await one.json() for one in answers]
        done = sorted(one.status for one in answers)
        assert done == [200, 409], (path, said)
        message = next(one["error"]["message"] for one in said if "error" in one)
        assert message.endswith("."), message


async def spare(house: House) -> Any:
    return await house.rooms.people.add_seat(house.exam.exam_id, Role.standardized_patient, "Spare Sam")


async def test_what_is_no_longer_possible_says_what_happened_instead(house: House) -> None:
    exam, encounter = f"/api/exams/{house.exam.exam_id}", await house.encounter_of("candidate")
    organiser = await house.client("organiser")
    for verb in ("pause", "resume", "stop"):
        content = {"circuits": None} | ({"hard": True} if verb == "stop" else {})
        assert "planned" in await organiser.refused(409, "POST", f"{exam}/{verb}", content)
    for verb in ("pause", "resume", "restart-phase", "ring", "rerun"):
        said = await organiser.refused(409, "POST", f"/api/encounters/{encounter}/{verb}", {})
        assert "not begun" in said or "does not run" in said, said
    await organiser.json("POST", f"/api/encounters/{encounter}/void", {"reason": "It was the wrong station."})
    for verb in ("pause", "resume", "restart-phase", "ring", "no-show"):
        said = await organiser.refused(409, "POST", f"/api/encounters/{encounter}/{verb}", {})
        assert "void" in said or "does not run" in said, said
    await organiser.refused(409, "POST", f"/api/encounters/{encounter}/void", {"reason": "Once more."})
    again = await organiser.json("POST", f"/api/encounters/{encounter}/rerun", {})
    assert again["attempt"] == 2
    for verb in ("rerun", "carry-over"):
        await organiser.refused(409, "POST", f"/api/encounters/{encounter}/{verb}", {})
    await organiser.refused(404, "POST", f"{exam}/incidents/{'a' * 26}", {"decision": "none", "note": ""})
    await organiser.refused(404, "POST", f"{exam}/messages", {"text": "Hello", "to": "a" * 26})
    await organiser.refused(400, "POST", f"{exam}/messages", {"text": " ", "to": None})


async def test_each_role_has_its_own_hands(house: House) -> None:
    exam, encounter = f"/api/exams/{house.exam.exam_id}", await house.encounter_of("candidate")
    invigilator, observer = (
        await joined(house, Role.invigilator, "Ines"),
        await joined(house, Role.observer, "Omar"),
    )
    candidate = await house.client("candidate")
    for verb in ("gather", "go", "stop"):
        await invigilator.refused(403, "POST", f"{exam}/{verb}", {"circuits": None, "hard": False})
    for verb in ("begin", "void"):
        await invigilator.refused(403, "POST", f"/api/encounters/{encounter}/{verb}", {"reason": "So it is."})
    for client in (observer, candidate):
        for verb in CIRCUITS:
            await client.refused(403, "POST", f"{exam}/{verb}", {"circuits": None})
        for verb in ONE:
            await client.refused(403, "POST", f"/api/encounters/{encounter}/{verb}", {})
        await client.refused(403, "GET", f"{exam}/day")
    # An invigilator's link is none to more rights.
    await invigilator.json("POST", "/api/links", {"seat": house.seat("candidate", 1)})
    for role in ("organiser", "examiner"):
        await invigilator.refused(404, "POST", "/api/links", {"seat": house.seat(role)})
    assert (await invigilator.json("GET", f"{exam}/day"))["exam"]["state"] == "planned"
    assert (await invigilator.ask("GET", f"/control/{house.exam.exam_id}")).status == 200
    other = await house.rooms.exams.create("Another", "UTC")
    await invigilator.refused(404, "POST", f"/api/exams/{other.id}/pause", {"circuits": None})


async def test_the_day_is_told_whole_and_then_by_differences(house: House) -> None:
    organiser, candidate = await house.client("organiser"), await house.client("candidate")
    control = await page(organiser, f"&exam={house.exam.exam_id}")
    whole = await heard(control, "day", whole=True)
    assert (len(whole["encounters"]), [one["name"] for one in whole["circuits"]]) == (4, ["A"])
    seat = await page(candidate)
    assert (await heard(seat, "place"))["circuit"]["state"] == "planned"

    async def told(part: str, **wanted: Any) -> dict[str, Any]:
        """The next difference in which an entry is so."""
        while True:
            day = await heard(control, "day", whole=False)
            for entry in day[part]:
                if all(entry[name] == value for name, value in wanted.items()):
                    return dict(day)

    await told("people", seat=house.seat("candidate"), present=True)
    await organiser.json("POST", f"/api/exams/{house.exam.exam_id}/gather", {"circuits": None})
    assert (await told("circuits", state="gathering"))["encounters"] == []
    async with asyncio.timeout(60):
        while (await heard(seat, "place"))["circuit"]["state"] != "gathering":
            pass
    await organiser.json("POST", f"/api/exams/{house.exam.exam_id}/go", {"circuits": ["A"]})
    running = await told("circuits", state="running", rotation=1)
    assert {one["phase"] for one in running["encounters"]} == {"reading"}
    assert len(running["encounters"]) == 2
    bell = await heard(seat, "bell")
    assert (bell["kind"], bell["phase"]) == ("start", "reading")
    await organiser.json("POST", f"/api/encounters/{await house.encounter_of('candidate')}/ring", {})
    log = await house.rooms.exams.phase_log(await house.encounter_of("candidate"))
    assert log[-1].cause == "rung"
    assert (await heard(seat, "bell"))["kind"] == "call"
    await organiser.json("POST", f"/api/exams/{house.exam.exam_id}/pause", {"circuits": None})
    while (place := await heard(seat, "place"))["circuit"]["state"] != "paused":
        pass
    assert place["encounter"]["paused_ms"] is not None
    assert place["progress"] == {"number": 1, "of": 2}


async def test_messages_reach_those_they_are_for_and_are_kept(house: House) -> None:
    exam = f"/api/exams/{house.exam.exam_id}"
    organiser = await house.client("organiser")
    first, second = await house.client("candidate", 0), await house.client("candidate", 1)
    control = await page(organiser, f"&exam={house.exam.exam_id}")
    one, other = await page(first), await page(second)
    for socket in (control, one, other):
        assert (await heard(socket, "messages"))["messages"] == []
    await one.send_json({"type": "help", "text": "My sound is gone."})
    assert (await heard(control, "message"))["text"] == "My sound is gone."
    await organiser.json("POST", f"{exam}/messages", {"text": "Unplug it once.", "to": house.seat("candidate")})
    assert (await heard(one, "message", from_seat=None))["text"] == "Unplug it once."
    await organiser.json("POST", f"{exam}/messages", {"text": "We begin at nine.", "to": None})
    # Nothing that was said between the first candidate and the control room reached the other.
    assert (await heard(other, "message"))["text"] == "We begin at nine."
    again = await page(first)
    kept = [said["text"] for said in (await heard(again, "messages"))["messages"]]
    assert kept == ["My sound is gone.", "Unplug it once.", "We begin at nine."]


async def test_who_looks_in_may_listen_and_nothing_more(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    observer, candidate = await joined(house, Role.observer, "Omar"), await house.client("candidate")
    assert (await candidate.ask("GET", f"/observe/{encounter}")).status == 403
    assert (await candidate.ask("GET", f"/ws?role=candidate&encounter={encounter}")).status == 404
    assert (await observer.ask("GET", f"/observe/{encounter}")).status == 200
    looking = await page(observer, f"&encounter={encounter}")
    assert (await heard(looking, "encounter"))["encounter"]["phase"] == "waiting"
    await looking.send_json({"type": "ticket", "purpose": "observe"})
    assert (await heard(looking, "notice"))["code"] == "no-call"
    await looking.send_json({"type": "ticket", "purpose": "encounter"})
    assert (await heard(looking, "notice"))["level"] == "error"
    await house.begin(encounter, "encounter")
    while (await heard(looking, "encounter"))["encounter"]["phase"] != "encounter":
        pass
    await looking.send_json({"type": "ticket", "purpose": "observe"})
    signed = (await heard(looking, "ticket"))["ticket"]
    ticket = Ticket.verify(signed, house.rooms.secret, house.rooms.clock.now_ms())
    assert (ticket.room, ticket.name, ticket.publish, ticket.subscribe) == (encounter, "Omar", False, True)
    # The same person in a second tab: two would go on taking the connection from each other.
    await page(observer, f"&encounter={encounter}")
    await heard(looking, "replaced")


async def test_what_was_marked_live_is_kept_beside_what_is_marked_from_the_recording(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    examiner = await house.client("examiner")
    await house.begin(encounter, "encounter")
    path = f"/api/encounters/{encounter}/forms/mark"
    form = await examiner.json("GET", path)
    version = await house.rooms.stations.get((await house.rooms.exams.encounter(encounter)).station_hash)
    first, second = (f"item.{one.id}" for one in version.mark_sheet.items[:2])

    async def mark(number: int, field: str, value: str, base: int) -> None:
        change = {"change_id": f"change-{number}", "field": field, "value": value, "base_version": base}
        saved = await examiner.json("POST", f"/api/forms/{form['id']}/changes", {"changes": [change]})
        assert len(saved["saved"]) == 1

    await mark(1, first, "partly", 0)
    assert form["live"] == {}
    await house.rooms.day.end_phase(encounter, (await house.rooms.exams.encounter(encounter)).phase)
    await house.rooms.day.heard()
    span = await house.rooms.ledger.consultation(encounter)
    assert span is not None
    while house.rooms.clock.now_ms() <= span[1]:  # noqa: ASYNC110 the clock tells nobody
        await asyncio.sleep(0)
    await mark(2, first, "done", 1)
    await mark(3, second, "done", 0)
    now = await examiner.json("GET", path)
    assert now["live"] == {first: "partly"}
    assert {name: one["value"] for name, one in now["fields"].items()} == {first: "done", second: "done"}
    organiser = await house.client("organiser")
    day = await organiser.json("GET", f"/api/exams/{house.exam.exam_id}/day")
    mine = next(one for one in day["encounters"] if one["id"] == encounter)
    assert mine["marking"]["live"]


async def test_only_somebody_of_the_same_role_takes_over(house: House) -> None:
    organiser = await house.client("organiser")
    for other in ("candidate", "examiner", "organiser"):
        swap = {"seat": house.seat("sp"), "with": house.seat(other)}
        said = await organiser.refused(400, "POST", f"/api/exams/{house.exam.exam_id}/swap", swap)
        assert "another role" in said


async def test_an_account_of_an_examiner_looks_in_on_nothing_that_is_not_its_own(house: House) -> None:
    """Where an encounter has no examiner, nobody is its examiner."""
    encounter = await house.encounter_of("candidate")
    await without_examiner(house, encounter)
    await house.rooms.people.add_account("ex@school.org", "Dr Extern", "a long enough password", Role.examiner)
    examiner = await house.client()
    sent = {"email": "ex@school.org", "password": "a long enough password"}
    async with examiner.http.post("/sign-in", data=sent, allow_redirects=False) as response:
        assert response.status == 303
    assert (await examiner.ask("GET", f"/observe/{encounter}")).status == 404
    assert (await examiner.ask("GET", f"/mark/{encounter}")).status == 404


async def without_examiner(house: House, encounter: str) -> None:
    async with house.rooms.database.write() as connection:
        await connection.exec_driver_sql("UPDATE encounter SET examiner = NULL WHERE id = ?", (encounter,))


async def test_an_observers_link_leads_to_what_may_be_looked_in_on(house: House) -> None:
    observer = await joined(house, Role.observer, "Omar")
    assert "Nobody is in a consultation now" in await (await observer.ask("GET", "/observe")).text()
    encounter = await house.encounter_of("candidate")
    await house.begin(encounter, "encounter")
    assert f"/observe/{encounter}?role=observer" in await (await observer.ask("GET", "/observe")).text()


@pytest.mark.parametrize("length", [0, 60])
async def test_a_damaged_take_is_an_alarm_until_somebody_has_read_it(house: House, length: int) -> None:
    """Cut to nothing, or within its beginning; the other take goes on to be sealed, and the raw file stays."""
    recordings, encounter = house.rooms.recordings, await house.encounter_of("candidate")
    folder = house.rooms.settings.data / "encounters" / encounter
    seat = house.seat("candidate")
    damaged = await record_one(recordings, house.rooms.settings.data, encounter, participant=seat)
    good = copy_damaged(folder, damaged, lambda *_: None, random.Random(1), notes_too=False)
    raw = folder / raw_name(damaged)
    raw.write_bytes(raw.read_bytes()[:length])
    await recordings.seal(encounter)
    states = {take.id: take.state for take in await recordings.takes(encounter)}
    assert states == {damaged: TakeState.quarantined, good: TakeState.sealed}
    assert raw.stat().st_size == length

    organiser, invigilator = await house.client("organiser"), await joined(house, Role.invigilator, "Ines")
    exam = f"/api/exams/{house.exam.exam_id}"
    ring = [(await bank_of(house.rooms))["inhaler-technique"]]
    plan = Plan(title="Another", zone="UTC", stations=ring, candidates=["Cy Three"], sps=["Pat C"])
    elsewhere = await make_exam(house.rooms, plan)
    other = await house.client()
    await other.join(next(one.path for one in elsewhere.links if one.role == "organiser"))
    (told,) = (await organiser.json("GET", f"{exam}/day"))["alarms"]
    assert (told["take"], told["encounter"]) == (damaged, encounter)
    assert "Nothing can be seen or heard in the raw file; it is kept as it is." in told["text"]
    assert (await other.json("GET", f"/api/exams/{elsewhere.exam_id}/day"))["alarms"] == []
    assert 'teleosce_recording_alarms{kind="quarantined"} 1.0' in await (await organiser.ask("GET", "/metrics")).text()

    await other.refused(404, "POST", f"/api/exams/{elsewhere.exam_id}/takes/{damaged}/read", {})
    await other.refused(404, "POST", f"{exam}/takes/{damaged}/read", {})
    await (await house.client("examiner")).refused(403, "POST", f"{exam}/takes/{damaged}/read", {})
    assert len((await organiser.json("GET", f"{exam}/day"))["alarms"]) == 1
    await invigilator.json("POST", f"{exam}/takes/{damaged}/read", {})
    said = await organiser.refused(404, "POST", f"{exam}/takes/{damaged}/read", {})
    assert "somebody has put it away" in said
    await recordings.seal(encounter)  # again, as after a later take: what was read stays read
    assert (await organiser.json("GET", f"{exam}/day"))["alarms"] == []
    (row,) = await house.rooms.people.audit_about(damaged)
    assert row["action"] == "take.damage-read"
    assert (row["role"], (await house.rooms.people.seat(row["actor_id"])).name) == ("invigilator", "Ines")
    assert row["at_ms"] > 0
    shown = await organiser.json("GET", f"/api/encounters/{encounter}/recording")
    assert [take["state"] for take in shown["takes"] if take["id"] == damaged] == ["quarantined"]


async def damaged_take(house: House, index: int = 0) -> str:
    """Sealed, and an alarm."""
    recordings, encounter = house.rooms.recordings, await house.encounter_of("candidate", index)
    data = house.rooms.settings.data
    take = await record_one(recordings, data, encounter, participant=house.seat("candidate", index))
    (data / "encounters" / encounter / raw_name(take)).write_bytes(b"")
    await recordings.seal(encounter)
    return take


async def test_of_two_who_read_of_a_damaged_take_at_once_one_puts_its_alarm_away(house: House) -> None:
    take = await damaged_take(house)
    organiser, invigilator = await house.client("organiser"), await joined(house, Role.invigilator, "Ines")
    path = f"/api/exams/{house.exam.exam_id}/takes/{take}/read"
    both = await asyncio.gather(organiser.ask("POST", path, {}), invigilator.ask("POST", path, {}))
    assert sorted(one.status for one in both) == [200, 404]
    assert [row["action"] for row in await house.rooms.people.audit_about(take)] == ["take.damage-read"]


async def test_an_alarm_stays_when_it_cannot_be_written_down_who_read_it(house: House) -> None:
    take = await damaged_take(house)
    organiser = await house.client("organiser")
    path = f"/api/exams/{house.exam.exam_id}/takes/{take}/read"
    async with house.rooms.database.write() as connection:
        refuse = "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no room'); END"
        await connection.exec_driver_sql(refuse)
    assert (await organiser.ask("POST", path, {})).status == 500
    (told,) = (await organiser.json("GET", f"/api/exams/{house.exam.exam_id}/day"))["alarms"]
    assert told["take"] == take
    async with house.rooms.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER full")
    await organiser.json("POST", path, {})
    await house.rooms.recordings.seal(await house.encounter_of("candidate"))
    assert (await organiser.json("GET", f"/api/exams/{house.exam.exam_id}/day"))["alarms"] == []


async def test_after_a_restart_a_damaged_take_is_an_alarm_unless_somebody_has_read_it(tmp_path: Path) -> None:
    async with running_house(tmp_path / "data") as house:
        read, unread = [await damaged_take(house, index) for index in range(2)]
        encounters = [await house.encounter_of("candidate", index) for index in range(2)]
        organiser = await house.client("organiser")
        await organiser.json("POST", f"/api/exams/{house.exam.exam_id}/takes/{read}/read", {})
        before = [(one.take_id, one.message) for one in house.rooms.recordings.alarms() if one.take_id]
        assert [take for take, _ in before] == [unread]
    async with running(settings(tmp_path / "data")) as server:
        recordings = server.rooms.recordings
        async with asyncio.timeout(10):
            while not any(one.take_id for one in recordings.alarms()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert [(one.take_id, one.message) for one in recordings.alarms() if one.take_id] == before
        for encounter in encounters:
            await recordings.seal(encounter)
        assert [(one.take_id, one.message) for one in recordings.alarms() if one.take_id] == before
