"""What the marking page adds to an examiner's time: until it is usable, until a moment is seen, until a mark is saved.

    .venv/bin/python -m bench.desk --minutes 15 --seeks 30

A server with a throwaway data folder, two takes sealed as always, a transcript, and Debian's Chromium. See README.md.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from bench.desk_world import make_world
from bench.examiner import SCRIPT, Evening, Examiner
from bench.footage import KEY_S
from bench.machine import machine
from teleosce.app import Server, running
from teleosce.core.settings import Settings

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip


async def opened(page: Page, url: str) -> dict[str, float]:
    """Loads the page; milliseconds from the navigation to each thing an examiner waits for."""
    await page.goto(url, wait_until="commit")
    names = ("transcript", "seekable", "sheet", "pictures")
    await page.wait_for_function("names => names.every((name) => name in window.bench?.marks)", arg=list(names))
    return {name: round(at_ms, 1) for name, at_ms in (await page.evaluate("bench.marks")).items()}


async def seek(page: Page, place: float, starts: dict[str, int]) -> dict[str, float]:
    """A press on the lanes. ms: until both pictures show the moment; apart_ms: of the two frames then shown."""
    box = await page.locator(".lanes-track").bounding_box()
    assert box is not None
    await page.evaluate("bench.expectSeek()")
    await page.mouse.click(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
    return gone_to(await asyncio.wait_for(page.evaluate("bench.seek"), 60), starts)


def gone_to(shown: list[dict[str, Any]], starts: dict[str, int]) -> dict[str, float]:
    """ms: until both pictures show the moment; apart_ms: of the two frames then shown."""
    places = [_take(frame["src"], starts) + frame["media_ms"] for frame in shown]
    return {
        "ms": round(max(frame["ms"] for frame in shown), 1),
        "apart_ms": round(max(places) - min(places), 1),
        "from_key_ms": round(max(frame["asked_ms"] % (1000 * KEY_S) for frame in shown)),
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
    found = apart(frames, starts)
    return found[len(found) // 10 :]


def apart(frames: list[dict[str, Any]], starts: dict[str, int]) -> list[float]:
    """For each frame of one picture, how far the other's last frame then was ahead or behind, in ms."""
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
    return found


async def measure(server: Server, arguments: argparse.Namespace) -> dict[str, Any]:
    began = time.monotonic()
    world = await make_world(server, [arguments.minutes])
    print(f"recorded, sealed and transcribed in {time.monotonic() - began:.0f} s", flush=True)
    [encounter], [manifest] = world.encounters, world.manifests
    starts = {take.id: take.starts_ms - manifest.starts_ms for take in manifest.takes}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--headless", "--mute-audio"]
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(server.url + world.link)
        await page.locator("#who-go").click()
        await page.wait_for_url(lambda url: "/j" not in url)
        await page.add_init_script(SCRIPT.read_text())
        url = f"{server.url}/mark/{encounter}?role=examiner"
        loads = [await opened(page, url) for _ in range(arguments.loads)]
        words = await page.locator("#turns .word").count()
        chance = random.Random(2)
        seeks = [await seek(page, chance.uniform(0.01, 0.98), starts) for _ in range(arguments.seeks)]
        apart = await apart_while_playing(page, arguments.play_s, starts)
        evening = await Examiner(page).mark_everything()
        version = browser.version
        await browser.close()
    return {
        "environment": machine("teleosce", "aiohttp", "av", "playwright")
        | {"chromium": version, "load": [round(one, 1) for one in os.getloadavg()]},
        "minutes": arguments.minutes,
        "words": words,
        "megabytes": [round((take.size or 0) / 1e6, 1) for take in manifest.takes],
        "loads": loads,
        "usable_ms": _spread([max(load["transcript"], load["seekable"], load["sheet"]) for load in loads]),
        "pictures_ms": _spread([load["pictures"] for load in loads]),
        "seeks": seeks,
        "seek_ms": _spread([one["ms"] for one in seeks]),
        "apart_at_rest_ms": _spread([one["apart_ms"] for one in seeks]),
        "apart_playing_ms": _spread(apart),
        **_of_evening(evening, starts),
    }


def _of_evening(evening: Evening, starts: dict[str, int]) -> dict[str, Any]:
    return {
        "items": evening.items,
        "keys": evening.keys,
        "keys_per_item": evening.keys_per_item,
        "key_seek_ms": _spread([gone_to(one["frames"], starts)["ms"] for one in evening.seeks]),
        "saved_ms": _spread(evening.saves),
        "key_to_frame_ms": _spread(evening.delays),
    }


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"p50": round(statistics.median(ordered), 1), "p95": p95, "max": ordered[-1], "count": len(ordered)}


def show(result: dict[str, Any]) -> None:
    print("\n" + ", ".join(f"{name} {value}" for name, value in result["environment"].items()))
    print(f"\n{result['minutes']} minutes, two takes of {result['megabytes']} MB, {result['words']} words")
    for title, key in (
        ("usable (seekable, transcript shown, sheet open)", "usable_ms"),
        ("both pictures shown", "pictures_ms"),
        ("from a press on the lanes until both pictures show it", "seek_ms"),
        ("the two pictures apart, at rest", "apart_at_rest_ms"),
        ("the two pictures apart, playing", "apart_playing_ms"),
        ("from a key until both pictures show the moment", "key_seek_ms"),
        ("from a key until it is said to be saved", "saved_ms"),
        ("from a key to the next frame", "key_to_frame_ms"),
    ):
        print(f"{title}, ms:".ljust(60) + ", ".join(f"{name} {value}" for name, value in result[key].items()))
    print(
        f"{result['items']} items by keyboard: {result['keys']} keys, {result['keys_per_item']} an item without remarks"
    )
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
