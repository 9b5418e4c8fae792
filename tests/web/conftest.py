"""One house for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.house import House
from tests.web.house import house as running_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running_house(tmp_path / "data") as made:
        yield made
