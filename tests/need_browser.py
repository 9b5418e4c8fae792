"""Says whether there is a Chromium for the browser tests, and installs Debian's when that is ours to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")


def main() -> int:
    if CHROMIUM.exists():
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's Chromium for the browser tests.", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=True, **quiet)
        return 0
    print(
        "The browser tests need Debian's Chromium: run `sudo apt-get install chromium` and try again.", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
