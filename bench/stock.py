"""Stock aiortc, as its documentation shows it."""

import os
from pathlib import Path
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder, MediaRelay


class Stock:
    """A relay between the two, a recorder for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pid = os.getpid()
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
