"""Debian's Janus: a VideoRoom that forwards and records, and its own converter afterwards.

Settings are as a careful operator has them: `event_loops = 1`, no plugin, transport or handler that is not needed.
"""

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import socket
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

_SETTINGS = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{plugins}/plugins"
    transports_folder = "{plugins}/transports"
    events_folder = "{folder}/none"
    loggers_folder = "{folder}/none"
    debug_level = 4
    log_to_stdout = true
    event_loops = 1
    session_timeout = 0
    no_webrtc_encryption = false
}}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "libjanus_http.so,libjanus_websockets.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so" }}
"""  # noqa: E501  one list
_SOCKET = """
general: {{
    enabled = true
    json = "compact"
    path = "{path}"
    type = "SOCK_SEQPACKET"
}}
"""
_LARGEST = 1 << 18


def where() -> Path | None:
    """Janus's folder of plugins, when it and its converter are installed."""
    if shutil.which("janus") is None or shutil.which("janus-pp-rec") is None:
        return None
    return next(Path("/usr/lib").glob("*/janus"), None)


def version() -> str:
    """What `janus --version` says of itself."""
    done = subprocess.run(["janus", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\((\d[\d.]*)\)", done.stdout + done.stderr)
    return found[1] if found else "?"


class Janus:
    """A room for each session; everybody publishes on one connection and subscribes to the other on a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._rooms: dict[str, int] = {}
        self._feeds: dict[tuple[str, str], int] = {}
        self._handles: dict[tuple[str, str, str], int] = {}
        self._up: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self.pid = 0

    async def start(self) -> None:
        plugins = where()
        if plugins is None:
            raise RuntimeError("janus and janus-pp-rec are not installed")
        names = [path.name for path in (plugins / "plugins").glob("*.so") if "videoroom" not in path.name]
        path = self._folder / "janus.sock"
        (self._folder / "janus.jcfg").write_text(
            _SETTINGS.format(folder=self._folder, plugins=plugins, others=",".join(names))
        )
        (self._folder / "janus.transport.pfunix.jcfg").write_text(_SOCKET.format(path=path))
        (self._folder / "janus.plugin.videoroom.jcfg").write_text("general: {}\n")
        with (self._folder / "janus.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "janus", "--configs-folder", str(self._folder), stdout=log, stderr=log,
                cwd=self._folder,  # where it leaves its core when it ends
            )  # fmt: skip
        self.pid = self._process.pid
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        for _ in range(200):
            with contextlib.suppress(OSError):
                self._socket.connect(str(path))
                break
            await asyncio.sleep(0.05)
        self._reading = asyncio.create_task(self._read())
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]

    async def answer(self, session: str, name: str, sdp: str) -> str:
        """Publishes and records."""
        handle = await self._attach(session, name, "publisher")
        if session not in self._rooms:
            room = self._rooms[session] = next(self._numbers)
            body = {"request": "create", "room": room, "publishers": 6, "bitrate": 3_000_000, "audiocodec": "opus"}
            await self._say(handle, body | {"videocodec": "vp8", "record": False})
        file = str(self._folder / f"{session}-{name}")
        body = {"request": "joinandconfigure", "room": self._rooms[session], "ptype": "publisher", "display": name}
        event = await self._say(handle, body | {"record": True, "filename": file}, {"type": "offer", "sdp": sdp})
        self._feeds[session, name] = event["plugindata"]["data"]["id"]
        return str(event["jsep"]["sdp"])

    async def listen(self, session: str, name: str) -> str:
        """The offer of a connection that brings `name` the other's media."""
        ((other, feed),) = [(who, feed) for (at, who), feed in self._feeds.items() if at == session and who != name]
        async with asyncio.timeout(30):  # there is no such feed before its publisher's media can flow
            await self._up[self._handles[session, other, "publisher"]].wait()
        handle = await self._attach(session, name, "subscriber")
        body = {"request": "join", "ptype": "subscriber", "room": self._rooms[session], "streams": [{"feed": feed}]}
        return str((await self._say(handle, body))["jsep"]["sdp"])

    async def begin(self, session: str, name: str, sdp: str) -> None:
        """The answer to that offer."""
        handle = self._handles[session, name, "subscriber"]
        await self._say(handle, {"request": "start"}, {"type": "answer", "sdp": sdp})

    async def finish(self) -> list[dict[str, Any]]:
        """Ends everything and lets the converter make files of the dumps that people can play."""
        for (_, _, role), handle in self._handles.items():
            if role == "publisher":
                await self._say(handle, {"request": "unpublish"})
        files = []
        for dump in sorted(self._folder.glob("*.mjr")):
            video = "-video-" in dump.name
            target = dump.with_suffix(".webm" if video else ".opus")
            done = await asyncio.create_subprocess_exec(
                "janus-pp-rec", str(dump), str(target),
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            status = await done.wait()
            if video or status:
                reason = f"status {status}" if status else None
                files.append({"path": str(target), "state": "converted", "reason": reason, "gaps": []})
        return files

    async def close(self) -> None:
        self._process.terminate()
        await self._process.wait()
        self._reading.cancel()

    async def _attach(self, session: str, name: str, role: str) -> int:
        made = await self._ask({"janus": "attach", "plugin": "janus.plugin.videoroom", "session_id": self._session})
        handle: int = made["data"]["id"]
        self._handles[session, name, role] = handle
        return handle

    async def _say(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        """Raises RuntimeError when the plugin refuses."""
        message = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        event = await self._ask(message | ({"jsep": jsep} if jsep else {}))
        error = event.get("plugindata", {}).get("data", {}).get("error")
        if error:
            raise RuntimeError(error)
        return event

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        transaction = f"t{next(self._numbers)}"
        future = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        self._socket.send(json.dumps(message | {"transaction": transaction}).encode())
        async with asyncio.timeout(30):
            return await future

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self._socket, _LARGEST):
            message = json.loads(data)
            if message["janus"] == "webrtcup":
                self._up[message["sender"]].set()
            if message["janus"] in {"success", "event", "error"} and "transaction" in message:
                future = self._waiting.pop(message["transaction"], None)
                if future is not None and not future.done():
                    future.set_result(message)
