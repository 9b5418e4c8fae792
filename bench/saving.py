"""Many examiners save at once: how long each waits for the word that it is on disk, and whether all of it is.

    .venv/bin/python -m bench.saving --examiners 200

A server in a process of its own with a throwaway data folder; each examiner has an encounter, a session and a
connection, and marks it change by change as the page does: some save twice at once, some answers are not heard and the
change is sent again. Afterwards the database is read and held against every word that was acknowledged. See README.md.
"""

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.machine import machine
from teleosce.app import freeze_stations, running
from teleosce.core.settings import Settings
from teleosce.people import Role
from teleosce.stations import read
from teleosce.web import Plan, make_exam

STATION = Path(__file__).parent.parent / "stations" / "chest-pain-video"
UNHEARD = 0.03
"""The share of answers that get lost on their way back: the change is sent again."""
TWICE = 0.05
"""The share of changes that are made in two windows at once: one of them must be told."""
DAY_MS = 86_400_000


@dataclass
class Told:
    """What the server said: by form and field, version → value; how long each save took, in ms; what it refused."""

    saved: dict[tuple[str, str], dict[int, Any]] = field(default_factory=dict)
    took_ms: list[float] = field(default_factory=list)
    conflicts: int = 0
    repeated: int = 0
    failed: list[str] = field(default_factory=list)

    def acknowledge(self, form: str, name: str, version: int, value: Any) -> None:
        """Two words about one version must be the same."""
        known = self.saved.setdefault((form, name), {})
        if known.setdefault(version, value) != value:
            self.failed.append(f"{form} {name}: version {version} was said to hold two values")


async def prepare(folder: Path, examiners: int) -> list[tuple[str, str]]:
    """A data folder with so many encounters that run; for each the examiner's token and the encounter's id."""
    settings = Settings(data=folder, port=0, worker=False, log_level="error")
    async with running(settings) as server:
        rooms = server.rooms
        bank = await freeze_stations(rooms)
        version = await rooms.stations.get(bank[STATION.name])
        made = await make_exam(
            rooms, Plan("Bench", "Europe/London", [version.hash], ["Ada One"], ["Pat A"], examiner="Examiner")
        )
        seats = []
        for number in range(examiners):
            people = [
                await rooms.people.add_seat(made.exam_id, role, f"{role.value} {number}", number=name)
                for role, name in (
                    (Role.candidate, f"B{number}"),
                    (Role.standardized_patient, None),
                    (Role.examiner, None),
                )
            ]
            candidate, patient, examiner = (one.id for one in people)
            slot = await rooms.exams.add_slot(
                made.exam_id, position=1, rotation=1, circuit=f"R{number}", station_hash=version.hash,
                timings=version.timings, candidate=candidate, sp=patient, examiner=examiner,
            )  # fmt: skip
            seats.append((examiner, slot.id))
        encounters = {one.slot_id: one.id for one in await rooms.exams.encounters(made.exam_id)}
        now = rooms.clock.now_ms()
        tokens = await rooms.people.issue_links([seat for seat, _ in seats], now - 60_000, now + DAY_MS)
        for _, slot in seats:
            await rooms.day.begin(encounters[slot])
        return [(tokens[seat], encounters[slot]) for seat, slot in seats]


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """`teleosce serve` on the folder; its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.servers_web", str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


class Saver:
    """One examiner's page: a session, the mark, and the versions that it knows."""

    def __init__(self, url: str, token: str, encounter: str, told: Told, chance: random.Random) -> None:
        self._url, self._token, self._encounter = url, token, encounter
        self._told, self._chance = told, chance
        self._versions: dict[str, int] = {}
        self._made = 0

    async def open(self, http: aiohttp.ClientSession) -> None:
        """Joins by the link and opens the mark."""
        self._http = http
        await self._post("/api/join", {"token": self._token})
        path = f"/api/encounters/{self._encounter}/forms/mark"
        async with http.get(self._url + path, headers={"Teleosce-Role": "examiner"}) as response:
            response.raise_for_status()
            self._form = (await response.json())["id"]

    async def mark(self, items: list[str], pause_s: float) -> None:
        """Every item once, each twice as likely as not with a remark, then the rating."""
        for name in [*items, "global"]:
            await asyncio.sleep(self._chance.uniform(0, 2 * pause_s))
            values = ["pass", "good"] if name == "global" else ["done", "partly", "not_done"]
            await self._save(name if name == "global" else f"item.{name}", self._chance.choice(values))
            if name != "global" and self._chance.random() < 0.3:
                await self._save(f"comment.{name}", f"A remark {self._chance.random()}")

    async def _save(self, name: str, value: Any) -> None:
        change = self._change(name, value)
        if self._chance.random() < TWICE:
            other = self._change(name, None)
            await asyncio.gather(self._send(change), self._send(other))
            return
        if self._chance.random() < UNHEARD:
            await self._post(f"/api/forms/{self._form}/changes", {"changes": [change]})
            self._told.repeated += 1
        await self._send(change)

    def _change(self, name: str, value: Any) -> dict[str, Any]:
        self._made += 1
        base = self._versions.get(name, 0)
        return {"change_id": f"{self._form}-{self._made}", "field": name, "value": value, "base_version": base}

    async def _send(self, change: dict[str, Any]) -> None:
        began = time.perf_counter()
        answer = await self._post(f"/api/forms/{self._form}/changes", {"changes": [change]})
        self._told.took_ms.append((time.perf_counter() - began) * 1000)
        for saved in answer["saved"]:
            self._versions[saved["field"]] = max(saved["version"], self._versions.get(saved["field"], 0))
            if saved["version"] > 0:
                self._told.acknowledge(self._form, saved["field"], saved["version"], change["value"])
        for conflict in answer["conflicts"]:
            self._told.conflicts += 1
            self._versions[conflict["field"]] = max(conflict["version"], self._versions.get(conflict["field"], 0))

    async def _post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        """As the page does: 503 means that nothing was saved, and that trying again is right."""
        for attempt in range(8):
            async with self._http.post(
                self._url + path, json=content, headers={"Teleosce-Role": "examiner", "Origin": self._url}
            ) as response:
                if response.status == 503:
                    await asyncio.sleep(0.2 * 2**attempt)
                    continue
                if response.status >= 300:
                    raise RuntimeError(f"{path}: {response.status} {await response.text()}")
                found: dict[str, Any] = await response.json()
                return found
        raise RuntimeError(f"{path}: 503, again and again")


async def load(url: str, seats: list[tuple[str, str]], pause_s: float, most: int = 100) -> Told:
    """All of them at once, each with `pause_s` between two keys on the average. most: items that each of them marks."""
    told = Told()
    items = [item.id for item in read(STATION).mark_sheet.items][:most]
    async with asyncio.TaskGroup() as group:
        gate = asyncio.Barrier(len(seats))
        joining = asyncio.Semaphore(8)

        async def one(number: int, token: str, encounter: str) -> None:
            saver = Saver(url, token, encounter, told, random.Random(number))
            # Each comes from an address of its own, as people do: joins are limited by address.
            connector = aiohttp.TCPConnector(local_addr=(f"127.0.{1 + number // 200}.{1 + number % 200}", 0))
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as http:
                async with joining:
                    await saver.open(http)
                await gate.wait()
                await saver.mark(items, pause_s)

        for number, (token, encounter) in enumerate(seats):
            group.create_task(one(number, token, encounter))
    return told


def judge(database: Path, told: Told) -> list[str]:
    """What the database holds otherwise than was said of it; versions of a field follow each other without a hole."""
    wrong = list(told.failed)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT form_id, field, version, value FROM form_entry ORDER BY number").fetchall()
    kept: dict[tuple[str, str], dict[int, Any]] = {}
    for form, name, version, value in rows:
        versions = kept.setdefault((form, name), {})
        if version != len(versions) + 1:
            wrong.append(f"{form} {name}: version {version} follows version {len(versions)}")
        versions[version] = json.loads(value)
    for (form, name), versions in told.saved.items():
        there = kept.get((form, name), {})
        wrong += [
            f"{form} {name}: version {version} was acknowledged as {value!r} and is {there.get(version, 'nothing')!r}"
            for version, value in versions.items()
            if there.get(version, ...) != value
        ]
    return wrong


async def measure(folder: Path, examiners: int, pause_s: float, most: int = 100) -> dict[str, Any]:
    """Prepares, loads and judges."""
    seats = await prepare(folder, examiners)
    print(f"{examiners} examiners are ready", flush=True)
    began = time.monotonic()
    async with served(folder) as url:
        told = await load(url, seats, pause_s, most)
    seconds = time.monotonic() - began
    wrong = await asyncio.to_thread(judge, folder / "teleosce.db", told)
    ordered = sorted(told.took_ms)
    return {
        "environment": machine("teleosce", "aiohttp") | {"load": [round(one, 1) for one in os.getloadavg()]},
        "examiners": examiners,
        "saves": len(ordered),
        "saves_per_s": round(len(ordered) / seconds, 1),
        "p50_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[int(0.99 * (len(ordered) - 1))], 1),
        "max_ms": round(ordered[-1], 1),
        "acknowledged": sum(len(versions) for versions in told.saved.values()),
        "repeated": told.repeated,
        "conflicts_told": told.conflicts,
        "wrong": wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examiners", type=int, default=200)
    parser.add_argument("--pause-s", type=float, default=1.0, help="between two keys of one examiner, on the average")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        result = asyncio.run(measure(Path(folder), arguments.examiners, arguments.pause_s))
    for name in ("saves", "saves_per_s", "p50_ms", "p99_ms", "max_ms", "acknowledged", "repeated", "conflicts_told"):
        print(f"{name:16} {result[name]}")
    print("\n".join(result["wrong"]) or "nothing lost, nothing overwritten")
    print(json.dumps(result))
    sys.exit(1 if result["wrong"] else 0)


if __name__ == "__main__":
    main()
