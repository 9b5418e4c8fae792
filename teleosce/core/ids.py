"""Identifiers that cannot be guessed, and secrets with the hash that is kept of them."""

import hashlib
import re
import secrets

_ID = re.compile(r"[a-z0-9]{26}")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_id() -> str:
    """26 letters and digits that carry 130 bits, safe in URLs and in file names on any system."""
    bits = secrets.randbits(5 * 26)
    return "".join(_ALPHABET[bits >> shift & 31] for shift in range(0, 5 * 26, 5))


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id, so that it may become a part of a path."""
    return _ID.fullmatch(text) is not None


def new_token() -> str:
    """A bearer token of 256 bits, base64url without padding: 43 characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token at rest: SHA-256 in hex. Enough for 256 random bits; passwords use argon2id."""
    return hashlib.sha256(token.encode()).hexdigest()
