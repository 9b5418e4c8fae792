"""The server's UDP ports, all looked at together some hundred times a second.

A wake-up of the event loop for each packet costs more than reading it. So nothing waits for a port: at each look one
packet is taken from every port that has some, and again, until none has or everything else must have its turn.
"""

import asyncio
import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from teleosce.rtc.srtp import Buffer
from teleosce.rtc.timings import LOOK_AT_MOST_S, LOOK_EVERY_S

_PASSES = 64
"""The most packets taken from one port at one look: a flood at one of them must not hold up the others."""

_TURNS = 8
"""After a look that had no end, so many turns of the event loop are everything else's."""

_RECEIVE_BUFFER = 1 << 20
"""Bytes asked for; the kernel may give less. What arrives while the loop is busy waits here."""

Reader = Callable[[float], None]


class Port(asyncio.DatagramTransport):
    """One UDP socket, in the form that aioice writes to. Use `Ports.open`."""

    def __init__(self, opened: socket.socket, closed: Callable[["Port"], None]) -> None:
        super().__init__()
        self.socket = opened
        self.number = opened.fileno()
        self.address: tuple[Any, ...] = opened.getsockname()
        self.protocol: asyncio.DatagramProtocol | None = None
        """Is told when the port has been closed."""
        self._closed = closed

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Sends at once; what the kernel does not take is lost, as on any line."""
        with contextlib.suppress(OSError):
            self.socket.sendto(data, addr)

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.socket.fileno() < 0

    def close(self) -> None:
        """Closes the socket at once."""
        if not self.is_closing():
            self._closed(self)
            self.socket.close()
            if self.protocol is not None:
                asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close


class Ports:
    """All open ports of one event loop. Without any there is no timer and no file handle."""

    def __init__(self) -> None:
        self.received = Buffer()
        """Where readers put the packet at hand, one after another."""
        self.sent = Buffer()
        """The same for what goes out."""
        self._readers: dict[int, Reader] = {}
        # epoll where there is one; both are used alike.
        self._poll: Any = None
        self._timer: asyncio.Handle | None = None

    def open(self, address: str) -> Port:
        """A port of the system's choice at one address of this machine. Raises OSError."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.bind((address, 0))
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        except OSError:
            opened.close()
            raise
        return Port(opened, self._closed)

    def read(self, port: Port, reader: Reader) -> None:
        """Calls `reader` with `time.monotonic()` when there is a packet; it takes exactly one, and never raises."""
        if self._poll is None:
            self._poll = select.epoll() if hasattr(select, "epoll") else select.poll()
            self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)
        self._poll.register(port.number, select.POLLIN)
        self._readers[port.number] = reader

    def _closed(self, port: Port) -> None:
        if self._readers.pop(port.number, None) is None:
            return
        self._poll.unregister(port.number)
        if not self._readers:
            if self._timer is not None:
                self._timer.cancel()
            if hasattr(self._poll, "close"):
                self._poll.close()
            self._poll = self._timer = None

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)
        now, poll, reader_of = time.monotonic(), self._poll.poll, self._readers.get
        until = now + LOOK_AT_MOST_S
        for _ in range(_PASSES):
            ready = poll(0)
            if not ready:
                return
            for number, _ in ready:
                reader = reader_of(number)
                if reader is not None:
                    reader(now)
            if self._poll is None:  # the last port was closed by what it received
                return
            now = time.monotonic()
            if now > until:
                self._timer.cancel()
                self._give_way(_TURNS)
                return

    def _give_way(self, turns: int) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_soon(self._give_way, turns - 1) if turns else loop.call_soon(self._look)
