"""A plan by the API: looked at, kept by one at a time, made once, and its links told once."""

import base64
import io
from typing import Any

from openpyxl import load_workbook

from tests.planning.test_building import PLAN
from tests.web.house import Client, House


async def _organiser(house: House) -> Client:
    """With an account: one who came by link has one exam."""
    from teleosce.people import Role

    await house.rooms.people.add_account("o@school.org", "Olive", "a long enough password", Role.organiser)
    client = await house.client()
    form = {"email": "o@school.org", "password": "a long enough password"}
    response = await client.http.post("/sign-in", data=form, allow_redirects=False)
    assert response.status == 303
    client.role = "organiser"
    return client


async def test_a_plan_goes_from_its_first_word_to_its_links(house: House) -> None:
    client = await _organiser(house)
    view: Any = await client.json("POST", "/api/plans/check", {"plan": {"title": "Finals"}})
    assert [one["kind"] for one in view["conflicts"] if one["blocks"]] == ["no-stations", "no-candidates"]
    bad = await client.json("POST", "/api/plans/check", {"plan": {"titel": "Finals", "stations": 5}})
    assert not bad["sound"]
    assert "Did you mean “title”?" in " ".join(one["message"] for one in bad["conflicts"])

    made = await client.json("POST", "/api/plans", {"plan": {"title": "Finals"}})
    exam = made["exam"]
    assert (await client.ask("GET", f"/api/exams/{exam}/timetable/xlsx")).status == 200
    saved = await client.json("POST", f"/api/exams/{exam}/plan", {"plan": PLAN, "version": 1, "table": True})
    assert (saved["sound"], saved["version"], len(saved["grids"][0]["rows"])) == (True, 2, 4)
    message = await client.refused(409, "POST", f"/api/exams/{exam}/plan", {"plan": {"title": "Mine"}, "version": 1})
    assert "Somebody else" in message
    await client.refused(409, "POST", f"/api/exams/{exam}/build", {"version": 1})
    built = await client.json("POST", f"/api/exams/{exam}/build", {"version": 2})
    assert (built["slots"], built["people"]) == (12, 10)
    kept = await client.json("GET", f"/api/exams/{exam}/plan")
    assert kept["built_ms"]
    links = (await client.json("POST", f"/api/exams/{exam}/links", {}))["links"]
    candidate = await house.client()
    await candidate.join(next(one["path"] for one in links if one["number"] == "1001"))
    assert candidate.role == "candidate"
    for form in ("xlsx", "csv", "pdf"):
        response = await client.ask("POST", f"/api/exams/{exam}/links", {"form": form})
        assert response.status == 200
        assert "attachment" in response.headers["Content-Disposition"]
    for form in ("xlsx", "pdf", "ics"):
        assert (await client.ask("GET", f"/api/exams/{exam}/timetable/{form}")).status == 200
    await client.refused(404, "GET", f"/api/exams/{exam}/timetable/doc")
    state = await client.json("GET", f"/api/exams/{exam}/invitations")
    assert (state["can_mail"], len(state["people"])) == (False, 9)
    seats = [state["people"][0]["seat"]]
    assert "smtp_host" in await client.refused(400, "POST", f"/api/exams/{exam}/mail", {"seats": seats, "again": True})
    for path in ("plan", "timetable", "blueprint"):
        assert (await client.ask("GET", f"/exams/{exam}/{path}")).status == 200
    await candidate.refused(403, "POST", f"/api/exams/{exam}/links", {})


async def test_another_exams_organiser_reaches_nothing(house: House) -> None:
    client = await _organiser(house)
    made = await client.json("POST", "/api/plans", {"plan": PLAN})
    stranger = await house.client("organiser")
    base = f"/api/exams/{made['exam']}"
    for method, path, content in (
        ("GET", "/plan", None),
        ("POST", "/plan", {"plan": PLAN, "version": 1}),
        ("POST", "/build", {"version": 1}),
        ("GET", "/timetable/pdf", None),
        ("POST", "/links", {}),
        ("GET", "/invitations", None),
        ("POST", "/mail", {"seats": ["x"]}),
    ):
        await stranger.refused(404, method, base + path, content)
    await stranger.refused(403, "POST", "/api/plans", {"plan": PLAN})
    assert (await stranger.ask("GET", f"/exams/{house.exam.exam_id}/timetable")).status == 200


async def test_a_list_is_read_and_nothing_is_written(house: House) -> None:
    client = await _organiser(house)

    async def read(content: bytes, status: int = 200) -> Any:
        asked = {"name": "list.csv", "content": base64.b64encode(content).decode()}
        if status != 200:
            return await client.refused(status, "POST", "/api/candidates", asked)
        return await client.json("POST", "/api/candidates", asked)

    found = await read(b"Number,Name\n1,Ada\n1,Ben\n")
    assert not found["sound"]
    assert found["findings"][0]["row"] == 3
    assert [one["name"] for one in (await read(b"Ada\nBen\n"))["candidates"]] == ["Ada", "Ben"]
    assert "nothing in this list" in await read(b"", 400)
    await client.refused(400, "POST", "/api/candidates", {"name": "x", "content": "no base64"})


async def test_a_drafts_timetable_is_empty_and_no_defect(house: House) -> None:
    client = await _organiser(house)
    made = await client.json("POST", "/api/plans", {"plan": {"title": "Nothing yet"}})
    response = await client.http.get(
        f"/api/exams/{made['exam']}/timetable/xlsx", headers={"Teleosce-Role": "organiser"}
    )
    assert load_workbook(io.BytesIO(await response.read())).sheetnames == ["Slots", "People"]
    assert (await client.ask("GET", f"/api/exams/{made['exam']}/timetable/pdf")).status == 200
    for path in ("plan", "timetable", "blueprint"):
        assert (await client.ask("GET", f"/exams/{made['exam']}/{path}")).status == 200


async def test_the_site_of_a_circuit_stands_in_its_timetable(house: House) -> None:
    client = await _organiser(house)
    plan = PLAN | {"circuits": [{"name": "A", "site": "North <campus>"}]}
    exam = (await client.json("POST", "/api/plans", {"plan": plan}))["exam"]
    await client.json("POST", f"/api/exams/{exam}/build", {"version": 1})
    assert "Circuit A, North &lt;campus&gt;" in await (await client.ask("GET", f"/exams/{exam}/timetable")).text()
    response = await client.ask("GET", f"/api/exams/{exam}/timetable/xlsx")
    head, first = list(load_workbook(io.BytesIO(await response.read()))["Slots"].values)[:2]
    assert (head[-1], first[-1]) == ("Site", "North <campus>")
    assert [one.site for one in await house.rooms.exams.circuits(exam)] == ["North <campus>"]
