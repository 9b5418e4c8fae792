"""The house's signing key: Ed25519 (RFC 8032), made once, with which what leaves the house is signed."""

import base64
import binascii
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from teleosce.core.blobs import sync_folder
from teleosce.core.errors import Invalid

FILE = "signing.key"


@dataclass(frozen=True)
class PublicKey:
    """What others need to check a signature. raw: 32 bytes."""

    raw: bytes

    @property
    def jwk(self) -> dict[str, str]:
        """As a JSON Web Key (RFC 8037)."""
        return {"kty": "OKP", "crv": "Ed25519", "x": _text(self.raw)}

    @property
    def thumbprint(self) -> str:
        """The SHA-256 thumbprint (RFC 7638), by which people compare keys."""
        canonical = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return _text(hashlib.sha256(canonical.encode()).digest())

    @property
    def pem(self) -> str:
        """As openssl reads it."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def verifies(self, signature: bytes, content: bytes) -> bool:
        """Whether the signature is this key's, of this content."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, content)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, repr=False)
class SigningKey:
    """The key itself, which stays in the data folder."""

    _private: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return PublicKey(
            self._private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        )

    @property
    def pem(self) -> bytes:
        """As it is kept (PKCS #8)."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, content: bytes) -> bytes:
        """64 bytes; the same for the same content."""
        return self._private.sign(content)


def signing_key(data: Path) -> SigningKey:
    """The key of a data folder, made when there is none; only the server's user can read it. Blocks.

    Raises Invalid when the file holds no such key: a new one would make all that was signed before unknown.
    """
    path = data / FILE
    if not path.exists():
        _make(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid(f"{path} holds no signing key. Bring it back from a backup: nothing was signed.") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Invalid(f"{path} is a key of another kind than Ed25519. Bring ours back from a backup.")
    return SigningKey(private)


def _make(path: Path) -> None:
    """Two processes may want it at once: the first that is whole is the key."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(SigningKey(Ed25519PrivateKey.generate()).pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
        sync_folder(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Of a JSON Web Key. Raises Invalid for any other than Ed25519."""
    try:
        raw = base64.urlsafe_b64decode(str(jwk["x"]) + "==")
    except (KeyError, ValueError, binascii.Error) as error:
        raise Invalid("This is no Ed25519 key.") from error
    if (jwk.get("kty"), jwk.get("crv"), len(raw)) != ("OKP", "Ed25519", 32):
        raise Invalid("This is no Ed25519 key.")
    return PublicKey(raw)


def read_public_key(text: str) -> list[PublicKey]:
    """The keys in a text: PEM, a JSON Web Key, or a set of them. Raises Invalid."""
    if "-----BEGIN" in text:
        try:
            key = serialization.load_pem_public_key(text.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Invalid("This is no public key.") from error
        if not isinstance(key, Ed25519PublicKey):
            raise Invalid("This is no Ed25519 key.")
        return [PublicKey(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))]
    try:
        content = json.loads(text)
        found = content.get("keys", [content])
        return [public_key(one) for one in found]
    except (ValueError, AttributeError, TypeError) as error:
        raise Invalid("This is neither a public key as PEM nor a JSON Web Key.") from error


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
