"""What a rehearsal left on the server, fetched as its examiners would fetch it, and looked into."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from teleosce.core.errors import Fault
from teleosce.rehearsal.conduct import Killed
from teleosce.rehearsal.facts import Facts, Take, Words
from teleosce.rehearsal.listen import Watched, be_nice, watch
from teleosce.rehearsal.stage import NAMES, Cast, Pair, Stage
from teleosce.rehearsal.words import error_rate, plain

SEAL_S, TRANSCRIBE_S = 120.0, 300.0
"""How long sealing and transcribing may take; each gets the length of all encounters on top."""
WATCHED = 8
"""In so many takes the pictures are decoded too: that costs more than anything else here."""

Range = tuple[float, float]


class Aftermath:
    """Fills in the takes, alarms and words of `facts`. folder: where recordings are fetched to."""

    def __init__(self, stage: Stage, facts: Facts, folder: Path, say: Callable[[str], None]) -> None:
        self._stage, self._facts, self._folder, self._say = stage, facts, folder, say
        self._recorded_s = stage.plan.seconds * len(stage.pairs)

    async def recordings(self) -> None:
        """Waits until all are sealed, then watches every take at low priority."""
        found: list[tuple[Pair, int, dict[str, Any]]] = []
        until = time.monotonic() + SEAL_S + self._recorded_s
        for pair in self._stage.pairs:
            recording = await self._sealed(pair, until)
            if recording is None:
                self._facts.unfinished.append(f"session {pair.session}: the recording is not sealed")
                continue
            found += [(pair, recording["starts_ms"], take) for take in recording["takes"]]
        blind = {a.facts.seat for a in self._stage.actors if any(t.startswith("black") for t in a.facts.troubles)}
        by_length = sorted(
            (take for _, _, take in found if take["seat"] not in blind), key=lambda take: -(take["duration_ms"] or 0)
        )
        decoded = {take["id"] for take in by_length[:WATCHED]}
        self._say(f"{len(found)} takes are watched, {len(decoded)} of them with their pictures.")
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, context, be_nice) as pool:
            for pair, starts_ms, take in found:
                watched = await self._watch(pool, take, pictures=take["id"] in decoded)
                self._facts.takes.append(_take(pair, starts_ms, take, watched))

    async def _sealed(self, pair: Pair, until: float) -> dict[str, Any] | None:
        while time.monotonic() < until:
            recording = await self._stage.organiser.get(f"/api/encounters/{pair.encounter}/recording")
            if recording["state"] == "sealed":
                return recording
            await asyncio.sleep(0.3)
        return None

    async def _watch(self, pool: ProcessPoolExecutor, take: dict[str, Any], *, pictures: bool) -> Watched | None:
        if take["url"] is None:
            return None
        file = self._folder / f"{take['id']}.webm"
        try:
            await self._stage.organiser.download(take["url"], file)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(pool, partial(watch, file, pictures=pictures))
        except Fault as fault:
            self._facts.mishaps.append(f"Take {take['id']} could not be fetched: {fault.message}")
        except Exception as error:  # noqa: BLE001  a take that cannot be decoded is a finding, not an end
            self._facts.mishaps.append(f"Take {take['id']} could not be decoded: {type(error).__name__}: {error}")
        finally:
            file.unlink(missing_ok=True)
        return None

    async def alarms(self) -> None:
        """What the server found wrong with whom, and whether each encounter came to its end."""
        pairs = {pair.encounter: pair for pair in self._stage.pairs}
        people = {actor.facts.seat: actor.facts for actor in self._stage.actors}
        for exam in {pair.exam: None for pair in self._stage.pairs}:
            for one in (await self._stage.organiser.get(f"/api/exams/{exam}/day"))["encounters"]:
                pair = pairs.get(one["id"])
                if pair is None:
                    continue
                if one["phase"] != "done":
                    self._facts.unfinished.append(f"session {pair.session}: still in phase {one['phase']}")
                for alarm in one["alarms"]:
                    if alarm["seat"] in people:
                        since = round((alarm["since_ms"] - pair.started_ms) / 1000, 1)
                        people[alarm["seat"]].alarms.append((alarm["kind"], since))

    async def words(self, cast: Cast) -> None:
        """Waits for the transcripts and compares them with the script."""
        self._say("The transcripts are awaited.")
        found: list[Words] = []
        until = time.monotonic() + TRANSCRIBE_S + self._recorded_s
        for pair in self._stage.pairs:
            transcript = await self._transcribed(pair, until)
            if transcript is None:
                self._facts.unfinished.append(f"session {pair.session}: no transcript")
                continue
            for role in NAMES:
                words = [word for turn in transcript["turns"] if turn["role"] == role for word in turn["words"]]
                heard = plain(" ".join(word["text"] for word in words))
                script = plain(cast.script[role]) * cast.times
                found.append(
                    Words(
                        session=pair.session,
                        role=role,
                        said=len(script),
                        heard=len(heard),
                        error_rate=round(error_rate(heard, script), 4),
                    )
                )
        self._facts.words = found

    async def _transcribed(self, pair: Pair, until: float) -> dict[str, Any] | None:
        while time.monotonic() < until:
            transcript = await self._stage.organiser.get(f"/api/encounters/{pair.encounter}/transcript")
            if transcript["state"] in ("ready", "failed"):
                return transcript if transcript["state"] == "ready" else None
            await asyncio.sleep(1)
        return None

    def losses(self, killed: list[Killed]) -> None:
        """What each track had before a kill and has not any more: from its last packet on disk to the kill.

        Who had just come back can have lost no more than what was sent since.
        """
        for kill, noted in zip(self._facts.kills, killed, strict=True):
            for pair in self._stage.pairs:
                at_s = (noted.at_ms - pair.started_ms) / 1000
                if at_s < 0 or noted.at_ms > pair.ended_ms:
                    continue
                for seat, since_ms in noted.since_ms.items():
                    mine = [one for one in self._facts.takes if one.seat == seat and one.session == pair.session]
                    before = max((one for one in mine if one.span[0] < at_s), key=lambda one: one.number, default=None)
                    if before is None:
                        continue
                    since_s = (since_ms - pair.started_ms) / 1000
                    ends = [span[1] for span in (before.sound, before.picture) if span is not None]
                    kill.lost += [round(max(0.0, at_s - max(end, since_s)), 3) for end in ends]


def _take(pair: Pair, zero_ms: int, take: dict[str, Any], watched: Watched | None) -> Take:
    begins = (zero_ms + take["starts_ms"] - pair.started_ms) / 1000
    offset = (zero_ms - pair.started_ms) / 1000
    made = Take(
        id=take["id"],
        session=pair.session,
        role=take["role"],
        seat=take["seat"],
        number=take["number"],
        state=take["state"],
        reason=take["reason"],
        span=(round(begins, 3), round(begins + (take["duration_ms"] or 0) / 1000, 3)),
        gaps=[
            (
                gap["kind"],
                gap["track"],
                round(gap["from_ms"] / 1000 + offset, 3),
                round(gap["to_ms"] / 1000 + offset, 3),
            )
            for gap in take["gaps"]
        ],
    )
    if watched is None:
        return made
    offsets = watched.offsets()
    return made.model_copy(
        update={
            "sound": _moved(watched.sound, begins),
            "picture": _moved(watched.picture, begins),
            "beeps_expected": watched.beeps_expected,
            "beeps_found": watched.beeps_found,
            "offsets": None if offsets is None else [round(one, 4) for one in offsets],
        }
    )


def _moved(span: Range | None, by: float) -> Range | None:
    return None if span is None else (round(span[0] + by, 3), round(span[1] + by, 3))
