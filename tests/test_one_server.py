"""What keeps a server from starting is said, and spoils nothing of one that runs."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from teleosce.app import _keep_worker, running
from teleosce.cli import _serve
from teleosce.core import alone
from teleosce.core.db import Database
from teleosce.core.errors import Unavailable
from teleosce.core.port import take
from teleosce.core.settings import Settings


def _settings(folder: Path, **more: Any) -> Settings:
    return Settings(**{"data": folder, "port": 0, "worker": False, "log_level": "warning"} | more)


async def test_a_data_folder_has_one_server_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "PATIENCE_S", 0.2)
    async with running(_settings(tmp_path)):
        with pytest.raises(Unavailable, match="Another teleosce server"):
            async with running(_settings(tmp_path)):
                pytest.fail("two servers for one folder")
    async with running(_settings(tmp_path)) as server:
        assert server.url


async def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    nobody = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    with pytest.raises(Unavailable, match="database cannot be used"):
        async with running(_settings(tmp_path / "a", database_url=nobody)):
            pytest.fail("a server without a database")
    with pytest.raises(Unavailable, match="needs the package aiomysql"):
        Database("mysql+aiomysql://nobody@127.0.0.1:1/none")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "teleosce.db").write_bytes(b"no database" * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        async with running(_settings(tmp_path / "b")):
            pytest.fail("a server with a damaged database")


async def test_who_knocks_while_the_server_starts_is_let_in_when_it_has(tmp_path: Path) -> None:
    taken = take("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*taken[0].getsockname())
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    await writer.drain()
    async with running(_settings(tmp_path), taken):
        assert (await reader.readline()).split()[1] == b"200"
    writer.close()


async def test_a_port_that_is_taken_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "PATIENCE_S", 0.2)
    [one] = take("127.0.0.1", 0)
    with one, pytest.raises(Unavailable, match="Perhaps another teleosce runs"):
        await _serve(_settings(tmp_path, port=one.getsockname()[1]))


@pytest.fixture
def collecting() -> Iterator[None]:
    """The garbage collector as it was: `serve` is alone in its process."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collecting")
async def test_a_server_waits_for_the_port_of_one_that_is_just_ending(tmp_path: Path) -> None:
    [ending] = take("127.0.0.1", 0)
    address = ending.getsockname()
    with ending:
        serving = asyncio.create_task(_serve(_settings(tmp_path, port=address[1])))
        await asyncio.wait([serving], timeout=0.2)
        assert not serving.done()
    async with asyncio.timeout(60):
        while True:
            try:
                reader, writer = await asyncio.open_connection(*address)
                break
            except ConnectionRefusedError:
                assert not serving.done()
                await asyncio.sleep(0.05)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"200"
    writer.close()
    signal.raise_signal(signal.SIGTERM)
    await serving


HERE, ELSEWHERE = (socket.AF_INET, "127.0.0.1"), (100, "::1")
"""An address of this machine, and one of a family that no machine has, as IPv6 may be."""


def _resolve(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[int, str]) -> None:
    """As names are looked up on such a machine."""
    found = [(family, socket.SOCK_STREAM, 6, "", (one, 0)) for family, one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize("addresses", [(HERE, ELSEWHERE), (ELSEWHERE, HERE)])
def test_an_address_that_the_machine_does_not_have_keeps_no_other_from_being_used(
    addresses: tuple[tuple[int, str], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`localhost` is two addresses, also where there is no IPv6."""
    _resolve(monkeypatch, *addresses)
    [one] = take("localhost", 0)
    with one:
        assert one.getsockname()[0] == "127.0.0.1"
    _resolve(monkeypatch, ELSEWHERE)
    with pytest.raises(Unavailable, match="does not have that address"):
        take("localhost", 0)


def test_all_addresses_of_a_host_get_the_same_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve(monkeypatch, *((socket.AF_INET, f"127.0.0.{one}") for one in (1, 2, 3)))
    taken = take("localhost", 0)
    assert len(taken) == 3
    assert len({one.getsockname()[1] for one in taken}) == 1
    for one in taken:
        one.close()


async def test_a_worker_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teleosce.app.WORKER_RESTART_S", 0.01)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with capture_logs() as said:
        keeping = asyncio.create_task(_keep_worker(_settings(tmp_path)))
        async with asyncio.timeout(30):
            while len(said) < 2 and not keeping.done():  # noqa: ASYNC110 it tries by itself
                await asyncio.sleep(0.01)
    assert len(said) >= 2
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
