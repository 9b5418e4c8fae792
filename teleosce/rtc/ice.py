"""The STUN and TURN servers that a browser is given."""

import base64
import hashlib
import hmac
from typing import Any

from teleosce.core.settings import Settings


def ice_servers(settings: Settings, participant: str, now_ms: int) -> list[dict[str, Any]]:
    """`RTCIceServer` dictionaries, with TURN credentials that end after `settings.turn_minutes`.

    The TURN server checks them alone: user name `expiry:participant` (expiry in seconds since the epoch), password
    the base64 of its HMAC-SHA1 under the shared secret (draft-uberti-behave-turn-rest-00, 2.2; coturn's
    `use-auth-secret`).
    """
    servers: list[dict[str, Any]] = []
    if settings.stun_urls:
        servers.append({"urls": list(settings.stun_urls)})
    if settings.turn_urls and settings.turn_secret is not None:
        username = f"{now_ms // 1000 + settings.turn_minutes * 60}:{participant}"
        digest = hmac.digest(settings.turn_secret.get_secret_value().encode(), username.encode(), hashlib.sha1)
        credential = base64.b64encode(digest).decode()
        servers.append({"urls": list(settings.turn_urls), "username": username, "credential": credential})
    return servers
