from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from form_world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path) as made:
        yield made
