"""Guessing is slow: how often an address may be refused before it has to wait."""

from collections import deque

from aiohttp import web

from teleosce.web.context import rooms

WINDOW_S = 60.0
MOST = 30
ADDRESSES = 10_000


def address_of(request: web.Request) -> str:
    """Where a request comes from: what a trusted proxy says of it, or else the other end of the connection."""
    proxies = rooms(request).settings.trusted_proxies
    way = [one.strip() for one in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    address = request.remote or ""
    while address in proxies and way:
        address = way.pop() or address
    return address


class Refusals:
    """Counts refusals by address. Only refusals count: a school behind one address may join all at once. What is right
    is let in all the same: one who guesses there is not to keep a whole school out.
    """

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def reached(self, address: str, now: float) -> bool:
        """Whether `address` was refused too often in the last minute. `now` in seconds."""
        times = self._times.get(address)
        while times and now - times[0] > WINDOW_S:
            times.popleft()
        return times is not None and len(times) >= MOST

    def count(self, address: str, now: float) -> None:
        """One more refusal."""
        if len(self._times) >= ADDRESSES:
            self._times.clear()
        self._times.setdefault(address, deque(maxlen=MOST)).append(now)
