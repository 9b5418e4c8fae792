"""The server's clock: the only clock of an exam."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from teleosce.core.blobs import write_durably

CLOCK_FILE = "clock.json"
"""In the data folder: where the server's clock stands, for `Clock.kept`."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Clock:
    """UTC in whole milliseconds, carried on by the monotonic clock.

    The wall clock is read once, when the process starts: a time server or a person that sets it back an
    hour in the middle of an encounter moves no deadline. Daylight saving never shows, as all is UTC.
    """

    wall_at_start: float = field(default_factory=time.time)
    monotonic_at_start: float = field(default_factory=time.monotonic)

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, never going back."""
        return self.at_ms(time.monotonic())

    def at_ms(self, monotonic: float) -> int:
        """The time in milliseconds at a reading of `time.monotonic()`, in seconds."""
        return round((self.wall_at_start + monotonic - self.monotonic_at_start) * 1000)

    def keep(self, path: Path) -> None:
        """Writes down where this clock stands since the machine was started, for `kept`. Blocks."""
        boot = _boot()
        if boot is not None:
            known = {"boot": boot[0], "zero_ms": self.now_ms() - boot[1]}
            write_durably(path, json.dumps(known).encode())

    @classmethod
    def kept(cls, path: Path) -> Self | None:
        """The same clock, whatever was done to the wall clock since. Blocks.

        None when the machine was started anew meanwhile, is another one, or does not tell.
        """
        boot = _boot()
        try:
            known = json.loads(path.read_bytes())
            if boot is None or known["boot"] != boot[0]:
                return None
            return cls(wall_at_start=(int(known["zero_ms"]) + boot[1]) / 1000)
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class AheadClock(Clock):
    """A clock that can be set on, for an exam that is simulated: what is waited for is over at once."""

    _ahead: list[float] = field(default_factory=lambda: [0.0], init=False, compare=False)

    @classmethod
    def behind(cls, seconds: float) -> Self:
        """One that stands so far back."""
        return cls(wall_at_start=time.time() - seconds)

    def skip(self, seconds: float) -> None:
        """So much time is over."""
        self._ahead[0] += seconds

    def at_ms(self, monotonic: float) -> int:
        """As for every clock, and what was skipped besides."""
        return super().at_ms(monotonic) + round(self._ahead[0] * 1000)


def _boot() -> tuple[str, int] | None:
    """Which start of the machine this is, and the milliseconds since; sleep counts. None where nobody knows."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    try:
        return _BOOT.read_text().strip(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    except OSError:
        return None
