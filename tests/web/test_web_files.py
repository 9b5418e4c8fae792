"""Parts of recordings, and what ends before its end."""

import asyncio
import errno
import os
from pathlib import Path
from typing import IO

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from teleosce.recording.store import TakeStore
from teleosce.web.files import ranged
from teleosce.web.middleware import OVER_TLS, SAFE
from tests.web.house import Client, House
from tests.web.test_web_glance import recorded

CONTENT = bytes(range(200))
LONG = bytes(range(256)) * (5 << 12)


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


async def test_a_part_is_told_as_a_part_of_the_whole(player: TestClient, tmp_path: Path) -> None:
    whole, part = await player.get("/take"), await player.get("/take", headers={"Range": "bytes=20-29"})
    assert part.headers["Content-Length"] == "10"
    for name in ("ETag", "Last-Modified", "Content-Type", "Accept-Ranges"):
        assert part.headers[name] == whole.headers[name], name
    same = {"Range": "bytes=20-29", "If-Range": whole.headers["Last-Modified"]}
    assert (await player.get("/take", headers=same)).status == 206
    os.utime(tmp_path / "take.webm", (2e9, 2e9))
    response = await player.get("/take", headers=same)
    assert (response.status, await response.read()) == (200, CONTENT)


LONG_AGO, LATER = "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"If-None-Match": "its"}, 304),
        ({"If-None-Match": '"other"'}, 206),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": LONG_AGO}, 206),
        ({"If-Match": "its"}, 206),
        ({"If-Match": '"other"'}, 412),
        ({"If-Unmodified-Since": LATER}, 206),
        ({"If-Unmodified-Since": LONG_AGO}, 412),
        ({"If-Range": "its"}, 206),
        ({"If-Range": '"other"'}, 200),
        ({"If-Range": "nonsense"}, 200),
        ({"If-Range": LONG_AGO}, 200),
        ({"If-Range": '"other"', "If-None-Match": '"other"'}, 200),
        ({"If-Range": '"other"', "If-None-Match": "its"}, 304),
        ({"If-Range": '"other"', "Strange": "\udcff"}, 200),
    ],
)
async def test_a_part_comes_on_its_conditions(player: TestClient, condition: dict[str, str], expected: int) -> None:
    its = (await player.get("/take")).headers["ETag"]
    asked = {name: its if value == "its" else value for name, value in condition.items()}
    response = await player.get("/take", headers={"Range": "bytes=20-29"} | asked)
    content = {200: CONTENT, 206: CONTENT[20:30], 304: b"", 412: b""}[expected]
    assert (response.status, await response.read()) == (expected, content)


async def test_what_is_in_no_part_of_another_file_is_no_matter(player: TestClient) -> None:
    response = await player.get("/take", headers={"Range": "bytes=500-", "If-Range": '"other"'})
    assert (response.status, await response.read()) == (200, CONTENT)


async def test_a_player_that_lets_go_leaves_no_open_file(player: TestClient, tmp_path: Path) -> None:
    def open_takes() -> int:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(link.readlink().name == "take.webm" for link in links)

    (tmp_path / "take.webm").write_bytes(LONG)
    for _ in range(3):
        response = await player.get("/take", headers={"Range": "bytes=0-"})
        await response.content.readexactly(100)
        response.close()
    async with asyncio.timeout(10):
        while open_takes():  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0.05)


async def test_a_player_gets_the_beginning_of_a_part_at_once_and_the_rest_in_time(
    player: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "take.webm").write_bytes(LONG)
    monkeypatch.setattr("teleosce.web.files._PAUSE_S", 3600)
    response = await player.get("/take", headers={"Range": "bytes=77-"})
    assert response.headers["Content-Range"] == f"bytes 77-{len(LONG) - 1}/{len(LONG)}"
    assert await response.content.readexactly(1 << 20) == LONG[77 : 77 + (1 << 20)]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(response.content.readexactly(1 << 20), 0.5)
    response.close()
    monkeypatch.setattr("teleosce.web.files._PAUSE_S", 0)
    response = await player.get("/take", headers={"Range": "bytes=77-"})
    assert await response.read() == LONG[77:]


async def test_a_file_to_keep_comes_as_fast_as_it_can(
    player: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "take.webm").write_bytes(LONG)
    monkeypatch.setattr("teleosce.web.files._PAUSE_S", 3600)
    assert await (await player.get("/take")).read() == LONG


async def played(house: House) -> tuple[Client, str, Path]:
    """An examiner, the address of a take and its file, which is a long one."""
    encounter = await house.encounter_of("candidate")
    takes = await recorded(house, encounter, sound=True)
    for take in takes:
        await TakeStore(house.rooms.database).add(take)
    path = house.rooms.recordings.path(takes[0])
    path.write_bytes(LONG)
    return await house.client("examiner"), f"/media/takes/{takes[0].id}.webm", path


async def test_what_a_handler_sends_by_itself_has_the_headers_that_keep_pages_safe(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (examiner, take, _), organiser = await played(house), await house.client("organiser")
    # After all came in: a cookie for TLS alone would not come back in the clear.
    monkeypatch.setattr("teleosce.web.sessions.over_tls", lambda _: True)
    answers = [
        (206, await examiner.ask("GET", take, Range="bytes=0-9")),
        (200, await examiner.ask("GET", take)),
        (416, await examiner.ask("GET", take, Range=f"bytes={len(LONG)}-")),
        (200, await organiser.ask("GET", f"/api/exams/{house.exam.exam_id}/results/tables.zip")),
        (404, await organiser.ask("GET", "/nothing-here")),
        (200, await organiser.ask("GET", "/static/css/app.css")),
    ]
    for status, answer in answers:
        assert answer.status == status
        for name, value in (SAFE | OVER_TLS | {"Server": "teleosce"}).items():
            if name != "Cache-Control":
                assert answer.headers.getall(name) == [value], (answer.url, name)
    assert answers[0][1].headers["Cache-Control"] == "private, no-store"


class BadDisk:
    """An open file of which the second read fails."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.reads, self.seek, self.close = file, 0, file.seek, file.close

    def read(self, size: int) -> bytes:
        self.reads += 1
        if self.reads == 2:
            raise OSError(errno.EIO, "Input/output error")
        return self.file.read(size)


@pytest.mark.parametrize("how", ["bad disk", "cut short"])
async def test_what_cannot_be_read_on_is_cut_and_never_answered_twice(
    house: House, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    examiner, take, path = await played(house)
    monkeypatch.setattr("teleosce.web.files._PAUSE_S", 0.5)
    if how == "bad disk":
        opened = Path.open
        monkeypatch.setattr(
            Path, "open", lambda one, *mode: BadDisk(opened(one, *mode)) if one == path else opened(one, *mode)
        )
    with capture_logs() as said:
        async with examiner.http.get(take, headers=of(examiner)) as response:
            assert (response.status, await response.content.readexactly(100)) == (206, LONG[:100])
            if how == "cut short":
                os.truncate(path, 1_500_000)
            with pytest.raises(ClientError):
                await asyncio.wait_for(response.read(), 10)
    assert [(one["event"], one["cut"]) for one in said] == [("a handler failed", True)]
    monkeypatch.undo()
    assert (await examiner.ask("GET", take, Range="bytes=0-9")).status == 206


class Watched:
    """An open file that says when it is closed, and how often it was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.reads, self.seek = file, 0, file.seek
        self.closed, self._loop = asyncio.Event(), asyncio.get_running_loop()

    def read(self, size: int) -> bytes:
        self.reads += 1
        return self.file.read(size)

    def close(self) -> None:
        self.file.close()
        self._loop.call_soon_threadsafe(self.closed.set)


async def test_a_player_that_lets_go_is_no_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does so at each press on the lanes. What waits to be sent ends with an error that is not always a reset."""
    examiner, take, path = await played(house)
    path.write_bytes(LONG * 8)
    monkeypatch.setattr("teleosce.web.files._PAUSE_S", 0)
    file, opened = Watched(path.open("rb")), Path.open
    monkeypatch.setattr(Path, "open", lambda one, *mode: file if one == path else opened(one, *mode))
    with capture_logs() as said:
        response = await examiner.http.get(take, headers=of(examiner))
        before = -1
        while file.reads != before:  # until no more is taken, as nobody reads it
            before = file.reads
            await asyncio.sleep(0.1)
        response.close()
        await asyncio.wait_for(file.closed.wait(), 10)
    assert [one["event"] for one in said] == []


async def test_the_time_to_answer_ends_where_the_answer_begins(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered() -> float:
        return REGISTRY.get_sample_value("teleosce_http_seconds_count") or 0

    examiner, take, _ = await played(house)
    monkeypatch.setattr("teleosce.web.files._PAUSE_S", 3600)
    before = answered()
    with capture_logs() as said:
        async with examiner.http.get(take, headers=of(examiner)) as response:
            await response.content.readexactly(100)
            assert answered() == before + 1
            response.close()
        assert (await examiner.ask("GET", "/static/css/app.css")).status == 200
    assert answered() == before + 2
    assert said == []


def of(client: Client) -> dict[str, str]:
    return {"Teleosce-Role": client.role, "Range": "bytes=0-"}
