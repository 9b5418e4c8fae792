"""A made plan runs as it was planned: rounds one after the other, breaks as rotations of rest."""

from pathlib import Path
from typing import Any

import pytest

from teleosce.core.errors import Conflict
from teleosce.people import Role
from teleosce.web import Rooms
from teleosce.web.plans import plans_of
from tests.web.house import House
from tests.web.house import house as running_house

FOUR: dict[str, Any] = {
    "title": "Two rounds",
    "stations": ["chest-pain-video", "low-mood"],
    "candidates": ["Ada", "Ben", "Cy", "Di"],
}


async def _states(rooms: Rooms, exam_id: str) -> dict[str, tuple[str, int]]:
    return {one.name: (one.state.value, one.rotation) for one in await rooms.exams.circuits(exam_id)}


async def test_a_later_round_waits_for_its_own_start(rooms: Rooms) -> None:
    plans = plans_of(rooms)
    kept = await plans.create(FOUR)
    await plans.build(kept.exam_id, kept.version)
    await rooms.day.go(kept.exam_id)
    assert await _states(rooms, kept.exam_id) == {"A": ("running", 1), "A round 2": ("planned", 0)}
    with pytest.raises(Conflict):
        await rooms.day.go(kept.exam_id, ["A round 2"])
    await rooms.day.stop(kept.exam_id, ["A"], hard=True)
    await rooms.day.go(kept.exam_id, ["A round 2"])
    assert (await _states(rooms, kept.exam_id))["A round 2"] == ("running", 3)


async def test_a_plan_that_is_not_made_cannot_be_started(tmp_path: Path) -> None:
    async with running_house(tmp_path / "data") as house:
        await _is_refused(house)


async def _is_refused(house: House) -> None:
    kept = await plans_of(house.rooms).create(FOUR | {"stations": ["nowhere"]})
    await house.rooms.people.add_account("o@school.org", "Olive", "a long enough password", Role.organiser)
    client = await house.client()
    form = {"email": "o@school.org", "password": "a long enough password"}
    await client.http.post("/sign-in", data=form, allow_redirects=False)
    client.role = "organiser"
    for verb in ("gather", "go"):
        said = await client.refused(409, "POST", f"/api/exams/{kept.exam_id}/{verb}", {"circuits": None})
        assert "the bank has no “nowhere”" in said
