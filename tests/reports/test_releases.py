"""What a released run shows, to whom and from when."""

import pytest

from teleosce.core.clock import AheadClock
from teleosce.core.errors import Conflict, NotFound
from teleosce.core.ids import new_id
from teleosce.reports import FeedbackState, Results, standing_of
from teleosce.reports.shown import seen_later, shown
from tests.reports.results_house import GRADES, House, decided
from tests.reports.results_house import house as house  # noqa: PLC0414 a fixture


async def test_a_released_run_is_seen_by_whom_it_was_released_to(house: House) -> None:
    for number in range(8):
        await house.mark(number, 4 + number, GRADES[number % 5])
    run = await decided(house, method="fixed", fixed_cut=50)
    candidate = house.candidates[0]
    assert await house.results.released_to(candidate) is None
    await house.results.release(run.id, house.organiser, group="morning")
    assert await house.results.released_to(candidate) is None
    later = await house.results.release(run.id, house.organiser, from_ms=2**42)
    assert await house.results.released_to(candidate) is None
    release = await house.results.release(run.id, house.organiser)
    shown = await house.results.released_to(candidate)
    assert shown is not None
    assert shown[0].id == run.id
    assert shown[1] == run.found["candidates"][candidate.id]
    await house.results.withdraw(release.id, house.exam_id, house.organiser)
    assert await house.results.released_to(candidate) is None
    with pytest.raises(Conflict):
        await house.results.withdraw(release.id, house.exam_id, house.organiser)
    with pytest.raises(NotFound):
        await house.results.withdraw(later.id, new_id(), house.organiser)


async def test_an_older_run_replaces_no_newer_one_when_its_embargo_ends(house: House) -> None:
    clock = AheadClock()
    results = Results(house.database, clock, house.sources)
    await house.mark(0, 8, "pass")
    old, new = await decided(house, method="fixed"), await decided(house, method="fixed", fixed_cut=60)
    seat, numbers = house.candidates[0], {old.id: 1, new.id: 2}
    await results.release(old.id, house.organiser)
    embargo = await results.release(old.id, house.organiser, from_ms=clock.now_ms() + 60_000)
    assert len(seen_later([embargo], numbers, 0, str)) == 1
    clock.skip(1)
    await results.release(new.id, house.organiser)
    assert seen_later(await results.releases(house.exam_id), numbers, embargo.from_ms - 1, str) == []
    clock.skip(60)
    releases = await results.releases(house.exam_id)
    found = await results.released_to(seat)
    assert found is not None
    assert found[0] == new
    for one in (shown(releases, None, 2**42), standing_of(releases, None, 2**42)[1]):
        assert one is not None
        assert one.run_id == new.id


async def test_what_a_withdrawn_release_had_replaced_does_not_come_back(house: House) -> None:
    clock = AheadClock()
    results = Results(house.database, clock, house.sources)
    await house.mark(0, 8, "pass")
    wrong, right = await decided(house, method="fixed", fixed_cut=1), await decided(house, method="fixed", fixed_cut=99)
    seat, numbers = house.candidates[0], {wrong.id: 1, right.id: 2}
    later = await results.release(wrong.id, house.organiser, from_ms=clock.now_ms() + 60_000)
    clock.skip(1)
    await results.release(wrong.id, house.organiser)
    clock.skip(1)
    put_right = await results.release(right.id, house.organiser)
    clock.skip(1)
    await results.withdraw(put_right.id, house.exam_id, house.organiser, "A mark is looked at again.")
    for _ in range(2):  # the second time the old run's embargo is over
        known, now_ms = await results.releases(house.exam_id), clock.now_ms()
        assert await results.released_to(seat) is None
        assert standing_of(known, seat.group, now_ms)[0] is FeedbackState.withdrawn
        assert seen_later(known, numbers, now_ms, str) == []
        clock.skip(120)
    assert now_ms > later.from_ms
    # Releasing it again is for the organiser to do.
    await results.release(wrong.id, house.organiser)
    found = await results.released_to(seat)
    assert found is not None
    assert found[0] == wrong
