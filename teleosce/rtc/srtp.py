"""libsrtp called in place, in buffers made once: the two calls that every packet pays (RFC 3711)."""

from collections.abc import Callable
from typing import Any

from pylibsrtp import SRTP_MAX_TRAILER_LEN, Session
from pylibsrtp import Error as SrtpError
from pylibsrtp._binding import ffi, lib

LONGEST = 2048
"""Bytes of the longest datagram: media never fills more than an Ethernet frame."""

Crypt = Callable[[int], bytes]


class Buffer:
    """Memory that Python and libsrtp both see."""

    def __init__(self) -> None:
        self.bytes = bytearray(LONGEST + SRTP_MAX_TRAILER_LEN)
        """Must never be resized."""
        self.memory: Any = ffi.from_buffer("char[]", self.bytes)
        self.window: Any = ffi.buffer(self.memory)
        """The same; its slices are `bytes`, copied once."""


def protector(session: Session, buffer: Buffer) -> Crypt:
    """Encrypts the RTP packet at the beginning of `buffer`, whose size is given. Raises SrtpError.

    The session must outlive the function; so for `unprotector`.
    """
    return _in_place(lib.srtp_protect, session, buffer, LONGEST)


def unprotector(session: Session, buffer: Buffer) -> Crypt:
    """Checks and decrypts an SRTP packet likewise. Raises SrtpError for one that is not authentic or came before."""
    return _in_place(lib.srtp_unprotect, session, buffer, len(buffer.bytes))


def _in_place(function: Callable[..., int], session: Session, buffer: Buffer, longest: int) -> Crypt:
    context, memory, window, length = session._srtp[0], buffer.memory, buffer.window, ffi.new("int *")

    def crypt(size: int) -> bytes:
        if size > longest:
            raise ValueError("packet is too long")
        length[0] = size
        failed = function(context, memory, length)
        if failed:
            raise SrtpError(failed)
        result: bytes = window[0 : length[0]]
        return result

    return crypt
