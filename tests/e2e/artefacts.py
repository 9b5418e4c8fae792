"""Looking at what a consultation left behind: files that play, words, gaps."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def manifest_of(data: Path, encounter_id: str) -> dict[str, Any]:
    path = data / "encounters" / encounter_id / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}


def decoded_seconds(path: Path) -> tuple[float, float]:
    """How many seconds of picture and of sound really decode."""
    with av.open(str(path)) as container:
        frames = [frame.time for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        samples = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    return (frames[-1] - frames[0] if frames else 0.0), samples


def sound_of(path: Path) -> NDArray[np.float32]:
    """All samples of its sound, −1 to 1."""
    with av.open(str(path)) as container:
        resampled = av.AudioResampler(format="flt", layout="mono")
        frames = [one for frame in container.decode(audio=0) for one in resampled.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def rows(data: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{data / 'teleosce.db'}?mode=ro", uri=True) as connection:
        return connection.execute(query, values).fetchall()


def said(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def word_error_rate(heard: list[list[str]], script: list[str]) -> float:
    """Errors per word heard, in stretches between which somebody was not to be heard for a while."""
    return sum(_errors(one, script) for one in heard) / max(1, sum(len(one) for one in heard))


def _errors(heard: list[str], script: list[str]) -> int:
    """Where the script is said over and over and what was heard begins and ends anywhere in it.

    The Levenshtein distance of what was heard to the best stretch of the endless script (Sellers, 1980: the first row
    and the last column cost nothing).
    """
    reference = script * (len(heard) // len(script) + 2)
    before = [0] * (len(reference) + 1)
    for i, word in enumerate(heard, 1):
        row = [i]
        for j, expected in enumerate(reference, 1):
            row.append(min(before[j - 1] + (word != expected), before[j] + 1, row[j - 1] + 1))
        before = row
    return min(before)
