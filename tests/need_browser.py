"""Says whether the browser tests have what they need, and installs Debian's packages when that is ours to do."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

FAULTS = {"firefox-esr": "firefox-esr", "turnserver": "coturn", "ip": "iproute2", "pulseaudio": "pulseaudio"}
"""What the fault tests start: program and package."""


def missing(*, faults: bool) -> list[str]:
    """The packages that are not there."""
    lacking = [] if Path("/usr/bin/chromium").exists() else ["chromium"]
    # Playwright's driver is linked with it, and a small Debian lacks it.
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        lacking.append("libatomic1")
    return lacking + [package for program, package in FAULTS.items() if faults and shutil.which(program) is None]


def main() -> int:
    faults = "--faults" in sys.argv
    lacking = missing(faults=faults)
    if not lacking:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(lacking)} for the browser tests.", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *lacking], check=True, **quiet)
        return 0
    wanted = " ".join(lacking)
    print(f"The browser tests need more: run `sudo apt-get install {wanted}` and try again.", file=sys.stderr)
    # Without what only some fault tests start, those are skipped, each with its reason.
    return int(bool(missing(faults=False)))


if __name__ == "__main__":
    sys.exit(main())
