"""A media server, and footage that is encoded once for all tests of this room."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from teleosce.core.clock import Clock
from teleosce.core.events import Events
from teleosce.rehearsal.footage import Footage, make_footage
from teleosce.rtc import MediaServer, Ticket

SECRET = "a secret of the tests that is long enough for HMAC"


@pytest.fixture(scope="session")
def footage() -> Footage:
    return make_footage("candidate", "Candidate")


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    server = MediaServer(SECRET, Clock(), Events())
    await server.start()
    server.room("room").open()
    yield server
    await server.close()


@pytest.fixture
def answer_for(server: MediaServer) -> Callable[[str], Callable[[str], Awaitable[str]]]:
    def of(name: str) -> Callable[[str], Awaitable[str]]:
        async def answer(sdp: str) -> str:
            ticket = Ticket("room", name, name, True, True, Clock().now_ms() + 60_000)
            return await server.answer(ticket.sign(SECRET), sdp)

        return answer

    return of
