"""One exam, made once, and a copy of it for each test that changes something."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from teleosce.core.settings import load
from tests.reports.exam_world import World, make_world


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> World:
    """For tests that write nothing into the data folder."""
    return asyncio.run(make_world(tmp_path_factory.mktemp("decided") / "data"))


@pytest.fixture
def world(decided: World, tmp_path: Path) -> World:
    """One's own copy."""
    shutil.copytree(decided.settings.data, tmp_path / "data")
    return replace(decided, settings=load(data=tmp_path / "data", log_level="error"))
