"""One synthetic person: from a link to the call, by the protocol that pages use (web/PROTOCOL.md)."""

import asyncio
import contextlib
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, WSMsgType
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from teleosce.core.errors import Fault, Unavailable

log = structlog.get_logger(__name__)

LIVE = ("reading", "encounter")
AGAIN_S = 0.5


class Participant:
    """Joins by `link`, stays connected, and is in the call whenever the server has a call for them.

    tracks: what they send, made afresh for each connection by `make_tracks`.
    """

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self.base = f"{parts.scheme}://{parts.netloc}"
        self._token = parts.fragment
        self.role = ""
        self.place: dict[str, Any] = {}
        self.bells: list[str] = []
        self.tracks: list[MediaStreamTrack] = []
        self._http = ClientSession(self.base, cookie_jar=CookieJar(unsafe=True))
        self._socket: ClientWebSocketResponse | None = None
        self._connection: RTCPeerConnection | None = None
        self._room: str | None = None
        self._changed = asyncio.Condition()
        self._ticket: asyncio.Future[dict[str, Any]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self) -> None:
        """Reads the link, accepts the consent text if there is one, takes the seat and opens the socket."""
        looked = await self.post("/api/link", {"token": self._token})
        self.role = looked["seat"]["role"]
        version = looked["consent"]["version"] if looked["consent"] else None
        await self.post("/api/join", {"token": self._token, "consent_version": version})
        self._keep(self._listen())
        await self.until(lambda: bool(self.place) or self.role == "organiser")

    async def post(self, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """A call of the API. Raises Unavailable with the server's own sentence."""
        headers = {"Teleosce-Role": self.role} if self.role else {}
        async with self._http.post(path, json=content or {}, headers=headers) as response:
            said: dict[str, Any] = await response.json()
            if response.status >= 400:
                raise Unavailable(said["error"]["message"], code=said["error"]["code"])
            return said

    @property
    def phase(self) -> str:
        """The phase of the encounter they are in; empty when there is none."""
        encounter = self.place.get("encounter")
        return str(encounter["phase"]) if encounter else ""

    @property
    def connected(self) -> bool:
        """Whether their media flows."""
        return self._connection is not None and self._connection.connectionState == "connected"

    async def until(self, true: Any, timeout: float = 60) -> None:
        """Waits until `true()` holds after some news. Raises TimeoutError."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(true)

    async def leave(self) -> None:
        """Closes everything, as when the tab is closed."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()
        if self._socket is not None:
            await self._socket.close()
        await self._http.close()

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        """Comes back by itself while the server is away, as a page does."""
        while True:
            with contextlib.suppress(OSError, Fault):
                async with self._http.ws_connect(f"/ws?role={self.role}") as socket:
                    self._socket = socket
                    async for message in socket:
                        if message.type is WSMsgType.TEXT:
                            await self._heard(message.json())
            await asyncio.sleep(AGAIN_S)

    async def _heard(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "place":
                self.place = message
                self._follow()
            case "bell":
                self.bells.append(message["kind"])
            case "ticket" if self._ticket is not None and not self._ticket.done():
                self._ticket.set_result(message)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _follow(self) -> None:
        encounter = self.place.get("encounter")
        room = encounter["id"] if encounter and encounter["phase"] in LIVE and not encounter["rest"] else None
        if room != self._room:
            self._room = room
            self._keep(self._call() if room else self._hang_up())

    async def _call(self) -> None:
        """A fresh connection, as often as it takes."""
        wanted = self._room
        while self._room == wanted:
            try:
                await self._connect()
                return
            except (Fault, OSError, TimeoutError) as error:
                log.debug("a synthetic person tries again", why=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    async def _connect(self) -> None:
        await self._hang_up()
        assert self._socket is not None
        self._ticket = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"type": "ticket"})
        ticket = await asyncio.wait_for(self._ticket, 10)
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection = connection
        for track in self.tracks:
            connection.addTransceiver(track, direction="sendonly")

        @connection.on("connectionstatechange")
        async def changed() -> None:
            await self._tell()
            if connection is self._connection and connection.connectionState in ("failed", "closed") and self._room:
                self._keep(self._call())

        await connection.setLocalDescription(await connection.createOffer())
        answer = await self.post(ticket["url"], {"ticket": ticket["ticket"], "sdp": connection.localDescription.sdp})
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
