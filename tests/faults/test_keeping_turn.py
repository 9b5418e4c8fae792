"""The doctor really asks a TURN server for an address: coturn, which the test starts."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from teleosce.doctor import network
from tests.web.house import settings

pytestmark = pytest.mark.faults
SECRET = "the secret that both know"


@asynccontextmanager
async def coturn(folder: Path) -> AsyncIterator[int]:
    program = shutil.which("turnserver")
    assert program, "this test needs coturn: apt-get install coturn"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program, "-n", "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(port),
        "--use-auth-secret", "--static-auth-secret", SECRET, "--realm", "example.org", "--no-cli", "--no-tls",
        "--no-dtls", "--pidfile", str(folder / "turn.pid"), "--log-file", "stdout", "--userdb", str(folder / "turn.db"),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):  # noqa: ASYNC110 it tells nobody
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_an_address_is_given_for_our_credentials(tmp_path: Path) -> None:
    async with coturn(tmp_path) as port:
        urls = [f"turn:127.0.0.1:{port}", f"turn:127.0.0.1:{port}?transport=tcp"]
        found = await network.turn(settings(tmp_path, turn_urls=urls, turn_secret=SECRET))
        assert [one.verdict for one in found] == ["ok", "ok"], found
        assert all("gave the address 127.0.0.1:" in one.said for one in found)
        found = await network.turn(settings(tmp_path, turn_urls=urls[:1], turn_secret="another"))
        assert [one.verdict for one in found] == ["wrong"]
        assert "refuses" in found[0].said
        assert "another" not in str(found)
