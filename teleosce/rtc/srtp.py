"""libsrtp called in place, in buffers made once: the two calls that every packet pays (RFC 3711)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pylibsrtp import SRTP_MAX_TRAILER_LEN, Session
from pylibsrtp._binding import ffi, lib

LONGEST = 2048
"""Bytes of the longest datagram: media never fills more than an Ethernet frame."""


class Buffer:
    """Memory that Python and libsrtp both see."""

    def __init__(self) -> None:
        self.bytes = bytearray(LONGEST + SRTP_MAX_TRAILER_LEN)
        """Must never be resized."""
        self.memory: Any = ffi.from_buffer("char[]", self.bytes)
        self.window: Any = ffi.buffer(self.memory)
        """The same; its slices are `bytes`, copied once."""


class Crypt(NamedTuple):
    """What one call needs: `length[0] = size`, then `function(context, memory, length)` is 0 or says what was wrong.

    The result lies in `window[0:length[0]]`. A function of ours around it would cost as much as the cipher. The session
    must outlive this.
    """

    function: Callable[[Any, Any, Any], int]
    context: Any
    memory: Any
    length: Any
    window: Any


def protector(session: Session, buffer: Buffer) -> Crypt:
    """Encrypts the RTP packet of at most LONGEST bytes at the beginning of `buffer`."""
    return _in_place(lib.srtp_protect, session, buffer)


def unprotector(session: Session, buffer: Buffer) -> Crypt:
    """Checks and decrypts an SRTP packet likewise; fails for one that is not authentic or came before."""
    return _in_place(lib.srtp_unprotect, session, buffer)


def _in_place(function: Callable[..., int], session: Session, buffer: Buffer) -> Crypt:
    return Crypt(function, session._srtp[0], buffer.memory, ffi.new("int *"), buffer.window)
