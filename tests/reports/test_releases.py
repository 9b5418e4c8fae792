"""What a released run shows, to whom and from when."""

import pytest

from teleosce.core.clock import AheadClock
from teleosce.core.errors import Conflict, NotFound
from teleosce.core.ids import new_id
from teleosce.reports import Results, standing_of
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
