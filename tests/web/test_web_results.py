"""The organiser's pages of results: figures that are kept, and what bad input gets."""

import re

import pytest

from teleosce.app import freeze_stations
from tests.web.house import Client, House
from tests.web.marked_exam import LENIENT, MarkedExam, marked_exam

PAGES = ("", "/line", "/examiners")
NOT_A_NUMBER = re.compile(r"\b[Nn]a[Nn]\b|\bNone\b|\binf\b")


@pytest.fixture
async def marked(house: House) -> MarkedExam:
    bank = await freeze_stations(house.rooms)
    return await marked_exam(house.rooms, [bank["feverish-child"], bank["inhaler-technique"]])


async def read(client: Client, path: str) -> str:
    """A page's words. None of it may be a number that is none."""
    response = await client.ask("GET", path)
    text = await response.text()
    assert response.status == 200, text
    words = " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", text, flags=re.DOTALL).split())
    assert not NOT_A_NUMBER.search(words), words
    return words


async def test_figures_are_worked_out_once_and_anew_when_a_mark_changes(house: House, marked: MarkedExam) -> None:
    organiser, stranger, examiner = [await house.client(role) for role in (None, "organiser", "examiner")]
    await organiser.join(f"#{marked.organiser}")
    base, page = f"/api/exams/{marked.exam_id}/results", f"/results/{marked.exam_id}"
    await stranger.refused(404, "GET", base)
    for path in PAGES:
        assert (await stranger.ask("GET", page + path)).status == 404
        assert (await examiner.ask("GET", page + path)).status == 403

    first = await read(organiser, page)
    assert "The figures are being worked out" in first
    await house.rooms.analyses.wait(marked.exam_id)
    told = await organiser.json("GET", base)
    assert (told["current"], told["working"], told["fault"]) == (True, None, None)
    assert told["found"]["sound"]["encounters"] == 11 * 4 + 10 + 3
    words = await read(organiser, page)
    assert "Alpha" in words
    assert "No mark is submitted yet." in words
    assert "being worked out" not in words
    assert LENIENT in await read(organiser, f"{page}/examiners")
    assert "Borderline regression" in await read(organiser, f"{page}/line")
    again = await organiser.json("GET", f"{base}/state")
    assert again["at_ms"] == told["at_ms"]

    # A sheet that is opened again no longer counts: the old figures stay in sight while new ones are made.
    encounter = (await house.rooms.exams.encounters(marked.exam_id))[0]
    (form,) = await house.rooms.forms.of_encounter(encounter.id)
    await house.rooms.forms.amend(form.id, "looked again", form.author_id)
    since = await read(organiser, page)
    assert "1 mark came in since these figures" in since
    assert "Alpha" in since
    await house.rooms.analyses.wait(marked.exam_id)
    after = await organiser.json("GET", base)
    assert after["current"]
    assert after["found"]["sound"]["encounters"] == told["found"]["sound"]["encounters"] - 1


async def test_an_exam_without_a_mark_says_so_on_every_page(house: House) -> None:
    organiser = await house.client("organiser")
    exam_id = house.exam.exam_id
    await read(organiser, f"/results/{exam_id}")
    await house.rooms.analyses.wait(exam_id)
    assert "No mark that counts is submitted yet" in await read(organiser, f"/results/{exam_id}")
    assert "No method can draw a line yet." in await read(organiser, f"/results/{exam_id}/line")
    assert "Nothing is marked yet." in await read(organiser, f"/results/{exam_id}/examiners")


async def test_a_rule_is_tried_decided_released_and_withdrawn(house: House, marked: MarkedExam) -> None:
    organiser, stranger = await house.client(None), await house.client("organiser")
    await organiser.join(f"#{marked.organiser}")
    base, page = f"/api/exams/{marked.exam_id}/results", f"/results/{marked.exam_id}"
    assert "Nothing is decided yet" in await read(organiser, f"{page}/decisions")
    assert "nothing is released to them" in await read(organiser, f"{page}/release")

    fixed = {"method": "fixed", "fixed_cut": 45}
    seen = await organiser.json("POST", f"{base}/preview", {"rules": fixed})
    assert seen["against"] is None
    assert (seen["judged"], len(seen["candidates"])) == (34, 36)
    assert any("No mark is submitted yet." in one for one in seen["missing"])
    assert await organiser.json("GET", f"{base}/runs") == {"runs": []}
    await organiser.refused(400, "POST", f"{base}/preview", {"rules": {"method": "guess"}})
    await organiser.refused(400, "POST", f"{base}/preview", {"rules": fixed | {"domains": {"nonsense": 50}}})
    await stranger.refused(404, "POST", f"{base}/preview", {"rules": fixed})
    await stranger.refused(404, "POST", f"{base}/runs", {"rules": fixed})

    # What was looked at is what is decided: a mark in between is said and not passed over.
    await organiser.refused(409, "POST", f"{base}/runs", {"rules": fixed, "stamp": "another"})
    first = await organiser.json("POST", f"{base}/runs", {"rules": fixed, "stamp": seen["stamp"]})
    assert (first["number"], first["said"]) == (1, seen["said"])
    higher = await organiser.json("POST", f"{base}/preview", {"rules": fixed | {"fixed_cut": 60}})
    assert higher["against"]["number"] == 1
    assert len(higher["against"]["fewer"]) == seen["passed"] - higher["passed"] > 0
    second = await organiser.json("POST", f"{base}/runs", {"rules": fixed | {"fixed_cut": 60}})
    differ = await organiser.json("GET", f"{base}/runs/{first['id']}/differences/{second['id']}")
    assert len(differ["differences"]) >= len(higher["against"]["fewer"])
    await stranger.refused(404, "GET", f"{base}/runs/{first['id']}")
    words = await read(organiser, f"{page}/decisions?run=2&against=1")
    assert "From run 1 to run 2" in words
    assert f"{len(higher['against']['fewer'])} fewer pass by run 2 than by run 1" in words
    assert "Both rest on the same marks." in words
    assert (await organiser.ask("GET", f"{page}/decisions?run=9")).status == 404

    # Release: an embargo by the exam's clocks, to everybody now, and back.
    for wrong in ("tomorrow", "2020-01-01T09:00", "2027-03-28T01:30"):
        await organiser.refused(400, "POST", f"{base}/releases", {"run": first["id"], "at": wrong})
    await organiser.refused(404, "POST", f"{base}/releases", {"run": first["id"], "group": "nobody"})
    later = await organiser.json("POST", f"{base}/releases", {"run": first["id"], "at": "2099-06-01T09:00"})
    assert later["from_ms"] == 4083984000000  # 08:00 UTC: London is an hour ahead in June
    words = await read(organiser, f"{page}/release")
    assert "Candidates see no results" in words
    assert "From Mon 1 Jun 2099, 09:00 on all candidates will see run 1." in words
    now = await organiser.json("POST", f"{base}/releases", {"run": second["id"]})
    assert "All 36 candidates see what run 2 says of them." in await read(organiser, f"{page}/release")
    await organiser.refused(400, "POST", f"{base}/releases/{now['id']}/withdraw", {"reason": "  "})
    await organiser.json("POST", f"{base}/releases/{now['id']}/withdraw", {"reason": "A mark was entered twice."})
    await organiser.refused(409, "POST", f"{base}/releases/{now['id']}/withdraw", {"reason": "again"})
    words = await read(organiser, f"{page}/release")
    assert "A mark was entered twice." in words
    assert "Candidates see no results" in words
