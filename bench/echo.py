"""How often an echo of the other voice is found, how soon, and how often one is found that is none.

    .venv/bin/python -m bench.echo [--stations 3] [--only "half taken away"]

Synthetic voices speak the stations' dialogues; one microphone picks up the other's voice out of a loudspeaker, at all
levels and delays. Their packets are given to the watch as a room gives them, faster than in real time.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teleosce.rehearsal.dialogue import Cue, Speech, act
from teleosce.rehearsal.tracks import encode_opus
from teleosce.rehearsal.voices import RATE, echoed, say
from teleosce.rehearse import station_of
from teleosce.watching.echo import LATE_S, Ears, Heard
from teleosce.watching.person import RECENT, Person

LEVELS_DB, DELAYS_MS = (-10, -15, -20, -25), (80, 200, 400, 800)
SECONDS = 75
LOOK_S, PACKET_S = 2.0, 0.02
SLUGS = ("biopsy-result", "chest-pain-video", "diabetes-review", "feverish-child", "inhaler-technique", "low-mood")
BACKCHANNELS = ("Mm-hm.", "Yes.", "Okay.", "I see.", "Right.")

Sound = NDArray[np.int16]


@dataclass(frozen=True)
class Scene:
    """What two microphones hear. The candidate's has an echo between `echo_s`; `cues` are the other's words.

    cues_back: the candidate's words, where the other's microphone has an echo of them.
    """

    kind: str
    candidate: Sound
    sp: Sound
    cues: Sequence[tuple[float, float]] = ()
    echo_s: tuple[float, float] | None = None
    cues_back: Sequence[tuple[float, float]] = ()


@dataclass
class Found:
    """Of all scenes of a kind. waited: seconds of the other's presence from their first word with an echo on."""

    scenes: int = 0
    minutes: float = 0.0
    hits: int = 0
    unfounded: int = 0
    ended: int = 0
    waited: list[float] | None = None
    cpu_s: float = 0.0


def in_room(sound: NDArray[np.integer], noise_db: float = -70.0) -> Sound:
    noise = np.random.default_rng(len(sound)).normal(0, 32768 * 10 ** (noise_db / 20), len(sound))
    return (sound.astype(np.float64) + noise).clip(-32768, 32767).astype(np.int16)


def scenes(stations: int) -> Iterator[Scene]:
    for number, slug in enumerate(SLUGS[:stations]):
        version = station_of(slug)
        assert version.rehearsal is not None
        lines = version.rehearsal.lines
        speech = act(lines[:20])
        candidate, sp = (speech.tracks[role][: SECONDS * RATE] for role in ("candidate", "sp"))
        yield Scene("ordinary talk", in_room(candidate), in_room(sp))
        yield Scene("ordinary talk, noisy rooms (-58 dB)", in_room(candidate, -58), in_room(sp, -58))
        one, other = (
            _without_pause([line.text for line in lines if line.speaker == role], role) for role in ("candidate", "sp")
        )
        yield Scene("both talk all the time", in_room(one), in_room(other))
        yield Scene("one talks, the other says mm-hm", in_room(_murmurs(len(other), number)), in_room(other))
        yield Scene("nobody talks", in_room(np.zeros_like(sp), -64), in_room(np.zeros_like(sp), -76))
        cues = _of(speech.cues, "sp")
        for level in LEVELS_DB:
            for delay in DELAYS_MS:
                echo = echoed(sp, level, delay, seed=number)
                whole = (0.0, float(SECONDS))
                yield Scene(f"echo at {level} dB", in_room(candidate + echo), in_room(sp), cues, whole)
        yield _both(speech, number)
        part = echoed(sp, -15, 200, seed=number)
        part[: 20 * RATE] = part[45 * RATE :] = 0
        yield Scene("echo from 20 to 45 s", in_room(candidate + part), in_room(sp), cues, (20.0, 45.0))
        part = echoed(sp, -15, 200, seed=number)
        kept = np.random.default_rng(number).random(SECONDS * 5) < 0.5
        part = (part * np.repeat(np.where(kept, 1.0, 0.05), RATE // 5)[: len(part)]).astype(np.int16)
        yield Scene("echo that is half taken away", in_room(candidate + part), in_room(sp), cues, (0.0, float(SECONDS)))
        echo = in_room(candidate + echoed(sp, -15, 200, seed=number), -58)
        yield Scene("echo at -15 dB, noisy rooms", echo, in_room(sp, -58), cues, (0.0, float(SECONDS)))


def _both(speech: Speech, seed: int) -> Scene:
    """Each hears the other out of a loudspeaker, with what the other's own microphone has picked up."""
    candidate, sp = (speech.tracks[role][: SECONDS * RATE] for role in ("candidate", "sp"))
    back = in_room(sp + echoed(candidate, -15, 300, seed=seed))
    forth = in_room(candidate + echoed(back, -15, 200, seed=seed))
    whole = (0.0, float(SECONDS))
    return Scene("echo of each", forth, back, _of(speech.cues, "sp"), whole, _of(speech.cues, "candidate"))


def _of(cues: Sequence[Cue], speaker: str) -> list[tuple[float, float]]:
    return [(cue.starts_s, cue.ends_s) for cue in cues if cue.speaker == speaker]


def _without_pause(texts: Sequence[str], role: str) -> Sound:
    said = np.concatenate([say(text, role) for text in texts])
    return np.resize(said, SECONDS * RATE)


def _murmurs(length: int, seed: int) -> Sound:
    chance, sound, at = np.random.default_rng(seed), np.zeros(length, np.int16), RATE
    said = [say(text, "candidate") for text in BACKCHANNELS]
    while at < length - 2 * RATE:
        one = said[chance.integers(len(said))]
        sound[at : at + len(one)] = one
        at += int(chance.uniform(1.5, 3.5) * RATE)
    return sound


def play(scene: Scene, found: Found) -> None:
    """Looks every other second, as the watch does."""
    chance = np.random.default_rng(1)
    people = {role: Person(role, expected=True) for role in ("candidate", "sp")}
    sent = {
        role: [
            (n, n * 960 & 0xFFFFFFFF, False, packet, n * PACKET_S + float(chance.uniform(0.01, 0.03)), None)
            for n, packet in enumerate(encode_opus(sound))
        ]
        for role, sound in (("candidate", scene.candidate), ("sp", scene.sp))
    }
    pairs = [(people["candidate"], people["sp"]), (people["sp"], people["candidate"])]
    ears: Ears[Person] = Ears()
    on: list[tuple[float, str]] = []
    over = None
    began = time.process_time()
    for look in range(1, int(SECONDS / LOOK_S)):
        now = look * LOOK_S
        for role, person in people.items():
            upto = int(now / PACKET_S)
            person.recent.clear()
            person.recent.extend(sent[role][max(0, upto - RECENT) : upto])
        heard = {person: Heard(list(person.recent), now - LATE_S) for person in people.values()}
        standing = [(own, voice) for own, voice in pairs if voice in own.echoes]
        for (own, voice), likeness in ears.compare(heard, pairs, standing).items():
            own.compared(voice, likeness, now)
            if own.echoes and (own, voice) not in standing:
                on.append((now, own.id))
            if not own.echoes and (own, voice) in standing:
                over = now
    found.cpu_s += time.process_time() - began
    found.minutes += SECONDS / 60
    found.unfounded += len(on)
    begins_s, ends_s = scene.echo_s or (SECONDS, SECONDS)
    for who, cues in (("candidate", scene.cues), ("sp", scene.cues_back)):
        found.scenes += bool(cues)
        right = [at for at, own in on if own == who and cues and at > begins_s]
        found.unfounded -= len(right)
        if right:
            first = min(max(begins, begins_s) for begins, ends in cues if ends > begins_s)
            found.hits += 1
            found.waited = [*(found.waited or []), right[0] - first]
            found.ended += over is not None and over > ends_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=3, choices=range(1, len(SLUGS) + 1))
    parser.add_argument("--only", default="", help="scenes with this in their name")
    asked, kinds = parser.parse_args(), dict[str, Found]()
    for scene in scenes(asked.stations):
        if asked.only in scene.kind:
            play(scene, kinds.setdefault(scene.kind, Found()))
    print("| scene | minutes | found | seconds after the other's first word: half, all | unfounded | CPU-ms a minute |")
    print("|---|---|---|---|---|---|")
    for kind, one in kinds.items():
        waited = sorted(one.waited or [])
        times = f"{waited[len(waited) // 2]:.1f}, {waited[-1]:.1f}" if waited else ""
        hits = f"{one.hits} of {one.scenes}" if kind.startswith("echo") else ""
        hits += f", over {one.ended}" if one.ended else ""
        cpu_ms = one.cpu_s / one.minutes * 1000
        print(f"| {kind} | {one.minutes:.1f} | {hits} | {times} | {one.unfounded} | {cpu_ms:.0f} |")


if __name__ == "__main__":
    main()
