"""A server that was held up itself blames nobody for it."""

import time

import pytest

from tests.hostile.live_call import live_call
from tests.rtc.clients import Clip
from tests.web.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.faults
async def test_a_loop_that_stood_still_loses_nobody(house: House, clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    async with live_call(house, clip) as call:
        monkeypatch.setattr("teleosce.rtc.peer.LOST_S", 1.5)
        for _ in range(3):
            time.sleep(2.5)  # noqa: ASYNC251  the fault itself
            # The two stand still with it, as they share its loop: what is sent after it may overflow their sockets.
            await call.goes_on()
