"""Takes for films: a plain colour with a tone, in a WebM as sealing makes it."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from teleosce.keeping.film import Cue, Plan, Stretch

RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 180, 30)


def take(  # noqa: PLR0917
    folder: Path,
    name: str,
    colour: tuple[int, int, int],
    hertz: int,
    starts_ms: int,
    seconds: float,
    dark: tuple[float, float] = (0, 0),
) -> Stretch:
    """dark: from when to when (seconds of the take) no picture came."""
    path = folder / f"{name}.webm"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx", rate=20)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.codec_context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "g": "40"}
        audio = container.add_stream("libopus", rate=48000, layout="mono")
        picture = np.empty((240, 320, 3), np.uint8)
        picture[:] = colour
        for number in range(int(seconds * 20)):
            if not dark[0] <= number / 20 < dark[1]:
                frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number * 50, Fraction(1, 1000)
                container.mux(video.encode(frame))
        container.mux(video.encode(None))
        wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * 48000)) / 48000)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], "flt", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        for packet in [*audio.encode(frame), *audio.encode(None)]:
            container.mux(packet)
    return Stretch(path, "0" * 64, starts_ms, starts_ms + int(seconds * 1000))


def plan(folder: Path) -> Plan:
    """Six seconds: red on the left for the first four, then green from the fifth; blue on the right from the second on,
    whose picture fails for a while.
    """
    return Plan(
        title="Candidate C01 · Station 2: Atemnot über Nacht",
        names=("Candidate", "Standardized patient"),
        left=(take(folder, "red", RED, 500, 0, 4), take(folder, "green", GREEN, 500, 5000, 1)),
        right=(take(folder, "blue", BLUE, 2000, 1000, 5, dark=(1.5, 4)),),
        duration_ms=6000,
        cues=(Cue(500, 1500, "Candidate: Guten Morgen"), Cue(1200, 2000, "Standardized patient: Hello")),
    )
