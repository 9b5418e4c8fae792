"""libsrtp called with buffers made once: a third off the cost of the two calls that every packet pays (RFC 3711)."""

from collections.abc import Callable

from pylibsrtp import SRTP_MAX_TRAILER_LEN, Session
from pylibsrtp import Error as SrtpError
from pylibsrtp._binding import ffi, lib

Crypt = Callable[[bytes], bytes]


def protector(session: Session) -> Crypt:
    """Encrypts RTP packets. Raises SrtpError, or ValueError for one that is too long."""
    return _crypt(lib.srtp_protect, session, SRTP_MAX_TRAILER_LEN)


def unprotector(session: Session) -> Crypt:
    """Checks and decrypts SRTP packets. Raises SrtpError for one that is not authentic or came before."""
    return _crypt(lib.srtp_unprotect, session, 0)


def _crypt(function: Callable[..., int], session: Session, spare: int) -> Crypt:
    owner, memory, window = session._srtp, session._cdata, session._buffer
    length = ffi.new("int *")
    longest = len(memory) - spare

    def crypt(packet: bytes) -> bytes:
        size = len(packet)
        if size > longest:
            raise ValueError("packet is too long")
        length[0] = size
        window[0:size] = packet
        failed = function(owner[0], memory, length)
        if failed:
            raise SrtpError(failed)
        result: bytes = window[0 : length[0]]
        return result

    return crypt
