"""One synthetic person: from a link to the call, by the protocol that pages use (web/PROTOCOL.md)."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType

from teleosce.core.errors import Fault
from teleosce.rehearsal.call import Call, Counts
from teleosce.rehearsal.footage import Performance
from teleosce.rehearsal.line import Line
from teleosce.rehearsal.visitor import Visitor

log = structlog.get_logger(__name__)

LIVE = ("reading", "encounter")
FINAL = (4001, 4003)
"""Close codes after which a page does not come back: replaced, ended."""
FIRST_WAIT_S, LONGEST_WAIT_S, OPEN_S, SILENCE_S, TICKET_S, VERIFY_S = 0.5, 1.5, 5.0, 12.0, 10.0, 1.5
PULSE_S = 2.0
RETRY_S = (0.3, 0.6, 1.2, 2.4, 3.0)
"""As in web/static/js/socket.js and peer.js."""


@dataclass
class Spell:
    """One connection of a person, on `time.monotonic()`: wanted, connected, over. `why` says what ended it."""

    wanted: float
    room: str = ""
    connected: float | None = None
    over: float | None = None
    why: str = ""


class Participant:
    """Joins by `link`, stays connected, and is in the call whenever the server has a call for them.

    performance: what they send; without it they watch and wait, as an organiser does. line: how good theirs is.
    """

    def __init__(self, link: str, performance: Performance | None = None, line: Line | None = None) -> None:
        self._visitor = Visitor(link)
        self._token = urlsplit(link).fragment
        self.line = line or Line()
        self.performance = performance
        self.place: dict[str, Any] = {}
        self.bells: list[str] = []
        self.bell_at: dict[str, float] = {}
        """When the news of each phase came, on `time.monotonic()`."""
        self.spells: list[Spell] = []
        self.name = ""
        self.told: Callable[[dict[str, Any], bool], None] | None = None
        """Hears each `place` message, and whether it is the first of a new socket."""
        self.tag: bytes | None = None
        """The mark in their sound."""
        self.voices: dict[str, set[bytes]] = {}
        """The marks that they heard in each room."""
        self.bound: dict[str, set[str]] = {}
        """Who the server said is seen and heard, by room."""
        self.opened_at = self.heard_at = 0.0
        """When the present socket was opened and when it last said something, on `time.monotonic()`."""
        self._first = True
        self._boot: str | None = None
        self._socket: ClientWebSocketResponse | None = None
        self._call: Call | None = None
        self._counts = Counts()
        self._room: str | None = None
        self._media: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._ticket: asyncio.Future[dict[str, Any]] | None = None
        self._side: set[asyncio.Task[None]] = set()

    @property
    def role(self) -> str:
        """Theirs; empty before they have joined."""
        return self._visitor.role

    async def join(self) -> None:
        """Reads the link, accepts the consent text if there is one, takes the seat and opens the socket."""
        looked = await self.post("/api/link", {"token": self._token})
        version = looked["consent"]["version"] if looked["consent"] else None
        await self.post("/api/join", {"token": self._token, "consent_version": version})
        self._visitor.role, self.name = looked["seat"]["role"], looked["seat"]["name"]
        self._open_page()
        await self.until(lambda: bool(self.place) or self.role == "organiser")

    async def post(self, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """A call of the API. Raises Unavailable with the server's own sentence."""
        return await self._visitor.post(path, content)

    async def get(self, path: str) -> dict[str, Any]:
        """The same for reading."""
        return await self._visitor.get(path)

    @property
    def phase(self) -> str:
        """The phase of the encounter they are in; empty when there is none."""
        encounter = self.place.get("encounter")
        return str(encounter["phase"]) if encounter else ""

    @property
    def room(self) -> str | None:
        """The encounter in whose call they should be; None when there is no call for them."""
        return self._room

    @property
    def connected(self) -> bool:
        """Whether their media flows."""
        return self._call is not None and self._call.connected

    @property
    def connected_s(self) -> float:
        """For how many seconds it has flowed without a break."""
        return time.monotonic() - (self.spells[-1].connected or 0.0) if self.connected else 0.0

    @property
    def call(self) -> Call | None:
        """The present connection."""
        return self._call

    def counts(self) -> Counts:
        """Packets of all their connections."""
        return self._counts + self._call.counts() if self._call else self._counts

    async def until(self, true: Callable[[], Any], timeout: float = 60) -> None:
        """Waits until `true()` holds after some news. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not true():
                await self._news.wait()

    async def leave(self) -> None:
        """Closes everything, as when the tab is closed."""
        await self._close_page(goodbye=True)
        await self._visitor.close()

    async def vanish(self) -> None:
        """Is gone without a goodbye, as when a machine loses power."""
        await self._close_page(goodbye=False)
        await self._visitor.close()

    async def reload(self) -> None:
        """Loads the page again: everything is closed, and opened anew in the same session."""
        await self._close_page(goodbye=True)
        self._open_page()

    async def cut(self, seconds: float) -> None:
        """Nothing comes through for so long, neither media nor the socket's messages."""
        self.line.up = False
        try:
            await asyncio.sleep(seconds)
        finally:
            self.line.up = True
            self._tell()

    async def move(self) -> None:
        """Changes the port that the media comes from."""
        if self._call is not None:
            await self._call.move()

    # The page

    def _open_page(self) -> None:
        self._listening = asyncio.create_task(self._listen())

    async def _close_page(self, *, goodbye: bool) -> None:
        if self._socket is not None and goodbye:
            with contextlib.suppress(OSError, ClientError, TimeoutError):
                await asyncio.wait_for(self._socket.close(), 2)
        for task in (self._listening, *self._side):
            if task is not None:
                task.cancel()
        await asyncio.gather(*filter(None, (self._listening, *self._side)), return_exceptions=True)
        self._room = None
        await self._stop_media(goodbye=goodbye)
        self._socket = None

    async def _listen(self) -> None:
        """Comes back by itself while the server is away, as a page does."""
        attempt = 0
        while True:
            with contextlib.suppress(OSError, ClientError, TimeoutError, Fault):
                await self._until_up()
                async with asyncio.timeout(OPEN_S):
                    socket = await self._visitor.http.ws_connect(f"/ws?role={self.role}")
                try:
                    self._socket, attempt = socket, 0
                    if await self._converse(socket) in FINAL:
                        self._room = None
                        self._aside(self._stop_media(goodbye=True))
                        return
                finally:
                    self._abort(socket)
            self._socket = None
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
            attempt += 1
            await asyncio.sleep(wait * (0.75 + random.random() / 2))

    async def _converse(self, socket: ClientWebSocketResponse) -> int | None:
        """Hears the server until the socket ends, or is silent for too long. Returns the close code."""
        self._first, self.opened_at = True, time.monotonic()
        self._tell()
        pulse = asyncio.create_task(self._pulse(socket))
        try:
            while True:
                message = await socket.receive(timeout=SILENCE_S)
                await self._until_up()
                if message.type is not WSMsgType.TEXT:
                    return socket.close_code
                self._heard(message.json())
        finally:
            pulse.cancel()

    async def _pulse(self, socket: ClientWebSocketResponse) -> None:
        """What a page says without being asked: how it does, and whether anybody is there."""
        with contextlib.suppress(OSError, ClientError):
            while True:
                await self._until_up()
                await socket.send_json({"type": "ping", "at": round(time.monotonic() * 1000)})
                if self._call is not None:
                    await socket.send_json(
                        {"type": "health", "microphone": "on", "camera": "on", **self._call.health()}
                    )
                await asyncio.sleep(PULSE_S)

    def _abort(self, socket: ClientWebSocketResponse) -> None:
        """Ends it without a word; harmless when it is closed already."""
        connection = socket._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    async def _until_up(self) -> None:
        """In a cut nothing comes and nothing goes; TCP brings afterwards what it kept."""
        while not self.line.up:
            await self._news.wait()

    def _heard(self, message: dict[str, Any]) -> None:
        self.heard_at = time.monotonic()
        match message["type"]:
            case "welcome":
                before, self._boot = self._boot, message["boot"]
                if before is not None:
                    self._aside(self._verify(anew=before != self._boot))
            case "place":
                before = self.phase
                self.place = message
                if self.told is not None:
                    self.told(message, self._first)
                self._first = False
                if self.phase != before:
                    self.bell_at[self.phase] = time.monotonic()
                self._follow()
            case "bell":
                self.bells.append(message["kind"])
            case "bound" if self._room is not None:
                self.bound.setdefault(self._room, set()).update(one["participant"] for one in message["slots"])
            case "ticket" if self._ticket is not None and not self._ticket.done():
                self._ticket.set_result(message)
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    # The call

    def _follow(self) -> None:
        encounter = self.place.get("encounter")
        room = encounter["id"] if encounter and encounter["phase"] in LIVE and not encounter["rest"] else None
        if room != self._room and self.performance is not None:
            self._room = room
            self._aside(self._change_room())

    async def _change_room(self) -> None:
        await self._stop_media(goodbye=True)
        if self._room is not None:
            self._media = asyncio.create_task(self._live())

    async def _stop_media(self, *, goodbye: bool) -> None:
        task, self._media = self._media, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._hang_up("left", goodbye=goodbye)

    async def _live(self) -> None:
        """One connection after another, until the room is left."""
        attempts = 0
        while True:
            self.spells.append(Spell(time.monotonic(), self._room or ""))
            try:
                await self._connect()
                assert self._call is not None
                attempts = 0
                await self._call.ended.wait()
            except (Fault, OSError, ClientError, TimeoutError) as error:
                log.debug("a synthetic person tries again", why=type(error).__name__)
            await self._hang_up("")
            await asyncio.sleep(RETRY_S[min(attempts, len(RETRY_S) - 1)])
            attempts += 1

    async def _connect(self) -> None:
        assert self.performance is not None
        ticket = await self._ask_ticket()
        self._call = call = Call(self.performance, line=self.line, slots=ticket["receive_slots"], tag=self.tag)

        async def answer(sdp: str) -> str:
            said = await self.post(ticket["url"], {"ticket": ticket["ticket"], "sdp": sdp})
            return str(said["sdp"])

        await self._until_up()
        await call.connect(answer)
        self.spells[-1].connected = time.monotonic()
        self._tell()

    async def _ask_ticket(self) -> dict[str, Any]:
        await self.until(lambda: self._socket is not None and self.line.up)
        assert self._socket is not None
        self._ticket = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"type": "ticket"})
        async with asyncio.timeout(TICKET_S):
            return await self._ticket

    async def _verify(self, *, anew: bool) -> None:
        """The socket is back: a server that was started anew knows nothing of the old connection."""
        call = self._call
        if call is None or not call.connected:
            return
        before = call.last_packet
        if not anew:
            await asyncio.sleep(VERIFY_S)
        if call is self._call and self.line.up and (anew or call.last_packet == before):
            await call.close(goodbye=False)

    async def _hang_up(self, why: str, *, goodbye: bool = True) -> None:
        call, self._call = self._call, None
        spell = self.spells[-1] if self.spells else None
        if call is not None:
            why = call.why or why
            self._counts += call.counts()
            if spell is not None and call.voices:
                self.voices.setdefault(spell.room, set()).update(call.voices)
            await call.close(goodbye=goodbye)
        if spell is not None and spell.over is None:
            spell.over, spell.why = time.monotonic(), why
        self._tell()
