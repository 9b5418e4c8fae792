"""The limit of open files."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("hard", "warned"), [(8192, False), (512, True)])
def test_the_limit_of_files_is_raised_and_said_when_low(hard: int, warned: bool) -> None:
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))\n"
        "from teleosce.core import handles, logs; logs.configure('info')\n"
        "print(handles.raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(hard)] * 2
    assert ("raise the limit" in done.stderr) is warned
