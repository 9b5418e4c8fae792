"""Flights of a handshake are sent again until they are answered."""

import asyncio

from teleosce.rtc import repeated_flights


class Wire:
    """What an ICE transport gives a handshake: a way out, and a way in."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.coming: asyncio.Queue[bytes] = asyncio.Queue()
        self._recv = self.coming.get
        self._more = asyncio.Event()

    async def _send(self, data: bytes) -> None:
        self.sent.append(data)
        self._more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.sent) < count:
                self._more.clear()
                await self._more.wait()


async def test_the_newest_flight_is_repeated_until_the_end() -> None:
    wire = Wire()
    plain = wire._send
    async with repeated_flights(wire):  # type: ignore[arg-type]
        await wire._send(b"hello")
        await wire._send(b"again")
        await wire.until(6)
        assert wire.sent == [b"hello", b"again"] * 3
        wire.coming.put_nowait(b"answer")
        assert await wire._recv() == b"answer"
        await wire._send(b"finished")
        sent = len(wire.sent)
        await wire.until(sent + 2)
        assert wire.sent[sent:] == [b"finished"] * 2
    assert wire._send == plain
