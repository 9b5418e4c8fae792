"""libsrtp called in place, in buffers made once: the two calls that every packet pays (RFC 3711)."""

from collections.abc import Callable

from pylibsrtp import SRTP_MAX_TRAILER_LEN, Session
from pylibsrtp import Error as SrtpError
from pylibsrtp._binding import ffi, lib

Protect = Callable[[bytes], bytes]
Unprotect = Callable[[int], bytes]

LONGEST = 2048
"""Bytes of the longest datagram that is read: media never fills more than an Ethernet frame."""


def protector(session: Session) -> Protect:
    """Encrypts an RTP packet. Raises SrtpError, or ValueError for one that is too long."""
    memory = ffi.new("char[]", LONGEST)
    window = ffi.buffer(memory)
    length = ffi.new("int *")
    context, protect, longest = session._srtp[0], lib.srtp_protect, LONGEST - SRTP_MAX_TRAILER_LEN

    def encrypt(packet: bytes) -> bytes:
        size = len(packet)
        if size > longest:
            raise ValueError("packet is too long")
        window[0:size] = packet
        length[0] = size
        failed = protect(context, memory, length)
        if failed:
            raise SrtpError(failed)
        result: bytes = window[0 : length[0]]
        return result

    return encrypt


def unprotector(session: Session, received: bytearray) -> Unprotect:
    """Checks and decrypts the SRTP packet at the beginning of `received`, whose size is given, in place.

    Raises SrtpError for one that is not authentic or came before. `received` must never be resized.
    """
    memory = ffi.from_buffer("char[]", received)
    window = ffi.buffer(memory)
    length = ffi.new("int *")
    context, unprotect = session._srtp[0], lib.srtp_unprotect

    def decrypt(size: int) -> bytes:
        length[0] = size
        failed = unprotect(context, memory, length)
        if failed:
            raise SrtpError(failed)
        result: bytes = window[0 : length[0]]
        return result

    return decrypt
