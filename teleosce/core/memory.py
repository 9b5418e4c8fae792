"""The garbage collector's share of a process that handles hundreds of packets a second, or millions of values."""

import gc


def settle() -> None:
    """Call once, when all is imported and started: the collector looks at none of that again, and less often.

    Without it the collector goes through every module's objects again and again, and packets wait meanwhile; and
    through those of a large exam, which stay until its tables are written.
    """
    gc.freeze()
    gc.set_threshold(10_000)
