"""One encounter for those who decide on an appeal: what its page says, and that nothing of it is anybody else's."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from teleosce.app import at_rest
from teleosce.core.errors import NotFound
from teleosce.core.ids import new_id
from teleosce.offline_results import write_appeal_bundle
from teleosce.reports import ResultRules
from teleosce.reports.exports import verify_bundle
from teleosce.scoring import Kind
from tests.reports.exam_world import ORGANISER, World


async def test_the_page_says_what_counts_and_names_nobody_else(decided: World, tmp_path: Path) -> None:
    async with at_rest(decided.settings) as rooms:
        run = await rooms.results.one(decided.run)
        encounter = await rooms.exams.encounter(next(iter(run.inputs)))
        seats = await rooms.people.seats(decided.exam)
        record = await rooms.marking.record(encounter.id)
    target = tmp_path / "appeal"
    names = await write_appeal_bundle(decided.settings, encounter.id, target)
    found = verify_bundle(target)
    assert found.faults == []
    assert found.about["encounter"] == encounter.id
    assert {"index.html", "page/appeal.js", "data/forms.json", "data/audit.jsonl"} <= set(names)

    page = (target / "index.html").read_text()
    assert "Nothing was recorded of this encounter." in page
    assert "One examiner marked this encounter" in page
    assert "Run 1: " in page
    # Nothing that a policy would refuse, and nothing that a browser would fetch from elsewhere.
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)|(?:src|href)=[\"'](?:https?:)?//", page)
    for link in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert (target / link).is_file(), link

    everything = "".join(
        path.read_text() for path in sorted(target.rglob("*")) if path.suffix in (".html", ".json", ".jsonl")
    )
    others = [one for one in seats if one.role == "candidate" and one.id != encounter.candidate]
    assert not [one.name for one in others if f"{one.name}<" in everything or one.id in everything]
    assert json.loads((target / "data" / "marking.json").read_text())["record"]["parents"] == list(record.parents)


async def test_a_domain_of_another_station_has_its_title(world: World, tmp_path: Path) -> None:
    async with at_rest(world.settings) as rooms:
        keys = await rooms.exams.stations_of(world.exam)
        here, there = [(await rooms.stations.get(key)).mark_sheet for key in keys]
        used = [{item.domain for item in sheet.items} for sheet in (here, there)]
        key = min(used[1] - used[0] - set(here.domains))
        rules = ResultRules(method="fixed", fixed_cut=45, domains={key: 100})
        run = await rooms.results.run(world.exam, rules, ORGANISER)
        failed = {who for who, own in run.found["candidates"].items() if f"domain:{key}" in own["failed_by"]}
        every = await rooms.exams.encounters(world.exam)
        mine = next(one for one in every if one.station_hash == keys[0] and one.candidate in failed)
        assert mine.id in run.inputs
    await write_appeal_bundle(world.settings, mine.id, tmp_path / "appeal")
    assert f"{there.domains[key]} below its least percent" in (tmp_path / "appeal" / "index.html").read_text()


async def test_it_needs_an_encounter_and_takes_a_zip(decided: World, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await write_appeal_bundle(decided.settings, new_id(), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    async with at_rest(decided.settings) as rooms:
        encounter = (await rooms.exams.encounters(decided.exam))[0]
    await write_appeal_bundle(decided.settings, encounter.id, tmp_path / "a.zip")
    assert verify_bundle(tmp_path / "a.zip").faults == []


async def test_sheets_of_practice_stay_in_the_house(world: World, tmp_path: Path) -> None:
    async with at_rest(world.settings) as rooms:
        encounter = await rooms.exams.encounter(next(iter((await rooms.results.one(world.run)).inputs)))
        seats = await rooms.people.seats(world.exam)
        stranger = next(one.id for one in seats if one.role == "examiner" and one.id != encounter.examiner)
        for kind in (Kind.calibration, Kind.reference):
            await rooms.forms.open(kind, encounter.id, stranger)
    await write_appeal_bundle(world.settings, encounter.id, tmp_path / "appeal")
    text = (tmp_path / "appeal" / "data" / "forms.json").read_text()
    assert {one["form"]["kind"] for one in json.loads(text)} == {"mark"}
    assert stranger not in text


async def test_the_page_says_which_run_is_not_what_was_decided(world: World, tmp_path: Path) -> None:
    async with at_rest(world.settings) as rooms:
        encounter = next(iter((await rooms.results.one(world.run)).inputs))
        await write_appeal_bundle(world.settings, encounter, tmp_path / "before")
        async with rooms.database.write() as connection:
            await connection.execute(
                text("""UPDATE decision_run SET found = replace(found, '"passed": false', '"passed": true')""")
            )
    await write_appeal_bundle(world.settings, encounter, tmp_path / "after")
    before, after = [(tmp_path / name / "index.html").read_text() for name in ("before", "after")]
    said = "Decision run 1 was changed after it was made."
    assert said not in before
    assert said in after
