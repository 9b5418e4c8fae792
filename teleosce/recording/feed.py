"""One publication's way to the disk: packets in on the event loop, files out on the writer's thread."""

import contextlib
import errno
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import structlog

from teleosce.core.blobs import sync_folder
from teleosce.core.clock import Clock
from teleosce.core.ids import new_id
from teleosce.recording import journal
from teleosce.recording.files import AppendFile
from teleosce.recording.models import journal_name, raw_name
from teleosce.recording.tracks import Note, Track, make_track
from teleosce.recording.webm import Block, RawWebm
from teleosce.rtc.model import Kind, Packet, Publication, TrackInfo

log = structlog.get_logger(__name__)

BACKLOG = {"video": 2_000, "audio": 15_000}
"""Packets that may wait for the writer's thread: some 20 seconds of video, minutes of audio."""

KEPT_AUDIO = 3_000
"""Packets of sound kept in memory while the disk takes nothing: one minute."""

KEPT_NOTES = 5_000
GIVE_UP_S = 10.0
"""How long an ended take waits for a disk that takes nothing."""

CALM_S = 5.0
"""An alarm is over when nothing has gone wrong for so long."""

_PLACE = itemgetter(1)

_FULL = {errno.ENOSPC, errno.EDQUOT}


ALARM_KINDS = ("disk-full", "disk-low", "disk-error", "writer-behind", "not-sealed", "quarantined")

DAMAGE_READ = "take.damage-read"
"""What the audit log says of a take whose damage somebody has read of."""


@dataclass(frozen=True)
class Alarm:
    """Something about recordings that a person must see to, until it is gone. kind: one of ALARM_KINDS.

    take_id: of what is damaged and stays so; its alarm is over when somebody has read it (`Recordings.put_away`).
    """

    kind: str
    message: str
    since_ms: int
    encounter_id: str | None = None
    participant_id: str | None = None
    take_id: str | None = None


class SenderReport(NamedTuple):
    """As `Subscriber.sender_report` has it."""

    ntp: int
    timestamp: int
    arrival: float


class TakeFiles:
    """A take's raw file and journal, open. Raises OSError from everything; what was written before stays."""

    def __init__(self, folder: Path, header: journal.Header, tracks: tuple[TrackInfo, ...]) -> None:
        self.header = header
        self.blocks = {track.kind: 0 for track in tracks}
        self._webm = RawWebm(tracks)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._journal = AppendFile(folder / journal_name(header.id))
        try:
            self._journal.append(journal.header_line(header))
            self._raw = AppendFile(folder / raw_name(header.id))
            self._raw.append(self._webm.header())
            sync_folder(folder)
        except OSError:
            self._journal.close()
            # Nothing of anybody is in them yet.
            for name in (journal_name(header.id), raw_name(header.id)):
                (folder / name).unlink(missing_ok=True)
            raise

    def write(self, blocks: list[Block]) -> None:
        """All of these blocks or, with OSError, none."""
        content, state = self._webm.encode(blocks)
        self._raw.append(content)
        self._webm.keep(state)
        kinds = [block[0] for block in blocks]
        for kind in self.blocks:
            self.blocks[kind] += kinds.count(kind)

    def note(self, notes: list[Note]) -> None:
        """All of these lines or, with OSError, none."""
        self._journal.append(b"".join(journal.line(note) for note in notes))

    def sync(self) -> None:
        """What was written survives a power cut."""
        self._raw.sync()
        self._journal.sync()

    def close(self, reason: str | None) -> None:
        """Says in the journal that nothing follows. No room for that: it looks as after a crash, and heals alike."""
        try:
            self.note([{"line": "closed", "size": self._raw.size, "blocks": self.blocks, "reason": reason}])
            self.sync()
        except OSError as error:
            log.warning("a take could not be closed properly", take=self.header.id, error=str(error))
        self._raw.close()
        self._journal.close()


class Feed:
    """Everything of one publication, until it has ended and is on disk.

    The loop calls `packets`, `report` and `end`; the writer's thread calls the rest. `done` is set, there, at the end.
    """

    def __init__(
        self,
        folder: Path,
        publication: Publication,
        clock: Clock,
        opened: Callable[[journal.Header, int], None],
        closed: Callable[[str, str | None], None],
    ) -> None:
        """opened: called with the header of a new take and its start in ms; closed: with its id and what went wrong."""
        self.publication = publication
        self.alarm: Alarm | None = None
        self.done: Future[None] = Future()
        self.done.set_running_or_notify_cancel()
        self.on_disk_ms = 0.0
        self._folder, self._clock, self._opened, self._closed = folder, clock, opened, closed
        self._backlog: deque[tuple[Kind, list[Packet] | SenderReport]] = deque()
        self._came = self._taken = 0
        self._ended_at: float | None = None
        self._tracks: dict[str, Track] = {}
        self._origin_ms = 0
        self._files: TakeFiles | None = None
        self._blocks: list[Block] = []
        self._notes: list[Note] = []
        self._written_ms = 0.0
        self._began_ms: float | None = None
        self._sync_error: OSError | None = None
        self._overrun = False
        self._troubled_at = 0.0
        self._has_room = True

    @property
    def waiting(self) -> int:
        """Packets that the writer has not taken in yet."""
        return self._came - self._taken

    def packets(self, kind: Kind, packets: list[Packet]) -> None:
        """Takes packets in; when the writer is far behind, they are left out, video first, and become a gap."""
        if self.waiting < BACKLOG[kind]:
            self._came += len(packets)
            self._backlog.append((kind, packets))
        else:
            self._overrun = True

    def report(self, kind: Kind, report: SenderReport) -> None:
        """Takes a sender report in."""
        if self.waiting < BACKLOG["audio"]:
            self._backlog.append((kind, report))

    def end(self) -> None:
        """Nothing follows."""
        if self._ended_at is None:
            self._ended_at = time.monotonic()

    def pump(self, *, video: bool, sound: bool = True) -> bool:
        """Writes what has come; whether all is done. video, sound: whether there is room for them."""
        ended_at = self._ended_at
        self._has_room = sound
        self._take_in(everything=ended_at is not None)
        if not video:
            self._drop_video()
        try:
            self._write()
            self._all_well()
        except OSError as error:
            self._in_trouble(error)
        if ended_at is None or (self._blocks and time.monotonic() - ended_at < GIVE_UP_S):
            return False
        if self._blocks:
            log.error("the disk took no more; the end of a recording is lost", encounter=self._folder.name)
        self._close_files("The disk took no more; the end is missing." if self._blocks else None)
        return True

    def abandon(self) -> bool:
        """After a defect of ours in `pump`: lets go of an ended publication; whether it had ended."""
        if self._ended_at is not None:
            self._close_files("The recording broke off because of a fault in the software.")
        return self._ended_at is not None

    def sync(self) -> None:
        """Makes all that is written survive a power cut. May run beside `pump`, on a thread of its own."""
        files, reached = self._files, self._written_ms
        if files is None:
            return
        try:
            files.sync()
            self.on_disk_ms = max(self.on_disk_ms, reached - (self._began_ms or 0.0))
        except OSError as error:
            self._sync_error = error

    def _take_in(self, *, everything: bool) -> None:
        while self._backlog:
            kind, item = self._backlog.popleft()
            if not self._tracks:
                arrival = item.arrival if isinstance(item, SenderReport) else item[0][4]
                self._origin_ms = self._clock.at_ms(arrival)
                self._tracks = {track.kind: make_track(track, arrival) for track in self.publication.tracks}
            track = self._tracks.get(kind)
            if isinstance(item, SenderReport):
                if track is not None:
                    track.report(item.ntp, item.timestamp, item.arrival)
                continue
            self._taken += len(item)
            if track is not None:
                track.take(item)
        for track in self._tracks.values():
            self._blocks += track.drain(everything=everything)
        self._collect_notes()
        self._blocks.sort(key=_PLACE)

    def _collect_notes(self) -> None:
        for track in self._tracks.values():
            self._notes += track.notes
            track.notes = []
        del self._notes[:-KEPT_NOTES]

    def _write(self) -> None:
        if not self._has_room and self._blocks:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._sync_error is not None:
            error, self._sync_error = self._sync_error, None
            raise error
        if self._files is None:
            if not self._blocks:
                return
            self._open_files()
        if self._files is None:
            return
        if self._blocks:
            self._files.write(self._blocks)
            self._written_ms = self._blocks[-1].at_ms
            self._blocks = []
        if self._notes:
            self._files.note(self._notes)
            self._notes = []

    def _open_files(self) -> None:
        header = journal.Header(
            id=new_id(),
            encounter_id=self._folder.name,
            participant_id=self.publication.participant,
            name=self.publication.name,
            origin_ms=self._origin_ms,
            tracks=[track.kind for track in self.publication.tracks],
        )
        self._files = TakeFiles(self._folder, header, self.publication.tracks)
        began_ms = self._blocks[0].at_ms
        self._began_ms = began_ms if self._began_ms is None else self._began_ms
        self._opened(header, self._origin_ms + round(began_ms))

    def _close_files(self, reason: str | None) -> None:
        if self._files is not None:
            files, self._files = self._files, None
            files.close(reason)
            self._closed(files.header.id, reason)

    def _drop_video(self) -> None:
        dropped = [block for block in self._blocks if block.kind == "video"]
        if dropped:
            self._tracks["video"].missing(dropped[0].at_ms, "disk")
            self._blocks = [block for block in self._blocks if block.kind != "video"]

    def _in_trouble(self, error: OSError) -> None:
        """Sound before pictures: pictures are let go until there is room, sound is kept for a minute."""
        self._drop_video()
        if error.errno in _FULL:
            self._raise(
                "disk-full",
                "The disk is full. Sound is kept for a minute, pictures are being lost: make room now.",
            )
            with contextlib.suppress(OSError):
                self._write()
        else:
            self._raise(
                "disk-error",
                f"The recording cannot be written ({error.strerror}). A new file is being tried.",
            )
            if self._files is not None and "video" in self._tracks:
                # The next file must begin with a key frame.
                self._tracks["video"].missing(self._written_ms, "disk")
            self._close_files(f"The disk failed: {error.strerror}.")
        for block in self._blocks[:-KEPT_AUDIO]:
            self._tracks["audio"].missing(block.at_ms, "disk")
        del self._blocks[:-KEPT_AUDIO]
        self._collect_notes()

    def _all_well(self) -> None:
        if self._overrun:
            self._overrun = False
            self._raise("writer-behind", "The disk is too slow: parts of the recording were left out, pictures first.")
        elif self.alarm is not None and time.monotonic() - self._troubled_at > CALM_S:
            log.warning("recording goes on", encounter=self._folder.name, after=self.alarm.kind)
            self.alarm = None

    def _raise(self, kind: str, message: str) -> None:
        self._troubled_at = time.monotonic()
        if self.alarm is None or self.alarm.kind != kind:
            log.error("recording in trouble", encounter=self._folder.name, kind=kind)
            now = self._clock.now_ms()
            self.alarm = Alarm(kind, message, now, self._folder.name, self.publication.participant)
