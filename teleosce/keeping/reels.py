"""Reels for teaching: making them, cutting them one at a time, and letting them go.

Moments that may not be shown are left out, and it is said why; the rest is cut. A reel goes with the recordings and the
consent that it stands on.
"""

import asyncio
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import structlog

from teleosce.core.blobs import sha256, write_durably
from teleosce.core.clock import Clock
from teleosce.core.db import Database
from teleosce.core.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from teleosce.core.ids import is_id, new_id
from teleosce.exams import Encounter
from teleosce.keeping import store_reels as store
from teleosce.keeping.film.of_encounter import film_plan
from teleosce.keeping.models import Moment, Reel, ReelState
from teleosce.keeping.reel import Clip, Made, ReelPlan, Side
from teleosce.keeping.reel.workshop import cut
from teleosce.keeping.teaching import Teaching
from teleosce.people import Principal, plain
from teleosce.reports import Sources

log = structlog.get_logger(__name__)

FOLDER = "reels"
MOST_MOMENTS = 100
LONGEST_MS = 10 * 60_000
"""Of one moment."""
LONGEST_TITLE = 120
LOOK_S = 1.0
REVIEW_S = 3600.0
"""How often it is looked whether finished reels may still be shown."""

_UNDER_WAY = (ReelState.waiting, ReelState.cutting)


class Reels:
    """What the server does with reels."""

    def __init__(self, sources: Sources, teaching: Teaching, database: Database, clock: Clock, data: Path) -> None:
        self._rooms, self._teaching = sources, teaching
        self._database, self._clock = database, clock
        self._folder = data / FOLDER

    # Making

    async def make(
        self, title: str, moments: Sequence[Moment], *, exact: bool, numbers: bool, by: Principal | None
    ) -> Reel:
        """A new reel, which is cut as soon as those before it are; audit row. Its moments stay in their order.

        exact: rendered from the very moment on, both pictures; else one is copied from the key frame before. numbers:
        with candidate numbers on its cards. Raises Invalid for spans that cannot be, or a title that names somebody;
        Conflict, with each reason in `details`, when no moment may be shown; NotFound.
        """
        encounters = {one.encounter_id: await self._rooms.exams.encounter(one.encounter_id) for one in moments}
        title = await self._checked(title, moments, encounters.values())
        refused = {one.id: await self._teaching.why_not(one) for one in encounters.values()}
        judged = tuple(replace(one, refused=refused[one.encounter_id]) for one in moments)
        if all(one.refused for one in judged):
            raise Conflict(
                "None of these moments may be shown for teaching, so there is no reel.",
                code="not-for-teaching",
                details=[{"encounter": one.encounter_id, "why": one.refused} for one in judged],
            )
        exams = tuple(sorted({one.exam_id for one in encounters.values()}))
        reel = Reel(new_id(), title, exams, exact, numbers, ReelState.waiting, judged, self._clock.now_ms())
        async with self._database.write() as connection:
            await store.add(connection, reel)
            detail = {"exact": exact, "numbers": numbers, "moments": [_told(one) for one in judged]}
            await self._rooms.people.record(by, "reel.make", reel.id, detail, connection=connection)
        return reel

    async def _checked(self, title: str, moments: Sequence[Moment], encounters: Iterable[Encounter]) -> str:
        if not 1 <= len(moments) <= MOST_MOMENTS:
            raise Invalid(f"A reel has 1 to {MOST_MOMENTS} moments. Nothing was made.")
        if any(not 0 <= one.from_ms < one.to_ms <= one.from_ms + LONGEST_MS for one in moments):
            raise Invalid("A moment lasts for some time, and for ten minutes at most. Nothing was made.")
        title = " ".join(plain(title).split())[:LONGEST_TITLE]
        names = [(await self._rooms.people.seat(seat)).name for one in encounters for seat in one.people]
        if any(part.casefold() in title.casefold().split() for name in names for part in name.split() if len(part) > 2):
            raise Invalid(
                "The title names somebody who is seen in the reel. Choose one that does not; nothing was made."
            )
        return title

    async def again(self, reel_id: str) -> Reel:
        """Cuts a reel that failed once more. Raises NotFound, Conflict when it did not fail."""
        async with self._database.write() as connection:
            fresh = {"state": ReelState.waiting, "done": 0.0, "message": ""}
            if not await store.change(connection, reel_id, [ReelState.failed], **fresh):
                raise Conflict("This reel did not fail, so it is not cut again.")
        return await self.reel(reel_id)

    # Reading

    async def reels(self) -> list[Reel]:
        """All that were made, the newest first; those that were deleted say why."""
        async with self._database.read() as connection:
            return await store.all_reels(connection)

    async def reel(self, reel_id: str) -> Reel:
        """One reel. Raises NotFound."""
        async with self._database.read() as connection:
            found = await store.get(connection, reel_id) if is_id(reel_id) else None
        if found is None:
            raise NotFound("There is no such reel.")
        return found

    async def file(self, reel: Reel, by: Principal | None, *, record: bool) -> Path:
        """The file of a reel; with `record` an audit row. Raises NotFound, also when it may not be shown any more."""
        if reel.state is not ReelState.ready:
            raise NotFound("This reel is not there.")
        if await self._withdrawn(reel):
            raise NotFound("This reel was deleted: a recording in it may not be shown any more.")
        if record:
            await self._rooms.people.record(by, "reel.export", reel.id, {"sha256": reel.sha256})
        return self._folder / f"{reel.id}.webm"

    async def delete(self, reel_id: str, by: Principal | None) -> None:
        """Deletes a reel, or stops it being cut; audit row. Raises NotFound."""
        await self.reel(reel_id)
        await self._drop(reel_id, "Deleted by hand.", by)

    async def _drop(self, reel_id: str, why: str, by: Principal | None) -> None:
        await _let_go(self._rooms, self._database, self._folder, reel_id, why, by)

    async def _withdrawn(self, reel: Reel) -> bool:
        """Whether somebody in a reel takes back what allowed it; then it goes."""
        for encounter_id in {one.encounter_id for one in reel.moments if not one.refused}:
            why = await self._teaching.why_not(await self._rooms.exams.encounter(encounter_id))
            if why:
                await self._drop(reel.id, f"Deleted, as a recording in it may not be shown any more: {why}", None)
                return True
        return False

    # Cutting

    async def watch(self) -> None:
        """Cuts what waits, and lets go what may not be shown any more, until it is cancelled."""
        reconciled = False
        reviewed = float("-inf")
        loop = asyncio.get_running_loop()
        while True:
            try:
                if not reconciled:
                    await self.reconcile()
                    reconciled = True
                if loop.time() - reviewed > REVIEW_S:
                    await self.review()
                    reviewed = loop.time()
                await self.cut_next()
            except Unavailable as busy:
                log.warning("reels cannot be looked for", reason=busy.message)
            except Exception:
                log.exception("a reel could not be looked after")
            await asyncio.sleep(LOOK_S)

    async def review(self) -> None:
        """Deletes the reels with a recording in them that may not be shown any more, and what failures left."""
        async with self._database.read() as connection:
            cut = await store.in_state(connection, [ReelState.ready, ReelState.failed])
        for reel in cut:
            await self._withdrawn(reel)

    async def cut_next(self) -> Reel | None:
        """Cuts the reel that waits for longest; None when none does. It is ready, failed or deleted afterwards."""
        async with self._database.read() as connection:
            waiting = await store.in_state(connection, _UNDER_WAY)
        if not waiting:
            return None
        reel = waiting[-1]
        if not await self._set(reel.id, state=ReelState.cutting, done=0.0):
            return None
        try:
            made = await self._cut(reel)
        except (Fault, OSError) as fault:
            said = fault.message if isinstance(fault, Fault) else f"The disk did not let it: {fault.strerror}."
            if not await self._set(reel.id, state=ReelState.failed, message=said):
                await asyncio.to_thread(_remove, self._folder, reel.id)  # deleted meanwhile
            log.error("a reel could not be cut", reel=reel.id, reason=said)
        else:
            log.info("a reel was cut", reel=reel.id, **({"ms": made.duration_ms} if made else {"deleted": True}))
        return await self.reel(reel.id)

    async def _cut(self, reel: Reel) -> Made | None:
        plan, used = await self._plan(reel)
        target = self._folder / f"{reel.id}.webm"
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, exist_ok=True)

        async def told(done: float) -> bool:
            return await self._set(reel.id, done=round(done, 3))

        made = await cut(plan, target, told)
        if made is not None:
            facts = await asyncio.to_thread(_bind, target, reel, used, made)
            if await self._set(reel.id, state=ReelState.ready, done=1.0, message="", **facts):
                return made
        await asyncio.to_thread(_remove, self._folder, reel.id)
        return None

    async def _plan(self, reel: Reel) -> tuple[ReelPlan, list[Moment]]:
        """What to cut; a moment that may not be shown any more is left out. Raises Conflict when none may."""
        used: list[tuple[Moment, Encounter]] = []
        for moment in reel.moments:
            if moment.refused:
                continue
            encounter = await self._rooms.exams.encounter(moment.encounter_id)
            why = await self._teaching.why_not(encounter)
            if why is None and (await film_plan(self._rooms, encounter.id)).duration_ms <= moment.from_ms:
                why = "The recording ends before this moment."
            if why is None:
                used.append((moment, encounter))
            else:
                async with self._database.write() as connection:
                    await store.refuse(connection, reel.id, moment, why)
        clips = [
            await self._clip(reel, moment, encounter, f"Moment {number} of {len(used)}")
            for number, (moment, encounter) in enumerate(used, 1)
        ]
        if not clips:
            raise Conflict("None of these moments may be shown for teaching any more.")
        return ReelPlan(reel.title, tuple(clips), reel.exact), [moment for moment, _ in used]

    async def _clip(self, reel: Reel, moment: Moment, encounter: Encounter, counted: str) -> Clip:
        version = await self._rooms.stations.get(encounter.station_hash)
        seat = await self._rooms.people.seat(encounter.candidate) if encounter.candidate and reel.numbers else None
        film = await film_plan(self._rooms, encounter.id)
        to_ms = min(moment.to_ms, film.duration_ms)
        station = f"Station {encounter.position}: {version.title}"
        whose = f" · Candidate {seat.number}" if seat and seat.number else ""
        lines = (station, counted + whose, f"{_clock(moment.from_ms)} to {_clock(to_ms)} of the consultation")
        side: Side = "left" if moment.shown == "candidate" else "right"
        film = replace(film, title=station + whose, cues=())
        return Clip((reel.title, *lines) if reel.title else lines, film, moment.from_ms, to_ms, side)

    async def _set(self, reel_id: str, **values: object) -> bool:
        """Changes a reel that is under way; False when it was deleted meanwhile."""
        async with self._database.write() as connection:
            return await store.change(connection, reel_id, _UNDER_WAY, **values)

    async def reconcile(self) -> None:
        """After a start: files that no reel speaks of go, and a reel without its file says so."""
        known = {reel.id: reel for reel in await self.reels()}
        there = await asyncio.to_thread(_names, self._folder)
        for reel_id in there:
            if reel_id not in known or known[reel_id].state is ReelState.deleted:
                await asyncio.to_thread(_remove, self._folder, reel_id)
        for reel in known.values():
            if reel.state is ReelState.ready and reel.id not in there:
                async with self._database.write() as connection:
                    said = "The file is not on this machine: reels are in no backup. Cut it again."
                    await store.change(connection, reel.id, [ReelState.ready], state=ReelState.failed, message=said)


async def shown_in(database: Database, encounter_id: str) -> list[dict[str, int]]:
    """When a reel was made of an encounter, and from when to when of it is to be seen there."""
    async with database.read() as connection:
        found = await store.of_encounter(connection, encounter_id)
    return [
        {"made_ms": reel.made_ms, "from_ms": one.from_ms, "to_ms": one.to_ms}
        for reel in found
        for one in reel.moments
        if one.encounter_id == encounter_id and not one.refused
    ]


async def drop_reels(sources: Sources, database: Database, data: Path, encounter_id: str, why: str) -> int:
    """Deletes every reel in which an encounter is to be seen, and says `why`; audit rows. Returns how many."""
    async with database.read() as connection:
        found = await store.of_encounter(connection, encounter_id)
    shown = [
        reel for reel in found if any(one.encounter_id == encounter_id and not one.refused for one in reel.moments)
    ]
    for reel in shown:
        await _let_go(sources, database, data / FOLDER, reel.id, why, None)
    async with database.write() as connection:
        await store.take_out(connection, encounter_id)
    return len(shown)


async def _let_go(  # noqa: PLR0917 all of it is needed
    sources: Sources, database: Database, folder: Path, reel_id: str, why: str, by: Principal | None
) -> None:
    # The row first: what is being cut meanwhile finds no reel to belong to, and goes.
    async with database.write() as connection:
        await store.forget(connection, reel_id, why)
        await sources.people.record(by, "reel.delete", reel_id, {"why": why}, connection=connection)
    await asyncio.to_thread(_remove, folder, reel_id)


def _told(moment: Moment) -> dict[str, object]:
    """A moment for the audit log."""
    return {name: value for name, value in asdict(moment).items() if value is not None}


def _clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def _bind(path: Path, reel: Reel, used: Sequence[Moment], made: Made) -> dict[str, int | str]:
    """Writes the manifest beside a reel, and returns what the database keeps of the file. Blocks."""
    facts: dict[str, int | str] = {"duration_ms": made.duration_ms, "size": path.stat().st_size, "sha256": sha256(path)}
    moments = [
        {"encounter": moment.encounter_id, **asdict(placed)} for moment, placed in zip(used, made.clips, strict=True)
    ]
    manifest: dict[str, object] = {
        "version": 1,
        "id": reel.id,
        "title": reel.title,
        "made_ms": reel.made_ms,
        "exact": reel.exact,
    }
    content = json.dumps(manifest | facts | {"moments": moments}, indent=1)
    write_durably(path.with_suffix(".json"), content.encode())
    return facts


def _names(folder: Path) -> set[str]:
    """The reels of which there is a file, or parts. Blocks."""
    return {path.name.split(".", 1)[0] for path in folder.iterdir()} if folder.is_dir() else set()


def _remove(folder: Path, reel_id: str) -> None:
    """Blocks."""
    for path in folder.glob(f"{reel_id}.*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
