"""The cutting process, seen from the server."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import teleosce
from teleosce.core.errors import Unavailable
from teleosce.keeping.reel.plan import Made, ReelPlan
from teleosce.keeping.reel.process import Order, Said

SILENT_S = 600.0
"""A process that says nothing for so long hangs."""

_LONGEST_LINE = 1 << 22


async def cut(plan: ReelPlan, target: Path, told: Callable[[float], Awaitable[bool]]) -> Made | None:
    """Cuts a reel in a process of its own. told: hears how much is done, 0 to 1, and answers whether to go on.

    None when it was told not to go on. Raises Unavailable when it could not be cut, and why.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce.keeping.reel.process",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(_import_path())},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_LINE,
        start_new_session=True,  # an interrupt at the terminal is for the server
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(Order(plan=plan, target=target).model_dump_json().encode() + b"\n")
        await process.stdin.drain()
        while line := await asyncio.wait_for(process.stdout.readline(), SILENT_S):
            said = Said.model_validate_json(line)
            if said.made is not None:
                return said.made
            if said.fault is not None:
                raise Unavailable(said.fault)
            if not await told(said.done):
                return None
    except (TimeoutError, ConnectionError):
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    raise Unavailable("The reel could not be cut: what cuts it ended without a word. Cut it again.")


def _import_path() -> list[str]:
    """Where the process finds this package, installed or not."""
    here = str(Path(teleosce.__file__).resolve().parent.parent)
    return [here, *filter(None, [os.environ.get("PYTHONPATH")])]
