"""A panel of judges: blind in its first round, changed in the second, a cut with its error when it is closed."""

import re

import pytest

from teleosce.people import Principal, Role
from teleosce.reports import ResultRules
from tests.begun import bank_of
from tests.web.house import Client, House
from tests.web.marked_exam import NAMES, MarkedExam, marked_exam


@pytest.fixture
async def marked(house: House) -> MarkedExam:
    bank = await bank_of(house.rooms)
    return await marked_exam(house.rooms, [bank["feverish-child"]])


async def judge_of(house: House, seat: str) -> Client:
    client, now_ms = await house.client(), house.rooms.clock.now_ms()
    await client.join(f"#{await house.rooms.people.issue_link(seat, now_ms - 1000, now_ms + 3_600_000)}")
    return client


async def words(client: Client, path: str) -> str:
    response = await client.ask("GET", path)
    text = await response.text()
    assert response.status == 200, text
    return " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", text, flags=re.DOTALL).split())


async def test_a_panel_from_opening_to_its_cut(house: House, marked: MarkedExam) -> None:
    exam, base, page = marked.exam_id, f"/api/exams/{marked.exam_id}/panel", f"/results/{marked.exam_id}/panel"
    organiser, stranger = await house.client(), await house.client("examiner")
    await organiser.join(f"#{marked.organiser}")
    first, second, outside = [await judge_of(house, marked.seats[name]) for name in NAMES[:3]]
    await organiser.refused(404, "GET", base)
    assert (await first.ask("GET", page)).status == 404
    seats = [marked.seats[name] for name in NAMES[:2]]
    await organiser.refused(400, "POST", base, {"judges": [seats[0], seats[0]]})
    await organiser.refused(400, "POST", base, {"judges": [seats[0], house.seat("examiner")]})
    await first.refused(403, "POST", base, {"judges": seats})
    assert "Open a panel" in await words(organiser, page)
    opened = await organiser.json("POST", base, {"judges": seats})
    assert (opened["number"], opened["state"]) == (1, "first")
    await organiser.refused(409, "POST", base, {"judges": seats})
    assert "You are asked to judge" in await words(first, "/mark")
    for client in (outside, stranger):
        assert (await client.ask("GET", page)).status == 404
        await client.refused(404, "GET", base)

    (station,) = await house.rooms.results.panels.stations(exam)
    items = [item.id for item in station.mark_sheet.items]

    async def say(client: Client, percent: float, some: list[str] = items) -> None:
        values = [{"station": station.hash, "item": item, "percent": percent} for item in some]
        await client.json("POST", f"{base}/judgements", {"values": values})

    await say(first, 60)
    await say(second, 40, items[1:])
    one = {"station": station.hash, "item": items[0], "percent": 40}
    await outside.refused(404, "POST", f"{base}/judgements", {"values": [one]})
    await first.refused(400, "POST", f"{base}/judgements", {"values": [one | {"percent": 101}]})
    await first.refused(400, "POST", f"{base}/judgements", {"values": [one | {"item": "nothing"}]})
    # Blind: nothing of another judge is on the page or in the answer; the organiser sees how far, not what.
    assert "panel 40" not in await words(second, page)
    assert await second.json("GET", base) == opened | {
        "judges": [{"seat": seats[1], "done": len(items) - 1, "total": len(items)}]
    }
    assert len((await organiser.json("GET", base))["judges"]) == 2
    assert "between" not in await words(organiser, page)

    moved = await organiser.json("POST", f"{base}/move", {"version": 1, "state": "discussion", "facility": True})
    await organiser.refused(409, "POST", f"{base}/move", {"version": 1, "state": "second"})
    await first.refused(409, "POST", f"{base}/judgements", {"values": [one]})
    said = await words(second, page)
    assert "panel 40 to 60, middle 50" in said
    assert "% of this cohort did it" in said
    assert NAMES[0] not in said
    assert "at least 2 judges" in await words(organiser, page)

    moved = await organiser.json("POST", f"{base}/move", {"version": moved["version"], "state": "second"})
    await second.json("POST", f"{base}/judgements", {"values": [one]})
    await say(first, 50)
    await organiser.json("POST", f"{base}/move", {"version": moved["version"], "state": "closed"})
    await first.refused(404, "POST", f"{base}/judgements", {"values": [one]})
    assert "45.0 ± 5.00 between 2 judges" in await words(organiser, page)
    judged = (await house.rooms.results.panels.judged(exam))[station.hash]
    assert (judged.cut.cut, judged.cut.se) == pytest.approx((45, 5))

    lines = {one["method"]: one for one in (await house.rooms.results.analysis(exam))["lines"]}
    assert lines["angoff"]["pass_mark"] == pytest.approx(45)
    assert lines["angoff"]["spread"]["se"] == pytest.approx(5)
    await house.rooms.results.set_rules(exam, ResultRules(method="angoff"), 0, _by(marked))
    assert await house.rooms.results.sheet_cuts(exam, [station.hash]) == {station.hash: pytest.approx(45)}
    run = await house.rooms.results.run(exam, None, _by(marked))
    assert run.found["stations"][0]["cut"] == pytest.approx(45)
    assert run.found["panel"]["number"] == 1


def _by(marked: MarkedExam) -> Principal:
    return Principal("s", Role.organiser, marked.exam_id, None, "a" * 26, "Olive")
