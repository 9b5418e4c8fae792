"""A DTLS handshake that does not wait for OpenSSL's timer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from aiortc import RTCIceTransport

FIRST_S = 0.05
LONGEST_S = 1.6
"""What is not answered is sent again after so long, then after twice as long, and so on. Browsers begin alike; OpenSSL
waits a second first (RFC 6347, 4.2.4.1, lets each choose), which makes a handshake over a bad line take eight."""


@asynccontextmanager
async def repeated_flights(ice: RTCIceTransport) -> AsyncIterator[None]:
    """While the block shakes hands over `ice`, the newest flight of ours is sent again until something answers it."""
    send = cast("Callable[[bytes], Awaitable[None]]", ice._send)
    receive = cast("Callable[[], Awaitable[bytes]]", ice._recv)
    flight: list[bytes] = []
    answered = True

    async def note(data: bytes) -> None:
        nonlocal answered, flight
        if answered:
            answered, flight = False, []
        flight.append(data)
        await send(data)

    async def listen() -> bytes:
        nonlocal answered
        data = await receive()
        answered = True
        return data

    async def repeat() -> None:
        seen, wait_s = flight, FIRST_S
        while True:
            await asyncio.sleep(wait_s)
            if seen is flight:
                wait_s = min(LONGEST_S, 2 * wait_s)
                for data in tuple(flight):
                    with suppress(ConnectionError):
                        await send(data)
            else:
                seen, wait_s = flight, FIRST_S

    ice._send, ice._recv = note, listen
    repeating = asyncio.create_task(repeat(), name="handshake")
    try:
        yield
    finally:
        repeating.cancel()
        ice._send, ice._recv = send, receive  # type: ignore[assignment]
