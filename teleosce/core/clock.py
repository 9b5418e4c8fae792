"""The server's clock: the only clock of an exam."""

import time
from dataclasses import dataclass, field


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
