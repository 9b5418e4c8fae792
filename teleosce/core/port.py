"""The server's port, taken before anything else.

Who knocks while the server still starts waits for it in the kernel's queue, and need not try again seconds later.
"""

import asyncio
import errno
import socket

from teleosce.core import alone
from teleosce.core.errors import Unavailable

QUEUE = 512
"""So many may wait at each address: a whole exam comes back at once."""
_LOOK_S = 0.1
_NOT_HERE = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # as the second address of `localhost` without IPv6


async def wait_for(host: str, port: int) -> list[socket.socket]:
    """As `take`, with the patience of `core.alone` for a server that is just ending and still has the port."""
    give_up_s = asyncio.get_running_loop().time() + alone.PATIENCE_S
    while True:
        try:
            return take(host, port)
        except Unavailable as fault:
            held = isinstance(fault.__cause__, OSError) and fault.__cause__.errno == errno.EADDRINUSE
            if not held or asyncio.get_running_loop().time() > give_up_s:
                raise
        await asyncio.sleep(_LOOK_S)


def take(host: str, port: int) -> list[socket.socket]:
    """Listening sockets at every address of `host` that this machine has; port 0 takes one that is free.

    Raises Unavailable when there is none, or when one of them cannot be used.
    """
    taken: list[socket.socket] = []
    missing: OSError | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, (where, wanted, *more) in dict.fromkeys(found):
            same = taken[0].getsockname()[1] if taken else wanted  # at port 0 each would get its own
            try:
                taken.append(_one(family, (where, same, *more)))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
        if missing and not taken:
            raise missing
    except OSError as error:
        for one in taken:
            one.close()
        raise Unavailable(f"Port {port} on {host} cannot be used{_why(error)}") from error
    return taken


def _why(error: OSError) -> str:
    if error.errno in _NOT_HERE or isinstance(error, socket.gaierror):
        return (
            ": this machine does not have that address. Choose one of its own with --host; 0.0.0.0 means all of them."
        )
    if error.errno == errno.EACCES:
        return ": the system keeps ports below 1024 for itself. Choose another with --port, such as 8443."
    return f" ({error.strerror}). Perhaps another teleosce runs: stop it, or choose another port with --port."


def _one(family: int, address: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(QUEUE)
        one.setblocking(False)
    except OSError:
        one.close()
        raise
    return one
