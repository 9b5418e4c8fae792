import dataclasses

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from teleosce.core.errors import Forbidden
from teleosce.core.settings import Settings
from teleosce.rtc import Ticket, ice_servers

SECRET = "a secret of the tests that is long enough for HMAC"
TICKET = Ticket("room", "seat", "Anna Änderung", publish=True, subscribe=False, expires_ms=10_000)


def test_what_is_signed_is_read() -> None:
    assert Ticket.verify(TICKET.sign(SECRET), SECRET, 9_999) == TICKET


def test_an_expired_ticket_says_so() -> None:
    with pytest.raises(Forbidden) as refused:
        Ticket.verify(TICKET.sign(SECRET), SECRET, 10_000)
    assert refused.value.code == "ticket-expired"


def forged() -> list[str]:
    text = TICKET.sign(SECRET)
    header, body, signature = text.split(".")
    unsigned = "eyJhbGciOiJub25lIn0"
    other = dataclasses.replace(TICKET, room="another").sign("another secret that is just as long as it")
    incomplete = jwt.encode({"alg": "HS256"}, {"room": "room"}, OctKey.import_key(SECRET))
    longer = jwt.encode({"alg": "HS512"}, {"room": "room"}, OctKey.import_key(SECRET * 2), algorithms=["HS512"])
    odd = jwt.encode(
        {"alg": "HS256"}, {"room": ["x"], "sub": {}, "name": 3, "expires_ms": "x"}, OctKey.import_key(SECRET)
    )
    return [
        "",
        "a.b.c",
        other,
        f"{unsigned}.{body}.",
        f"{header}.{body}.{signature[:-4]}AAAA",
        f"{header}.{body[:-3]}abc.{signature}",
        incomplete,
        longer,
        odd,
        "x" * 100_000,
        text + "é",
    ]


@pytest.mark.parametrize("number", range(len(forged())))
def test_a_forged_ticket_is_refused(number: int) -> None:
    with pytest.raises(Forbidden) as refused:
        Ticket.verify(forged()[number], SECRET, 0)
    assert refused.value.code == "ticket"


def test_turn_credentials_are_those_of_the_turn_server() -> None:
    """Computed by hand: printf 1700014400:seat | openssl dgst -sha1 -hmac north -binary | base64."""
    settings = Settings(
        stun_urls=["stun:example.org"],
        turn_urls=["turn:example.org?transport=udp"],
        turn_secret="north",
        turn_minutes=240,
    )
    assert ice_servers(settings, "seat", 1_700_000_000_500) == [
        {"urls": ["stun:example.org"]},
        {
            "urls": ["turn:example.org?transport=udp"],
            "username": "1700014400:seat",
            "credential": "eiyPvz5fFE9oTXs1OF0Sig/YOL0=",
        },
    ]


def test_no_turn_server_without_its_secret() -> None:
    assert ice_servers(Settings(turn_urls=["turn:example.org"]), "seat", 0) == []
