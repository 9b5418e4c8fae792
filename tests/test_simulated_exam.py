"""A simulated exam is as if people had sat it: nothing in it is impossible, and a seed gives the same marks again."""

from pathlib import Path

import numpy as np
import pytest

from teleosce.app import at_rest
from teleosce.core.errors import Conflict, Invalid, NotFound
from teleosce.core.settings import load
from teleosce.exams import CircuitState, Decision, Outcome, Phase
from teleosce.invariants import check
from teleosce.scoring import Kind, Sheet, State, layout_of
from teleosce.simulated_exam import SimulatedExam, make_results
from teleosce.web import Rooms

RING = ("chest-pain-video", "low-mood")


async def scores(rooms: Rooms, made: SimulatedExam) -> np.ndarray:
    cohort = await rooms.results.cohort(made.exam_id)
    order = [cohort.candidates.index(seat.id) for seat in made.candidates]
    return cohort.scores[order]


async def test_a_small_one_is_whole_and_the_same_again(tmp_path: Path) -> None:
    settings = load(data=tmp_path / "data")
    async with at_rest(settings) as rooms:
        made = await make_results(rooms, candidates=7, stations=RING, circuits=2, seed=3)
        encounters = await rooms.exams.encounters(made.exam_id)
        assert len(encounters) == 14
        assert {one.phase for one in encounters} == {Phase.done}
        assert {one.state for one in await rooms.exams.circuits(made.exam_id)} == {CircuitState.finished}
        outcomes = [one.outcome for one in encounters]
        assert (outcomes.count(Outcome.missed), outcomes.count(Outcome.void)) == (1, 1)
        decided = [one.decision for one in await rooms.ledger.incidents(made.exam_id)]
        assert decided == [Decision.none, Decision.none, Decision.void]
        now_ms = rooms.clock.now_ms()
        forms = await rooms.forms.of_encounters([one.id for one in encounters])
        assert all(form.state_ms < now_ms for those in forms.values() for form in those)
        done = [one for one in encounters if one.outcome is Outcome.completed]
        for one in done:
            assert {form.kind for form in forms[one.id]} >= {Kind.mark, Kind.sp_rating, Kind.note}
        again = await make_results(rooms, candidates=7, stations=RING, circuits=2, seed=3)
        np.testing.assert_array_equal(await scores(rooms, made), await scores(rooms, again))
        assert set((await rooms.results.cohort(made.exam_id)).circuits) == {"A", "B"}  # in two rounds
        other = await make_results(rooms, candidates=7, stations=RING, circuits=2, seed=4)
        assert not np.array_equal(await scores(rooms, made), await scores(rooms, other), equal_nan=True)
        assert (await rooms.people.verify_audit()).broken_at is None
        with pytest.raises(NotFound, match="no station nowhere"):
            await make_results(rooms, stations=["nowhere"])
    assert await check(settings, over=True) == []


async def test_a_sheet_is_handed_in_whole_or_not_at_all(tmp_path: Path) -> None:
    async with at_rest(load(data=tmp_path / "data")) as rooms:
        made = await make_results(rooms, candidates=1, stations=RING, circuits=1)
        first, second = await rooms.exams.encounters(made.exam_id)
        layout = layout_of(await rooms.stations.get(second.station_hash))
        spare = await rooms.people.add_seat(made.exam_id, made.examiners[0].role, "Dr Spare")
        values = {f"item.{item}": "done" for item in layout.items} | {"global": "good"}
        whole = Sheet(Kind.mark, second.id, spare.id, values, layout, 1000, 26_000)
        half = Sheet(Kind.mark, first.id, spare.id, {"global": "good"}, layout, 1000, 2000)
        with pytest.raises(Invalid, match="missing"):
            await rooms.forms.hand_in([whole, half])
        assert await rooms.forms.of_author(spare.id) == []
        (form,) = await rooms.forms.hand_in([whole])
        (kept,) = await rooms.forms.of_author(spare.id)
        assert (kept.state, kept.state_ms) == (State.submitted, 26_000)
        assert kept.value("global") == "good"
        history = await rooms.forms.history(form.id)
        assert [one.at_ms for one in history.entries] == sorted(one.at_ms for one in history.entries)
        with pytest.raises(Conflict):
            await rooms.forms.hand_in([whole])
