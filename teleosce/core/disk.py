"""The disk under the data folder: how much is free, and a reserve so that marks can be saved when it is full."""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

LOOK_S = 0.5
MIB = 1 << 20


class Disk:
    """A file of `reserve_bytes` holds room that nothing else can take. It goes when the disk is full, and comes back.

    What is left then is the database's alone: `for_marks_only` tells all others to write nothing.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        """reserve_bytes: 0 for no reserve. Nothing is done before `look`."""
        self.free_bytes: int | None = None
        self.released = False
        self.reserve_bytes = reserve_bytes
        self._folder, self._file = folder, folder / "reserve"

    @property
    def for_marks_only(self) -> bool:
        """Whether so little is left that only the database may write."""
        return self.free_bytes is not None and self.free_bytes < self.reserve_bytes // 4

    def look(self) -> None:
        """Measures, and lets the reserve go or makes it again. Blocks for milliseconds. Raises OSError."""
        self.free_bytes = shutil.disk_usage(self._folder).free
        held = self._held()
        if held and self.free_bytes < self.reserve_bytes // 4:
            self._file.unlink()
            log.error("the disk is full: the reserve for marks was let go")
        elif not held and self.free_bytes > 2 * self.reserve_bytes:
            self._make()
        self.released = self.reserve_bytes > 0 and not self._held()
        self.free_bytes = shutil.disk_usage(self._folder).free

    async def watch(self) -> None:
        """Looks twice a second, until it is cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except OSError as error:
                log.warning("the disk does not answer", reason=error.strerror)
            await asyncio.sleep(LOOK_S)

    def _held(self) -> bool:
        return self.reserve_bytes > 0 and self._file.exists()

    def _make(self) -> None:
        """Blocks are set aside at once, where the file system can; a file of holes would hold nothing."""
        if self.reserve_bytes == 0:
            return
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self.reserve_bytes)
            log.info("a reserve for marks is held", bytes=self.reserve_bytes)
        except OSError:
            with contextlib.suppress(OSError):
                self._file.unlink()
            raise
        finally:
            os.close(descriptor)
