from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from transcript_world import DIALOGUE, Conversation, Voices, World, converse, world_in


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def voices() -> Voices:
    return Voices()


@pytest.fixture(scope="session")
def dialogue(voices: Voices) -> Conversation:
    return converse(voices, DIALOGUE)
