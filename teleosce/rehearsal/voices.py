"""Two voices from one: a text-to-speech model inside a package, and the same shifted down for the second speaker."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from teleosce.core.errors import Unavailable

RATE = 48_000
"""Samples per second of all our sound."""
PITCH = {"candidate": 1.0, "sp": 0.82}
"""How high each speaks, as a factor of the model's own voice."""


@cache
def _model() -> Any:
    try:
        from hibari import Hibari
    except ImportError as error:
        raise Unavailable(
            "Synthetic voices are not installed. Install them with: pip install 'teleosce[rehearsal]'"
        ) from error
    return Hibari()


def say(text: str, speaker: str) -> NDArray[np.int16]:
    """Mono samples at 48 kHz. Blocks: about a hundredth of the time it takes to say it."""
    model = _model()
    return _shifted(np.asarray(model(text, seed=0), dtype=np.float32), 24_000, PITCH[speaker])


def echoed(voice: NDArray[np.int16], level_db: float, delay_ms: int, seed: int = 0) -> NDArray[np.int16]:
    """A voice as a microphone picks it up from a loudspeaker in a small room: duller, reverberant and later.

    level_db: against the voice itself. seed: of the room. As long as the voice.
    """
    from scipy.signal import butter, fftconvolve, sosfilt

    times = np.arange(RATE // 4) / RATE
    room = np.random.default_rng(seed).normal(0, 1, len(times)) * np.exp(-times / 0.05)
    room[0] = 6
    heard = fftconvolve(voice.astype(np.float64), room)[: len(voice)]
    heard = sosfilt(butter(2, (250, 6000), "band", fs=RATE, output="sos"), heard)
    loudness = [float(np.square(one, dtype=np.float64).sum()) for one in (voice, heard)]
    heard *= 10 ** (level_db / 20) * np.sqrt(loudness[0] / max(loudness[1], 1e-9))
    late = np.concatenate((np.zeros(delay_ms * RATE // 1000), heard))[: len(voice)]
    return np.asarray(late.clip(-32768, 32767).astype(np.int16))


def _shifted(samples: NDArray[np.float32], rate: int, pitch: float) -> NDArray[np.int16]:
    """Played slower and then stretched back: lower, at the same pace."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    steps = [source]
    if pitch != 1.0:
        steps += [graph.add("asetrate", str(round(rate * pitch))), graph.add("atempo", f"{1 / pitch:.4f}")]
    steps += [graph.add("aresample", str(RATE)), graph.add("aformat", "sample_fmts=s16:channel_layouts=mono")]
    steps.append(graph.add("abuffersink"))
    graph.link_nodes(*steps).configure()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = rate
    graph.push(frame)
    graph.push(None)
    return np.concatenate([piece.to_ndarray().reshape(-1) for piece in _pulled(graph)])


def _pulled(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            yield graph.pull()  # type: ignore[misc]
        except (av.EOFError, av.BlockingIOError):
            return
