"""From a raw take to the file that people play: on one clock, no holes in the sound, with cues and a duration."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import av

from teleosce.recording import opus
from teleosce.recording.damage import believable
from teleosce.recording.models import PictureFacts, SoundFacts
from teleosce.recording.timeline import Placement, Timeline
from teleosce.recording.webm import Block
from teleosce.rtc.model import Kind

SLIP_QUIET_MS = 12.0
"""Sound that is so far from its place is moved at the next quiet packet …"""

SLIP_ANY_MS = 30.0
"""… and sound that is so far, at once. Half of what an eye notices in lip-sync (ITU-R BT.1359: 45 ms)."""

_TRAILING_MS = 3000
"""Sound that is later than this behind the picture does not come any more: packets wait for a second at most."""

_MS = Fraction(1, 1000)
_LAST_FRAME_MS = 40


@dataclass
class RawFacts:
    """What can be read of a raw file, before it is written anew.

    first, last: per track, in ms of the file. left_out: which of its blocks have times that cannot be believed.
    """

    audio: int = 0
    video: int = 0
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    left_out: set[int] = field(default_factory=set)
    audio_sizes: list[int] = field(default_factory=list)
    size: tuple[int, int] = (640, 480)


def blocks(path: Path) -> Iterator[Block]:
    """The blocks of a WebM up to where it cannot be read further. Raises av.FFmpegError when it cannot be opened."""
    return (Block(kind, at_ms, bytes(packet), packet.is_keyframe) for kind, at_ms, packet in packets(path))


def look(path: Path, reaches_ms: float = inf) -> RawFacts:
    """Counts what is there and can be believed. Raises av.FFmpegError when the file cannot be opened.

    reaches_ms: the last time of the file of which its journal tells.
    """
    facts = RawFacts()
    times: dict[Kind, array[float]] = {"audio": array("d"), "video": array("d")}
    numbers: dict[Kind, array[int]] = {"audio": array("q"), "video": array("q")}
    for number, (kind, at_ms, packet) in enumerate(packets(path)):
        times[kind].append(at_ms)
        numbers[kind].append(number)
        if kind == "audio":
            facts.audio_sizes.append(packet.size)
    kept = {kind: believable(times[kind], reaches_ms) for kind in times}
    for kind, indices in kept.items():
        if indices:
            facts.first[kind], facts.last[kind] = times[kind][indices[0]], times[kind][indices[-1]]
        if len(indices) < len(numbers[kind]):
            facts.left_out |= set(numbers[kind]) - {numbers[kind][index] for index in indices}
    facts.audio, facts.video = len(kept["audio"]), len(kept["video"])
    return facts


def packets(path: Path) -> Iterator[tuple[Kind, float, Any]]:
    """Kind, time in ms and packet of what a WebM holds, up to where it cannot be read further. Raises likewise."""
    with av.open(str(path)) as container:
        # Damage can give a track a codec that there is not.
        streams = [one for one in (*container.streams.audio, *container.streams.video) if one.codec_context is not None]
        if not streams:
            return
        # Once per stream: fractions are slow.
        tracks: dict[int, tuple[Kind, float]] = {
            stream.index: ("audio" if stream.type == "audio" else "video", float((stream.time_base or _MS) * 1000))
            for stream in streams
        }
        try:
            for packet in container.demux(*streams):
                pts = packet.pts
                if pts is not None and packet.size and not packet.is_corrupt:
                    kind, unit_ms = tracks[packet.stream_index]
                    yield kind, pts * unit_ms, packet
        except av.FFmpegError as error:
            if isinstance(error, OSError):  # the disk, not the file
                raise


class Sound:
    """Puts packets one after another, as a reader that looks at no timestamps hears them (Whisper's, some players').

    Holes are filled with silence, and the sender's drift is followed by leaving out or putting in 20 ms, where
    possible when nobody speaks: quiet packets are short. sizes: of all packets, in bytes.
    """

    def __init__(self, put: Callable[[float, bytes], None], sizes: list[int]) -> None:
        self.packets = self.slips = 0
        self.filled_ms = 0.0
        self.end_ms = 0.0
        self.silences: list[tuple[float, float]] = []
        self._put, self._quiet = put, sorted(sizes)[len(sizes) // 4]
        self._began = False

    def packet(self, at_ms: float, data: bytes) -> None:
        """A packet that belongs to `at_ms` of the take."""
        away = at_ms - self.end_ms
        if not self._began or away >= 2 * SLIP_ANY_MS:
            self.fill(round(away / opus.SILENCE_MS))
            self._began = True
        elif away > SLIP_ANY_MS or (away > SLIP_QUIET_MS and len(data) <= self._quiet):
            self.slips += 1
            self.fill(1)
        elif away < -SLIP_ANY_MS or (away < -SLIP_QUIET_MS and len(data) <= self._quiet):
            self.slips += 1
            return
        self._put(self.end_ms, data)
        self.packets += 1
        self.end_ms += opus.duration_ms(data)

    def reach(self, at_ms: float) -> None:
        """The picture is at `at_ms`: sound that is not here now is missing."""
        self.fill(int((at_ms - _TRAILING_MS - self.end_ms) / opus.SILENCE_MS))

    def fill(self, packets: int) -> None:
        """Puts in silence."""
        if packets > 0:
            from_ms = self.end_ms
            if self.silences and self.silences[-1][1] == from_ms:
                from_ms, _ = self.silences.pop()
            self.silences.append((from_ms, self.end_ms + packets * opus.SILENCE_MS))
        for _ in range(packets):
            self._put(self.end_ms, opus.SILENCE)
            self.end_ms += opus.SILENCE_MS
            self.filled_ms += opus.SILENCE_MS


class Picture:
    """Puts frames at their places, each at least a millisecond after the one before."""

    def __init__(self, put: Callable[[float, bytes, bool], None]) -> None:
        self.frames = self.keys = 0
        self.last_ms = -1.0
        self.farthest_key_ms = 0.0
        self._put = put
        self._key_ms: float | None = None

    def frame(self, at_ms: float, data: bytes, *, key: bool) -> None:
        """A frame that belongs to `at_ms` of the take."""
        self.last_ms = max(float(round(at_ms)), self.last_ms + 1)
        if key:
            self.end(self.last_ms)
            self.keys += 1
            self._key_ms = self.last_ms
        self._put(self.last_ms, data, key)
        self.frames += 1

    def end(self, at_ms: float) -> None:
        """No key frame until `at_ms`."""
        if self._key_ms is not None:
            self.farthest_key_ms = max(self.farthest_key_ms, at_ms - self._key_ms)


@dataclass(frozen=True)
class Remuxed:
    """What was written. starts_ms is on the server's clock, duration_ms from there.

    silences: from and to of each stretch of the take in which there was no sound, and silence was put.
    """

    starts_ms: int
    duration_ms: int
    audio: SoundFacts | None
    video: PictureFacts | None
    silences: list[tuple[float, float]] = field(default_factory=list)


def remux(raw: Path, target: Path, facts: RawFacts, when: Timeline, sizes: list[tuple[float, int, int]]) -> Remuxed:
    """Writes `target`. sizes: raw time, width and height of each change of the picture.

    Raises av.FFmpegError or OSError; `target` is then of no use.
    """
    starts_ms = int(min(when.tracks[kind](at_ms) for kind, at_ms in facts.first.items()))
    options = {"cues_to_front": "1", "fflags": "+bitexact"}
    with av.open(str(target), "w", format="webm", options=options) as output, av.open(str(raw)) as template:
        streams = {}
        for stream in template.streams:
            if stream.type in streams or stream.codec_context is None:
                continue  # damage has made one kind of track into the other; a file has one of each
            if stream.type == "video" and facts.video:
                width, height = (sizes[0][1], sizes[0][2]) if sizes else facts.size
                streams["video"] = output.add_mux_stream("vp8", width=width, height=height)
            elif stream.type == "audio" and facts.audio:
                streams["audio"] = output.add_stream_from_template(stream, opaque=True)

        def put(kind: str, at_ms: float, data: bytes, key: bool) -> None:
            packet = av.Packet(data)
            packet.stream = streams[kind]
            packet.time_base = _MS
            packet.pts = packet.dts = round(at_ms)
            packet.is_keyframe = key
            if kind == "audio":
                packet.duration = round(opus.duration_ms(data))
            output.mux(packet)

        sound = Sound(lambda at, data: put("audio", at, data, True), facts.audio_sizes) if facts.audio else None
        picture = Picture(lambda at, data, key: put("video", at, data, key)) if facts.video else None
        left = (block for number, block in enumerate(blocks(raw)) if number not in facts.left_out)
        _pour(left, sound, picture, when, starts_ms)
    return _told(sound, picture, starts_ms, _place_sizes(sizes, when.tracks.get("video"), starts_ms))


def _pour(found: Iterable[Block], sound: Sound | None, picture: Picture | None, when: Timeline, starts_ms: int) -> None:
    for block in found:
        at_ms = when.tracks[block.kind](block.at_ms) - starts_ms
        if block.kind == "audio" and sound:
            sound.packet(at_ms, block.data)
        elif block.kind == "video" and picture:
            if sound:
                sound.reach(at_ms)
            picture.frame(at_ms, block.data, key=block.key)
    if sound and picture:
        sound.fill(round((picture.last_ms + _LAST_FRAME_MS - sound.end_ms) / opus.SILENCE_MS))


def _place_sizes(
    sizes: list[tuple[float, int, int]], place: Placement | None, starts_ms: int
) -> list[tuple[int, int, int]]:
    if place is None:
        return []
    return [(max(0, round(place(at_ms) - starts_ms)), width, height) for at_ms, width, height in sizes]


def _told(sound: Sound | None, picture: Picture | None, starts_ms: int, sizes: list[tuple[int, int, int]]) -> Remuxed:
    end_ms, audio, video = 0.0, None, None
    silences: list[tuple[float, float]] = []
    if sound:
        end_ms, silences = sound.end_ms, sound.silences
        audio = SoundFacts(packets=sound.packets, filled_ms=round(sound.filled_ms), slips=sound.slips)
    if picture:
        picture.end(picture.last_ms)
        end_ms = max(end_ms, picture.last_ms + _LAST_FRAME_MS)
        video = PictureFacts(
            frames=picture.frames, key_frames=picture.keys, farthest_key_ms=round(picture.farthest_key_ms), sizes=sizes
        )
    return Remuxed(starts_ms, round(end_ms), audio, video, silences if sound else [(0.0, end_ms)])
