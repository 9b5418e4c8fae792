"""The machine and the versions: figures mean nothing without."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any


def machine(*packages: str) -> dict[str, Any]:
    """Processor, cores, Python, and the versions of these packages."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processors = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "processor": processors[0] if processors else platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }
