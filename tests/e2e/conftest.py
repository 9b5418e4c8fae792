"""A server, voices, and browsers for each test."""

from pathlib import Path

import pytest

from tests.e2e.browsers import CHROMIUM, write_voice
from tests.e2e.server import server as server  # noqa: PLC0414 a fixture


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session", autouse=True)
def _browser_is_there() -> None:
    assert Path(CHROMIUM).exists(), "The browser tests need Debian's Chromium: apt-get install chromium"


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("voices")
    found = {speaker: folder / f"{speaker}.wav" for speaker in ("candidate", "sp")}
    for speaker, path in found.items():
        write_voice(speaker, path)
    return found
