"""Two ways to keep an alarm from flapping: what is seen must last, or be seen again, before it counts."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Lasting:
    """True once it was so for `begins_s`, false again once it was not for `ends_s`. Seconds of any steady clock."""

    def __init__(self, begins_s: float, ends_s: float) -> None:
        self.on = False
        self.begins_s = begins_s
        self._ends_s = ends_s
        self._since: float | None = None

    def update(self, so: bool, now: float) -> bool:
        """Takes in how it is now; returns what counts."""
        if so is self.on:
            self._since = None
            return self.on
        if self._since is None:
            self._since = now
        if now - self._since >= (self._ends_s if self.on else self.begins_s):
            self.reset(so)
        return self.on

    def reset(self, on: bool = False) -> None:
        """It is so at once, whatever came before."""
        self.on, self._since = on, None


class Agreed(Generic[T]):
    """Changes to what two looks in a row have said."""

    def __init__(self, value: T) -> None:
        self.value = value
        self.last = value

    def update(self, look: T) -> T:
        """Takes in one look; returns what counts."""
        if look == self.last:
            self.value = look
        self.last = look
        return self.value
