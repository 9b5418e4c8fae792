"""xAPI statements: as a learning record store takes them, pseudonymous, and the same each time."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from teleosce.app import at_rest
from teleosce.core.errors import Invalid
from teleosce.offline_results import write_xapi
from tests.reports.exam_world import World

BASE = "https://exams.school.example"


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_statements_are_whole_and_name_nobody(decided: World, tmp_path: Path) -> None:
    many = await write_xapi(decided.settings, decided.exam, tmp_path / "x.jsonl", base=BASE)
    said = read(tmp_path / "x.jsonl")
    assert len(said) == many
    async with at_rest(decided.settings) as rooms:
        run = await rooms.results.one(decided.run)
        seats = await rooms.people.seats(decided.exam)
    verbs = [one["verb"]["id"].rpartition("/")[2] for one in said]
    judged = [own["passed"] for own in run.found["candidates"].values() if own["passed"] is not None]
    assert (verbs.count("completed"), verbs.count("passed"), verbs.count("failed")) == (
        72,
        sum(judged),
        judged.count(False),
    )
    text = (tmp_path / "x.jsonl").read_text()
    assert not [seat for seat in seats if seat.name in text or seat.id in text]
    for one in said:
        # What the specification asks of each (xAPI 1.0.3, 2.4).
        uuid.UUID(one["id"])
        uuid.UUID(one["context"]["registration"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["timestamp"])
        assert one["actor"]["account"]["homePage"] == BASE
        assert one["object"]["id"].startswith(f"{BASE}/xapi/exams/{decided.exam}")
        assert all(name.startswith(BASE) for name in one["result"]["extensions"])
        if "score" in one["result"]:
            score = one["result"]["score"]
            assert score["min"] <= score["raw"] <= score["max"]
            assert score["scaled"] == pytest.approx(score["raw"] / 100, abs=1e-5)
    assert len({one["id"] for one in said}) == len(said)
    # One person is one actor with one registration in all that is said of them.
    actors = {one["actor"]["account"]["name"]: set[str]() for one in said}
    for one in said:
        actors[one["actor"]["account"]["name"]].add(one["context"]["registration"])
    assert len(actors) == 36
    assert all(len(own) == 1 for own in actors.values())


async def test_they_are_the_same_each_time_and_names_are_asked_for(decided: World, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        await write_xapi(decided.settings, decided.exam, tmp_path / name, base=BASE)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    await write_xapi(decided.settings, decided.exam, tmp_path / "c.jsonl", base=BASE, names=True)
    assert all("name" in one["actor"] for one in read(tmp_path / "c.jsonl"))
    with pytest.raises(Invalid, match="begin with"):
        await write_xapi(decided.settings, decided.exam, tmp_path / "d.jsonl")
    assert not (tmp_path / "d.jsonl").exists()
