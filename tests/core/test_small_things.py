import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
import time_machine

from teleosce.core.blobs import sha256, write_durably
from teleosce.core.clock import Clock
from teleosce.core.events import Events
from teleosce.core.ids import is_id, new_id, new_token, token_hash
from teleosce.core.logs import configure, mask


def test_the_clock_does_not_follow_a_wall_clock_that_jumps() -> None:
    with time_machine.travel("2026-03-29 00:59:59 +00:00", tick=True) as traveller:
        clock = Clock()
        before = clock.now_ms()
        traveller.shift(-3600)
        assert 0 <= clock.now_ms() - before < 1000
        traveller.shift(7200)
        assert 0 <= clock.now_ms() - before < 2000


def test_a_log_that_nobody_reads_any_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("info")
    try:
        with io.StringIO() as gone:
            monkeypatch.setattr("sys.stderr", gone)
        structlog.get_logger().info("a line for nobody")
    finally:
        structlog.reset_defaults()


def test_ids_can_be_told_from_paths() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_id(one) for one in made)
    assert not any(is_id(one) for one in ("", "..", "../" + new_id(), new_id() + "\n", new_id().upper(), "a/b"))


def test_a_token_is_kept_as_its_hash() -> None:
    token = new_token()
    assert len(token) == 43
    assert token not in token_hash(token)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file"
    write_durably(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in path.parent.iterdir()] == ["file"]
    assert sha256(path) == hashlib.sha256(b"old").hexdigest()


@dataclass(frozen=True)
class Happened:
    number: int


async def test_a_subscriber_that_fails_does_not_keep_others_from_hearing() -> None:
    events, heard = Events(), []

    async def fails(_event: Happened) -> None:
        raise RuntimeError

    async def hears(event: Happened) -> None:
        heard.append(event.number)

    events.subscribe(Happened, fails)
    events.subscribe(Happened, hears)
    await events.publish(Happened(1))
    await events.publish(Happened(2))
    assert heard == [1, 2]


def test_secrets_stay_out_of_logs() -> None:
    assert mask(None, "info", {"event": "x", "token": "abc", "sdp": "v=0", "room": "r"}) == {
        "event": "x",
        "token": "…",
        "sdp": "…",
        "room": "r",
    }
