"""Ctrl-C, pressed while a command runs."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable

SOON_S = 5.0
"""On a machine that is busy with other work; a second where it is not."""


async def stopped(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Presses it, and returns what the command said then, on both channels."""
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    heard = await asyncio.wait_for(process.communicate(), 30)
    assert time.monotonic() - began_s < SOON_S
    assert process.returncode == 128 + signal.SIGINT
    assert b"Traceback" not in heard[1]
    return heard


async def stop_when(there: Callable[[], bool], *arguments: str) -> str:
    """Runs a command, presses Ctrl-C when something is there, and returns what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(60):
        while not there():
            assert process.returncode is None, (await process.communicate())[1].decode()
            await asyncio.sleep(0.005)
    return (await stopped(process))[1].decode()
