"""`teleosce doctor`: looks at what an exam needs before the day, and says what to do about what is wrong."""

import importlib.metadata
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from teleosce.core.errors import Fault
from teleosce.core.settings import Settings
from teleosce.rtc import self_test
from teleosce.transcripts.weights import find_weights

GIB = 1 << 30
HOUR_OF_TWO = 0.8
"""GiB that an hour of one consultation writes: two people at 700 kb/s with sound, raw and sealed."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    verdict: Literal["ok", "warning", "wrong"]
    said: str


def examine(settings: Settings) -> list[Finding]:
    """Looks at everything; never raises for what it finds."""
    return list(_findings(settings))


def _findings(settings: Settings) -> Iterator[Finding]:
    yield _python()
    for name in type(settings).model_fields:
        yield Finding(f"setting {name}", "ok", _masked(getattr(settings, name)))
    yield _media()
    yield _weights(settings)
    yield _disk(settings)
    yield _port(settings)
    yield _turn(settings)


def _masked(value: object) -> str:
    """A setting without what nobody should read over a shoulder: a database's URL holds a password."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", str(value))


def _python() -> Finding:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("aiortc", "aioice", "av", "aiohttp"))
    return Finding("python", "ok", f"{sys.version.split()[0]}; {versions}")


def _media() -> Finding:
    try:
        self_test()
    except Fault as fault:
        return Finding("media", "wrong", fault.message)
    return Finding("media", "ok", "the forwarding server's seams in aiortc and aioice are as expected")


def _weights(settings: Settings) -> Finding:
    try:
        find_weights(settings.whisper_model, settings.data)
    except Fault as fault:
        return Finding("whisper", "wrong", fault.message)
    return Finding("whisper", "ok", f"the weights of {settings.whisper_model} are there, and as published")


def _disk(settings: Settings) -> Finding:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(settings.data).free / GIB
    except OSError as error:
        return Finding("disk", "wrong", f"{settings.data} cannot be used: {error.strerror}")
    hours = free / HOUR_OF_TWO
    said = f"{free:.1f} GiB free in {settings.data.resolve()}: about {hours:.0f} hours of consultations"
    return Finding("disk", "ok" if free > 10 else "warning" if free > 1 else "wrong", said)


def _port(settings: Settings) -> Finding:
    try:
        with socket.create_server((settings.host, settings.port)):
            return Finding("port", "ok", f"{settings.host}:{settings.port} is free")
    except OSError as error:
        return Finding("port", "warning", f"{settings.host}:{settings.port} is in use or not ours: {error.strerror}")


def _turn(settings: Settings) -> Finding:
    if settings.turn_urls and settings.turn_secret is None:
        return Finding("turn", "wrong", "turn_urls is set without turn_secret, so no browser could use the TURN server")
    if settings.turn_urls:
        return Finding("turn", "ok", f"{', '.join(settings.turn_urls)}, with time-limited credentials")
    return Finding("turn", "warning", "no TURN server: people behind strict firewalls will not get a connection")
