"""One world for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.keeping.keeping_world import World
from tests.keeping.keeping_world import world as running_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(tmp_path / "data") as made:
        yield made
