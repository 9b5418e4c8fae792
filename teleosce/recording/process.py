"""The sealing process. A file that makes a decoder crash takes nobody with it, and live media keeps its processor.

`python -m teleosce.recording.process`: a line of standard input names a folder and takes of it, as a list in JSON, and
is answered with one of standard output: [0, what there is to say], or [1, why the disk did not let it go on].
"""

import json
import os
import sys
import traceback
from pathlib import Path

from teleosce.core.memory import settle
from teleosce.recording import folders
from teleosce.recording.sealing import quarantined, seal_take, write_outcome

NICENESS = 10


def seal(folder: Path, take_ids: list[str]) -> tuple[int, str]:
    """Seals takes one after another; each leaves its outcome file."""
    said = []
    for take_id in take_ids:
        try:
            seal_take(folder, take_id)
        except OSError as error:
            return 1, error.strerror or str(error)
        except Exception as error:  # noqa: BLE001 a take that nobody foresaw must not keep the others from being sealed
            said.append(traceback.format_exc())
            reason = f"The take could not be sealed ({type(error).__name__}); the raw file is kept."
            try:
                write_outcome(folder, quarantined(folder, take_id, reason, folders.header(folder, take_id)))
            except OSError as full:
                return 1, full.strerror or str(full)
    return 0, "\n".join(said)


def main() -> None:
    """Until standard input ends."""
    os.nice(NICENESS)
    settle()
    for line in sys.stdin:
        folder, *take_ids = json.loads(line)
        sys.stdout.write(json.dumps(seal(Path(folder), take_ids)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
