"""The machine's clock set back and forward by an hour, and daylight saving ending, in the middle of an encounter."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.server_under_fire import UnderFire, under_fire
from tests.faults.wall_clock import WallClock, needs_compiler

pytestmark = pytest.mark.faults

HOUR = 3600
NEAR_S = 3.0


async def left_s(fire: UnderFire) -> float:
    """The seconds left of the phase, by the server's own clock."""
    day = await fire.day()
    (encounter,) = day["encounters"]
    return float(encounter["phase_ends_ms"] - day["now_ms"]) / 1000


@needs_compiler
async def test_an_hour_back_and_forth_moves_nothing(tmp_path: Path) -> None:
    async with under_fire(tmp_path / "data") as fire:
        wall = WallClock(tmp_path)
        fire.environment |= wall.environment
        await fire.start()
        await fire.consult()
        began, left = time.monotonic(), await left_s(fire)

        def should_be_left() -> float:
            return left - (time.monotonic() - began)

        for change in (-HOUR, HOUR, 0):
            wall.set(change)
            await fire.recorded(1)
            noted = fire.acknowledged()
            await fire.until(lambda noted=noted: fire.acknowledged() > noted)  # sessions hold
            assert await left_s(fire) == pytest.approx(should_be_left(), abs=NEAR_S)
        assert [len(one.spells) for one in fire.callers] == [1, 1]

        for change in (-HOUR, HOUR):
            wall.set(change)
            since = time.monotonic()
            await fire.kill()
            await fire.start()
            await fire.all_back(since)
            assert await left_s(fire) == pytest.approx(should_be_left(), abs=NEAR_S)
            assert "clock was changed" in fire.log()
            await fire.recorded(1)
        manifest = await fire.finish()
        # All takes lie on one timeline, in the order in which they were recorded, and within the time that it took.
        assert len(manifest.takes) == 6
        assert manifest.duration_ms < (time.monotonic() - began) * 1000 + 5000
        assert abs(manifest.starts_ms - time.time() * 1000) < (time.monotonic() - began + 60) * 1000


@needs_compiler
async def test_with_nothing_running_the_clock_is_believed_afresh(tmp_path: Path) -> None:
    async with under_fire(tmp_path / "data") as fire:
        wall = WallClock(tmp_path)
        fire.environment |= wall.environment
        await fire.start()
        await fire.terminate()
        wall.set(HOUR // 2)
        await fire.start()
        await fire.consult()
        assert (await fire.day())["now_ms"] == pytest.approx((time.time() + HOUR // 2) * 1000, abs=10_000)
        await fire.finish()


async def test_daylight_saving_ends_in_the_middle(tmp_path: Path) -> None:
    """The zone is made so that its clocks go back by an hour a few seconds from now."""
    async with under_fire(tmp_path / "data") as fire:
        turn = datetime.now(UTC) + timedelta(seconds=40)
        at = turn + timedelta(hours=1)  # as the clocks there show it before they go back
        fire.environment["TZ"] = f"STD0DST,J1/0,J{at.timetuple().tm_yday}/{at:%H:%M:%S}"
        await fire.start()
        await fire.consult()
        began, left = time.monotonic(), await left_s(fire)
        await asyncio.sleep(max(1.0, (turn - datetime.now(UTC)).total_seconds() + 2))
        assert await left_s(fire) == pytest.approx(left - (time.monotonic() - began), abs=NEAR_S)
        assert [len(one.spells) for one in fire.callers] == [1, 1]
        manifest = await fire.finish()
        assert len(manifest.takes) == 2
        assert manifest.duration_ms == pytest.approx((time.monotonic() - began) * 1000, abs=60_000)
