"""The server's port, taken before anything else.

Who knocks while the server still starts waits for it in the kernel's queue, and need not try again seconds later.
"""

import errno
import socket

from teleosce.core.errors import Unavailable

QUEUE = 512
"""So many may wait at each address: a whole exam comes back at once."""


def take(host: str, port: int) -> list[socket.socket]:
    """Listening sockets at every address of `host`; port 0 takes a free one. Raises Unavailable."""
    taken: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            taken.append(_one(family, address))
    except OSError as error:
        for one in taken:
            one.close()
        raise Unavailable(f"Port {port} on {host} cannot be used{_why(error)}") from error
    return taken


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
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
