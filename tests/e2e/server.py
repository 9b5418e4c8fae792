"""A server in a process of its own, that a test can kill and start again."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from teleosce.core.paths import STATIONS

PATIENCE_S = 240.0
"""A guard against what hangs: a machine that is busy with other things may take minutes to start a server."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def quick_stations(folder: Path, **seconds: int) -> Path:
    """The stations that come with teleosce, with phases of these lengths: `reading_s`, `encounter_s`, `warning_s` …"""
    shutil.copytree(STATIONS, folder)
    for path in folder.glob("*/station.yaml"):
        text = path.read_text()
        for name, value in seconds.items():
            text = re.sub(rf"(?m)^  {name}: [1-9]\d*$", f"  {name}: {value}", text)
        path.write_text(text)
    return folder


class ServerProcess:
    """`teleosce demo` the first time, for its links; `teleosce serve` on the same folder and port after a kill.

    settings: by their names, such as `stations`; `within`: a command that runs it in another place.
    """

    def __init__(self, data: Path, within: tuple[str, ...] = (), **settings: object) -> None:
        self.data = data
        self._settings = {f"TELEOSCE_{name}".upper(): str(value) for name, value in settings.items()}
        self._within = within
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.links: dict[str, Any] = {}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, *flags: str) -> None:
        """Returns when it answers."""
        process = await self._run("demo", "--json", *flags)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
        assert line, "the server ended before it answered"
        said = json.loads(line)
        assert set(said) == {"url", "links"}
        self.links = said["links"]

    async def again(self) -> None:
        """A plain server on what the one before left. Returns when it is ready."""
        await self._run("serve")
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with http.get(f"{self.url}/healthz") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), PATIENCE_S)
            except TimeoutError:
                self._process.kill()
                raise

    async def _run(self, command: str, *flags: str) -> asyncio.subprocess.Process:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TELEOSCE_")}
        environment |= self._settings
        log = (self.data.parent / "server.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *self._within,
            sys.executable,
            "-m",
            "teleosce",
            command,
            *flags,
            *("--port", str(self.port), "--data", str(self.data), "--whisper-model", "tiny.en"),
            env=environment,
            cwd=self.data.parent,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        return self._process


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """The exam of the demo, with nothing held yet."""
    made = ServerProcess(tmp_path / "data")
    await made.start("--no-consultation")
    yield made
    await made.stop()
