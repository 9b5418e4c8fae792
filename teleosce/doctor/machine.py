"""The machine: programs, settings, weights, disk and clock."""

import ctypes
import ctypes.util
import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from teleosce.core.errors import Fault
from teleosce.core.settings import Settings
from teleosce.doctor.finding import Finding, Verdict
from teleosce.rtc import self_test
from teleosce.transcripts.meaning import MODEL, find_meaning
from teleosce.transcripts.weights import find_weights

GIB = 1 << 30
HOUR_OF_TWO = 0.8
"""GiB that an hour of one consultation writes: two people at 700 kb/s with sound, raw and sealed."""
SLOW_MS, TOO_SLOW_MS = 200, 1000
"""A recording is made to survive a power cut once a second."""
APART_S = 2.0


def programs(_settings: Settings) -> Iterator[Finding]:
    """Python and the libraries that media stand on."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("aiortc", "aioice", "av", "aiohttp"))
    yield Finding("python", "ok", f"{sys.version.split()[0]}; {versions}")
    try:
        self_test()
    except Fault as fault:
        yield Finding("media", "wrong", fault.message, "Install the versions that teleosce names.")
    else:
        yield Finding("media", "ok", "the forwarding server's seams in aiortc and aioice are as expected")


def every_setting(settings: Settings) -> Iterator[Finding]:
    """The settings as they came to be, without what nobody should read over a shoulder."""
    for name in type(settings).model_fields:
        # A database's URL holds a password; a SecretStr masks itself.
        value = re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", str(getattr(settings, name)))
        yield Finding(f"setting {name}", "ok", value)


def weights(settings: Settings) -> Iterator[Finding]:
    """The weights of Whisper and of the encoder that finds evidence, to the last byte."""
    try:
        find_weights(settings.whisper_model, settings.data)
    except Fault as fault:
        yield Finding("whisper", "wrong", fault.message, "Exams can be held and recorded; transcripts wait until then.")
    else:
        yield Finding("whisper", "ok", f"the weights of {settings.whisper_model} are there, and as published")
    try:
        find_meaning()
    except Fault as fault:
        yield Finding("evidence", "wrong", fault.message, "Everything else works; evidence waits until then.")
    else:
        yield Finding("evidence", "ok", f"the weights of {MODEL} are there, and as published")


def disk(settings: Settings) -> Iterator[Finding]:
    """Room, and how long the disk takes to promise that something is kept."""
    folder = _nearest(settings.data)
    free = shutil.disk_usage(folder).free / GIB
    room = f"{free:.1f} GiB free in {settings.data.resolve()}: about {free / HOUR_OF_TWO:.0f} hours of consultations"
    more = "" if free > 10 else "Make room, or name a folder on another disk with --data."
    yield Finding("disk room", "ok" if free > 10 else "warning" if free > 1 else "wrong", room, more)
    try:
        worst_ms, speed = _write_speed(folder)
    except OSError as error:
        yield Finding(
            "disk speed", "wrong", f"{folder} cannot be written: {error.strerror}", "Name another with --data."
        )
        return
    said = f"{speed:.0f} MB/s written; the slowest of 5 promises to keep (fsync) took {worst_ms:.0f} ms"
    verdict: Verdict = "ok" if worst_ms < SLOW_MS else "warning" if worst_ms < TOO_SLOW_MS else "wrong"
    more = "" if verdict == "ok" else "Use a local disk, not a network one, and look what else writes to it."
    yield Finding("disk speed", verdict, said, more)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there: looking makes none."""
    folder = folder.resolve()
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def _write_speed(folder: Path) -> tuple[float, float]:
    """(the slowest fsync in ms, MB/s)."""
    piece, times = os.urandom(4 << 20), []
    with tempfile.TemporaryFile(dir=folder) as file:
        began = time.monotonic()
        for _ in range(5):
            file.write(piece)
            file.flush()
            before = time.monotonic()
            os.fsync(file.fileno())
            times.append((time.monotonic() - before) * 1000)
    return max(times), 5 * len(piece) / 1e6 / (time.monotonic() - began)


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), as far as it is read here."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("constant", "precision", "tolerance", "seconds", "parts", "tick")),
        ("rest", ctypes.c_byte * 256),
    ]  # fmt: skip


_UNSYNCHRONISED, _NANOSECONDS = 0x40, 0x2000


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether somebody keeps this machine's clock right, and whether the disk has the same time."""
    yield _synchronised()
    folder = _nearest(settings.data)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        apart = Path(file.name).stat().st_mtime - time.time()
    if abs(apart) > APART_S:
        said = f"the disk's clock is {apart:+.1f} s from this machine's"
        yield Finding("disk clock", "warning", said, "A network disk? Let both follow the same time server.")
    else:
        yield Finding("disk clock", "ok", "files get this machine's time")


def _synchronised() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding("clock", "warning", "only Linux tells whether it follows a time server", "See to it by hand.")
    state = _Timex()
    libc = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True)
    if libc.adjtimex(ctypes.byref(state)) == -1:
        reason = os.strerror(ctypes.get_errno())
        return Finding("clock", "warning", f"the kernel does not tell ({reason})", "See to it that NTP runs.")
    if state.status & _UNSYNCHRONISED:
        now = f"{datetime.now(UTC):%d %B %Y %H:%M:%S} UTC"
        do = "Start a time service (systemd-timesyncd, chrony). In a container, see to the host's."
        return Finding("clock", "warning", f"no time server is followed; this machine says {now}", do)
    offset = state.offset / (1e6 if state.status & _NANOSECONDS else 1e3)
    return Finding("clock", "ok", f"follows a time server: {offset:+.2f} ms off, at most {state.maxerror / 1e3:.0f} ms")


def zones(_settings: Settings) -> Iterator[Finding]:
    """The data by which a school's time is shown: does it know of the next change of summer time?"""
    try:
        zone = ZoneInfo("Europe/London")
        now = datetime.now(UTC)
        offsets = {(now + timedelta(days=days)).astimezone(zone).utcoffset() for days in range(0, 370, 30)}
    except (LookupError, OSError) as error:
        yield Finding("time zones", "wrong", f"there is no time zone data ({error})", "Install the package tzdata.")
        return
    known = _zone_version()
    if len(offsets) < 2:
        yield Finding("time zones", "wrong", "London's summer time is not known", "Install the package tzdata anew.")
    elif known and now.year - int(known[:4]) > 1:
        yield Finding("time zones", "warning", f"the data is of {known[:4]}", "Bring tzdata up to date: rules change.")
    else:
        yield Finding("time zones", "ok", f"summer time is known{f', data of {known}' if known else ''}")


def _zone_version() -> str:
    try:
        return importlib.metadata.version("tzdata")
    except importlib.metadata.PackageNotFoundError:
        return ""


CHECKS = (programs, every_setting, weights, disk, clock, zones)
