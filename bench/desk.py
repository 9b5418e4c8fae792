"""How soon the marking page of a long encounter is usable, and how soon both pictures show what was asked for.

    .venv/bin/python -m bench.desk --minutes 15 --seeks 30

A server with a throwaway data folder, two takes sealed as always, a transcript, and Debian's Chromium. See README.md.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from bench.footage import pictures, sounds, write_take
from bench.machine import machine
from teleosce.app import Server, freeze_stations, running
from teleosce.core.settings import Settings
from teleosce.recording import Manifest
from teleosce.stations import read
from teleosce.transcripts import store
from teleosce.transcripts.models import HeardWord
from teleosce.transcripts.turns import utterances
from teleosce.web import MadeExam, Plan, make_exam

STATION = Path(__file__).parent.parent / "stations" / "chest-pain-video"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
WORDS_A_MINUTE = 135


async def prepare(server: Server, minutes: float) -> tuple[MadeExam, str, Manifest]:
    """An exam with one encounter that is over, recorded and transcribed."""
    rooms = server.rooms
    bank = await freeze_stations(rooms)
    made = await make_exam(
        rooms, Plan("Bench", "Europe/London", [bank[STATION.name]], ["Ada One"], ["Pat A"], examiner="Examiner")
    )
    seats = {link.role: link.seat for link in made.links}
    encounter = await rooms.exams.where_now(seats["candidate"])
    assert encounter is not None
    await rooms.day.begin(encounter.id)
    await rooms.day.end_phase(encounter.id, (await rooms.exams.encounter(encounter.id)).phase)
    began = time.monotonic()
    await asyncio.to_thread(_record, rooms.settings.data / "encounters" / encounter.id, seats, minutes)
    print(f"recorded in {time.monotonic() - began:.0f} s", flush=True)
    for phase in ("encounter", "note"):
        if (now := (await rooms.exams.encounter(encounter.id)).phase) == phase:
            await rooms.day.end_phase(encounter.id, now)
    manifest = await rooms.recordings.seal(encounter.id)
    print(f"sealed after {time.monotonic() - began:.0f} s", flush=True)
    await _transcribe(server, encounter.id, seats, minutes)
    return made, encounter.id, manifest


def _record(folder: Path, seats: dict[str, str], minutes: float) -> None:
    rehearsal = read(STATION).rehearsal
    assert rehearsal is not None
    now_ms = round(time.time() * 1000)
    for number, speaker in enumerate(("candidate", "sp")):
        texts = [line.text for line in rehearsal.lines if line.speaker == speaker][:4]
        write_take(
            folder,
            seats[speaker],
            origin_ms=now_ms + 700 * number,  # nobody joins at the very instant at which the other does
            minutes=minutes,
            frames=pictures(number),
            sound=sounds(texts, speaker),
        )


async def _transcribe(server: Server, encounter: str, seats: dict[str, str], minutes: float) -> None:
    """As the worker ends a job: the words of the dialogue over and over, spread over the whole recording."""
    rehearsal = read(STATION).rehearsal
    assert rehearsal is not None
    words: dict[str, list[HeardWord]] = {seats["candidate"]: [], seats["sp"]: []}
    step_ms = 60_000 / WORDS_A_MINUTE
    chance = random.Random(1)
    at_ms = 1000.0
    for line in cycle(rehearsal.lines):
        for word in line.text.split():
            heard = HeardWord(word, round(at_ms), round(at_ms + step_ms * 0.9), chance.uniform(0.3, 1.0))
            words[seats[line.speaker]].append(heard)
            at_ms += step_ms
        if at_ms > minutes * 60_000 - 20_000:
            break
    rooms = server.rooms
    async with rooms.database.write() as connection:
        [job] = [job for job in await store.unfinished(connection) if job.encounter_id == encounter]
        await store.publish(connection, job, utterances(words), rooms.clock.now_ms())


async def opened(page: Page, url: str) -> dict[str, float]:
    """Loads the page; milliseconds from the navigation to each thing an examiner waits for."""
    await page.goto(url, wait_until="commit")
    names = ("transcript", "seekable", "pictures")
    await page.wait_for_function("names => names.every((name) => name in window.bench?.marks)", arg=list(names))
    return {name: round(at_ms, 1) for name, at_ms in (await page.evaluate("bench.marks")).items()}


async def seek(page: Page, place: float, starts: dict[str, int]) -> dict[str, float]:
    """A press on the lanes. ms: until both pictures show the moment; apart_ms: of the two frames then shown."""
    box = await page.locator(".lanes-track").bounding_box()
    assert box is not None
    await page.evaluate("bench.expectSeek()")
    await page.mouse.click(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
    shown = await asyncio.wait_for(page.evaluate("bench.seek"), 60)
    places = [_take(frame["src"], starts) + frame["media_ms"] for frame in shown]
    return {
        "ms": round(max(frame["ms"] for frame in shown), 1),
        "apart_ms": round(max(places) - min(places), 1),
        "from_key_ms": round(max(frame["asked_ms"] % 5000 for frame in shown)),
    }


def _take(src: str, starts: dict[str, int]) -> int:
    return next(starts_ms for take, starts_ms in starts.items() if take in src)


async def apart_while_playing(page: Page, seconds: float, starts: dict[str, int]) -> list[float]:
    """How far one picture is ahead of the other, in ms, for each frame that came to the screen."""
    await page.evaluate("bench.watch()")
    await page.locator("#play").click()
    await asyncio.sleep(seconds)
    frames = await page.evaluate("bench.frames")
    await page.locator("#play").click()
    ahead: dict[str, list[tuple[float, float]]] = {take: [] for take in starts}
    for frame in frames:
        take = next(take for take in starts if take in frame["src"])
        ahead[take].append((frame["at_ms"], starts[take] + frame["media_ms"] - frame["at_ms"]))
    one, other = ahead.values()
    # What is on the screen of the other at that moment is the frame that came last.
    found, at = [], 0
    for shown_ms, place in one:
        while at + 1 < len(other) and other[at + 1][0] <= shown_ms:
            at += 1
        if other and other[at][0] <= shown_ms:
            found.append(round(abs(place - other[at][1]), 1))
    return found[len(found) // 10 :]


async def measure(server: Server, arguments: argparse.Namespace) -> dict[str, Any]:
    made, encounter, manifest = await prepare(server, arguments.minutes)
    starts = {take.id: take.starts_ms - manifest.starts_ms for take in manifest.takes}
    link = next(link.path for link in made.links if link.role == "examiner")
    script = (Path(__file__).parent / "desk.js").read_text()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--headless", "--mute-audio"]
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(server.url + link)
        await page.locator("#who-go").click()
        await page.wait_for_url(lambda url: "/j" not in url)
        await page.add_init_script(script)
        url = f"{server.url}/mark/{encounter}?role=examiner"
        loads = [await opened(page, url) for _ in range(arguments.loads)]
        words = await page.locator("#turns .word").count()
        chance = random.Random(2)
        seeks = [await seek(page, chance.uniform(0.01, 0.98), starts) for _ in range(arguments.seeks)]
        apart = await apart_while_playing(page, arguments.play_s, starts)
        version = browser.version
        await browser.close()
    return {
        "environment": machine("teleosce", "aiohttp", "av", "playwright") | {"chromium": version},
        "minutes": arguments.minutes,
        "words": words,
        "megabytes": [round((take.size or 0) / 1e6, 1) for take in manifest.takes],
        "loads": loads,
        "usable_ms": _spread([max(load["transcript"], load["seekable"]) for load in loads]),
        "pictures_ms": _spread([load["pictures"] for load in loads]),
        "seeks": seeks,
        "seek_ms": _spread([one["ms"] for one in seeks]),
        "apart_at_rest_ms": _spread([one["apart_ms"] for one in seeks]),
        "apart_playing_ms": _spread(apart),
    }


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"p50": round(statistics.median(ordered), 1), "p95": p95, "max": ordered[-1], "count": len(ordered)}


def show(result: dict[str, Any]) -> None:
    print("\n" + ", ".join(f"{name} {value}" for name, value in result["environment"].items()))
    print(f"\n{result['minutes']} minutes, two takes of {result['megabytes']} MB, {result['words']} words")
    for title, key in (
        ("usable (seekable, transcript shown)", "usable_ms"),
        ("both pictures shown", "pictures_ms"),
        ("from a press on the lanes until both pictures show it", "seek_ms"),
        ("the two pictures apart, at rest", "apart_at_rest_ms"),
        ("the two pictures apart, playing", "apart_playing_ms"),
    ):
        print(f"{title}, ms:".ljust(60) + ", ".join(f"{name} {value}" for name, value in result[key].items()))
    print(json.dumps(result))


async def run(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = Settings(data=Path(folder), port=0, worker=False, log_level="warning")
        async with running(settings) as server:
            show(await measure(server, arguments))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0, help="length of the encounter")
    parser.add_argument("--loads", type=int, default=5, help="how often the page is loaded")
    parser.add_argument("--seeks", type=int, default=30, help="places gone to, at random")
    parser.add_argument("--play-s", type=float, default=15.0, help="how long it plays afterwards")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
