"""What a transcript costs and how right it is: our path beside plain faster-whisper, on the same takes, in one run.

    .venv/bin/python -m bench.transcribe --models tiny.en base

Each is measured in a process of its own, one after the other, with one thread. See bench/README.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.speech import SCENES, Scene, Take, save, write_takes
from bench.wording import Errors, errors
from teleosce.stations import read

STATIONS = Path(__file__).parent.parent / "stations"
SYSTEMS = {"ours": "ours", "plain": "plain", "plain-vad": "plain, vad_filter"}
PLAIN_SCENES = ("clean", "leak", "overlap")
"""The others are ours alone to answer for: what plain makes of them adds an hour and answers nothing."""
PACKAGES = ("teleosce", "faster-whisper", "ctranslate2", "onnxruntime", "av", "numpy", "jiwer", "hibari-tts")


def make(folder: Path, stations: Iterable[Path], scenes: Iterable[Scene]) -> list[Take]:
    """Speaks and encodes what is heard; before anything is measured."""
    takes: list[Take] = []
    for station in stations:
        found = read(station)
        if found.rehearsal is not None:
            takes += write_takes(found.slug, found.rehearsal.lines, list(scenes), folder)
            print(f"spoken: {found.slug}", flush=True)
    save(takes, folder)
    return takes


def heard(system: str, model: str, folder: Path, scenes: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Lines of a process that hears all takes of the scenes; the last has its memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.listeners", system, model, str(folder), *scenes],
        cwd=Path(__file__).parent.parent, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)
    if process.wait():
        raise SystemExit(f"{system} with {model} ended with code {process.returncode}")


def measure(system: str, model: str, takes: list[Take], folder: Path, scenes: list[str]) -> dict[str, Any]:
    """One system with one model on all scenes."""
    by_file = {take.file: take for take in takes}
    found: dict[str, Any] = {"system": system, "model": model, "scenes": {}}
    parts: dict[str, list[dict[str, Any]]] = {}
    for line in heard(system, model, folder, scenes):
        if "peak_rss_mib" in line:
            found |= line
            continue
        takes_heard = [by_file[file] for file in line["texts"]]
        wrong = {take: errors(take.said, line["texts"][take.file]) for take in takes_heard}
        scene = takes_heard[0].scene
        parts.setdefault(scene, []).append(
            {
                "cpu_s": line["cpu_s"],
                "seconds": sum(take.seconds for take in takes_heard),
                "tracks": [
                    {"station": take.station, "speaker": take.speaker, "wer": round(one.rate, 1), **asdict(one)}
                    for take, one in wrong.items()
                ],
                "errors": sum(wrong.values(), Errors()),
            }
        )
        print(f"{system} {model} {scene} {takes_heard[0].station}: " + _brief(parts[scene][-1]["errors"]), flush=True)
    for scene, lines in parts.items():
        total = sum((line["errors"] for line in lines), Errors())
        seconds = sum(line["seconds"] for line in lines)
        found["scenes"][scene] = {
            "wer": round(total.rate, 2),
            **asdict(total),
            "cpu_per_s": round(sum(line["cpu_s"] for line in lines) / seconds, 4),
            "track_seconds": round(seconds),
            "tracks": [track for line in lines for track in line["tracks"]],
        }
    return found


def _brief(wrong: Errors) -> str:
    return f"{wrong.rate:.1f} % of {wrong.words} words wrong ({wrong.left_out} left out, {wrong.put_in} put in)"


def show(result: dict[str, Any]) -> None:
    """Prints tables for people, and the line of JSON."""
    print("\n" + ", ".join(f"{name} {value}" for name, value in result["environment"].items()))
    for title, key in (
        ("words wrong, per cent", "wer"),
        ("words put in", "put_in"),
        ("words left out", "left_out"),
        ("CPU-s per second of track", "cpu_per_s"),
    ):
        names = [f"{run['system']} {run['model']}" for run in result["runs"]]
        print(f"\n{title}".ljust(53) + "".join(name.rjust(19) for name in names))
        for scene in SCENES:
            values = [run["scenes"].get(scene.name, {}).get(key) for run in result["runs"]]
            if any(value is not None for value in values):
                print(
                    scene.title.ljust(52) + "".join(str("-" if value is None else value).rjust(19) for value in values)
                )
    print()
    for run in result["runs"]:
        print(
            f"{SYSTEMS[run['system']]}, {run['model']}: peak memory {run['peak_rss_mib']} MiB, "
            f"{run['load_cpu_s']} CPU-s to load"
        )
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"], help="tiny.en, base or a folder")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--scenes", nargs="+", default=[scene.name for scene in SCENES])
    parser.add_argument("--stations", nargs="+", help="folders in stations/, all that have a dialogue by default")
    asked = parser.parse_args()
    scenes = [scene for scene in SCENES if scene.name in asked.scenes]
    folders = sorted(path for path in STATIONS.iterdir() if (path / "rehearsal.yaml").is_file())
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        takes = make(folder, [path for path in folders if path.name in (asked.stations or {path.name})], scenes)
        runs = [
            measure(system, model, takes, folder, wanted)
            for model in asked.models
            for system in asked.systems
            if (wanted := [one.name for one in scenes if system == "ours" or one.name in PLAIN_SCENES])
        ]
    show({"environment": machine(*PACKAGES), "runs": runs})


if __name__ == "__main__":
    main()
