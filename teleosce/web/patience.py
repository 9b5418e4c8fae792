"""How long a client may take, and how many connections one address may hold: nobody keeps others out by being slow.

`Door` makes a `Guard` for each connection and puts it between the socket and aiohttp, which has no limit of its own
for a head that comes byte by byte, nor for a client that does not take what it is sent. `routing.read` limits bodies.
"""

import asyncio
import json
import logging
import socket
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import Counter as Count
from prometheus_client import Gauge

from teleosce.web.routing import Handler

log = structlog.get_logger(__name__)

HEAD_S = 15.0
"""For the head of a request, from the connection or from its first byte on."""

IDLE_S = 75.0
"""For the next request on a connection that is kept."""

WRITE_S = 60.0
"""For a client that takes nothing, or hardly anything, of what it is sent. Browsers ask again for the rest."""

REFUSED_S = 1.0
"""For somebody refused to say what they wanted, so that the answer is not lost under it."""

PER_ADDRESS = 1000
"""Connections of one address: more than a school of a hundred browsers behind one router opens."""

SHARE = 0.75
"""Of all file handles, for connections; the rest is for media, recordings and the database."""

OPEN = Gauge("teleosce_connections_open", "HTTP connections that are open.")
CLOSED = Count("teleosce_connections_refused", "HTTP connections refused, or ended for being slow.", ["why"])

_SENTENCES = {
    429: (
        "too-many-connections",
        "Too many connections are open from where you are. Close some pages, then try again.",
    ),
    503: ("full", "The server can take no more connections at this moment. Please try again in a minute."),
}


class Door:
    """Makes the protocol of each new connection. inner: aiohttp's; handles: how many files may be open in all."""

    def __init__(self, inner: Callable[[], asyncio.BaseProtocol], handles: int, trusted: Collection[str] = ()) -> None:
        self.inner = inner
        self.most = int(handles * SHARE)
        self.trusted = frozenset(trusted)
        self.addresses: Counter[str] = Counter()
        self.open = 0

    def __call__(self) -> asyncio.Protocol:
        """For `loop.create_server`."""
        return Guard(self)

    def enter(self, address: str) -> int | None:
        """Counts a connection in. The status to refuse it with, or None."""
        self.open += 1
        self.addresses[address] += 1
        OPEN.set(self.open)
        if self.open > self.most:
            return 503
        return 429 if self.addresses[address] > PER_ADDRESS and address not in self.trusted else None

    def leave(self, address: str) -> None:
        """Counts it out."""
        self.open -= 1
        self.addresses[address] -= 1
        if not self.addresses[address]:
            del self.addresses[address]
        OPEN.set(self.open)


class Guard(asyncio.Protocol):
    """One connection, with a clock beside it."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._address = ""
        self._refused: int | None = None
        self._handling = 0
        self._head: asyncio.TimerHandle | None = None
        self._write: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A stranger stands there."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if isinstance(peer, tuple) else ""
        self._refused = self._door.enter(self._address)
        if self._refused is not None:
            CLOSED.labels(str(self._refused)).inc()
            self._head = _later(REFUSED_S, self._refuse)
            return
        _let_the_kernel_watch(transport.get_extra_info("socket"))
        self._inner = cast("asyncio.Protocol", self._door.inner())
        self._inner.connection_made(transport)
        self._head = _later(HEAD_S, self._too_slow, "head")

    def data_received(self, data: bytes) -> None:
        """Bytes of a request: while none is handled they begin a head, and the clock runs."""
        if self._inner is None:
            self._refuse()
            return
        if not self._handling and self._head is None:
            self._head = _later(HEAD_S, self._too_slow, "head")
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """As aiohttp takes it."""
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        """The client does not take what it is sent."""
        if self._write is None:
            self._write = _later(WRITE_S, self._too_slow, "write")
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._write = _stopped(self._write)
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Gone, one way or the other."""
        self._head, self._write = _stopped(self._head), _stopped(self._write)
        self._door.leave(self._address)
        if self._inner is not None:
            self._inner.connection_lost(error)

    def begin(self) -> None:
        """A request's head is there."""
        self._handling += 1
        self._head = _stopped(self._head)

    def end(self) -> None:
        """Its handler has an answer."""
        self._handling -= 1

    def _refuse(self) -> None:
        if self._transport is None or self._refused is None or self._transport.is_closing():
            return
        code, message = _SENTENCES[self._refused]
        said = json.dumps({"error": {"code": code, "message": message}}).encode()
        status = f"{self._refused} {'Too Many Requests' if self._refused == 429 else 'Service Unavailable'}"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n"
        self._transport.write(f"{head}Retry-After: 60\r\nConnection: close\r\n\r\n".encode() + said)
        self._transport.close()

    def _too_slow(self, what: str) -> None:
        CLOSED.labels(what).inc()
        if self._transport is not None:
            self._transport.abort()


@web.middleware
async def begun(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tells the guard of the connection when a head is there and when its handler is done."""
    guard = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(guard, Guard):
        return await handler(request)
    guard.begin()
    try:
        return await handler(request)
    finally:
        guard.end()


def not_the_clients_fault(record: logging.LogRecord) -> bool:
    """A log filter: what cannot be read as HTTP is answered with 400 and is no defect, and its bytes are no news."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | web.RequestPayloadError))


def _let_the_kernel_watch(its: socket.socket | None) -> None:
    """It also sees what is sent past us (sendfile), and a peer that is gone without a word (RFC 5482)."""
    if its is not None and its.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            its.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(WRITE_S * 1000))


def _later(seconds: float, call: Callable[..., object], *given: Any) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, call, *given)


def _stopped(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None
