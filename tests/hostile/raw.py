"""Sockets without a library's good manners."""

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit


async def connect(url: str, *, source: str = "127.0.0.1", receive: int | None = None) -> socket.socket:
    """A socket to the server; receive: the size of its receive buffer, for one that reads nothing."""
    raw = socket.socket()
    raw.setblocking(False)
    if receive is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    raw.bind((source, 0))
    to = urlsplit(url)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", to.port))
    return raw


async def send(raw: socket.socket, data: bytes) -> bool:
    """False when the other side has gone."""
    try:
        await asyncio.get_running_loop().sock_sendall(raw, data)
    except OSError:
        return False
    return True


async def rest(raw: socket.socket, seconds: float = 20) -> bytes:
    """All that comes until the other side closes. Raises TimeoutError when it does not."""
    found = b""
    async with asyncio.timeout(seconds):
        try:
            while data := await asyncio.get_running_loop().sock_recv(raw, 65536):
                found += data
        except OSError:
            pass
    return found


def request(method: str, path: str, body: bytes = b"", **headers: Any) -> bytes:
    """A request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
