"""Who is connected by WebSocket, and how a message reaches a person's pages. What they are told is in `news.py`."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import WSCloseCode, web

from teleosce.core.ids import new_id
from teleosce.people import Principal, Role
from teleosce.web.access import person_of
from teleosce.web.context import Rooms
from teleosce.web.day_feed import DayFeed
from teleosce.web.news import News

log = structlog.get_logger(__name__)

QUEUE = 256
"""Messages a slow page may be behind before its connection is ended, so that it holds no memory."""
GOODBYE_S = 0.1
"""For a page to answer our goodbye: to one whose line is cut before, it looks like a failure."""
SESSIONS_S = 5.0
"""Between two questions whose session is over: a command ends one in a process of its own, and time ends others."""
TICKET_MS = 60_000
"""How long a media ticket may be used."""

CLOSE_REPLACED, CLOSE_ENDED = 4001, 4003


@dataclass(eq=False)
class Connection:
    """One open page."""

    principal: Principal
    socket: web.WebSocketResponse
    outbox: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    watches: str | None = None
    """The exam whose day this page shows."""
    observes: str | None = None
    """The encounter that this page looks in on."""
    final: int | None = None

    @property
    def person(self) -> str:
        """Who is behind the page, as media rooms know them."""
        return person_of(self.principal)

    def post(self, message: dict[str, Any]) -> None:
        """Queues a message; a page that does not read is let go, and nothing follows a goodbye."""
        if self.final is not None:
            return
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.final = WSCloseCode.TRY_AGAIN_LATER

    def end(self, reason: str) -> None:
        """Says why the session is over, `replaced` or another reason, then closes."""
        self.post({"type": "replaced"} if reason == "replaced" else {"type": "ended", "reason": reason})
        self.final = CLOSE_REPLACED if reason == "replaced" else CLOSE_ENDED

    async def deliver(self) -> None:
        """Sends what is queued until the connection ends."""
        while not self.socket.closed:
            message = await self.outbox.get()
            await self.socket.send_str(json.dumps(message, ensure_ascii=False, separators=(",", ":")))
            if self.final is not None and self.outbox.empty():
                await self.socket.close(code=self.final)


class Hub:
    """Connections by person, and what the server noticed of each."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.boot = new_id()
        """Another for each start of the server: a page that comes back knows whether its connections are of use."""
        self.health: dict[str, dict[str, Any]] = {}
        self._connections: dict[str, set[Connection]] = defaultdict(set)
        self._called: dict[str, float] = {}
        self._asking: asyncio.Task[None] | None = None
        self.days = DayFeed(rooms, self)
        self.news = News(rooms, self)

    async def start(self) -> None:
        """Begins to keep pages up to date."""
        self.days.start()
        self.news.start()
        self._asking = asyncio.create_task(self._ask_for_sessions(), name="hub-sessions")

    async def close(self) -> None:
        """Says goodbye to every page: it will come back by itself."""
        self.days.close()
        self.news.close()
        if self._asking:
            self._asking.cancel()
        for connection in self.connections():
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    def connections(self) -> list[Connection]:
        """Every open page."""
        return [one for pages in self._connections.values() for one in pages]

    def pages(self, person: str) -> Iterable[Connection]:
        """The open pages of a seat or an account."""
        return tuple(self._connections.get(person, ()))

    def present(self, person: str) -> bool:
        """Whether a page of this seat or account is open."""
        return person in self._connections

    def send(self, person: str, message: dict[str, Any]) -> None:
        """To every page of a seat or an account."""
        for one in self.pages(person):
            one.post(message)

    @asynccontextmanager
    async def joined(self, connection: Connection) -> AsyncIterator[None]:
        """While the block runs, the page gets its news."""
        self._replace_older(connection)
        self._connections[connection.person].add(connection)
        delivering = asyncio.create_task(connection.deliver(), name="hub-deliver")
        try:
            await self.news.came(connection)
            self.days.changed()
            yield
        finally:
            pages = self._connections[connection.person]
            pages.discard(connection)
            if not pages:
                del self._connections[connection.person]
            self.news.went(connection)
            self.days.changed()
            delivering.cancel()
            if connection.final is not None:
                await asyncio.sleep(GOODBYE_S)

    def _replace_older(self, newest: Connection) -> None:
        """A person has one connection in a media room: two pages would go on taking it from each other."""
        takes_part = newest.principal.role in (Role.candidate, Role.standardized_patient)
        for one in self.pages(newest.person):
            if takes_part or (newest.observes is not None and one.observes == newest.observes):
                one.end("replaced")

    async def let_go(self, pages: Collection[Connection]) -> None:
        """Ends those of the pages whose session is over."""
        over = await self.rooms.people.over({one.principal.session_id for one in pages})
        for one in pages:
            if reason := over.get(one.principal.session_id):
                self.end(one, reason)

    def end(self, page: Connection, reason: str) -> None:
        """Lets a page go whose session is over; its person leaves every call, unless another device takes it over."""
        page.end(reason)
        if reason != "replaced":
            self.rooms.media.dismiss(page.person, self.rooms.clock.now_ms() + TICKET_MS)

    async def _ask_for_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSIONS_S)
            try:
                await self.let_go(self.connections())
            except Exception:
                log.exception("whose session is over is asked again")

    def may_call(self, caller: str, now: float, every_s: float) -> bool:
        """Whether `caller` has not called for help within the last `every_s` seconds; it has, then."""
        if now - self._called.get(caller, -every_s) < every_s:
            return False
        self._called[caller] = now
        return True

    def changed(self) -> None:
        """Something that a control room shows has changed."""
        self.days.changed()
