"""The processes of `bench.transcribe`: one system, one model, all takes; a line of JSON for each encounter.

python -m bench.listeners SYSTEM MODEL FOLDER SCENE…
"""

import json
import os
import resource
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.speech import SCENES, Take, saved
from teleosce.core.ids import new_id
from teleosce.stations import read
from teleosce.transcripts.audio import RATE, decode
from teleosce.transcripts.hear import Ears, voice
from teleosce.transcripts.models import HeardWord, join
from teleosce.transcripts.sound import Sound, Track
from teleosce.transcripts.turns import utterances
from teleosce.transcripts.vocabulary import terms
from teleosce.transcripts.weights import Weights, find_weights

STATIONS = Path(__file__).parent.parent / "stations"

Texts = dict[str, str]
Listener = Callable[[Sequence[Take], Path], Texts]


def ours(weights: Weights) -> Listener:
    """What the worker does with an encounter: decoding, gate, words, turns."""
    ears = Ears(weights)
    ears.hear(np.zeros(RATE, np.int16), [[(0, RATE)]], ())
    voice(np.zeros(RATE, np.int16))

    def listen(takes: Sequence[Take], folder: Path) -> Texts:
        hints = terms(read(STATIONS / takes[0].station).vocabulary)
        sound = Sound(Track(new_id(), take.file, 0, decode(folder / take.file)) for take in takes)
        words: dict[str, list[HeardWord]] = {take.file: [] for take in takes}
        for part in sound.parts():
            words[sound.tracks[part.track].participant_id] += sound.hear(part, ears, hints)
        turns = utterances(words)
        return {
            take.file: join(word.text for turn in turns if turn.participant_id == take.file for word in turn.words)
            for take in takes
        }

    return listen


def plain(weights: Weights, *, vad_filter: bool) -> Listener:
    """faster-whisper as its documentation shows it, with the language told."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from faster_whisper import WhisperModel

    model = WhisperModel(str(weights.folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)

    def listen(takes: Sequence[Take], folder: Path) -> Texts:
        texts = {}
        for take in takes:
            segments, _ = model.transcribe(
                str(folder / take.file), language="en", beam_size=5, word_timestamps=True, vad_filter=vad_filter
            )
            texts[take.file] = " ".join(word.word.strip() for segment in segments for word in segment.words or ())
        return texts

    return listen


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    system, model, folder, *scenes = sys.argv[1:]
    began = _cpu_s()
    weights = find_weights(model, Path(folder))
    listen = ours(weights) if system == "ours" else plain(weights, vad_filter=system == "plain-vad")
    load = _cpu_s() - began
    apart = {scene.name for scene in SCENES if scene.apart}
    takes = [take for take in saved(Path(folder)) if take.scene in scenes]
    for (_, scene), group in groupby(takes, key=lambda take: (take.station, take.scene)):
        began = _cpu_s()
        encounter = list(group)
        texts: Texts = {}
        for together in [[take] for take in encounter] if scene in apart else [encounter]:
            texts |= listen(together, Path(folder))
        print(json.dumps({"texts": texts, "cpu_s": round(_cpu_s() - began, 3)}), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_rss_mib": round(peak), "load_cpu_s": round(load, 2)}))


if __name__ == "__main__":
    main()
