"""A running server with an exam, and clients who sit in its seats."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar

from teleosce.app import Server, running
from teleosce.core.settings import Settings
from teleosce.web import MadeExam, Plan, Rooms, make_exam
from teleosce.web.plans import plans_of
from teleosce.web.setup import PersonsLink
from tests.begun import bank_of, begin


class Client:
    """A browser without a page: cookies, a role, and the headers that a page of ours sends."""

    def __init__(self, url: str) -> None:
        self.http = ClientSession(url, cookie_jar=CookieJar(unsafe=True))
        self.role = ""

    async def join(self, link: str) -> None:
        token = link.partition("#")[2]
        looked = await self.json("POST", "/api/link", {"token": token})
        version = looked["consent"]["version"] if looked["consent"] else None
        await self.json("POST", "/api/join", {"token": token, "consent_version": version})
        self.role = looked["seat"]["role"]

    async def ask(self, method: str, path: str, content: Any = None, **headers: str) -> ClientResponse:
        own = {"Teleosce-Role": self.role} if self.role else {}
        response = await self.http.request(method, path, json=content, headers=own | headers, allow_redirects=False)
        await response.read()
        return response

    async def json(self, method: str, path: str, content: Any = None) -> Any:
        response = await self.ask(method, path, content)
        assert response.status < 300, await response.text()
        return await response.json()

    async def refused(self, status: int, method: str, path: str, content: Any = None, **headers: str) -> str:
        """The message of a fault, which must be a sentence and no traceback."""
        response = await self.ask(method, path, content, **headers)
        text = await response.text()
        assert response.status == status, text
        assert "Traceback" not in text
        message = str((await response.json())["error"]["message"])
        assert message.endswith((".", "!"))
        return message


class House:
    """A server and its exam of two stations and two candidates."""

    def __init__(self, server: Server, exam: MadeExam) -> None:
        self.server, self.exam, self.rooms = server, exam, server.rooms
        self.clients: list[Client] = []

    def link(self, role: str, index: int = 0) -> str:
        return [one for one in self.exam.links if one.role == role][index].path

    def seat(self, role: str, index: int = 0) -> str:
        return [one for one in self.exam.links if one.role == role][index].seat

    async def client(self, role: str | None = None, index: int = 0) -> Client:
        made = Client(self.server.url)
        self.clients.append(made)
        if role is not None:
            await made.join(self.link(role, index))
        return made

    async def encounter_of(self, role: str, index: int = 0) -> str:
        found = await self.rooms.exams.where_now(self.seat(role, index))
        assert found is not None
        return found.id

    async def begin(self, encounter_id: str, phase: str = "encounter") -> None:
        """Moves an encounter on to a phase."""
        day = self.rooms.day
        await day.begin(encounter_id)
        for before in ("reading", "encounter", "note", "changeover"):
            now = (await self.rooms.exams.encounter(encounter_id)).phase
            if now == phase:
                break
            if now == before:
                await day.end_phase(encounter_id, now)
        await day.heard()


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(data=folder, port=0, worker=False, whisper_model="tiny.en", log_level="warning", **more)


@asynccontextmanager
async def house(folder: Path, **more: Any) -> AsyncIterator[House]:
    await begin(folder)
    async with running(settings(folder, **more)) as server:
        bank = await bank_of(server.rooms)
        plan = Plan(
            title="A small exam",
            zone="Europe/London",
            stations=[bank["feverish-child"], bank["inhaler-technique"]],
            candidates=["Ada One", "Ben Two"],
            sps=["Pat A", "Pat B"],
        )
        async with _open(House(server, await make_exam(server.rooms, plan))) as made:
            yield made


async def built(rooms: Rooms, plan: dict[str, Any]) -> str:
    """The id of the exam that a plan becomes."""
    kept = await plans_of(rooms).create(plan)
    await plans_of(rooms).build(kept.exam_id, kept.version)
    return kept.exam_id


@asynccontextmanager
async def planned_house(folder: Path, plan: dict[str, Any], **more: Any) -> AsyncIterator[House]:
    """A house whose exam is made of a plan."""
    await begin(folder)
    async with running(settings(folder, **more)) as server:
        people, now_ms = server.rooms.people, server.rooms.clock.now_ms()
        exam = await built(server.rooms, plan)
        links = [
            PersonsLink(one.role.value, one.name, f"/j#{token}", one.id)
            for one in await people.seats(exam)
            for token in [await people.issue_link(one.id, now_ms - 60_000, now_ms + 3_600_000)]
        ]
        async with _open(House(server, MadeExam(exam, "", links))) as made:
            yield made


@asynccontextmanager
async def _open(made: House) -> AsyncIterator[House]:
    try:
        yield made
    finally:
        for client in made.clients:
            await client.http.close()


def wrong_token() -> str:
    return secrets.token_urlsafe(32)
