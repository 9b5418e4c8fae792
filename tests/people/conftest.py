from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from people_world import PeopleWorld


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[PeopleWorld]:
    made = PeopleWorld(tmp_path)
    await made.database.create_all()
    yield made
    await made.database.close()
