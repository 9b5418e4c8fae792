"""The rooms of a data folder with the stations that come with teleosce, and a plan of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from teleosce.app import at_rest
from teleosce.core.settings import Settings
from teleosce.web import Rooms
from tests.begun import begin


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    await begin(tmp_path / "data")
    settings = Settings(data=tmp_path / "data", log_level="warning")
    async with at_rest(settings) as made:
        yield made
        await asyncio.sleep(0)
