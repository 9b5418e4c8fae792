"""Faults: what went wrong, said to a person.

A `Fault` is the only exception whose text reaches a page. The web layer turns its class into a status;
every other exception is a defect of ours and is answered with 500 and a reference number.
"""


class Fault(Exception):
    """Something a person can be told.

    message: what happened, what was kept, what to do, in full sentences.
    code: a short stable word for programs, such as `link-expired`.
    """

    status = 400
    default_code = "fault"

    def __init__(self, message: str, *, code: str | None = None, details: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details = details


class Invalid(Fault):
    """The request cannot be understood or breaks a rule (400)."""

    default_code = "invalid"


class SignInNeeded(Fault):
    """Nobody is signed in, or the session has ended (401)."""

    status = 401
    default_code = "sign-in-needed"


class Forbidden(Fault):
    """Known, but not allowed (403)."""

    status = 403
    default_code = "forbidden"


class NotFound(Fault):
    """It is not there, or not for this person to know of (404)."""

    status = 404
    default_code = "not-found"


class Conflict(Fault):
    """Somebody or something else was first (409). `details` holds the present state."""

    status = 409
    default_code = "conflict"


class TooSlow(Fault):
    """It did not arrive in time (408)."""

    status = 408
    default_code = "too-slow"


class TooLarge(Fault):
    """More than is taken in one piece (413)."""

    status = 413
    default_code = "too-large"


class WrongType(Fault):
    """Not the kind of content that is taken here (415)."""

    status = 415
    default_code = "wrong-type"


class TooMany(Fault):
    """Too many attempts; wait (429)."""

    status = 429
    default_code = "too-many"


class Unavailable(Fault):
    """Not now: a database held by another, a full disk, weights missing (503). Nothing was saved; try again."""

    status = 503
    default_code = "unavailable"
