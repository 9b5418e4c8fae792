"""A server that a rehearsal starts itself, so that it may be killed."""

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

from teleosce.core.errors import Fault, Invalid, Unavailable
from teleosce.core.paths import STATIONS
from teleosce.core.settings import PREFIX, Settings
from teleosce.rehearsal.usage import Meter
from teleosce.rehearsal.visitor import Visitor

UP_S = 180.0
"""It may be one busy machine that is both the server and everybody in it."""


def settings_for(data: Path, *, worker: bool, whisper_model: str, stations: Path | None = None) -> Settings:
    """A server on a free port of this machine, with nothing of the school's own settings. Raises Invalid."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(data.glob("*.db")):
        raise Invalid(f"{data} holds a server's data already. Rehearse in an empty folder.", code="data")
    return Settings(
        data=data.resolve(),
        host="127.0.0.1",
        port=_free_port(),
        database_url=None,
        worker=worker,
        whisper_model=whisper_model,
        stations=(stations or STATIONS).resolve(),
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class OwnServer:
    """`teleosce serve` in a process of its own, so that it may be killed and started again."""

    def __init__(self, settings: Settings, password: str, meter: Meter) -> None:
        self.settings, self.password, self.meter = settings, password, meter
        self.url = f"http://localhost:{settings.port}"
        self.deaths = 0
        self._killing = False
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it answers. Raises Unavailable with its last words."""
        settings = self.settings
        # A school's own settings and database stay out of it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment[f"{PREFIX}STATIONS"] = str(settings.stations)
        log = settings.data / "server.log"
        with log.open("ab") as into:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "teleosce", "serve", "--data", str(settings.data), "--port"),
                *(str(settings.port), "--whisper-model", settings.whisper_model),
                *("--worker" if settings.worker else "--no-worker", "--log-level", "warning"),
                env=environment,
                cwd=settings.data,
                stdout=into,
                stderr=into,
            )
        self.meter.follow(self._process.pid)
        self._watching = asyncio.create_task(self._watch(self._process))
        knocking = Visitor(self.url)
        until = time.monotonic() + UP_S
        try:
            while time.monotonic() < until and self._process.returncode is None:
                try:
                    if await knocking.has("/healthz"):
                        return
                except Fault:
                    await asyncio.sleep(0.03)
        finally:
            await knocking.close()
        said = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise Unavailable(f"The server for the rehearsal did not start. It said: {' '.join(said) or 'nothing'}")

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self.deaths += not self._killing

    async def kill(self) -> float:
        """SIGKILL: no goodbye, nothing flushed. Then it is started again on what it left."""
        assert self._process is not None
        at = time.monotonic()
        self._killing = True
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await asyncio.sleep(0)
        self._killing = False
        await self.start()
        return time.monotonic() - at

    def end(self) -> None:
        """SIGKILL, for a rehearsal that was stopped: nobody waits until what was recorded is sealed."""
        self._killing = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        self._killing = True
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 60)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
