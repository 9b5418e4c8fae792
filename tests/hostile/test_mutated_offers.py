"""Five hundred offers that no browser made, while two people talk."""

import asyncio
import random
import time
from collections import Counter
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.journal import Journal
from tests.hostile.live_call import Holdings, live_call, settled, ticket, warm
from tests.hostile.offers import BROWSERS, mutate
from tests.rtc.clients import Clip
from tests.rtc.test_sdp import mutated
from tests.web.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLAIN = GUESSED = 250


class Sender:
    """Posts offers for the seats of the second candidate's encounter and checks every answer."""

    def __init__(self, house: House, http: ClientSession) -> None:
        self.house, self.http = house, http
        self.statuses: Counter[int] = Counter()
        self.tickets: list[str] = []

    def fresh_tickets(self) -> None:
        people = [self.house.seat("candidate", 1), self.house.seat("sp", 1)]
        self.tickets = [ticket(self.house, one, f"check-{one}") for one in people]

    async def post(self, sdp: str) -> None:
        text = self.tickets[sum(self.statuses.values()) % len(self.tickets)]
        content = {"ticket": text, "sdp": sdp}
        async with self.http.post("/api/media/offer", json=content) as response:
            self.statuses[response.status] += 1
            self.check(response.status, await response.json(), sdp)

    @staticmethod
    def check(status: int, said: Any, sdp: str) -> None:
        if status == 200:
            assert said["sdp"].startswith("v=0\r\n")
        else:
            assert 400 <= status < 500, (status, sdp)
            assert said["error"]["code"], said
            assert said["error"]["message"].endswith((".", "!", ")")), said


@pytest.mark.faults
async def test_five_hundred_mutated_offers(
    own_house: House, clip: Clip, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teleosce.rtc.peer.CONNECT_S", 2.0)
    loop = asyncio.get_running_loop()
    async with live_call(own_house, clip) as call, ClientSession(own_house.server.url) as http:
        await warm(own_house)
        sender = Sender(own_house, http)
        sender.fresh_tickets()
        for text in BROWSERS:
            await sender.post(text)
        assert sender.statuses == {200: 3}
        await call.rest(4)
        before = Holdings()
        await settled(before)

        began = time.monotonic()
        chance = random.Random(20)
        for number in range(PLAIN):
            if number % 100 == 0:
                sender.fresh_tickets()
            await sender.post(mutate(chance.choice(BROWSERS), chance))

        @settings(max_examples=GUESSED, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(mutated() | st.text(max_size=200))
        def guess(text: str) -> None:
            asyncio.run_coroutine_threadsafe(sender.post(text), loop).result(30)

        sender.fresh_tickets()
        await asyncio.to_thread(guess)
        assert sum(sender.statuses.values()) >= PLAIN + GUESSED
        assert sender.statuses[200] > 50
        assert sender.statuses[400] > 50
        call.was_not_disturbed(began, journal)
        await call.is_whole()
        await settled(before)
        await call.is_recorded()
    journal.holds_none_of("a=fingerprint", "a=ice-", "m=audio", "ice-pwd", "eyJ")
    journal.has_at_most(3 * (PLAIN + GUESSED))


async def test_some_mutated_offers(house: House) -> None:
    """The quick part of the above, for every run of the tests."""
    chance = random.Random(7)
    async with ClientSession(house.server.url) as http:
        sender = Sender(house, http)
        sender.fresh_tickets()
        for _ in range(40):
            await sender.post(mutate(chance.choice(BROWSERS), chance))
