"""A participant whose network lets nothing but a relay through: media by way of a coturn, with our credentials only."""

import asyncio
import hashlib
import hmac
import json
import shutil
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aioice.ice import get_host_addresses

from tests.e2e.browsers import chromium, new_page, write_voice
from tests.e2e.server import ServerProcess, free_port
from tests.e2e.stage import Stage

pytestmark = pytest.mark.faults

SECRET = "known to the relay and to the server"
# As in a network that is closed but for the relay. The connections are kept, to be looked at.
RELAY_ONLY = """(() => {
  window.connections = [];
  const Real = RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(wish, ...more) {
      super({ ...wish, iceTransportPolicy: "relay" }, ...more);
      window.connections.push(this);
    }
  };
})()"""
WAY = """async () => {
  const stats = await window.connections.at(-1).getStats();
  const pair = [...stats.values()].find((one) => one.type === "candidate-pair" && one.nominated);
  return [stats.get(pair.localCandidateId).candidateType, pair.bytesSent > 20_000, pair.bytesReceived > 20_000];
}"""
ASK = """async (server) => {
  const connection = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  const found = { candidates: 0, errors: [] };
  connection.onicecandidate = ({ candidate }) => candidate?.candidate && (found.candidates += 1);
  connection.onicecandidateerror = ({ errorCode }) => found.errors.push(errorCode);
  connection.addTransceiver("audio");
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete") await new Promise((resolve) => setTimeout(resolve, 50));
  connection.close();
  return found;
}"""


@asynccontextmanager
async def coturn(folder: Path, address: str) -> AsyncIterator[str]:
    """A relay at this address of the machine; yields its URL. Skips the test where there is no coturn."""
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("This test needs a TURN server: apt-get install coturn")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        program, "-n", "--listening-ip", address, "--relay-ip", address, "--listening-port", str(port),
        "--use-auth-secret", "--static-auth-secret", SECRET, "--realm", "teleosce.example", "--no-cli", "--no-tls",
        "--no-dtls", "--pidfile", str(folder / "turn.pid"), "--userdb", str(folder / "turn.db"), "--log-file", "stdout",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection(address, port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"turn:{address}:{port}?transport=udp"
    finally:
        process.terminate()
        await process.wait()


def credentials(user: str, secret: str = SECRET) -> dict[str, str]:
    password = b64encode(hmac.digest(secret.encode(), user.encode(), hashlib.sha1)).decode()
    return {"username": user, "credential": password}


async def test_media_flows_through_a_relay(tmp_path: Path) -> None:
    voices = {speaker: tmp_path / f"{speaker}.wav" for speaker in ("candidate", "sp")}
    for speaker, path in voices.items():
        write_voice(speaker, path)
    address = get_host_addresses(use_ipv4=True, use_ipv6=False)[0]
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(coturn(tmp_path, address))
        server = ServerProcess(tmp_path / "data", worker=False, turn_urls=json.dumps([url]), turn_secret=SECRET)
        await server.start("--no-consultation")
        stack.push_async_callback(server.stop)
        stage = await Stage.build(stack, server, voices, scripts={"candidate": RELAY_ONLY})
        await stage.begin()
        await stage.see_and_hear_each_other()
        await stage.record(4)
        assert await stage.candidate.evaluate(WAY) == ["relay", True, True]
        await stage.press("End encounter")
        manifest = await stage.sealed()
        assert {take["name"] for take in manifest["takes"]} == {"Amira Hassan", "Mr Doyle"}
        assert not stage.problems


async def test_the_relay_refuses_what_is_not_of_ours(tmp_path: Path) -> None:
    problems: list[str] = []
    address = get_host_addresses(use_ipv4=True, use_ipv6=False)[0]
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(coturn(tmp_path, address))
        page = await new_page(await stack.enter_async_context(chromium()), problems)
        now = int(time.time())
        for given, accepted in (
            (credentials(f"{now + 600}:somebody"), True),
            (credentials(f"{now + 600}:somebody", "another secret"), False),
            (credentials(f"{now - 600}:somebody"), False),
        ):
            found = await page.evaluate(ASK, {"urls": url, **given})
            assert bool(found["candidates"]) is accepted, (given, found)
            assert (401 in found["errors"]) is not accepted, (given, found)
