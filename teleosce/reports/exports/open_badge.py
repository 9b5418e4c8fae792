"""A passed exam as an Open Badges 3.0 credential, signed as a JSON Web Token (VC-JWT). Pure.

Sources: Open Badges Specification 3.0 (1EdTech), 8.2 JSON Web Token Proof Format; Verifiable Credentials Data Model 2.0
and Bitstring Status List 1.0 (W3C).
"""

import base64
import gzip
import json
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from teleosce.core.signing import PublicKey, SigningKey

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
SHORTEST_LIST = 131_072
"""Bits of a status list, at least, so that nobody is picked out by asking for it (Bitstring Status List 1.0, 3.2)."""
LIST_S = 300
"""For so many seconds a status list may be kept by whoever fetched it."""
_PEOPLE = uuid.UUID("6f0c7a3e-6b0a-5f0e-9a52-6d1d3b7f6c11")


def address_of(base: str, credential_id: str) -> str:
    """A credential's id, where people can read whether it holds."""
    return f"{base}/credentials/{credential_id}"


def issuer_of(base: str, key: PublicKey, school: str | None) -> dict[str, Any]:
    """Who issues: the profile that the issuer's id leads to, with the key. school: its name, the host for None."""
    own = f"{base}/credentials/issuer"
    method = {"id": f"{own}#{key.thumbprint}", "type": "JsonWebKey", "controller": own, "publicKeyJwk": key.jwk}
    profile = {"@context": CONTEXT, "id": own, "type": ["Profile"], "name": name_of(base, school), "url": base}
    return profile | {"verificationMethod": [method], "assertionMethod": [method["id"]]}


def credential(
    key: SigningKey, *, base: str, credential_id: str, number: int, at_ms: int, exam_id: str, exam: str, seat_id: str,
    name: str, school: str | None = None,
) -> str:  # fmt: skip
    """The token. number: its place in the status list. at_ms: since when it holds. The same for the same."""
    at_s = at_ms // 1000
    own, issuer, status = address_of(base, credential_id), f"{base}/credentials/issuer", f"{base}/credentials/status"
    subject = uuid.uuid5(_PEOPLE, seat_id).urn
    content = {
        "@context": CONTEXT,
        "id": own,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": issuer, "type": ["Profile"], "name": name_of(base, school), "url": base},
        "validFrom": datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z"),
        "name": exam,
        "credentialSubject": {
            "id": subject,
            "type": ["AchievementSubject"],
            "identifier": [{"type": "IdentityObject", "hashed": False, "identityHash": name, "identityType": "name"}],
            "achievement": {
                "id": uuid.uuid5(_PEOPLE, exam_id).urn,
                "type": ["Achievement"],
                "achievementType": "Assessment",
                "name": exam,
                "description": "An objective structured clinical examination (OSCE) of teleconsultations.",
                "criteria": {"narrative": "The candidate passed the exam by its standard, as it was released."},
            },
        },
        "credentialStatus": {
            "id": f"{status}#{number}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(number),
            "statusListCredential": status,
        },
    }
    return _token(key, content | {"iss": issuer, "jti": own, "nbf": at_s, "sub": subject})


def status_list(key: SigningKey, *, base: str, revoked: Collection[int], now_ms: int) -> str:
    """The token that says which credentials are revoked, by their numbers."""
    bits = bytearray(max(SHORTEST_LIST // 8, max(revoked, default=0) // 8 + 1))
    for number in revoked:
        bits[number // 8] |= 0x80 >> number % 8  # the first is the leftmost bit
    now_s = now_ms // 1000
    own, issuer = f"{base}/credentials/status", f"{base}/credentials/issuer"
    content = {
        "@context": CONTEXT[:1],
        "id": own,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": datetime.fromtimestamp(now_s, UTC).isoformat().replace("+00:00", "Z"),
        "credentialSubject": {
            "id": f"{own}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "u" + _base64(gzip.compress(bytes(bits), mtime=0)),
            "ttl": LIST_S * 1000,
        },
    }
    return _token(key, content | {"iss": issuer, "jti": own, "nbf": now_s, "sub": f"{own}#list"})


def _token(key: SigningKey, payload: dict[str, Any]) -> str:
    """A compact JWS (RFC 7515) by EdDSA (RFC 8037)."""
    header = {"alg": "EdDSA", "typ": "JWT", "jwk": key.public.jwk}
    signed = ".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
    return f"{signed}.{_base64(key.sign(signed.encode()))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def name_of(base: str, school: str | None) -> str:
    """How the issuer is called: the school, or the host where it was not named."""
    return school or base.partition("://")[2].partition("/")[0]
