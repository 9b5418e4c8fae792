"""Who marks what, by HTTP: rules, assignments, and that a second marker sees nothing of the first."""

import asyncio
from dataclasses import replace
from typing import Any

from teleosce.core.ids import new_id
from teleosce.people import Role
from teleosce.scoring import MarkingRules, Status, store_marking
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
    page = await organiser.ask("GET", f"/marking/{house.exam.exam_id}?role=organiser")
    shown = await page.text()
    assert page.status == 200
    assert all(f'name="{name}"' in shown for name in changed["rules"])


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


async def test_a_swap_of_examiners_takes_no_mark_away(house: House) -> None:
    rooms, exam = house.rooms, house.exam.exam_id
    mine, other = await house.encounter_of("candidate"), await house.encounter_of("candidate", 1)
    await house.begin(mine)
    first = await house.client("examiner")
    heir, _ = await examiner(house, "Dr Heir")
    await fill(first, mine)
    await rooms.day.swap(exam, house.seat("examiner"), heir)
    assert (await rooms.exams.encounter(mine)).examiner == heir
    assert (await rooms.marking.record(mine)).status is Status.single
    assert (await first.ask("GET", f"/mark/{mine}")).status == 200
    assert mine not in {one.id for one in await rooms.marking.worklist(heir)}
    # Nobody becomes the other marker of their own mark: the place of the second is free again.
    await house.begin(other)
    seat, second = await examiner(house, "Dr Second")
    await assign(house, other, seat, "second")
    before = (await rooms.exams.encounter(other)).examiner or ""
    await rooms.day.swap(exam, before, seat)
    await fill(second, other)
    assert (await rooms.marking.record(other)).status is Status.single
    assert await rooms.marking.marked_twice(exam) == {}
    assert await rooms.marking.cases(exam) == []
    while (now := await rooms.exams.encounter(other)).phase != "done":
        await rooms.exams.attended([(other, house.seat("candidate", 1))])
        await rooms.day.end_phase(other, now.phase)
    await rooms.marking.set_rules(exam, MarkingRules(double_share=1.0), 0)
    assert other in (await rooms.marking.double(exam)).made
    assert (await rooms.marking.markers(await rooms.exams.encounter(other))).second not in {seat, None}


async def test_a_plans_marking_part_becomes_the_rules(house: House) -> None:
    from teleosce.web.plans import plans_of

    plans = plans_of(house.rooms)
    (station, *_) = [one.hash for one in await house.rooms.stations.all()]
    document = {"title": "Finals", "stations": [station], "candidates": ["Eva"], "marking": {"double_share": 0.2}}
    kept = await plans.create(document)
    await plans.build(kept.exam_id, kept.version)
    rules = await house.rooms.marking.kept_rules(kept.exam_id)
    assert (rules.version, rules.rules.double_share, rules.rules.discrepancy_points) == (1, 0.2, 10.0)


async def fill(client: Client, encounter: str, grade: str = "pass", **items: str) -> str:
    """A whole mark by whoever the client is; returns its id."""
    form = await client.json("GET", f"/api/encounters/{encounter}/forms/mark")
    sheet = await client.json("GET", f"/api/encounters/{encounter}")
    ids = [item["id"] for item in sheet["mark_sheet"]["items"]]
    fields = {f"item.{one}": items.get(one, "done") for one in ids} | {"global": grade}
    changes = [
        {"change_id": f"change-{number}", "field": name, "value": value, "base_version": 0}
        for number, (name, value) in enumerate(fields.items())
    ]
    await client.json("POST", f"/api/forms/{form['id']}/changes", {"changes": changes})
    await client.json("POST", f"/api/forms/{form['id']}/submit", {})
    return str(form["id"])


async def disputed(house: House) -> tuple[str, str, Client, Client, str]:
    """An encounter with two marks that differ: its id, the critical item, both examiners, the first's form."""
    mine = await house.encounter_of("candidate")
    await house.begin(mine, "changeover")
    first = await house.client("examiner")
    seat, second = await examiner(house, "Dr Other")
    await assign(house, mine, seat, "second")
    sheet = await first.json("GET", f"/api/encounters/{mine}")
    critical = next(item["id"] for item in sheet["mark_sheet"]["items"] if item["critical"])
    form = await fill(first, mine)
    await fill(second, mine, "borderline", **{critical: "not_done"})
    return mine, critical, first, second, form


async def test_a_second_marker_sees_nothing_of_the_first(house: House) -> None:
    mine = await house.encounter_of("candidate")
    await house.begin(mine, "changeover")
    first = await house.client("examiner")
    seat, second = await examiner(house, "Dr Other")
    form = await fill(first, mine, "excellent")
    marker = "a remark by the first that nobody else may read"
    await first.json("POST", f"/api/forms/{form}/amend", {"reason": "one remark more"})
    note = {"change_id": "remark-1", "field": "comment", "value": marker, "base_version": 0}
    await first.json("POST", f"/api/forms/{form}/changes", {"changes": [note]})
    await first.json("POST", f"/api/forms/{form}/submit", {})
    before = await (await second.ask("GET", "/mark")).text()
    await assign(house, mine, seat, "second")
    own = await second.json("GET", f"/api/encounters/{mine}/forms/mark")
    assert (own["fields"], own["live"], own["state"]) == ({}, {}, "draft")
    assert mine not in before
    told = [
        await (await second.ask("GET", path)).text() for path in ("/mark", f"/mark/{mine}", f"/api/encounters/{mine}")
    ]
    told += [
        await (await second.ask("GET", f"/api/encounters/{mine}/{one}")).text()
        for one in ("recording", "transcript", "brief")
    ]
    for text in told:
        assert marker not in text
        assert form not in text
        assert house.seat("examiner") not in text
        assert "second" not in text.lower().replace("seconds", "")
    exam = house.exam.exam_id
    for path in (
        f"/api/encounters/{mine}/record",
        f"/api/exams/{exam}/records",
        f"/api/exams/{exam}/marking/assignments",
        f"/api/exams/{exam}/marking/rules",
        f"/api/exams/{exam}/day",
        "/moderate",
        f"/moderate/{mine}",
    ):
        assert (await second.ask("GET", path)).status in (403, 404), path
    await second.refused(404, "GET", f"/api/encounters/{mine}/forms/settlement")
    change = {"changes": [note | {"change_id": "remark-2", "value": "mine"}]}
    await second.refused(404, "POST", f"/api/forms/{form}/changes", change)
    await second.refused(404, "POST", f"/api/forms/{form}/submit", {})
    await second.refused(404, "POST", f"/api/forms/{form}/amend", {"reason": "why not"})
    await second.refused(403, "POST", f"/api/encounters/{mine}/moderation", {})
    # And the first learns nothing of the second.
    await fill(second, mine, "fail")
    view = await first.json("GET", f"/api/encounters/{mine}/forms/mark")
    assert view["fields"]["global"]["value"] == "excellent"
    assert (await first.ask("GET", f"/api/encounters/{mine}/record")).status == 403


async def test_a_share_is_doubled_as_marks_come_in_and_when_asked(house: House) -> None:
    organiser, first = await house.client("organiser"), await house.client("examiner")
    seat, _second = await examiner(house, "Dr Other")
    exam = house.exam.exam_id
    await organiser.json("POST", f"/api/exams/{exam}/marking/rules", {"rules": {"double_share": 1.0}, "version": 0})
    mine, other = await house.encounter_of("candidate"), await house.encounter_of("candidate", 1)
    await house.begin(mine, "changeover")
    await fill(first, mine)
    rows = (await organiser.json("GET", f"/api/exams/{exam}/marking/assignments"))["assignments"]
    given = {(row["encounter"], row["seat"], row["kind"]) for row in rows}
    assert given == {(mine, house.seat("examiner"), "first"), (mine, seat, "second")}
    await house.begin(other)
    assert (await organiser.json("POST", f"/api/exams/{exam}/marking/double", {}))["made"] == []
    await house.rooms.exams.attended([(other, house.seat("candidate", 1))])
    while (now := await house.rooms.exams.encounter(other)).phase != "done":
        await house.rooms.day.end_phase(other, now.phase)
    assert (await organiser.json("POST", f"/api/exams/{exam}/marking/double", {})) == {"made": [other], "without": []}
    assert (await organiser.json("POST", f"/api/exams/{exam}/marking/double", {})) == {"made": [], "without": []}


async def test_what_is_near_the_cut_is_doubled_by_the_cut_that_is_known(house: House) -> None:
    organiser, first = await house.client("organiser"), await house.client("examiner")
    seat, _second = await examiner(house, "Dr Other")
    exam = house.exam.exam_id
    mine, other = await house.encounter_of("candidate"), await house.encounter_of("candidate", 1)

    async def line(version: int, cut: float) -> None:
        asked = {"rules": {"method": "fixed", "fixed_cut": cut}, "version": version}
        await organiser.json("POST", f"/api/exams/{exam}/results/rules", asked)

    async def twice() -> list[tuple[str, str, str]]:
        rows = (await organiser.json("GET", f"/api/exams/{exam}/marking/assignments"))["assignments"]
        return [(row["encounter"], row["seat"], row["reason"]) for row in rows if row["kind"] == "second"]

    near = {"double_near_cut": 5, "provisional_cut": 97}
    await organiser.json("POST", f"/api/exams/{exam}/marking/rules", {"rules": near, "version": 0})
    await house.begin(mine, "changeover")
    await fill(first, mine)  # everything done: 100 %
    assert await twice() == [(mine, seat, "near the cut")]
    # Once a cut is known the provisional one counts no more.
    await line(0, 60)
    await house.begin(other, "changeover")
    await fill(first, other)
    assert await twice() == [(mine, seat, "near the cut")]
    await line(1, 96)
    await house.rooms.exams.attended([(other, house.seat("candidate", 1))])
    while (now := await house.rooms.exams.encounter(other)).phase != "done":
        await house.rooms.day.end_phase(other, now.phase)
    assert (await organiser.json("POST", f"/api/exams/{exam}/marking/double", {}))["made"] == [other]


async def test_a_moderator_settles_item_by_item(house: House) -> None:
    mine, critical, first, _second, form = await disputed(house)
    _, moderator = await examiner(house, "Prof Moderator", Role.moderator)
    found = await moderator.json("GET", f"/api/encounters/{mine}/record")
    assert (found["status"], found["fields"], found["difference"]["critical"]) == ("disputed", {}, [critical])
    assert mine in await (await moderator.ask("GET", "/moderate")).text()
    assert (await moderator.ask("GET", f"/moderate/{mine}")).status == 200
    assert (await moderator.ask("GET", f"/api/encounters/{mine}/recording")).status == 200
    await moderator.refused(409, "GET", f"/api/encounters/{mine}/forms/settlement")
    await moderator.json("POST", f"/api/encounters/{mine}/moderation", {})
    settlement = await moderator.json("GET", f"/api/encounters/{mine}/forms/settlement")
    save, submit = (f"/api/forms/{settlement['id']}/{what}" for what in ("changes", "submit"))
    await moderator.refused(400, "POST", submit, {})
    chosen = {f"item.{critical}": "partly", "global": "pass", f"reason.item.{critical}": "Asked, though late."}
    changes = [
        {"change_id": f"change-{n}", "field": name, "value": value, "base_version": 0}
        for n, (name, value) in enumerate(chosen.items())
    ]
    forged = changes[0] | {"change_id": "forged-1", "field": "sources", "value": "own"}
    await moderator.refused(400, "POST", save, {"changes": [forged]})
    assert len((await moderator.json("POST", save, {"changes": changes}))["saved"]) == 3
    done = await moderator.json("POST", submit, {})
    assert done["state"] == "submitted"
    counts = await moderator.json("GET", f"/api/encounters/{mine}/record")
    assert (counts["status"], counts["settlement"], counts["outdated"]) == ("settled", settlement["id"], False)
    assert counts["fields"][f"item.{critical}"] == {"value": "partly", "forms": [], "reason": "Asked, though late."}
    assert counts["fields"]["global"]["forms"] == [form]
    assert all(one["value"] for one in counts["fields"].values())
    history = await house.rooms.forms.history(settlement["id"])
    folded = {entry.field: entry.value for entry in history.entries}
    assert {name: field["value"] for name, field in done["fields"].items()} == folded
    # It stays with whoever settled it.
    heir, _ = await examiner(house, "Prof Heir", Role.moderator)
    (kept,) = (await assign(house, mine, heir, "moderation"))["left"]
    assert "has submitted" in kept["why"]
    assert (await moderator.json("GET", f"/api/encounters/{mine}/record"))["status"] == "settled"
    # The marks themselves are as they were; one that is amended afterwards is pointed out.
    view = await first.json("GET", f"/api/encounters/{mine}/forms/mark")
    assert view["fields"][f"item.{critical}"]["value"] == "done"
    await first.json("POST", f"/api/forms/{form}/amend", {"reason": "heard it again"})
    assert (await moderator.json("GET", f"/api/encounters/{mine}/record"))["outdated"]
    # What was written because both agreed is no choice of the moderator's: where they differ now, it is asked again.
    (agreed, *_) = (name for name, one in counts["fields"].items() if len(one["forms"]) == 2)
    other = {"change_id": "change-again", "field": agreed, "value": "not_done", "base_version": 1}
    await first.json("POST", f"/api/forms/{form}/changes", {"changes": [other]})
    await first.json("POST", f"/api/forms/{form}/submit", {})
    opened = await moderator.json("POST", f"/api/forms/{settlement['id']}/amend", {"reason": "one mark has changed"})
    assert {name for name, one in opened["fields"].items() if one["value"] is not None} >= set(chosen)
    assert "1 of the differences is not settled" in await moderator.refused(400, "POST", submit, {})
    version = opened["fields"][agreed]["version"]
    again = {"change_id": "change-mine", "field": agreed, "value": "done", "base_version": version}
    await moderator.json("POST", save, {"changes": [again]})
    await moderator.json("POST", submit, {})
    counts = await moderator.json("GET", f"/api/encounters/{mine}/record")
    assert (counts["fields"][agreed]["value"], counts["outdated"]) == ("done", False)
    assert len(counts["fields"][agreed]["forms"]) == 1
    actions = [row["action"] for row in await house.rooms.people.audit_about(mine)]
    assert {"mark.assign", "mark.settle"} <= set(actions)


async def test_two_moderators_do_not_settle_the_same(house: House) -> None:
    mine, critical, _first, _second, _form = await disputed(house)
    one_seat, one = await examiner(house, "Prof One", Role.moderator)
    other_seat, other = await examiner(house, "Prof Other", Role.moderator)
    path = f"/api/encounters/{mine}/moderation"
    both = await asyncio.gather(one.ask("POST", path, {}), other.ask("POST", path, {}))
    assert sorted(response.status for response in both) == [200, 409]
    (winner, loser) = (one, other) if both[0].status == 200 else (other, one)
    (theirs, own) = (one_seat, other_seat) if winner is one else (other_seat, one_seat)
    settlement = await winner.json("GET", f"/api/encounters/{mine}/forms/settlement")
    await loser.refused(409, "GET", f"/api/encounters/{mine}/forms/settlement")
    assert (await loser.json("POST", path, {"instead_of": theirs}))["moderator"] == own
    change = {"change_id": "change-1", "field": f"item.{critical}", "value": "done", "base_version": 0}
    await winner.refused(409, "POST", f"/api/forms/{settlement['id']}/changes", {"changes": [change]})
    await winner.refused(409, "POST", f"/api/forms/{settlement['id']}/submit", {})
    taken = await loser.json("GET", f"/api/encounters/{mine}/forms/settlement")
    assert taken["id"] != settlement["id"]
    assert (await winner.json("GET", f"/api/encounters/{mine}/record"))["status"] == "disputed"


async def test_nobody_settles_their_own_mark_or_before_there_are_two(house: House) -> None:
    mine = await house.encounter_of("candidate")
    await house.begin(mine, "changeover")
    seat, moderator = await examiner(house, "Prof One", Role.moderator)
    await moderator.refused(404, "POST", f"/api/encounters/{mine}/moderation", {})
    await assign(house, mine, seat, "second")
    await moderator.refused(404, "POST", f"/api/encounters/{mine}/moderation", {})
    _, another = await examiner(house, "Prof Two", Role.moderator)
    assert "nothing to settle" in await another.refused(409, "POST", f"/api/encounters/{mine}/moderation", {})


async def test_whoever_settles_does_not_mark(house: House) -> None:
    mine = await house.encounter_of("candidate")
    await house.begin(mine, "changeover")
    seat, moderator = await examiner(house, "Prof One", Role.moderator)
    other, _ = await examiner(house, "Dr Other")
    await assign(house, mine, other, "second")
    assert (await assign(house, mine, seat, "moderation"))["moved"] == [mine]
    for kind in ("first", "second"):
        assert "afresh" in (await assign(house, mine, seat, kind))["left"][0]["why"]
    # Nor where the two meet all the same: what is wanted may have changed between the question and the answer.
    settlement = await moderator.json("GET", f"/api/encounters/{mine}/forms/settlement")
    async with house.rooms.database.write() as connection:
        (second,) = await store_marking.of_seat(connection, other)
        await store_marking.end(connection, second.id, 1)
        await store_marking.add(connection, replace(second, id=new_id(), seat_id=seat))
    await moderator.refused(403, "POST", f"/api/forms/{settlement['id']}/submit", {})
