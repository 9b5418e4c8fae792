"""Files of results over the wire: for organisers alone, made beside the server, and nothing of them stays there."""

import asyncio
import io
import os
from pathlib import Path

import pytest
from openpyxl import load_workbook

from teleosce.recording.store import TakeStore
from tests.web.house import House
from tests.web.test_web_glance import recorded


async def test_tables_are_for_organisers_and_leave_nothing_behind(house: House) -> None:
    organiser, exam = await house.client("organiser"), house.exam.exam_id
    base = f"/api/exams/{exam}/results"
    for role in ("examiner", "candidate", "sp"):
        other = await house.client(role)
        await other.refused(403, "GET", f"{base}/tables.xlsx")
    await organiser.refused(404, "GET", f"/api/exams/{'a' * 26}/results/tables.xlsx")
    await organiser.refused(404, "GET", f"{base}/tables.exe")
    for path in ("tables.zip?run=3", "bundle.zip", "bundle.zip?run=0"):
        assert "no decision run yet" in await organiser.refused(404, "GET", f"{base}/{path}")

    answer = await organiser.ask("GET", f"{base}/tables.xlsx")
    assert answer.status == 200
    book = load_workbook(io.BytesIO(await answer.read()))
    assert [row[0].value for row in book["scores"].iter_rows(min_row=2)] == ["C01", "C02"]
    assert {row[1].value for row in book["people"].iter_rows(min_row=2)} >= {"candidate", "sp", "examiner"}
    assert remains(house.rooms.settings.data) == []
    rows = [one for one in await house.rooms.people.audit_about(exam) if one["action"] == "results.export"]
    assert len(rows) == 1


async def test_what_is_no_number_of_a_run_is_no_run(house: House) -> None:
    organiser, exam = await house.client("organiser"), house.exam.exam_id
    for file in ("tables.zip", "bundle.zip", "xapi.jsonl"):
        for run in ("", "x", "-1", "1.0", "²", "9" * 7, "9" * 5000):
            said = await organiser.refused(404, "GET", f"/api/exams/{exam}/results/{file}?run={run}")
            assert "no such decision run" in said
    assert not [one for one in await house.rooms.people.audit_about(exam) if one["action"] == "results.export"]


@pytest.mark.faults
async def test_nobody_waits_for_a_file_that_goes_to_a_slow_line(house: House) -> None:
    encounter = await house.encounter_of("candidate")
    for take in await recorded(house, encounter, sound=True):
        await TakeStore(house.rooms.database).add(take)
        # More than any buffer on the way holds.
        assert take.file is not None
        (house.rooms.settings.data / "encounters" / encounter / take.file).write_bytes(os.urandom(16 << 20))
    organiser = await house.client("organiser")
    path = f"/api/encounters/{encounter}/appeal.zip"
    async with organiser.http.get(path, headers={"Teleosce-Role": organiser.role}) as answer:
        assert answer.status == 200
        tables = f"/api/exams/{house.exam.exam_id}/results/tables.zip"
        assert (await asyncio.wait_for(organiser.ask("GET", tables), 60)).status == 200
        assert len(await answer.read()) == answer.content_length


def remains(data: Path) -> list[str]:
    return [path.name for path in (data / ".exports").iterdir()]
