"""The threads that write: one takes packets to the files, one makes the disk hold them."""

import shutil
import threading
import time
from pathlib import Path

import structlog

from teleosce.core.disk import Disk
from teleosce.recording.feed import Feed

log = structlog.get_logger(__name__)

EVERY_S = 0.2
"""How long packets may gather. They are lost when the server is killed, so it is part of the second we may lose."""

SYNC_EVERY_S = 1.0
CLOSING_LIMIT_S = 30.0

RESERVE_BYTES = 256 << 20
"""With less free, only sound is written: hours of it fit."""

LOW_BYTES = 4 << 30
"""With less free, the alarm is raised."""


class Writer:
    """Writes all feeds. `free_bytes` is the free space at the last look, None before it."""

    def __init__(self, root: Path, *, reserve_bytes: int = RESERVE_BYTES, disk: Disk | None = None) -> None:
        self.free_bytes: int | None = None
        self._disk = disk
        self._root, self._reserve = root, reserve_bytes
        self._feeds: set[Feed] = set()
        self._busy = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, feed: Feed) -> None:
        """Writes this feed until it is done. Called on the loop."""
        self._feeds.add(feed)
        if not self._threads:
            for name, work in (("recording", self._write), ("recording-sync", self._sync)):
                thread = threading.Thread(target=work, name=name, daemon=True)
                thread.start()
                self._threads.append(thread)
        self._busy.set()

    def close(self) -> None:
        """Waits for the threads, but not for ever for a disk that hangs; the feeds must have ended. Blocks."""
        self._stopping.set()
        self._busy.set()
        for thread in self._threads:
            thread.join(CLOSING_LIMIT_S)

    def _write(self) -> None:
        while True:
            for feed in tuple(self._feeds):
                self._pump(feed)
            if self._stopping.is_set() and not self._feeds:
                return
            if self._feeds:
                time.sleep(EVERY_S)
            else:
                self._busy.clear()
                if not self._feeds and not self._stopping.is_set():
                    self._busy.wait()

    def _pump(self, feed: Feed) -> None:
        try:
            done = feed.pump(
                video=(self.free_bytes is None or self.free_bytes > self._reserve)
                and not (self._disk is not None and self._disk.released),
                sound=self._disk is None or not self._disk.for_marks_only,
            )
        except Exception:
            # One publication's strange packets must not end the recording of the others.
            log.exception("packets could not be recorded", publication=feed.publication.id)
            done = feed.abandon()
        if done:
            self._feeds.discard(feed)
            feed.done.set_result(None)

    def _sync(self) -> None:
        while not self._stopping.is_set():
            self._busy.wait()
            try:
                self.free_bytes = shutil.disk_usage(self._root).free
            except OSError:
                log.exception("the recordings' disk does not answer")
            for feed in tuple(self._feeds):
                feed.sync()
            self._stopping.wait(SYNC_EVERY_S)
