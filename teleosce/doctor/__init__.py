"""`teleosce doctor`: looks at what an exam needs before the day, and says what to do about what is wrong.

It may run beside the server, and changes nothing but that it puts Whisper's weights together.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from teleosce.core.settings import Settings
from teleosce.doctor import house, machine, network
from teleosce.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]

Check = Callable[[Settings], Iterable[Finding] | Awaitable[Iterable[Finding]]]

CHECKS: tuple[Check, ...] = (*machine.CHECKS, *network.CHECKS, *house.CHECKS)


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Looks at one thing after another. Never raises for what it finds, nor for a check that fails itself."""
    for check in CHECKS:
        try:
            found = check(settings)
            for finding in await found if inspect.isawaitable(found) else found:
                yield finding
        except Exception as error:  # noqa: BLE001 one look that fails must not keep the others from being taken
            said = f"this could not be looked at ({type(error).__name__}: {error})"
            yield Finding(check.__name__.replace("_", " "), "warning", said, "Look at it by hand, and report this.")
