"""A file that only grows, piece by whole piece, and whose name was never used before."""

import os
import threading
from pathlib import Path


class AppendFile:
    """Opened exclusively: FileExistsError rather than a recording overwritten. All calls block."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # One thread writes and closes while another waits for the disk.
        self._closing = threading.Lock()
        self.size = 0
        self._synced = 0

    def append(self, content: bytes) -> None:
        """Writes all of `content` or, when that fails with OSError, nothing of it."""
        if self._descriptor is None:
            raise OSError("the file is closed")
        written, rest = 0, memoryview(content)
        try:
            while written < len(rest):
                written += os.pwrite(self._descriptor, rest[written:], self.size + written)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += written

    def sync(self) -> None:
        """Returns when all that was appended would survive a power cut."""
        with self._closing:
            if self._descriptor is not None and self._synced != self.size:
                size = self.size
                os.fsync(self._descriptor)
                self._synced = size

    def close(self) -> None:
        """Nothing is appended after this."""
        with self._closing:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
