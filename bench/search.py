"""How long a search across an exam's recordings takes: synthetic vectors in a real database, the real encoder."""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, update

from teleosce.core.clock import Clock
from teleosce.core.db import Database, sqlite_url
from teleosce.core.ids import new_id
from teleosce.transcripts import Transcripts, store, store_passages
from teleosce.transcripts.find import LEAST, Match
from teleosce.transcripts.meaning import MODEL, SIZE, pack

TURNS = 3
"""In each passage: what was asked, what was answered, and what was said to it."""


async def fill(database: Database, encounters: int, passages: int) -> list[str]:
    """Encounters with random vectors; each hundredth turn speaks of allergies."""
    dice, ids = np.random.default_rng(1), [new_id() for _ in range(encounters)]
    for encounter_id in ids:
        turns, vectors, at = [], [], 0
        for number in range(passages):
            own = [new_id() for _ in range(TURNS)]
            for place, turn_id in enumerate(own):
                said = "have you any allergies" if (at + place) % 100 == 0 else f"and then it was number {at + place}"
                starts_ms = (at + place) * 3000
                turns.append(
                    {"id": turn_id, "encounter_id": encounter_id, "participant_id": new_id(), "body": said}
                    | {"role": ("candidate", "sp")[place % 2], "starts_ms": starts_ms, "ends_ms": starts_ms + 2500}
                )
            packed = pack(dice.normal(size=(TURNS + 1, SIZE)).astype(np.float32))
            vectors.append(
                {"encounter_id": encounter_id, "number": number, "first_turn": own[0], "last_turn": own[-1]}
                | {"starts_ms": at * 3000, "ends_ms": at * 3000 + 8500, "digest": "0" * 64, "vectors": packed}
            )
            at += TURNS
        async with database.write() as connection:
            await store.ask(connection, encounter_id, exam_id=None, roles={}, hints=[], now_ms=1)
            ready = update(store.transcripts).where(store.transcripts.c.encounter_id == encounter_id)
            await connection.execute(ready.values(state="ready"))
            await connection.execute(insert(store.turns), turns)
            await connection.execute(insert(store_passages.passages), vectors)
            read = {"encounter_id": encounter_id, "due": 1, "done": 1, "model": MODEL}
            await connection.execute(insert(store_passages.readings).values(**read))
    return ids


async def measure(encounters: int, passages: int, times: int) -> dict[str, Any]:
    """Milliseconds of the first search, which reads all vectors and loads the encoder, and of those after it."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder)))
        await database.migrate()
        ids = await fill(database, encounters, passages)
        transcripts = Transcripts(database, Clock())
        hits = 0
        took: dict[str, list[float]] = {"first": []} | {match.value: [] for match in Match}
        for number in range(times + 1):
            for match in (Match.both, Match.words, Match.meaning):
                began = time.perf_counter()
                found = await transcripts.find("allergies", ids, match=match, role="candidate", least=LEAST["likely"])
                hits = len(found.found) or hits
                took["first" if number == 0 and match is Match.both else match].append(
                    (time.perf_counter() - began) * 1000
                )
        await database.close()
    return {
        "encounters": encounters,
        "passages": encounters * passages,
        "encounters_with_hits": hits,
        "first_ms": round(took.pop("first")[0]),
    } | {f"{name}_ms": round(statistics.median(values)) for name, values in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encounters", type=int, default=720)
    parser.add_argument("--passages", type=int, default=100, help="of each encounter")
    parser.add_argument("--times", type=int, default=9)
    options = parser.parse_args()
    for name, value in asyncio.run(measure(options.encounters, options.passages, options.times)).items():
        print(f"{name:24}{value}", flush=True)


if __name__ == "__main__":
    main()
