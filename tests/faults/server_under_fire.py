"""A real `teleosce serve` on real files, two synthetic people in a call, and an examiner who saves all the time."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from teleosce.app import build, freeze_stations
from teleosce.core.ids import new_id
from teleosce.core.settings import Settings
from teleosce.invariants import Breach, check, read_acknowledgements
from teleosce.recording import Manifest, read_manifest
from teleosce.rehearsal import Footage, Participant, Performance, make_footage
from teleosce.rehearsal.voices import say
from teleosce.web import Plan, make_exam
from tests.e2e.server import free_port
from tests.faults.sound_of import last_packets
from tests.web.house import Client

PUBLIC = "http://localhost"
PATIENCE_S = 240.0
"""A guard against what hangs: a machine that is busy with other things may take minutes to start a server."""


@cache
def one_footage(*, spoken: bool) -> Footage:
    """Both show and say the same: what they send is not what is tested."""
    speech = say("Good morning. What has brought you to us today? Where does it hurt?", "candidate") if spoken else None
    return make_footage("candidate", "Somebody", speech)


class UnderFire:
    """One encounter of one exam. `kill`, `terminate` and `start` as often as you like."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"{PUBLIC}:{self.port}"
        self.noted = data.parent / "acknowledged.jsonl"
        self.links: dict[str, str] = {}
        self.exam = self.encounter = ""
        self.environment: dict[str, str] = {}
        self.flags: tuple[str, ...] = ("--no-worker",)
        self.people: list[Participant] = []
        self.process: asyncio.subprocess.Process | None = None
        self.examiner: Client | None = None
        self.statuses: set[int] = set()
        self.told: list[str] = []
        self._saving: asyncio.Task[None] | None = None

    # The server

    async def make(self, **timings: int) -> None:
        """The exam, before any server runs. timings: seconds other than the station's."""
        self.data.mkdir(parents=True, exist_ok=True)
        rooms = build(Settings(data=self.data))
        await rooms.database.migrate()
        bank = await freeze_stations(rooms)
        plan = Plan("Under fire", "Europe/London", [bank["feverish-child"]], ["Ada One"], ["Pat"], "Dr Examiner")
        made = await make_exam(rooms, plan)
        (encounter,) = await rooms.exams.encounters(made.exam_id)
        self.exam, self.encounter = made.exam_id, encounter.id
        self.links = {link.role: self.url + link.path for link in made.links}
        await rooms.database.close()
        if timings:
            with sqlite3.connect(self.data / "teleosce.db") as connection:
                new = json.dumps(vars(encounter.timings) | timings)
                connection.execute("UPDATE encounter SET timings = ?", [new])
            connection.close()

    async def start(self) -> None:
        """Returns when it answers."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TELEOSCE_")}
        with (self.data.parent / "server.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "teleosce", "serve", *self.flags, "--port", str(self.port),
                "--data", str(self.data), "--whisper-model", "tiny.en",
                env=environment | self.environment, cwd=self.data.parent, stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(PATIENCE_S), Client(self.url).http as http:
            while True:
                with suppress(ClientError):
                    if (await http.get("/healthz")).status == 200:
                        return
                assert self.process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    def log(self) -> str:
        return (self.data.parent / "server.log").read_text()

    async def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM, and wait until it is gone."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    # The people

    async def consult(self, *, spoken: bool = False) -> None:
        """Both are in the call, the encounter runs, the examiner begins to save. spoken: with words to transcribe."""
        footage = await asyncio.to_thread(one_footage, spoken=spoken)
        performances = [Performance(footage), Performance(footage)]
        for number, performance in enumerate(performances):
            performance.begin(int(time.monotonic()) + 4 * number)
        callers = [
            Participant(self.links[role], performance)
            for role, performance in zip(("candidate", "sp"), performances, strict=True)
        ]
        self.people = [Participant(self.links["organiser"]), *callers]
        await asyncio.gather(*(one.join() for one in self.people))
        await self.organiser.post(f"/api/encounters/{self.encounter}/begin")
        await asyncio.gather(*(one.until(lambda one=one: one.connected, PATIENCE_S) for one in self.callers))
        await self.move_on("reading")
        await asyncio.gather(*(one.until(lambda one=one: one.phase == "encounter", PATIENCE_S) for one in self.callers))
        self._saving = asyncio.create_task(self._save_all_the_time())

    @property
    def organiser(self) -> Participant:
        return self.people[0]

    @property
    def callers(self) -> list[Participant]:
        return self.people[1:]

    async def all_back(self, since: float, timeout: float = PATIENCE_S) -> float:
        """Seconds since `since` (monotonic) until both are in the call by a connection made after it."""
        made = [0.0, 0.0]
        for index, one in enumerate(self.callers):

            def fresh(one: Participant = one) -> bool:
                return one.connected and (one.spells[-1].connected or 0) > since

            await one.until(fresh, timeout)
            made[index] = one.spells[-1].connected or 0.0
        return max(made) - since

    async def move_on(self, phase: str) -> None:
        await self.organiser.post(f"/api/encounters/{self.encounter}/end-phase", {"expected": phase})

    async def day(self) -> dict[str, Any]:
        return await self.organiser.get(f"/api/exams/{self.exam}/day")

    async def recorded(self, seconds: float) -> None:
        """Until so much more of the consultation is on disk, as the organiser's page is told."""

        async def on_disk() -> float:
            found = (one for one in (await self.day())["encounters"] if one["id"] == self.encounter)
            return float(next(found)["recording"]["seconds"])

        enough = await on_disk() + seconds
        async with asyncio.timeout(seconds + PATIENCE_S):
            while await on_disk() < enough:  # noqa: ASYNC110 another process
                await asyncio.sleep(0.2)

    async def alarm(self, kind: str) -> int:
        """How many alarms of a kind /metrics tells of."""
        assert self.examiner is not None
        text = await (await self.examiner.http.get("/metrics")).text()
        name = f'teleosce_recording_alarms{{kind="{kind}"}} '
        return next(round(float(line.removeprefix(name))) for line in text.splitlines() if line.startswith(name))

    async def _save_all_the_time(self) -> None:
        """As a page does: a change is sent until it is acknowledged, and every acknowledgement is noted on disk."""
        self.examiner = client = Client(self.url)
        await client.join(self.links["examiner"])
        form = await client.json("GET", f"/api/encounters/{self.encounter}/forms/mark")
        version, count = 0, 0
        with self.noted.open("a") as noted:
            while True:
                count += 1
                change = {
                    "change_id": new_id(), "field": "comment", "value": f"Remark {count}", "base_version": version,
                }  # fmt: skip
                saved = await self._send(client, form["id"], change)
                version = saved["version"]
                noted.write(json.dumps(saved | {"form": form["id"], "value": change["value"]}) + "\n")
                noted.flush()
                await asyncio.sleep(0.02)

    async def _send(self, client: Client, form: str, change: dict[str, Any]) -> dict[str, Any]:
        while True:
            with suppress(ClientError, TimeoutError, OSError):
                async with asyncio.timeout(20):
                    response = await client.ask("POST", f"/api/forms/{form}/changes", {"changes": [change]})
                self.statuses.add(response.status)
                said = await response.json()
                if response.status == 200:
                    (saved,) = said["saved"]
                    return dict(saved)
                self.told.append(said["error"]["message"])
                if response.status == 503:
                    assert float(response.headers["Retry-After"]) > 0
            await asyncio.sleep(0.2)

    # The end

    def acknowledged(self) -> int:
        return len(self.noted.read_text().splitlines()) if self.noted.exists() else 0

    async def stop_saving(self) -> None:
        if self._saving is not None:
            if self._saving.done():
                self._saving.result()
            self._saving.cancel()
            await asyncio.gather(self._saving, return_exceptions=True)
            self._saving = None
        if self.examiner is not None:
            await self.examiner.http.close()

    async def finish(self) -> Manifest:
        """Ends the encounter as the organiser does, and waits until it is sealed. Only 200 and 503 were seen."""
        for phase in ("encounter", "note", "changeover"):
            await self.move_on(phase)
        await self.stop_saving()
        assert self.statuses <= {200, 503}, self.statuses
        await self.until(lambda: read_manifest(self.folder) is not None)
        await self.sound()
        manifest = read_manifest(self.folder)
        assert manifest is not None
        return manifest

    @property
    def folder(self) -> Path:
        return self.data / "encounters" / self.encounter

    async def breaches(self) -> list[Breach]:
        noted = read_acknowledgements(self.noted) if self.noted.exists() else []
        return await check(Settings(data=self.data), acknowledged=noted, over=True)

    async def sound(self) -> None:
        """All that must be true is true, once what is under way has come to its end."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := await self.breaches()) and time.monotonic() < deadline:  # noqa: ASYNC110 another process
            await asyncio.sleep(0.5)
        assert found == []

    async def until(self, condition: Callable[[], bool], timeout: float = PATIENCE_S) -> None:
        async with asyncio.timeout(timeout):
            while not condition():  # noqa: ASYNC110 another process makes it true
                await asyncio.sleep(0.1)

    def lost_ms(self, manifest: Manifest, killed_ms: float) -> dict[tuple[str, str], float]:
        """Per participant and track: how long before the kill the last packet that was kept came."""
        lost: dict[tuple[str, str], float] = {}
        for participant in {take.participant_id for take in manifest.takes}:
            before = [t for t in manifest.takes if t.participant_id == participant and t.starts_ms < killed_ms]
            take = max(before, key=lambda take: take.starts_ms)
            for track, last_ms in last_packets(self.folder, take).items():
                lost[participant, track] = killed_ms - last_ms
        return lost


@asynccontextmanager
async def under_fire(data: Path, **timings: int) -> AsyncIterator[UnderFire]:
    """A server in a consultation; whatever happens, nothing is left running."""
    fire = UnderFire(data)
    await fire.make(**timings)
    try:
        yield fire
    finally:
        await fire.stop_saving()
        await asyncio.gather(*(one.vanish() for one in fire.people), return_exceptions=True)
        if fire.process is not None and fire.process.returncode is None:
            fire.process.kill()
            await fire.process.wait()
