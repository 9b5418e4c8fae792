"""The organiser's pages of results: figures that are kept, and what bad input gets."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from sqlalchemy import update

from teleosce.core.errors import Conflict
from teleosce.core.ids import new_id
from teleosce.core.paths import STATIONS
from teleosce.exams.store_tables import slots
from teleosce.people import Principal, Role
from teleosce.reports import ResultRules
from teleosce.reports.exports import material_of, tables_of
from teleosce.scoring import Change, Kind, layout_of
from teleosce.stations import read as read_station
from teleosce.web import Plan, make_exam
from teleosce.web.keeping import sources_of
from tests.begun import bank_of
from tests.web.house import Client, House
from tests.web.marked_exam import LENIENT, MarkedExam, marked_exam

PAGES = ("", "/line", "/examiners")
NOT_A_NUMBER = re.compile(r"\b[Nn]a[Nn]\b|\bNone\b|\binf\b")


@pytest.fixture
async def marked(house: House) -> MarkedExam:
    bank = await bank_of(house.rooms)
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

    # A total down to the key presses, with the desk that they were made at; of another exam nothing.
    own = next(one for one in seen["candidates"] if one["stations_sat"] == 2)
    told = await organiser.json("GET", f"{base}/runs/{first['id']}/candidates/{own['seat']}")
    assert [len(one["attempts"]) for one in told["stations"]] == [1, 1]
    press = told["stations"][0]["items"][0]["changes"][-1]
    assert press["value"] in ("done", "not_done")
    assert told["people"][press["author_id"]].startswith("Dr ")
    assert told["times"][str(press["at_ms"])]
    # People read a domain by its title, which the sheet gives it.
    sheet = (await house.rooms.stations.get(told["stations"][0]["key"])).mark_sheet
    assert {item.domain for item in sheet.items} <= set(told["domains"]) == set(told["domain_titles"])
    assert {item.domain: sheet.domains[item.domain] for item in sheet.items}.items() <= told["domain_titles"].items()
    assert any(own["weakest"].startswith(f"{title} ") for title in told["domain_titles"].values())
    await organiser.refused(404, "GET", f"{base}/runs/{first['id']}/candidates/nobody")
    # The same candidate on a page: beside the others, with a folder for each encounter.
    alone = f"{page}/decisions/{first['id']}/{own['seat']}"
    assert alone in await (await organiser.ask("GET", f"{page}/decisions?run=1")).text()
    words = await read(organiser, alone)
    assert "Middle half from, %" in words
    assert words.count("Appeal folder") == 2
    assert "of 2 stations passed" in words
    svg = await organiser.ask("GET", f"{base}/runs/{first['id']}/candidates/{own['seat']}/beside-the-cohort.svg")
    assert (svg.status, (await svg.read())[:4]) == (200, b"<svg")
    unseen = next(one for one in seen["candidates"] if one["stations_sat"] == 0)
    assert "so there is nothing to draw" in await read(organiser, f"{page}/decisions/{first['id']}/{unseen['seat']}")
    assert (await organiser.ask("GET", f"{page}/decisions/{first['id']}/nobody")).status == 404
    assert (await stranger.ask("GET", alone)).status == 404
    await stranger.refused(404, "GET", f"{base}/runs/{first['id']}/candidates/{own['seat']}")

    # The exam's rule: pages begin with it from then on, and two who set it at once do not overwrite each other.
    kept = await organiser.json("POST", f"{base}/rules", {"rules": fixed, "version": 0})
    assert kept["version"] == 1
    await organiser.refused(409, "POST", f"{base}/rules", {"rules": fixed, "version": 0})
    await read(organiser, f"{page}/line")
    await house.rooms.analyses.wait(marked.exam_id)
    assert "A fixed line at 45.0 %" in await read(organiser, f"{page}/line")

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


async def mark(house: House, exam_id: str, those: int, grade: str = "pass") -> None:
    """Submits marks of the first encounters of an exam, as its examiner."""
    rooms = house.rooms
    for number, one in enumerate((await rooms.exams.encounters(exam_id))[:those]):
        assert one.examiner
        layout = layout_of(await rooms.stations.get(one.station_hash))
        form = await rooms.forms.open(Kind.mark, one.id, one.examiner)
        said = {f"item.{item}": "done" if at % 3 != number % 2 else "not_done" for at, item in enumerate(layout.items)}
        changes = [Change(name, value, 0, new_id()) for name, value in {**said, "global": grade}.items()]
        await rooms.forms.save(form.id, changes, one.examiner, layout)
        await rooms.forms.submit(form.id, one.examiner, layout)


async def pages_of(house: House, organiser: Client, exam_id: str) -> dict[str, str]:
    """The words of the three pages of figures."""
    page = f"/results/{exam_id}"
    await read(organiser, page)
    await house.rooms.analyses.wait(exam_id)
    told = await organiser.json("GET", f"/api/exams/{exam_id}/results/state")
    assert (told["current"], told["fault"]) == (True, None)
    return {path: await read(organiser, page + path) for path in PAGES}


async def test_what_marks_do_not_have_is_said_in_words(house: House) -> None:
    """One candidate, or half of the marks: a sentence, and no number that is none."""
    bank = await bank_of(house.rooms)
    account = Principal(new_id(), Role.organiser, None, None, new_id(), "Olive")
    stations = [bank["feverish-child"], bank["inhaler-technique"]]
    for people, those in ((["Ada One"], 2), (["Ada One", "Ben Two"], 2), (["Ada One", "Ben Two"], 1)):
        plan = Plan(title="Few", zone="Europe/London", stations=stations, candidates=people, sps=["Pat A", "Pat B"])
        exam = await make_exam(house.rooms, plan)
        await mark(house, exam.exam_id, those)
        organiser = await house.client()
        await organiser.join(next(one.path for one in exam.links if one.role == "organiser"))
        page, base = f"/results/{exam.exam_id}", f"/api/exams/{exam.exam_id}/results"
        words = await pages_of(house, organiser, exam.exam_id)
        assert "There is no alpha:" in words[""]
        assert "No method can draw a line yet." in words["/line"]
        # By regression there is no cut, so nobody is decided about; a fixed line needs nothing else.
        seen = await organiser.json("POST", f"{base}/preview", {"rules": {}})
        assert seen["judged"] == 0
        assert all(one["cut"] is None and one["why"] for one in seen["cuts"])
        await organiser.refused(400, "POST", f"{base}/preview", {"rules": {"method": "fixed", "sems": 1}})
        seen = await organiser.json("POST", f"{base}/preview", {"rules": {"method": "fixed", "fixed_cut": 50}})
        assert seen["judged"] >= 1
        await house.rooms.results.run(exam.exam_id, ResultRules(method="fixed"), account)
        assert "Run 1: who passed?" in await read(organiser, f"{page}/decisions")
        assert "nothing is released" in await read(organiser, f"{page}/release")


async def test_one_station_has_cuts_but_no_consistency(house: House) -> None:
    bank = await bank_of(house.rooms)
    exam = await marked_exam(house.rooms, [bank["feverish-child"]])
    organiser = await house.client()
    await organiser.join(f"#{exam.organiser}")
    words = await pages_of(house, organiser, exam.exam_id)
    assert "There is no alpha: Consistency is between parts: with one part there is none." in words[""]
    assert "methods put the pass mark between" in words["/line"]
    assert "Agreement cannot be told: No encounter was marked by two examiners." in words["/examiners"]


async def test_half_the_marks_give_what_there_is_and_say_what_is_missing(house: House, marked: MarkedExam) -> None:
    every = await house.rooms.exams.encounters(marked.exam_id)
    sheets = [one for own in (await house.rooms.forms.of_encounters([one.id for one in every])).values() for one in own]
    for one in sheets[::2]:
        await house.rooms.forms.amend(one.id, "looked again", one.author_id)
    organiser = await house.client()
    await organiser.join(f"#{marked.organiser}")
    words = await pages_of(house, organiser, marked.exam_id)
    assert re.search(r"\d+ encounters have no mark that counts, and are not taken for zero", words[""])
    assert "methods put the pass mark between" in words["/line"]
    assert "examiners" in words["/examiners"]


async def test_a_mark_by_whose_turn_it_was_not_is_refused_and_changes_nothing(house: House, marked: MarkedExam) -> None:
    """Duplicate marks: the sheet is kept as it was filled in, and no page counts it."""
    organiser = await house.client()
    await organiser.join(f"#{marked.organiser}")
    before = await pages_of(house, organiser, marked.exam_id)
    assert "No encounter was marked by two examiners." in before["/examiners"]
    rooms = house.rooms
    for one in [each for each in await rooms.exams.encounters(marked.exam_id) if each.examiner][:3]:
        layout = layout_of(await rooms.stations.get(one.station_hash))
        stranger = next(seat for seat in marked.seats.values() if seat != one.examiner)
        form = await rooms.forms.open(Kind.mark, one.id, stranger)
        said = {f"item.{item}": "done" for item in layout.items} | {"global": "fail"}
        changes = [Change(name, value, 0, new_id()) for name, value in said.items()]
        await rooms.forms.save(form.id, changes, stranger, layout)
        with pytest.raises(Conflict, match="Somebody else marks this encounter now"):
            await rooms.forms.submit(form.id, stranger, layout)
    assert await pages_of(house, organiser, marked.exam_id) == before


async def test_linked_video_marking_makes_circuits_comparable(house: House, marked: MarkedExam) -> None:
    """From what the page proposes, by the address that its button uses, to second marks and the figures of them."""
    organiser, rooms = await house.client(), house.rooms
    await organiser.join(f"#{marked.organiser}")
    words = await pages_of(house, organiser, marked.exam_id)
    assert "have nobody in common" in words["/examiners"]
    page = await (await organiser.ask("GET", f"/results/{marked.exam_id}/examiners")).text()
    found = re.search(r'id="links-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    proposed = json.loads(found[1])
    for one in proposed:
        asked = {
            "encounters": one["encounters"],
            "seat": one["seat"],
            "kind": "second",
            "reason": "To link the circuits",
        }
        await organiser.json("POST", f"/api/exams/{marked.exam_id}/marking/assignments", asked)
        for encounter in one["encounters"]:
            (first,) = await rooms.forms.of_encounter(encounter)
            station = (await rooms.exams.encounter(encounter)).station_hash
            layout = layout_of(await rooms.stations.get(station))
            form = await rooms.forms.open(Kind.mark, encounter, one["seat"])
            changes = [Change(name, value, 0, new_id()) for name, value in first.values.items()]
            await rooms.forms.save(form.id, changes, one["seat"], layout)
            await rooms.forms.submit(form.id, one["seat"], layout)
    words = await pages_of(house, organiser, marked.exam_id)
    assert "have nobody in common" not in words["/examiners"]
    assert "Link the circuits" not in words["/examiners"]
    assert (
        f"{sum(len(one['encounters']) for one in proposed)} encounters were marked by more than" in words["/examiners"]
    )


def changed(folder: Path) -> Path:
    """A station whose first item counts for more."""
    shutil.copytree(STATIONS / "feverish-child", folder)
    sheet = yaml.safe_load((folder / "mark-sheet.yaml").read_text())
    sheet["items"][0]["weight"] += 1
    (folder / "mark-sheet.yaml").write_text(yaml.safe_dump(sheet, sort_keys=False))
    return folder


async def test_a_sheet_that_changed_between_circuits_is_two_stations_and_says_so(house: House, tmp_path: Path) -> None:
    rooms = house.rooms
    bank = await bank_of(rooms)
    folder = await asyncio.to_thread(changed, tmp_path / "feverish-child")
    other = await rooms.stations.freeze(read_station(folder), folder)
    exam = await marked_exam(rooms, [bank["feverish-child"], bank["inhaler-technique"]])
    async with rooms.database.write() as connection:
        mine = (slots.c.exam_id == exam.exam_id) & (slots.c.circuit == "C") & (slots.c.position == 1)
        await connection.execute(update(slots).where(mine).values(station_hash=other))
    organiser = await house.client()
    await organiser.join(f"#{exam.organiser}")
    words = await pages_of(house, organiser, exam.exam_id)
    for said in words.values():
        assert "A mark sheet changed between circuits" in said
        assert re.search(r"\(version 1 of 2\): 22 scores", said)
    # In an export a station is called the same in every table, so that they can be joined.
    named: dict[str, set[object]] = {}
    for table in tables_of(await material_of(sources_of(rooms), rooms.results, exam.exam_id, tmp_path)):
        if "station" in table.head:
            named[table.name] = {row[table.head.index("station")] for row in table.rows}
        if table.name == "scores":
            named["scores"] = {one.removesuffix(": score") for one in table.head if one.endswith(": score")}
    assert len(named["items"]) == 3
    assert {name for name, titles in named.items() if not titles <= named["items"]} == set()
    assert named["scores"] == named["encounters"] == named["marks"] == named["items"]
    assert "There is no alpha:" in words[""]
    assert "methods put the pass mark between" in words["/line"]
    fixed = {"method": "fixed", "fixed_cut": 45}
    seen = await organiser.json("POST", f"/api/exams/{exam.exam_id}/results/preview", {"rules": fixed})
    assert seen["judged"] >= 34
