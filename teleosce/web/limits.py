"""Guessing is slow: how often an address may be refused before it has to wait."""

from collections import deque

from aiohttp import web

from teleosce.core.errors import TooMany
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
    """Counts refusals by address. Only refusals count: a school behind one address may join all at once."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def check(self, address: str, now: float) -> None:
        """Raises TooMany while `address` was refused too often in the last minute. `now` in seconds."""
        times = self._times.get(address)
        while times and now - times[0] > WINDOW_S:
            times.popleft()
        if times and len(times) >= MOST:
            raise TooMany("Too many links were tried from here that do not work. Wait a minute, then try again.")

    def count(self, address: str, now: float) -> None:
        """One more refusal."""
        if len(self._times) >= ADDRESSES:
            self._times.clear()
        self._times.setdefault(address, deque(maxlen=MOST)).append(now)
