"""Whoever is sent away is away: from the pages, from the call, and from tickets not yet used."""

import pytest

from teleosce.rtc import Ticket
from tests.hostile.live_call import ticket
from tests.hostile.offers import CHROMIUM
from tests.web.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_person_whose_link_is_taken_back_is_out_of_the_call_at_once(house: House) -> None:
    candidate, organiser = await house.client("candidate"), await house.client("organiser")
    seat = house.seat("candidate")
    offer = {"ticket": ticket(house, seat, f"check-{seat}"), "sdp": CHROMIUM}
    await candidate.json("POST", "/api/media/offer", offer)
    assert len(house.rooms.media.peers(f"check-{seat}")) == 1
    await organiser.json("POST", "/api/links/revoke", {"seat": seat})
    assert house.rooms.media.peers(f"check-{seat}") == []
    await candidate.refused(403, "POST", "/api/media/offer", offer)
    await candidate.refused(401, "GET", "/api/me")
    fresh = await organiser.json("POST", "/api/links", {"seat": seat})
    again = await house.client()
    await again.join(fresh["link"])
    later = house.rooms.clock.now_ms() + 120_000
    new = Ticket(f"check-{seat}", seat, "Ada", publish=True, subscribe=True, expires_ms=later).sign(house.rooms.secret)
    await again.json("POST", "/api/media/offer", offer | {"ticket": new})
