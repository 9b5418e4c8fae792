"""A watched room for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.watching.ward import Ward, ward_in


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with ward_in(tmp_path) as made:
        yield made
