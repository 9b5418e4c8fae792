"""Who marks what, by HTTP: rules, assignments, and that a second marker sees nothing of the first."""

from typing import Any

from teleosce.people import Role
from tests.web.house import Client, House


async def examiner(house: House, name: str, role: Role = Role.examiner) -> tuple[str, Client]:
    """Another examiner of the exam: their seat and their browser."""
    seat = await house.rooms.people.add_seat(house.exam.exam_id, role, name)
    now = house.rooms.clock.now_ms()
    token = await house.rooms.people.issue_link(seat.id, now - 60_000, now + 3_600_000)
    client = await house.client()
    await client.join(f"/j#{token}")
    return seat.id, client


async def assign(house: House, encounter: str, seat: str, kind: str) -> Any:
    organiser = await house.client("organiser")
    path = f"/api/exams/{house.exam.exam_id}/marking/assignments"
    return await organiser.json("POST", path, {"encounters": [encounter], "seat": seat, "kind": kind})


async def test_rules_are_the_organisers_and_change_by_version(house: House) -> None:
    organiser, first = await house.client("organiser"), await house.client("examiner")
    path = f"/api/exams/{house.exam.exam_id}/marking/rules"
    known = await organiser.json("GET", path)
    assert (known["version"], known["rules"]["double_share"]) == (0, 0.0)
    changed = await organiser.json("POST", path, {"rules": known["rules"] | {"double_share": 0.25}, "version": 0})
    assert (changed["version"], changed["rules"]["double_share"]) == (1, 0.25)
    response = await organiser.ask("POST", path, {"rules": {"double_share": 0.5}, "version": 0})
    assert response.status == 409
    assert (await response.json())["error"]["details"]["rules"]["double_share"] == 0.25
    await organiser.refused(400, "POST", path, {"rules": {"double_share": 1.5}, "version": 1})
    await first.refused(403, "GET", path)


async def test_an_encounter_goes_to_another_examiner(house: House) -> None:
    mine = await house.encounter_of("candidate")
    await house.begin(mine, "changeover")
    before = await house.client("examiner")
    seat, other = await examiner(house, "Dr Other")
    await other.refused(404, "GET", f"/api/encounters/{mine}/recording")
    assert (await assign(house, mine, seat, "first"))["moved"] == [mine]
    for path in (f"/api/encounters/{mine}/recording", f"/mark/{mine}", f"/api/encounters/{mine}/forms/mark"):
        assert (await other.ask("GET", path)).status == 200
    assert mine in await (await other.ask("GET", "/mark")).text()
    for path in (f"/api/encounters/{mine}/recording", f"/mark/{mine}", f"/api/encounters/{mine}/forms/mark"):
        assert (await before.ask("GET", path)).status == 404
    assert mine not in await (await before.ask("GET", "/mark")).text()


async def test_what_is_submitted_stays_and_nobody_marks_twice(house: House) -> None:
    mine = await house.encounter_of("candidate")
    await house.begin(mine, "changeover")
    seat, _ = await examiner(house, "Dr Other")
    await assign(house, mine, seat, "second")
    twice = await assign(house, mine, house.seat("examiner"), "second")
    assert "afresh" in twice["left"][0]["why"]
    patient = await assign(house, mine, seat, "first")
    assert "afresh" in patient["left"][0]["why"]
    organiser = await house.client("organiser")
    path = f"/api/exams/{house.exam.exam_id}/marking/assignments"
    for other in (house.seat("sp"), house.seat("candidate")):
        await organiser.refused(400, "POST", path, {"encounters": [mine], "seat": other})
    await organiser.refused(400, "POST", path, {"encounters": ["a" * 26], "seat": seat})
    rows = (await organiser.json("GET", path))["assignments"]
    assert [(row["encounter"], row["seat"], row["kind"]) for row in rows] == [(mine, seat, "second")]


async def test_a_plans_marking_part_becomes_the_rules(house: House) -> None:
    from teleosce.web.plans import plans_of

    plans = plans_of(house.rooms)
    (station, *_) = [one.hash for one in await house.rooms.stations.all()]
    document = {"title": "Finals", "stations": [station], "candidates": ["Eva"], "marking": {"double_share": 0.2}}
    kept = await plans.create(document)
    await plans.build(kept.exam_id, kept.version)
    rules = await house.rooms.marking.kept_rules(kept.exam_id)
    assert (rules.version, rules.rules.double_share, rules.rules.discrepancy_points) == (1, 0.2, 10.0)
