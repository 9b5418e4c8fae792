"""A server whose output nobody can take, as when it goes to a file on a full disk."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="Linux has /dev/full")
async def test_a_server_serves_though_it_cannot_say_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    full = os.open(FULL, os.O_WRONLY)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "teleosce", "serve", "--port", str(port), "--data", str(tmp_path), "--no-worker",
            stdout=full, stderr=full, env={name: value for name, value in os.environ.items() if "TELEOSCE" not in name},
        )  # fmt: skip
    finally:
        os.close(full)
    try:
        async with asyncio.timeout(60), ClientSession(f"http://127.0.0.1:{port}") as http:
            for path in ("/healthz", "/healthz", "/sign-in"):
                while True:
                    try:
                        assert (await http.get(path)).status == 200
                        break
                    except ClientError:
                        assert process.returncode is None
                        await asyncio.sleep(0.05)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(process.wait(), 3)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
