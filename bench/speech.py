"""What is heard in `bench.transcribe`: the stations' dialogues, spoken, as takes of two microphones."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal.voices import RATE, say
from teleosce.stations import Line

Sound = NDArray[np.float64]

SPEAKERS = ("candidate", "sp")
NOISE_DB = -55.0
"""A quiet room, re full scale; the voices speak at −25 dB."""
LEAK_DELAY_S = {"candidate": 0.09, "sp": 0.24}
"""From a mouth to the other person's microphone: the network, a loudspeaker, a room. By who picks it up."""
ROOM_S, ROOM_DB = 0.05, -8.0
"""In which the echo of a room falls by 8.7 dB; how strong it is to the straight way, as half a metre from a speaker."""
LEAD_S = 1.0
_FRAME = RATE // 50


@dataclass(frozen=True)
class Scene:
    """How a dialogue is held, and what the microphones pick up.

    turns: `alternate`, `overlap` (a fifth of the talk at once) or `together` (both say all their lines at once).
    leak_db: how much weaker each hears the other, None for not at all. sp_db: the patient's level against the usual.
    apart: each track is transcribed as if there were no other.
    """

    name: str
    title: str
    turns: str = "alternate"
    leak_db: float | None = None
    sp_db: float = 0.0
    apart: bool = False


SCENES = (
    Scene("clean", "one after the other"),
    Scene("leak", "the same, each leaking into the other at -20 dB", leak_db=-20),
    Scene("overlap", "a fifth of the talk at once", turns="overlap"),
    Scene("overlap-leak", "the same, leaking at -20 dB", turns="overlap", leak_db=-20),
    Scene("quiet-leak", "a patient 12 dB quieter, leaking at -20 dB", leak_db=-20, sp_db=-12),
    Scene("apart", "both at once throughout, each track heard alone", turns="together", apart=True),
    Scene("together", "both at once throughout", turns="together"),
    Scene("together-leak", "the same, leaking at -20 dB", turns="together", leak_db=-20),
    Scene("together-quiet", "the same, a patient 12 dB quieter", turns="together", leak_db=-20, sp_db=-12),
)


@dataclass(frozen=True)
class Take:
    """One microphone of one scene of one station. said: what its owner says, in order."""

    station: str
    scene: str
    speaker: str
    file: str
    seconds: float
    said: str


def write_takes(station: str, lines: Sequence[Line], scenes: Iterable[Scene], folder: Path) -> list[Take]:
    """Speaks the lines and writes a WebM for each scene and speaker, Opus at 32 kb/s as in a recorded take. Blocks."""
    spoken = [say(line.text, line.speaker) / 32768 for line in lines]
    takes = []
    for scene in scenes:
        for speaker, sound in microphones(lines, spoken, scene).items():
            path = folder / f"{station}.{scene.name}.{speaker}.webm"
            _write(path, sound)
            said = " ".join(line.text for line in lines if line.speaker == speaker)
            takes.append(Take(station, scene.name, speaker, path.name, round(len(sound) / RATE, 2), said))
    return takes


def microphones(lines: Sequence[Line], spoken: Sequence[Sound], scene: Scene) -> dict[str, Sound]:
    """What each microphone hears of the spoken lines: full scale is 1, 48 kHz, all of one length."""
    starts = _starts(lines, [len(sound) / RATE for sound in spoken], scene.turns)
    length = max(round(at * RATE) + len(sound) for at, sound in zip(starts, spoken, strict=True)) + RATE
    voices = {speaker: np.zeros(length) for speaker in SPEAKERS}
    for line, at, sound in zip(lines, starts, spoken, strict=True):
        first = round(at * RATE)
        level = 10 ** (scene.sp_db / 20) if line.speaker == "sp" else 1.0
        voices[line.speaker][first : first + len(sound)] += level * sound
    heard = {}
    for number, speaker in enumerate(SPEAKERS):
        chance = np.random.default_rng(number)
        heard[speaker] = voices[speaker] + _noise(length, chance)
        if scene.leak_db is not None:
            other = voices[SPEAKERS[1 - number]]
            heard[speaker] += 10 ** (scene.leak_db / 20) * _across_the_room(other, LEAK_DELAY_S[speaker], chance)
    return heard


def _starts(lines: Sequence[Line], lengths: list[float], turns: str) -> list[float]:
    """When each line begins, in seconds."""
    if turns == "together":
        at = dict.fromkeys(SPEAKERS, LEAD_S)
        starts = []
        for line, length in zip(lines, lengths, strict=True):
            starts.append(at[line.speaker])
            at[line.speaker] += length + 0.3
        return starts
    changes = sum(a.speaker != b.speaker for a, b in pairwise(lines))
    early = 0.2 * sum(lengths) / changes if turns == "overlap" else 0.0
    starts = [LEAD_S]
    free = dict.fromkeys(SPEAKERS, 0.0)
    for (before, line), length in zip(pairwise(lines), lengths, strict=False):
        ends = starts[-1] + length
        free[before.speaker] = ends
        wanted = ends - early if early and line.speaker != before.speaker else ends + before.pause_s
        starts.append(max(wanted, starts[-1] + 0.2, free[line.speaker] + 0.1))
    return starts


def _noise(length: int, chance: np.random.Generator) -> Sound:
    """Room noise: weaker towards high frequencies, as ventilation and streets are."""
    spectrum = np.fft.rfft(chance.standard_normal(1 << 20))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), len(spectrum) * 50 / (RATE / 2)))
    noise = np.resize(np.fft.irfft(spectrum), length)
    return np.asarray(noise * 10 ** (NOISE_DB / 20) / np.sqrt(np.mean(np.square(noise))))


def _across_the_room(voice: Sound, delay_s: float, chance: np.random.Generator) -> Sound:
    """A voice from a loudspeaker: later, and blurred by reflections, at the same power."""
    tail = chance.standard_normal(round(4 * ROOM_S * RATE)) * np.exp(
        -np.arange(round(4 * ROOM_S * RATE)) / ROOM_S / RATE
    )
    path = np.concatenate(
        (np.zeros(round(delay_s * RATE)), [1.0], 10 ** (ROOM_DB / 20) * tail / np.sqrt(np.sum(np.square(tail))))
    )
    size = 1 << (len(voice) + len(path)).bit_length()
    heard = np.fft.irfft(np.fft.rfft(voice, size) * np.fft.rfft(path, size), size)[: len(voice)]
    return np.asarray(heard * np.sqrt(np.mean(np.square(voice)) / np.mean(np.square(heard))))


def _write(path: Path, sound: Sound) -> None:
    samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libopus", RATE, layout="mono", bit_rate=32_000)
        stream.options = {"application": "voip", "fec": "1", "packet_loss": "10", "frame_duration": "20"}
        for at in range(0, len(samples) - _FRAME + 1, _FRAME):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + _FRAME], format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def save(takes: list[Take], folder: Path) -> None:
    """Lists the takes beside their files, for the processes that hear them."""
    (folder / "takes.json").write_text(json.dumps([asdict(take) for take in takes]))


def saved(folder: Path) -> list[Take]:
    """The takes that `save` listed."""
    return [Take(**take) for take in json.loads((folder / "takes.json").read_text())]
