"""A bad line: loss, delay, reordering and cuts between a connection and its sockets, both ways.

It lies under everything that the connection sends and hears, handshakes too. It belongs to the person and not to the
connection: whoever connects anew is on the same line.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, cast

from aioice.ice import StunProtocol

HELD_BACK_S = 0.03
"""How late a reordered packet is."""

Address = tuple[str, int]
Receive = Callable[[bytes, Any], None]


class Line:
    """loss and reorder are fractions of each direction's packets; delay_s is added each way; `up` is False in a cut.

    seed: the same seed and the same packets meet the same fate.
    """

    def __init__(self, *, loss: float = 0.0, delay_s: float = 0.0, reorder: float = 0.0, seed: int = 0) -> None:
        self.loss, self.delay_s, self.reorder = loss, delay_s, reorder
        self.up = True
        self.lost = 0
        """Packets dropped, both ways."""
        self._chance = random.Random(seed)

    @property
    def clear(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.up and not (self.loss or self.delay_s or self.reorder)

    def carry(self, deliver: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        """Hands a packet to `deliver` now, later or never."""
        if not self.up or (self.loss and self._chance.random() < self.loss):
            self.lost += 1
            return
        late = self.delay_s
        if self.reorder and self._chance.random() < self.reorder:
            late += HELD_BACK_S
        if late:
            asyncio.get_running_loop().call_later(late, deliver, data, address)
        else:
            deliver(data, address)


class LineSocket(asyncio.DatagramTransport):
    """Takes the place of the socket under aioice's protocol; `receive` gets each datagram that the line lets through.

    The kernel's socket can be exchanged for one with another port, as when somebody changes from Wi-Fi to mobile data.
    """

    def __init__(self, protocol: StunProtocol, line: Line, receive: Callable[[Receive, bytes, Any], None]) -> None:
        super().__init__()
        self.protocol = protocol
        self._line = line
        self._socket = protocol.transport
        self._older: list[asyncio.DatagramTransport] = []
        self._closed = False
        self._to_aioice = cast("Receive", protocol.datagram_received)
        self._receive = receive
        protocol.datagram_received = self._arrived  # type: ignore[method-assign, assignment]
        protocol.transport = self

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Sends, as far as the line allows."""
        if self._line.clear:
            self._put(data, addr)
        else:
            self._line.carry(self._put, data, addr)

    async def move(self) -> None:
        """Goes on from another port of the same address."""
        host = self._socket.get_extra_info("sockname")[0]
        fresh, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Relay(self._arrived), local_addr=(host, 0)
        )
        # What still comes to the old port is lost, as its owner has gone.
        self.protocol.datagram_received = _ignore  # type: ignore[method-assign, assignment]
        self._older.append(self._socket)
        self._socket = fresh

    def close(self) -> None:
        """Closes all sockets; aioice hears of it from its own first one."""
        self._closed = True
        for one in (*self._older, self._socket):
            one.close()

    abort = close

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of the present socket."""
        return self._socket.get_extra_info(name, default)

    def _put(self, data: bytes, address: Any) -> None:
        if not self._closed:
            self._socket.sendto(data, address)

    def _arrived(self, data: bytes, address: Any) -> None:
        if self._line.clear:
            self._take(data, address)
        else:
            self._line.carry(self._take, data, address)

    def _take(self, data: bytes, address: Any) -> None:
        if not self._closed:
            self._receive(self._to_aioice, data, address)


class _Relay(asyncio.DatagramProtocol):
    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._receive(data, addr)


def _ignore(data: bytes, address: Any) -> None:
    """Nobody is there."""
