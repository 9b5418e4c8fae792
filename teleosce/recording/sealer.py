"""Seals an encounter: the takes in a process apart, then the manifest, the poster and the database."""

import asyncio
import errno
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

import structlog

from teleosce.core.clock import Clock
from teleosce.core.errors import Unavailable
from teleosce.recording import folders, sealing
from teleosce.recording.feed import Alarm
from teleosce.recording.manifest import bind, read_manifest, same, write_manifest
from teleosce.recording.models import Manifest, Take, TakeState, raw_name
from teleosce.recording.store import TakeStore
from teleosce.recording.workshop import Workshop

log = structlog.get_logger(__name__)

_CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL}
"""Only the take can be to blame for these; any other end of the process says nothing about the take."""


_WHOSE = {"participant_id", "name", "starts_ms"}

_APART_MS = 300_000
"""By more, a take does not start elsewhere than it was opened: sealing moves it by what a line delays."""


class Sealer:
    """One take at a time: live media keeps the processor. `alarms`: what could not be sealed, by encounter or take."""

    def __init__(self, store: TakeStore, clock: Clock, *, spare_bytes: int = 0) -> None:
        """spare_bytes: room that sealing leaves free, whatever it needs itself."""
        self.alarms: dict[str, Alarm] = {}
        self._read: set[str] = set()
        self._spare = spare_bytes
        self._store, self._clock = store, clock
        self._workshop = Workshop()

    async def seal(self, folder: Path) -> tuple[Manifest, bool]:
        """The manifest, and whether it is new. Raises Unavailable when it cannot be now; the next call goes on."""
        try:
            manifest, changed = await self._seal_all(folder)
        except OSError as error:
            fault = Unavailable(
                f"The recording could not be sealed ({error.strerror or error}). What was recorded is kept; "
                "make room on the disk and seal it again.",
                code="not-sealed",
            )
            self.alarms[folder.name] = Alarm("not-sealed", fault.message, self._clock.now_ms(), folder.name)
            log.error("a recording could not be sealed", encounter=folder.name, reason=str(error))
            raise fault from error
        self.alarms.pop(folder.name, None)
        self._warn_of_quarantine(manifest)
        return manifest, changed

    async def _seal_all(self, folder: Path) -> tuple[Manifest, bool]:
        found: list[Take] = []
        orphans: list[str] = []
        sealed = await self._seal_takes(folder)
        opened = {take.id: take for take in await self._store.of_encounter(folder.name)}
        for take_id, take in sealed.items():
            known = opened.get(take_id)
            if known is None and not take.participant_id:
                orphans.append(take_id)
            elif known is not None and not take.participant_id:
                found.append(take.model_copy(update=known.model_dump(include=_WHOSE)))
            elif known is not None and _is_another(take, known):
                found.append(await asyncio.to_thread(_put_right, folder, take, known))
            else:
                found.append(take)
        await asyncio.to_thread(folders.tidy, folder)
        old = await asyncio.to_thread(read_manifest, folder)
        manifest = bind(folder.name, found, orphans, self._clock.now_ms())
        changed = old is None or not same(old, manifest)
        if changed:
            await asyncio.to_thread(folders.choose_poster, folder, found)
            await asyncio.to_thread(write_manifest, folder, manifest)
        await self._store.settle(manifest.takes)
        return (manifest, True) if changed or old is None else (old, False)

    async def _seal_takes(self, folder: Path) -> dict[str, Take]:
        """The outcomes of all takes. A take that makes the process crash is quarantined, and the others go on."""
        while True:
            outcomes = await asyncio.to_thread(folders.outcomes, folder)
            missing = [take_id for take_id, take in outcomes.items() if take is None]
            if not missing:
                return {take_id: take for take_id, take in outcomes.items() if take}
            await asyncio.to_thread(_make_sure_of_room, folder, missing, self._spare)
            status, said = await self._workshop.seal(folder, missing)
            if said:
                log.error("sealing has something to say", encounter=folder.name, status=status, said=said[-2000:])
            outcomes = await asyncio.to_thread(folders.outcomes, folder)
            left = [take_id for take_id in missing if outcomes[take_id] is None]
            if left and (status is None or status in _CRASHES):
                fate = "did not come to an end" if status is None else "crashed"
                await asyncio.to_thread(_give_up, folder, left[0], f"Sealing {fate}; the raw file is kept.")
            elif left:
                raise OSError(said.splitlines()[-1] if said else f"sealing was stopped, status {status}")

    def put_away(self, take_id: str) -> bool:
        """Somebody has read that this take is damaged: its alarm is over, also when the encounter is sealed again.

        Whether there was one.
        """
        there = self.alarms.pop(take_id, None) is not None
        if there:
            self._read.add(take_id)
        return there

    def put_back(self, alarm: Alarm) -> None:
        """It could not be written down who has read of a damaged take: its alarm stands again."""
        if alarm.take_id is not None:
            self._read.discard(alarm.take_id)
            self.alarms[alarm.take_id] = alarm

    def recall(self, damaged: Iterable[Take], read: Iterable[str]) -> None:
        """Raises the alarms of an earlier server again; of takes in `read` somebody has read."""
        self._read.update(read)
        for take in damaged:
            if take.id in self._read:
                self.alarms.pop(take.id, None)
            else:
                self.alarms.setdefault(take.id, _alarm_of(take, take.starts_ms))

    async def close(self) -> None:
        """Ends what goes on; the next start goes on with it."""
        await self._workshop.close()

    def _warn_of_quarantine(self, manifest: Manifest) -> None:
        sealed_ms, encounter_id = manifest.sealed_ms, manifest.encounter_id
        lost = "A take lost its journal, so nobody knows whose it is; its raw file is kept."
        found = {one.id: _alarm_of(one, sealed_ms) for one in manifest.takes if one.state is TakeState.quarantined}
        found |= {one: Alarm("quarantined", lost, sealed_ms, encounter_id, None, one) for one in manifest.orphans}
        self.alarms |= {take_id: alarm for take_id, alarm in found.items() if take_id not in self._read}


def _alarm_of(take: Take, since_ms: int) -> Alarm:
    message = f"A take of {take.name or 'somebody'} is damaged: {take.reason}"
    return Alarm("quarantined", message, since_ms, take.encounter_id, take.participant_id, take.id)


def _make_sure_of_room(folder: Path, take_ids: list[str], spare: int) -> None:
    """A sealed file is about as large as its raw one. Raises OSError rather than take the room of marks."""
    raw = [folder / raw_name(take_id) for take_id in take_ids]
    if shutil.disk_usage(folder).free < spare + sum(path.stat().st_size for path in raw if path.is_file()):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_another(take: Take, known: Take) -> bool:
    """Whether the journal says otherwise than the database whose take this is, or when it began: it was damaged."""
    apart = abs(take.starts_ms - known.starts_ms) > _APART_MS or take.participant_id != known.participant_id
    return apart and take.state in (TakeState.sealed, TakeState.quarantined)


def _put_right(folder: Path, take: Take, known: Take) -> Take:
    reason = "The journal of this take was damaged: whose it is, and when it began, is as it was when it was opened."
    right = take.model_copy(
        update=known.model_dump(include=_WHOSE) | {"state": TakeState.quarantined, "reason": reason}
    )
    sealing.write_outcome(folder, right)
    return right


def _give_up(folder: Path, take_id: str, reason: str) -> Take:
    take = sealing.quarantined(folder, take_id, reason, folders.header(folder, take_id))
    sealing.write_outcome(folder, take)
    return take
