"""The two servers under measurement, each in a process of its own: orders come as JSON lines, answers go back so.

`python -m bench.servers ours|stock FOLDER`. Orders: answer (session, name, sdp) and finish. Its last word is the peak
memory of the largest process that it started, in KiB.
"""

import asyncio
import json
import logging
import resource
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog
import uvloop
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder, MediaRelay

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.events import Events
from teleosce.core.ids import new_id
from teleosce.recording import Recordings
from teleosce.rtc import MediaServer, Ticket

SECRET = "only for a server that lives for a minute"


class Server(Protocol):
    async def answer(self, session: str, name: str, sdp: str) -> str:
        """Takes a participant in; forwarding and recording begin by themselves."""

    async def finish(self) -> list[dict[str, Any]]:
        """Ends all sessions and recordings; the files, when they are ready to be played."""


class Ours:
    """A room for each session, as the application runs an encounter: open, attended, then held, closed and sealed."""

    def __init__(self, folder: Path) -> None:
        self._clock, events = Clock(), Events()
        self._database = Database(sqlite_url(folder))
        self._media = MediaServer(SECRET, self._clock, events)
        self._recordings = Recordings(folder, self._database, self._clock, events)
        self._ids: dict[str, str] = {}
        self._ready: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._database.create_all()
        await self._media.start()

    async def answer(self, session: str, name: str, sdp: str) -> str:
        if session not in self._ids:
            encounter = self._ids[session] = new_id()
            room = self._media.room(encounter)
            self._recordings.attend(room, encounter)
            room.open()
        ticket = Ticket(self._ids[session], new_id(), name, True, True, self._clock.now_ms() + 60_000)
        return await self._media.answer(ticket.sign(SECRET), sdp)

    async def finish(self) -> list[dict[str, Any]]:
        for encounter in self._ids.values():
            self._media.room(encounter).hold()
            await self._recordings.leave(encounter)
            await self._media.close_room(encounter, "measured")
        files = []
        for encounter in self._ids.values():
            for take in (await self._recordings.seal(encounter)).takes:
                gaps = [gap.model_dump() for gap in take.gaps]
                path = str(self._recordings.path(take)) if take.file else None
                files.append({"path": path, "state": take.state.value, "reason": take.reason, "gaps": gaps})
        alarms = [alarm.kind for alarm in self._recordings.alarms()]
        await self._recordings.close()
        await self._media.close()
        await self._database.close()
        return [*files, *({"path": None, "state": "alarm", "reason": kind, "gaps": []} for kind in alarms)]


class Stock:
    """aiortc as its documentation shows it: a relay between the two, a recorder for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._relay = MediaRelay()
        self._rooms: dict[str, list[tuple[RTCPeerConnection, dict[str, Any]]]] = {}
        self._recorders: list[tuple[str, MediaRecorder]] = []

    async def start(self) -> None:
        """Nothing to prepare."""

    async def answer(self, session: str, name: str, sdp: str) -> str:
        connection, tracks = RTCPeerConnection(RTCConfiguration(iceServers=[])), {}
        room = self._rooms.setdefault(session, [])
        room.append((connection, tracks))
        path = str(self._folder / f"{session}-{name}.mp4")
        recorder = MediaRecorder(path)
        self._recorders.append((path, recorder))

        @connection.on("track")
        def arrived(track: Any) -> None:
            tracks[track.kind] = track
            recorder.addTrack(self._relay.subscribe(track))

        @connection.on("connectionstatechange")
        async def changed() -> None:
            if connection.connectionState == "connected":
                await recorder.start()
                if len(room) == 2 and all(one.connectionState == "connected" for one, _ in room):
                    self._join(*room)

        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in connection.getTransceivers():
            transceiver.direction = "sendrecv"
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)

    def _join(self, one: tuple[RTCPeerConnection, Any], other: tuple[RTCPeerConnection, Any]) -> None:
        for (connection, _), (_, tracks) in ((one, other), (other, one)):
            for transceiver in connection.getTransceivers():
                transceiver.sender.replaceTrack(self._relay.subscribe(tracks[transceiver.kind]))

    async def finish(self) -> list[dict[str, Any]]:
        files = []
        for path, recorder in self._recorders:
            state, reason = "closed", None
            try:
                await recorder.stop()
            except Exception as error:  # noqa: BLE001  it is a finding, not an end
                state, reason = "failed", repr(error)
            files.append({"path": path, "state": state, "reason": reason, "gaps": []})
        for room in self._rooms.values():
            for connection, _ in room:
                await connection.close()
        return files


SERVERS: dict[str, Callable[[Path], Ours | Stock]] = {"ours": Ours, "stock": Stock}


async def serve(kind: str, folder: Path) -> None:
    server = SERVERS[kind](folder)
    await server.start()
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    orders: dict[str, Callable[..., Awaitable[Any]]] = {"answer": server.answer, "finish": server.finish}
    print(json.dumps("ready"), flush=True)
    while line := await reader.readline():
        order = json.loads(line)
        result = await orders[order.pop("do")](**order)
        print(json.dumps(result), flush=True)
    print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss), flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2])))
