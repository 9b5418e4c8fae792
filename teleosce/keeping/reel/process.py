"""The process that cuts one reel, at the lowest priority: `python -m teleosce.keeping.reel.process`.

A line of standard input is the order, in JSON. Lines of standard output say how far it is, and the last one what was
made, or why not. It ends when standard input does: with the server that asked for it.
"""

import os
import sys
import threading
import time
from pathlib import Path

from pydantic import BaseModel

from teleosce.core.errors import Fault
from teleosce.keeping.reel.cut import make_reel
from teleosce.keeping.reel.plan import Made, ReelPlan

NICENESS = 15
TELL_S = 0.5


class Order(BaseModel):
    """What to cut, and where to."""

    plan: ReelPlan
    target: Path


class Said(BaseModel):
    """done: from 0 to 1. made: at the end. fault: why there will be none, for a person."""

    done: float = 0.0
    made: Made | None = None
    fault: str | None = None


def main() -> None:
    """Cuts the reel that is asked for."""
    os.nice(NICENESS)
    order = Order.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    last = 0.0

    def told(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_S:
            last = time.monotonic()
            _say(Said(done=done / total))

    try:
        _say(Said(done=1.0, made=make_reel(order.plan, order.target, told=told)))
    except Fault as fault:
        _say(Said(fault=fault.message))


def _say(said: Said) -> None:
    sys.stdout.write(said.model_dump_json() + "\n")
    sys.stdout.flush()


def _end_with_the_server() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
