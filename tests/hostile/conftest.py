"""One house for each file of tests, as making one takes longer than attacking it; and media made once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile.journal import Journal, journal
from tests.rtc.conftest import clip
from tests.web.house import House
from tests.web.house import house as running_house

__all__ = ["Journal", "clip", "house", "journal", "own_house"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running_house(tmp_path_factory.mktemp("house") / "data") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def own_house(tmp_path: Path) -> AsyncIterator[House]:
    """For a test that ends what others would need."""
    async with running_house(tmp_path / "data") as made:
        yield made
