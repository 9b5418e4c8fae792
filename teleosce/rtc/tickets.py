"""Tickets: who may send or receive media in which room, signed, so that a media node needs no database."""

from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from teleosce.core.errors import Forbidden

_LONGEST = 4096
_REFUSED = "This media ticket is not valid. Reload the page to get a new one; your place is kept."
_EXPIRED = "This media ticket has expired. Reload the page to get a new one; your place is kept."


@dataclass(frozen=True)
class Ticket:
    """The right to be in a room until `expires_ms`.

    room: the encounter's id, or `check-<seat>`. participant: the seat's id. name: shown to the others.
    """

    room: str
    participant: str
    name: str
    publish: bool
    subscribe: bool
    expires_ms: int

    def sign(self, secret: str | bytes) -> str:
        """The ticket as a JSON Web Token (RFC 7519), HMAC with SHA-256."""
        claims = {
            "room": self.room,
            "sub": self.participant,
            "name": self.name,
            "publish": self.publish,
            "subscribe": self.subscribe,
            "expires_ms": self.expires_ms,
        }
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))

    @classmethod
    def verify(cls, text: str, secret: str | bytes, now_ms: int) -> "Ticket":
        """Reads a signed ticket. Raises Forbidden: `ticket` when it is not ours, `ticket-expired` when too old."""
        if not isinstance(text, str) or len(text) > _LONGEST:
            raise Forbidden(_REFUSED, code="ticket")
        try:
            claims = jwt.decode(text, OctKey.import_key(secret), algorithms=["HS256"]).claims
            ticket = cls(
                room=claims["room"],
                participant=claims["sub"],
                name=claims["name"],
                publish=claims["publish"] is True,
                subscribe=claims["subscribe"] is True,
                expires_ms=int(claims["expires_ms"]),
            )
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Forbidden(_REFUSED, code="ticket") from error
        if now_ms >= ticket.expires_ms:
            raise Forbidden(_EXPIRED, code="ticket-expired")
        return ticket
