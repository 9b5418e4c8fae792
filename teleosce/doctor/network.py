"""The network: ports, the way of media, the certificate and the TURN server."""

import asyncio
import http.client
import ipaddress
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from aioice.ice import get_host_addresses
from aioice.stun import TransactionFailed, TransactionTimeout
from aioice.turn import create_turn_endpoint
from cryptography import x509

from teleosce.core.settings import Settings
from teleosce.doctor.finding import Finding, Verdict
from teleosce.rtc import ice_servers

LARGEST = 1200
"""Bytes of a media packet."""
PATIENCE_S = 10.0
DAYS = 21


async def port(settings: Settings) -> list[Finding]:
    """Whether the server can listen, or does already."""
    where = f"{settings.host}:{settings.port}"
    try:
        with socket.create_server((settings.host, settings.port)):
            return [Finding("port", "ok", f"{where} is free")]
    except OSError as error:
        if await asyncio.to_thread(_answers, settings):
            return [Finding("port", "ok", f"a teleosce server answers at {where}")]
        do = "Another program has it: stop that, or choose another port with --port."
        return [Finding("port", "wrong", f"{where} cannot be listened on: {error.strerror}", do)]


def _answers(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 compared, not bound
    connection: http.client.HTTPConnection
    if settings.tls_cert:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, settings.port, timeout=5, context=trusting)
    else:
        connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class _Echo(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _address: object) -> None:
        if not self.heard.done():
            self.heard.set_result(data)


async def media_ports(settings: Settings) -> list[Finding]:
    """A packet as large as media's, there and back, on every address that media will be offered at."""
    found = []
    addresses = get_host_addresses(use_ipv4=True, use_ipv6=True)
    for address in addresses:
        try:
            took_ms = await _round_trip(address)
        except (OSError, TimeoutError) as error:
            said = f"UDP does not pass at {address} ({type(error).__name__}: {error})"
            found.append(Finding("media ports", "wrong", said, "Look at this machine's own firewall (nft, iptables)."))
        else:
            said = f"UDP passes at {address}, there and back in {took_ms:.1f} ms"
            found.append(Finding("media ports", "ok", said))
    if not addresses:
        do = "Give the machine a network: media cannot be offered to anybody else."
        found.append(Finding("media ports", "warning", "this machine has no address but its own loopback", do))
    elif not settings.media_addresses and all(ipaddress.ip_address(one).is_private for one in addresses):
        do = "Behind NAT, set media_addresses to the public address, and let UDP through to this machine."
        said = "all addresses are private ones: people elsewhere reach them only through TURN"
        found.append(Finding("media addresses", "warning", said, do))
    return found


async def _round_trip(address: str) -> float:
    """Milliseconds. Raises TimeoutError when nothing comes back."""
    loop = asyncio.get_running_loop()
    (one, _), (other, heard) = [await loop.create_datagram_endpoint(_Echo, local_addr=(address, 0)) for _ in range(2)]
    try:
        content, began = os.urandom(LARGEST), time.monotonic()
        one.sendto(content, other.get_extra_info("sockname"))
        async with asyncio.timeout(3):
            if await heard.heard != content:
                raise OSError("another packet came")
        return (time.monotonic() - began) * 1000
    finally:
        one.close()
        other.close()


def certificate(settings: Settings) -> Iterator[Finding]:
    """For how long browsers will accept it."""
    if settings.tls_cert is None:
        return
    try:
        held = x509.load_pem_x509_certificate(settings.tls_cert.read_bytes())
    except (OSError, ValueError) as error:
        yield Finding("certificate", "wrong", f"{settings.tls_cert} cannot be read ({error})", "Give a PEM file.")
        return
    days = (held.not_valid_after_utc - datetime.now(UTC)).days
    verdict: Verdict = "ok" if days > DAYS else "warning" if days >= 0 else "wrong"
    do = "" if days > DAYS else "Renew it, and start the server again."
    yield Finding("certificate", verdict, f"{days} days are left of {settings.tls_cert}", do)


async def turn(settings: Settings) -> list[Finding]:
    """Asks each TURN server for an address, with the credentials that a browser would be given."""
    if not settings.turn_urls:
        do = "Set up coturn, and set turn_urls and turn_secret."
        return [Finding("turn", "warning", "no TURN server: people behind strict firewalls will not get through", do)]
    if settings.turn_secret is None:
        do = "Set turn_secret to the TURN server's static-auth-secret."
        return [Finding("turn", "wrong", "turn_urls is set without turn_secret, so no browser could use it", do)]
    given = ice_servers(settings, "doctor", int(time.time() * 1000))[-1]
    return [await _allocate(url, given["username"], given["credential"]) for url in settings.turn_urls]


_URL = re.compile(r"(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?", re.IGNORECASE)


async def _allocate(url: str, username: str, credential: str) -> Finding:
    parts = _URL.fullmatch(url)
    if parts is None:
        return Finding("turn", "wrong", f"{url} is no TURN address", "Write turn:host:3478 or turns:host:5349.")
    secure = parts[1].lower() == "turns"
    host, number = parts[2].strip("[]"), int(parts[3] or (5349 if secure else 3478))
    how = "tcp" if secure else (parts[4] or "udp").lower()
    try:
        async with asyncio.timeout(PATIENCE_S):
            transport, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol, (host, number), username, credential, ssl=secure or None, transport=how
            )
    except TransactionFailed as refused:
        code, reason = refused.response.attributes.get("ERROR-CODE", (0, "no reason given"))
        do = (
            "Is turn_secret the server's static-auth-secret, and use-auth-secret on?" if code == 401 else "See its log."
        )
        return Finding("turn", "wrong", f"{url} answers, and refuses: {reason} ({code})", do)
    except (TransactionTimeout, TimeoutError):
        do = "Does it run there, and does every firewall between let it through?"
        return Finding("turn", "wrong", f"{url} does not answer", do)
    except OSError as error:
        return Finding("turn", "wrong", f"{url} cannot be reached ({error})", "Check the name and the port.")
    relayed = transport.get_extra_info("sockname")
    transport.close()
    with suppress(Exception):  # what is said in parting is not what was asked
        await asyncio.sleep(0.1)
    return Finding("turn", "ok", f"{url} gave the address {relayed[0]}:{relayed[1]} for time-limited credentials")


CHECKS = (port, media_ports, certificate, turn)
