"""The sealing process. A file that makes a decoder crash takes nobody with it, and live media keeps its processor.

python -m teleosce.recording.process FOLDER TAKE…
"""

import os
import sys
import traceback
from pathlib import Path

from teleosce.recording import folders
from teleosce.recording.sealing import quarantined, seal_take, write_outcome

NICENESS = 10


def main(folder: Path, take_ids: list[str]) -> int:
    """Seals takes one after another; each leaves its outcome file. Exit status 1: the disk did not let it go on."""
    os.nice(NICENESS)
    for take_id in take_ids:
        try:
            seal_take(folder, take_id)
        except OSError as error:
            sys.stderr.write(f"{error.strerror or error}\n")
            return 1
        except Exception as error:  # noqa: BLE001 a take that nobody foresaw must not keep the others from being sealed
            traceback.print_exc()
            reason = f"The take could not be sealed ({type(error).__name__}); the raw file is kept."
            write_outcome(folder, quarantined(folder, take_id, reason, folders.header(folder, take_id)))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
