"""The sealing process, seen from the server: started when there is work, kept for what follows at the same bell."""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

import teleosce

LIMIT_S = 1800.0
"""A process that is at one encounter for so long hangs in a take."""

IDLE_S = 30.0
"""How long it is kept without work: starting it costs more than sealing a short take."""

_LONGEST_ANSWER = 1 << 20


class Workshop:
    """One process, one encounter at a time. Use it from one event loop; `close` it at the end."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def seal(self, folder: Path, take_ids: list[str]) -> tuple[int | None, str]:
        """(0, what it has to say) when it went through, (1, why) when the disk did not let it.

        Otherwise the process has ended: its exit status, or None when it had to be killed for taking too long.
        """
        async with self._one_at_a_time:
            if self._idle is not None:
                self._idle.cancel()
            process = self._process
            if process is None or process.returncode is not None or process.stdin is None or process.stdin.is_closing():
                process = self._process = await _start()
            try:
                async with asyncio.timeout(LIMIT_S):
                    answer = await _ask(process, [str(folder), *take_ids])
            except TimeoutError:
                await self._end()
                return None, ""
            except BaseException:
                await self._end()
                raise
            if answer is None:
                self._process = None
                return await process.wait(), ""
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)
            return answer

    async def close(self) -> None:
        """Ends the process. A take that it is at is sealed anew another time."""
        if self._idle is not None:
            self._idle.cancel()
        await self._end()

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process = None

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "teleosce.recording.process",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(_import_path())},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_ANSWER,
        start_new_session=True,  # an interrupt at the terminal is for the server
    )  # fmt: skip


async def _ask(process: asyncio.subprocess.Process, order: list[str]) -> tuple[int, str] | None:
    """The answer, or None when the process has ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    answer = await process.stdout.readline()
    if not answer.endswith(b"\n"):
        return None
    status, said = json.loads(answer)
    return status, said


def _import_path() -> list[str]:
    """Where the sealing process finds this package, installed or not."""
    here = str(Path(teleosce.__file__).resolve().parent.parent)
    return [here, *filter(None, [os.environ.get("PYTHONPATH")])]
