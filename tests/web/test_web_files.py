"""Parts of recordings."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from teleosce.web.files import ranged

CONTENT = bytes(range(200))


@pytest.fixture
async def player(tmp_path: Path):
    path = tmp_path / "take.webm"
    path.write_bytes(CONTENT)
    made = web.Application()

    async def take(request: web.Request) -> web.StreamResponse:
        return await ranged(request, path, {"Content-Type": "video/webm"})

    made.router.add_get("/take", take)
    async with TestClient(TestServer(made)) as client:
        yield client


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-99", CONTENT[:100]),
        ("bytes=150-", CONTENT[150:]),
        ("bytes=150-999", CONTENT[150:]),
        ("bytes=-50", CONTENT[-50:]),
        ("bytes=-999", CONTENT),
    ],
)
async def test_a_part_is_served(player: TestClient, asked: str, expected: bytes) -> None:
    response = await player.get("/take", headers={"Range": asked})
    assert (response.status, await response.read()) == (206, expected)


@pytest.mark.parametrize(
    "asked", ["bytes=200-", "bytes=500-600", "bytes=5-2", "bytes=a-b", "chunks=1-2", "bytes=" + "9" * 30 + "-"]
)
async def test_what_is_not_in_the_file_is_refused_in_words(player: TestClient, asked: str) -> None:
    response = await player.get("/take", headers={"Range": asked})
    assert (response.status, response.headers["Content-Range"]) == (416, "bytes */200")
    assert "200 bytes" in (await response.json())["error"]["message"]


async def test_without_a_range_all_of_it_comes(player: TestClient) -> None:
    response = await player.get("/take")
    assert (response.status, await response.read()) == (200, CONTENT)
