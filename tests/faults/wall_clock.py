"""The wall clock of one process, and of those that it starts, set by a test; steady clocks go on as they are."""

import shutil
import subprocess
from pathlib import Path

import pytest

COMPILER = shutil.which("cc")
needs_compiler = pytest.mark.skipif(
    COMPILER is None, reason="a process's wall clock is moved by a few lines of C: no cc"
)


class WallClock:
    """`set` moves it at once, by seconds from the true time. environment: to start the process with."""

    def __init__(self, folder: Path) -> None:
        self._file, library = folder / "wall-clock", folder / "wall_clock.so"
        source = Path(__file__).with_name("wall_clock.c")
        subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        self.set(0)
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_FILE": str(self._file)}

    def set(self, seconds: int) -> None:
        self._file.write_text(str(seconds))
