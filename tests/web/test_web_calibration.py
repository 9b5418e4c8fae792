"""References, practice and the gate before live marking, over HTTP: who may do and see what."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from teleosce.core.ids import new_id
from teleosce.people import Role
from teleosce.scoring import AssignmentKind, Kind, layout_of
from teleosce.scoring import MarkingRules as Rules
from tests.keeping.keeping_world import World
from tests.keeping.keeping_world import world as running_world
from tests.web.house import Client


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(tmp_path / "data") as made:
        yield made


async def _agree(world: World, client: Client, link: str, *, agreed: bool = True) -> None:
    """Opens a link again and answers the question about training."""
    token = link.partition("#")[2]
    looked = await client.json("POST", "/api/link", {"token": token})
    training = {"version": looked["training"]["version"], "agreed": agreed}
    await client.json("POST", "/api/join", {"token": token, "consent_version": None, "training": training})


async def _fill(client: Client, encounter: str, kind: str, values: dict[str, Any], *, submit: bool = True) -> Any:
    form = await client.json("GET", f"/api/encounters/{encounter}/forms/{kind}")
    changes = [
        {
            "change_id": new_id(),
            "field": name,
            "value": value,
            "base_version": form["fields"].get(name, {}).get("version", 0),
        }
        for name, value in values.items()
    ]
    done = await client.json("POST", f"/api/forms/{form['id']}/changes", {"changes": changes})
    assert not done["conflicts"]
    return await client.json("POST", f"/api/forms/{form['id']}/submit", {}) if submit else form


async def _examiner(world: World, name: str) -> tuple[str, Client]:
    """Another examiner of the exam: their seat and their browser."""
    house, rooms = world.house, world.rooms
    seat = await rooms.people.add_seat(house.exam.exam_id, Role.examiner, name)
    now_ms, client = rooms.clock.now_ms(), await house.client()
    await client.join(f"#{await rooms.people.issue_link(seat.id, now_ms - 1000, now_ms + 3_600_000)}")
    return seat.id, client


async def _items(world: World) -> list[str]:
    encounter = await world.rooms.exams.encounter(world.encounter_id)
    return [*layout_of(await world.rooms.stations.get(encounter.station_hash)).items]


async def test_from_consent_to_the_open_worklist(world: World) -> None:
    """One story, as a server starts for each test: every door is tried before it opens."""
    house, rooms, encounter = world.house, world.rooms, world.encounter_id
    exam = house.exam.exam_id
    organiser, marker = await house.client("organiser"), await house.client("examiner")
    candidate, patient = await house.client("candidate"), await house.client("sp")
    seat, examiner = await _examiner(world, "Dr Other")
    live = await house.encounter_of("candidate", 1)
    await rooms.marking.assign(live, seat, AssignmentKind.first)

    assert "not over" in await organiser.refused(409, "POST", "/api/references", {"encounter": encounter})
    await world.record()
    await world.transcribe()
    said = await organiser.refused(409, "POST", "/api/references", {"encounter": encounter})
    assert said.startswith("The candidate and the standardized patient have not agreed")
    await _agree(world, candidate, house.link("candidate"))
    assert "The standardized patient has not" in await organiser.refused(
        409, "POST", "/api/references", {"encounter": encounter}
    )
    await _agree(world, patient, house.link("sp"))
    for other in (examiner, candidate, patient):
        await other.refused(403, "POST", "/api/references", {"encounter": encounter})
    # Not before it is marked: whoever still marks it would be shown the agreed marks.
    assert "not finished" in await organiser.refused(409, "POST", "/api/references", {"encounter": encounter})
    await world.mark()

    found = await organiser.json("POST", "/api/references", {"encounter": encounter})
    (reference,) = found["references"]
    assert (reference["agreed"], reference["mine"]) == (False, True)
    assert "not submitted" in reference["closed"]

    # Closed until the agreed marks stand; these are the maker's alone, and no mark of the encounter.
    items = await _items(world)
    await examiner.refused(404, "GET", f"/api/encounters/{encounter}/forms/calibration")
    await examiner.refused(404, "GET", f"/api/encounters/{encounter}/forms/reference")
    agreed = {f"item.{one}": "done" for one in items} | {"global": "pass", f"comment.{items[0]}": "Said at once."}
    agreed |= {f"evidence.{items[0]}.a": {"from_ms": 200, "to_ms": 900, "quote": "Good morning"}}
    form = await _fill(organiser, encounter, "reference", agreed)
    await examiner.refused(404, "POST", f"/api/forms/{form['id']}/changes", {"changes": []})

    # Who marked it live does not practise on it.
    await marker.refused(404, "GET", f"/api/encounters/{encounter}/forms/calibration")
    await marker.refused(404, "GET", f"/api/references/{encounter}/differences")

    # The rule closes the worklist, and says what is left.
    await house.begin(live)
    await rooms.marking.set_rules(exam, Rules(calibration_encounters=3, calibration_agreement=0.8), 0)
    left = await examiner.refused(409, "GET", f"/api/encounters/{live}/forms/mark")
    assert "mark 1 reference recording." in left
    assert "80 %" in left
    assert "Calibration comes first" in await (await examiner.ask("GET", "/mark")).text()

    # Practice: the recording without names, and no differences before the marks are in.
    recording = await examiner.json("GET", f"/api/encounters/{encounter}/recording")
    assert {take["name"] for take in recording["takes"]} == {""}
    page = await (await examiner.ask("GET", f"/calibrate/{encounter}")).text()
    assert "Ada One" not in page
    assert "C01" not in page
    own = {f"item.{one}": "done" for one in items[:-5]} | {f"item.{one}": "not_done" for one in items[-5:]}
    draft = await _fill(examiner, encounter, "calibration", own | {"global": "fail"}, submit=False)
    await examiner.refused(409, "GET", f"/api/references/{encounter}/differences")
    # While the agreed marks are amended the gate stays closed, and the sheet that is open can be finished.
    await organiser.json("POST", f"/api/forms/{form['id']}/amend", {"reason": "heard it again"})
    for path in (f"/api/encounters/{encounter}/recording", f"/api/references/{encounter}/differences"):
        await examiner.refused(404, "GET", path)
    said = await examiner.refused(409, "GET", f"/api/encounters/{live}/forms/mark")
    assert "mark 1 reference recording." in said
    assert "Not every recording is open" in said
    await examiner.json("POST", f"/api/forms/{draft['id']}/submit", {})
    await organiser.json("POST", f"/api/forms/{form['id']}/submit", {})
    differences = await examiner.json("GET", f"/api/references/{encounter}/differences")
    assert differences["equal"] == len(items) - 5
    assert differences["global"] == {"agreed": "pass", "steps": -2}
    assert differences["points"] < 0
    first = differences["items"][0]
    assert (first["explanation"], first["moments"][0]["from_ms"]) == ("Said at once.", 200)
    assert "mark reference recordings again" in await examiner.refused(409, "GET", f"/api/encounters/{live}/forms/mark")
    await examiner.refused(400, "POST", f"/api/forms/{draft['id']}/amend", {"reason": "a second thought"})

    # A further attempt: an empty sheet, all attempts kept, and then the worklist is open.
    await examiner.json("POST", f"/api/references/{encounter}/again", {})
    await examiner.refused(409, "POST", f"/api/references/{encounter}/again", {})
    again = await examiner.json("GET", f"/api/encounters/{encounter}/forms/calibration")
    assert (again["state"], again["marked"]) == ("amending", 0)
    await _fill(examiner, encounter, "calibration", {f"item.{one}": "done" for one in items} | {"global": "pass"})
    assert (await examiner.json("GET", f"/api/references/{encounter}/differences"))["attempt"] == 2
    await examiner.json("GET", f"/api/encounters/{live}/forms/mark")
    assert "Calibration comes first" not in await (await examiner.ask("GET", "/mark")).text()
    examiners = (await organiser.json("GET", f"/api/exams/{exam}/references"))["examiners"]
    told = next(one for one in examiners if one["seat"] == seat)
    assert (told["open"], told["attempts"]) == (True, 2)
    assert (told["latest"]["share"], told["first"]["equal"]) == (1.0, len(items) - 5)

    # None of it is a mark: the organiser's page knows the one that was given live, and the empty one opened last.
    marking = await organiser.json("GET", f"/api/exams/{exam}/marking")
    assert (marking["all"]["submitted"], marking["all"]["begun"]) == (1, 0)
    kinds = [one.kind for one in await rooms.forms.of_encounter(encounter)]
    assert sorted(kinds) == [Kind.calibration, Kind.mark, Kind.reference]

    # Who practised on it never marks it live; a second mark that is wanted of somebody else closes it.
    (why,) = (await rooms.marking.reassign([encounter], seat, AssignmentKind.second)).left.values()
    assert "practised" in why
    await rooms.marking.set_rules(exam, Rules(double_share=1.0), 1)
    assert (await rooms.marking.double(exam)).without == (encounter,)
    third, _ = await _examiner(world, "Dr Third")
    assert (await rooms.marking.double(exam)).made == (encounter,)
    assert (await rooms.marking.markers(await rooms.exams.encounter(encounter))).second == third
    await examiner.refused(404, "GET", f"/api/references/{encounter}/differences")
    (closed,) = (await organiser.json("GET", f"/api/exams/{exam}/references"))["references"]
    assert "not finished" in closed["closed"]

    # Consent that is taken back closes it at once.
    await _agree(world, candidate, house.link("candidate"), agreed=False)
    await examiner.refused(404, "GET", f"/api/references/{encounter}/differences")
    (closed,) = (await organiser.json("GET", f"/api/exams/{exam}/references"))["references"]
    assert closed["closed"].startswith("The candidate has not agreed")


async def test_another_exam_uses_it_and_an_erasure_withdraws_it(world: World) -> None:
    house, rooms, encounter = world.house, world.rooms, world.encounter_id
    await world.whole()
    organiser, candidate, patient = [await house.client(role) for role in ("organiser", "candidate", "sp")]
    await _agree(world, candidate, house.link("candidate"))
    await _agree(world, patient, house.link("sp"))
    wanted = {"encounter": encounter}
    await asyncio.gather(*(organiser.json("POST", "/api/references", wanted) for _ in range(3)))
    assert [one["action"] for one in await rooms.people.audit_about(encounter)].count("reference.make") == 1
    items = await _items(world)
    await _fill(organiser, encounter, "reference", {f"item.{one}": "partly" for one in items} | {"global": "pass"})

    other = await rooms.exams.create("Another exam", "UTC")
    outsider, theirs = await house.client(), await house.client()
    now_ms = rooms.clock.now_ms()
    for client, role in ((outsider, Role.examiner), (theirs, Role.organiser)):
        seat = await rooms.people.add_seat(other.id, role, f"Somebody {role.value}")
        await client.join(f"#{await rooms.people.issue_link(seat.id, now_ms - 1000, now_ms + 3_600_000)}")
    take = (await organiser.json("GET", f"/api/encounters/{encounter}/recording"))["takes"][0]
    for path in (f"/api/encounters/{encounter}/recording", take["url"], f"/api/encounters/{encounter}/transcript"):
        await outsider.refused(404, "GET", path)
    assert (await outsider.ask("GET", f"/calibrate/{encounter}")).status == 404
    await outsider.refused(404, "GET", f"/api/encounters/{encounter}/forms/calibration")
    # An organiser by link makes references of their own exam alone, but may use what the house has.
    await theirs.refused(404, "POST", f"/api/references/{encounter}/withdraw", {})
    await theirs.refused(404, "POST", "/api/references", {"encounter": encounter})
    await theirs.refused(404, "GET", f"/api/exams/{house.exam.exam_id}/references")
    named = await theirs.json("POST", f"/api/exams/{other.id}/references", {"encounter": encounter, "used": True})
    assert [one["same_station"] for one in named["references"]] == [False]
    for path in (f"/api/encounters/{encounter}/recording", take["url"], f"/api/encounters/{encounter}/transcript"):
        assert (await outsider.ask("GET", path)).status in (200, 206)
    assert (await outsider.ask("GET", f"/mark/{encounter}")).status == 404
    await outsider.refused(404, "GET", f"/api/encounters/{encounter}")
    await outsider.refused(404, "GET", f"/api/encounters/{encounter}/forms/mark")
    await _fill(outsider, encounter, "calibration", {f"item.{one}": "done" for one in items} | {"global": "good"})

    await candidate.http.close()
    person = f"/api/exams/{house.exam.exam_id}/keeping/erase"
    done = await organiser.json("POST", person, {"seat": world.candidate, "asked_by": "their own letter"})
    assert done["counts"]["references"] == 1
    assert (await organiser.json("GET", f"/api/exams/{house.exam.exam_id}/references"))["references"] == []
    await outsider.refused(404, "GET", f"/api/encounters/{encounter}/recording")
    kinds = {one.kind for one in await rooms.forms.of_encounter(encounter)}
    assert Kind.calibration in kinds
