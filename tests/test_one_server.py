"""What keeps a server from starting is said, and spoils nothing of one that runs."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from teleosce.app import _keep_worker, running
from teleosce.core import alone
from teleosce.core.db import Database
from teleosce.core.errors import Unavailable
from teleosce.core.port import take
from teleosce.core.settings import Settings


def _settings(folder: Path, **more: str) -> Settings:
    return Settings(data=folder, port=0, worker=False, log_level="warning", **more)  # type: ignore[arg-type]


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


def test_a_port_that_is_taken_is_said() -> None:
    [one] = take("127.0.0.1", 0)
    with one, pytest.raises(Unavailable, match="Perhaps another teleosce runs"):
        take("127.0.0.1", one.getsockname()[1])


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
